# SPDX-License-Identifier: GPL-2.0-or-later
# What systemd, logrotate and the administrator need, and examples of it.

# Installed where configure says; automake installs nothing where that is empty.
systemdsystemunit_DATA = contrib/systemd/tcpstated.service

examplesdir = $(docdir)/examples
dist_examples_DATA = contrib/examples/game-servers.conf
dropinsdir = $(examplesdir)/tcpstated.service.d
dist_dropins_DATA = \
	contrib/systemd/tcpstated.service.d/container.conf \
	contrib/systemd/tcpstated.service.d/exec-network.conf \
	contrib/systemd/tcpstated.service.d/processes.conf
modulesloadexampledir = $(examplesdir)/modules-load.d
dist_modulesloadexample_DATA = contrib/modules-load.d/tcpstated.conf
logrotateexampledir = $(examplesdir)/logrotate.d
dist_logrotateexample_DATA = contrib/logrotate.d/tcpstated
sysctlexampledir = $(examplesdir)/sysctl.d
dist_sysctlexample_DATA = contrib/sysctl.d/tcpstated.conf

# By make and not by configure, which has ${prefix} in the names of the folders. Where systemd sends the signal for a reload
# itself, nothing else must.
contrib/systemd/tcpstated.service: contrib/systemd/tcpstated.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(SED) -e 's|@bindir[@]|$(bindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' -e 's|@examplesdir[@]|$(examplesdir)|g' \
		-e 's|@service_type[@]|$(SYSTEMD_SERVICE_TYPE)|g' -e '/^Type=notify-reload$$/,$$ s/kill -HUP $$MAINPID; //' \
		$(srcdir)/contrib/systemd/tcpstated.service.in >$@.new && mv $@.new $@

CLEANFILES = contrib/systemd/tcpstated.service
EXTRA_DIST += contrib/systemd/tcpstated.service.in

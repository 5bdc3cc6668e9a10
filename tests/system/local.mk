# SPDX-License-Identifier: GPL-2.0-or-later
# The service in a booted systemd: "make check-system", as root; FILTER=reload runs the tests with such a name only.

TEST_EXTENSIONS += .system
SYSTEM_LOG_DRIVER = $(LOG_DRIVER)
SYSTEM_LOG_COMPILER = $(watchdog)
AM_SYSTEM_LOG_DRIVER_FLAGS = --comments

EXTRA_DIST += tests/system/container.bash tests/system/systemd.system tests/system/service.bats

.PHONY: check-system
check-system:
	FILTER='$(FILTER)' SYSCONFDIR='$(sysconfdir)' $(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/system/systemd.system

MOSTLYCLEANFILES = tests/system/journal.log

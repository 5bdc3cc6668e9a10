# SPDX-License-Identifier: GPL-2.0-or-later
# The fuzz targets. An ordinary build replays each one's corpus as a test; with --enable-fuzzing, "make fuzz" runs them.

fuzz_targets = \
	tests/fuzz/fuzz_btf \
	tests/fuzz/fuzz_configuration \
	tests/fuzz/fuzz_cgroups \
	tests/fuzz/fuzz_diag_message \
	tests/fuzz/fuzz_event \
	tests/fuzz/fuzz_limits \
	tests/fuzz/fuzz_options \
	tests/fuzz/fuzz_owner \
	tests/fuzz/fuzz_proc_net_tcp \
	tests/fuzz/fuzz_processes \
	tests/fuzz/fuzz_recording \
	tests/fuzz/fuzz_slabinfo \
	tests/fuzz/fuzz_state_ages \
	tests/fuzz/fuzz_state_services \
	tests/fuzz/fuzz_state_file

if FUZZING
fuzz_main =
EXTRA_PROGRAMS = $(fuzz_targets)
else
fuzz_main = tests/fuzz/replay_main.c
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
endif

fuzz_ldflags = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)

tests_fuzz_fuzz_btf_SOURCES = tests/fuzz/fuzz_btf.c $(fuzz_main)
tests_fuzz_fuzz_btf_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_configuration_SOURCES = tests/fuzz/fuzz_configuration.c $(fuzz_main)
tests_fuzz_fuzz_configuration_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_cgroups_SOURCES = tests/fuzz/fuzz_cgroups.c $(fuzz_main)
tests_fuzz_fuzz_cgroups_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_diag_message_SOURCES = tests/fuzz/fuzz_diag_message.c $(fuzz_main)
tests_fuzz_fuzz_diag_message_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_event_SOURCES = tests/fuzz/fuzz_event.c $(fuzz_main)
tests_fuzz_fuzz_event_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_limits_SOURCES = tests/fuzz/fuzz_limits.c $(fuzz_main)
tests_fuzz_fuzz_limits_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_options_SOURCES = tests/fuzz/fuzz_options.c $(fuzz_main)
tests_fuzz_fuzz_options_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_owner_SOURCES = tests/fuzz/fuzz_owner.c $(fuzz_main)
tests_fuzz_fuzz_owner_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_proc_net_tcp_SOURCES = tests/fuzz/fuzz_proc_net_tcp.c $(fuzz_main)
tests_fuzz_fuzz_proc_net_tcp_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_processes_SOURCES = tests/fuzz/fuzz_processes.c $(fuzz_main)
tests_fuzz_fuzz_processes_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_recording_SOURCES = tests/fuzz/fuzz_recording.c $(fuzz_main)
tests_fuzz_fuzz_recording_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_slabinfo_SOURCES = tests/fuzz/fuzz_slabinfo.c $(fuzz_main)
tests_fuzz_fuzz_slabinfo_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_state_ages_SOURCES = tests/fuzz/fuzz_state_ages.c $(fuzz_main)
tests_fuzz_fuzz_state_ages_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_state_services_SOURCES = tests/fuzz/fuzz_state_services.c $(fuzz_main)
tests_fuzz_fuzz_state_services_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_state_file_SOURCES = tests/fuzz/fuzz_state_file.c $(fuzz_main)
tests_fuzz_fuzz_state_file_LDFLAGS = $(fuzz_ldflags)

EXTRA_DIST += tests/fuzz/corpus tests/fuzz/run tests/fuzz/seeds.py

# How long each target runs, and how many at a time.
FUZZ_SECONDS = 60
FUZZ_JOBS = 1

.PHONY: fuzz
if FUZZING
fuzz: $(fuzz_targets)
	$(AM_V_at)$(top_srcdir)/tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_JOBS) $(top_srcdir)/tests/fuzz/corpus $(fuzz_targets)
else
fuzz:
	@echo 'This build cannot fuzz: configure with CC=clang --enable-fuzzing --enable-sanitizers.' >&2; exit 1
endif

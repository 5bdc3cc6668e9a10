# SPDX-License-Identifier: GPL-2.0-or-later
# The tests. Each speaks TAP, and each case counts.

# What a test case may take, in seconds, is TEST_SECONDS_MAX: "make check TEST_SECONDS_MAX=1200". It is generous, for valgrind on
# a busy machine. tests/watchdog ends a case that exceeds it, and it fails by name.
watchdog = $(top_srcdir)/tests/watchdog

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_COMPILER = $(watchdog)
BATS_LOG_DRIVER = $(LOG_DRIVER)
BATS_LOG_COMPILER = $(watchdog) $(BATS)
AM_BATS_LOG_FLAGS = --tap
TEST_EXTENSIONS = .bats
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	TOP_BUILDDIR='$(abs_top_builddir)'; export TOP_BUILDDIR; \
	TOP_SRCDIR='$(abs_top_srcdir)'; export TOP_SRCDIR;

# What every test program links; one that needs more says so itself.
LDADD = libtcpstated.a $(CMOCKA_LIBS) $(CORE_LIBS)

unit_tests = \
	tests/unit/test_array \
	tests/unit/test_clock \
	tests/unit/test_hash \
	tests/unit/test_kernel_release \
	tests/unit/test_log \
	tests/unit/test_names \
	tests/unit/test_number \
	tests/unit/test_string \
	tests/unit/test_utf8 \
	tests/unit/test_format \
	tests/unit/test_threshold \
	tests/unit/test_diagnose \
	tests/unit/test_heartbeat_advice \
	tests/unit/test_heartbeat_report \
	tests/unit/test_words \
	tests/unit/test_text \
	tests/unit/test_explain \
	tests/unit/test_sock_list \
	tests/unit/test_watch \
	tests/unit/test_check \
	tests/unit/test_json \
	tests/unit/test_event_json \
	tests/unit/test_journal \
	tests/unit/test_command \
	tests/unit/test_append \
	tests/unit/test_replace \
	tests/unit/test_queue \
	tests/unit/test_outputs \
	tests/unit/test_prices \
	tests/unit/test_slabinfo \
	tests/unit/test_slub \
	tests/unit/test_btf \
	tests/unit/test_kernel_types \
	tests/unit/test_object_sizes \
	tests/unit/test_nearest \
	tests/unit/test_quantity \
	tests/unit/test_file \
	tests/unit/test_escape \
	tests/unit/test_cgroup_tree \
	tests/unit/test_cgroups \
	tests/unit/test_processes \
	tests/unit/test_users \
	tests/unit/test_limits \
	tests/unit/test_proc_net_tcp \
	tests/unit/test_recording \
	tests/unit/test_state \
	tests/unit/test_symptom \
	tests/unit/test_port_set \
	tests/unit/test_service_set \
	tests/unit/test_client_ports \
	tests/unit/test_devices \
	tests/unit/test_tally \
	tests/unit/test_changes \
	tests/unit/test_port_history \
	tests/unit/test_growth \
	tests/unit/test_ages \
	tests/unit/test_age_bound \
	tests/unit/test_attribution \
	tests/unit/test_age_stats \
	tests/unit/test_alert \
	tests/unit/test_close_rates \
	tests/unit/test_budget \
	tests/unit/test_state_file \
	tests/unit/test_state_ages \
	tests/unit/test_state_services \
	tests/unit/test_manager \
	tests/unit/test_loop \
	tests/unit/test_owner \
	tests/unit/test_whose \
	tests/unit/test_histogram \
	tests/unit/test_heartbeat \
	tests/unit/test_sock_memory \
	tests/unit/test_diag_message \
	tests/unit/test_sock_diag \
	tests/unit/test_options \
	tests/unit/test_configuration

tests_unit_test_explain_SOURCES = tests/unit/test_explain.c tests/unit/sample.h tests/unit/unit.h
tests_unit_test_explain_LDADD = libtcpstated_lab.a $(LDADD)
tests_unit_test_sock_list_SOURCES = tests/unit/test_sock_list.c tests/unit/unit.h
tests_unit_test_state_SOURCES = tests/unit/test_state.c tests/unit/unit.h
tests_unit_test_symptom_SOURCES = tests/unit/test_symptom.c tests/unit/unit.h
tests_unit_test_port_set_SOURCES = tests/unit/test_port_set.c
tests_unit_test_service_set_SOURCES = tests/unit/test_service_set.c
tests_unit_test_devices_SOURCES = tests/unit/test_devices.c tests/unit/fake_files.h
tests_unit_test_client_ports_SOURCES = tests/unit/test_client_ports.c
tests_unit_test_ages_SOURCES = tests/unit/test_ages.c
tests_unit_test_ages_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_age_bound_SOURCES = tests/unit/test_age_bound.c
tests_unit_test_attribution_SOURCES = tests/unit/test_attribution.c
tests_unit_test_age_stats_SOURCES = tests/unit/test_age_stats.c
tests_unit_test_alert_SOURCES = tests/unit/test_alert.c tests/unit/sample.h tests/unit/sentence.h
tests_unit_test_close_rates_SOURCES = tests/unit/test_close_rates.c tests/unit/sample.h
tests_unit_test_budget_SOURCES = tests/unit/test_budget.c
tests_unit_test_state_file_SOURCES = tests/unit/test_state_file.c tests/unit/sentence.h
tests_unit_test_manager_SOURCES = tests/unit/test_manager.c tests/unit/fake_source.h tests/unit/folder.h
tests_unit_test_manager_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=alerts_set_rules
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c tests/unit/fake_source.h tests/unit/folder.h
tests_unit_test_loop_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=source_live_new
tests_unit_test_state_ages_SOURCES = tests/unit/test_state_ages.c tests/unit/folder.h
tests_unit_test_state_services_SOURCES = tests/unit/test_state_services.c tests/unit/folder.h
tests_unit_test_sock_memory_SOURCES = tests/unit/test_sock_memory.c
tests_unit_test_histogram_SOURCES = tests/unit/test_histogram.c
tests_unit_test_heartbeat_SOURCES = tests/unit/test_heartbeat.c
tests_unit_test_tally_SOURCES = tests/unit/test_tally.c
tests_unit_test_changes_SOURCES = tests/unit/test_changes.c tests/unit/sample.h
tests_unit_test_port_history_SOURCES = tests/unit/test_port_history.c
tests_unit_test_port_history_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=reallocarray
tests_unit_test_growth_SOURCES = tests/unit/test_growth.c tests/unit/sample.h
tests_unit_test_owner_SOURCES = tests/unit/test_owner.c
tests_unit_test_whose_SOURCES = tests/unit/test_whose.c tests/unit/unit.h
tests_unit_test_diag_message_SOURCES = tests/unit/test_diag_message.c
tests_unit_test_sock_diag_SOURCES = tests/unit/test_sock_diag.c
tests_unit_test_sock_diag_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=mnl_socket_open2,--wrap=mnl_socket_bind,--wrap=mnl_socket_close,--wrap=mnl_socket_get_fd \
	-Wl,--wrap=mnl_socket_get_portid,--wrap=mnl_socket_sendto,--wrap=mnl_socket_recvfrom
tests_unit_test_options_SOURCES = tests/unit/test_options.c
tests_unit_test_configuration_SOURCES = tests/unit/test_configuration.c
tests_unit_test_nearest_SOURCES = tests/unit/test_nearest.c
tests_unit_test_quantity_SOURCES = tests/unit/test_quantity.c
tests_unit_test_array_SOURCES = tests/unit/test_array.c
tests_unit_test_array_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=reallocarray
tests_unit_test_clock_SOURCES = tests/unit/test_clock.c
tests_unit_test_clock_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_hash_SOURCES = tests/unit/test_hash.c
tests_unit_test_kernel_release_SOURCES = tests/unit/test_kernel_release.c
tests_unit_test_log_SOURCES = tests/unit/test_log.c tests/unit/folder.h
tests_unit_test_names_SOURCES = tests/unit/test_names.c
tests_unit_test_number_SOURCES = tests/unit/test_number.c
tests_unit_test_string_SOURCES = tests/unit/test_string.c
tests_unit_test_string_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=reallocarray
tests_unit_test_utf8_SOURCES = tests/unit/test_utf8.c
tests_unit_test_file_SOURCES = tests/unit/test_file.c tests/unit/folder.h
tests_unit_test_escape_SOURCES = tests/unit/test_escape.c
tests_unit_test_cgroup_tree_SOURCES = tests/unit/test_cgroup_tree.c tests/unit/fake_tree.h
tests_unit_test_cgroups_SOURCES = tests/unit/test_cgroups.c
tests_unit_test_cgroups_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=cgroup_tree_walk
tests_unit_test_processes_SOURCES = tests/unit/test_processes.c
tests_unit_test_users_SOURCES = tests/unit/test_users.c
tests_unit_test_users_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getpwuid_r
tests_unit_test_limits_SOURCES = tests/unit/test_limits.c
tests_unit_test_proc_net_tcp_SOURCES = tests/unit/test_proc_net_tcp.c
tests_unit_test_recording_SOURCES = tests/unit/test_recording.c
tests_unit_test_recording_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=source_live_set_tap
tests_unit_test_prices_SOURCES = tests/unit/test_prices.c
tests_unit_test_slabinfo_SOURCES = tests/unit/test_slabinfo.c tests/unit/slabinfo_sample.h
tests_unit_test_slub_SOURCES = tests/unit/test_slub.c tests/unit/fake_files.h
tests_unit_test_btf_SOURCES = tests/unit/test_btf.c tests/unit/btf_blob.h
tests_unit_test_kernel_types_SOURCES = tests/unit/test_kernel_types.c
tests_unit_test_object_sizes_SOURCES = tests/unit/test_object_sizes.c

# Programs that the tests run: they make sockets, refuse system calls, and count sockets independently.
helpers = \
	tests/helpers/churn \
	tests/helpers/hanging_test \
	tests/helpers/idiag_dump \
	tests/helpers/owners \
	tests/helpers/refuse \
	tests/helpers/talkers

tests_helpers_churn_SOURCES = tests/helpers/churn.c
tests_helpers_churn_LDADD =
tests_helpers_hanging_test_SOURCES = tests/helpers/hanging_test.c tests/unit/unit.h
tests_helpers_idiag_dump_SOURCES = tests/helpers/idiag_dump.c
tests_helpers_idiag_dump_CFLAGS = $(AM_CFLAGS) $(LIBNL_IDIAG_CFLAGS)
tests_helpers_idiag_dump_LDADD = $(LIBNL_IDIAG_LIBS)
tests_helpers_owners_SOURCES = tests/helpers/owners.c
tests_helpers_owners_LDADD = libtcpstated.a $(CORE_LIBS)
tests_helpers_owners_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=cgroup_tree_walk
tests_helpers_refuse_SOURCES = tests/helpers/refuse.c
tests_helpers_refuse_LDADD =
tests_helpers_talkers_SOURCES = tests/helpers/talkers.c
tests_helpers_talkers_LDADD =

bats_tests = \
	tests/cli/bad_input.bats \
	tests/cli/config.bats \
	tests/cli/snapshot.bats \
	tests/cli/recordings.bats \
	tests/cli/watch.bats \
	tests/kernel/counts.bats \
	tests/kernel/client_ports.bats \
	tests/kernel/owners.bats \
	tests/kernel/whose.bats \
	tests/kernel/explain.bats \
	tests/kernel/spread.bats \
	tests/kernel/heartbeat.bats \
	tests/kernel/matrix.bats \
	tests/kernel/refused.bats
daemon_tests = tests/daemon/ages.bats tests/daemon/closes.bats tests/daemon/daemon.bats
# Not under valgrind.
lab_tests = \
	tests/cli/watch_stopped.bats \
	tests/lab/hold.bats \
	tests/lab/lists.bats \
	tests/kernel/services.bats \
	tests/lab/run.bats \
	tests/watchdog.bats

tests_unit_test_format_SOURCES = tests/unit/test_format.c
tests_unit_test_threshold_SOURCES = tests/unit/test_threshold.c
tests_unit_test_diagnose_SOURCES = tests/unit/test_diagnose.c tests/unit/sample.h tests/unit/sentence.h
tests_unit_test_heartbeat_advice_SOURCES = tests/unit/test_heartbeat_advice.c
tests_unit_test_heartbeat_report_SOURCES = tests/unit/test_heartbeat_report.c tests/unit/sample.h
tests_unit_test_words_SOURCES = tests/unit/test_words.c tests/unit/sample_event.h tests/unit/sentence.h
tests_unit_test_text_SOURCES = tests/unit/test_text.c tests/unit/sample.h
tests_unit_test_watch_SOURCES = tests/unit/test_watch.c tests/unit/sample.h
tests_unit_test_check_SOURCES = tests/unit/test_check.c tests/unit/sample.h
tests_unit_test_command_SOURCES = tests/unit/test_command.c tests/unit/sample_event.h tests/unit/folder.h \
	tests/unit/pidfd.c tests/unit/pidfd.h
tests_unit_test_command_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
tests_unit_test_append_SOURCES = tests/unit/test_append.c tests/unit/folder.h
tests_unit_test_replace_SOURCES = tests/unit/test_replace.c tests/unit/folder.h
tests_unit_test_outputs_SOURCES = tests/unit/test_outputs.c tests/unit/sample_event.h tests/unit/folder.h \
	tests/unit/pidfd.c tests/unit/pidfd.h
tests_unit_test_outputs_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sd_journal_sendv,--wrap=pthread_create,--wrap=syscall
tests_unit_test_queue_SOURCES = tests/unit/test_queue.c
tests_unit_test_event_json_SOURCES = tests/unit/test_event_json.c tests/unit/sample_event.h tests/unit/json.h
tests_unit_test_journal_SOURCES = tests/unit/test_journal.c tests/unit/sample_event.h tests/unit/sentence.h tests/unit/json.h
tests_unit_test_journal_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sd_journal_sendv
tests_unit_test_json_SOURCES = tests/unit/test_json.c tests/unit/sample.h tests/unit/json.h
tests_unit_test_json_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=alerts_count,--wrap=alerts_get,--wrap=alerts_omitted

# Every sentence that the program can say, for a reader and for tests/lint/wording.lint.
readers = tests/sentences
tests_sentences_SOURCES = tests/sentences.c tests/unit/sample.h
tests_sentences_LDADD = libtcpstated.a $(CORE_LIBS) -lm

sentences: tests/sentences tcpstated
	@tests/sentences
	@echo; echo '== mistakes in a configuration =='; ! ./tcpstated --check-config --config $(srcdir)/tests/sentences.conf 2>&1

# Programs that measure: "make memory-table" (as root), "make heartbeat-table" (three minutes), "make ages-table",
# "make event-cost" and "make bench".
measures = \
	tests/bench/ages \
	tests/bench/bare_dump \
	tests/bench/compare \
	tests/bench/event_cost \
	tests/kernel/memory_table

tests_bench_ages_SOURCES = tests/bench/ages.c tests/bench/median.h
tests_bench_ages_LDADD = libtcpstated.a $(CORE_LIBS) -lm
tests_bench_ages_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_bench_bare_dump_SOURCES = tests/bench/bare_dump.c
tests_bench_bare_dump_LDADD =
tests_bench_compare_SOURCES = tests/bench/compare.c tests/bench/median.h
tests_bench_compare_LDADD =
tests_bench_event_cost_SOURCES = tests/bench/event_cost.c tests/bench/median.h tests/unit/fake_source.h
tests_bench_event_cost_LDADD = libtcpstated.a $(CORE_LIBS)
tests_kernel_memory_table_SOURCES = tests/kernel/memory_table.c \
	tests/helpers/slabs.c tests/helpers/slabs.h
tests_kernel_memory_table_LDADD = $(JSON_C_LIBS)

memory-table: tcpstated tcpstated-lab tests/kernel/memory_table
	tests/kernel/memory_table ./tcpstated-lab ./tcpstated

# Connections that speak every 1, 5 and 60 s, watched for a little more than two of the longest pauses.
heartbeat-table: tcpstated tests/helpers/talkers
	tests/helpers/talkers 300 7001:60:1000 7005:60:5000 7060:60:60000 -- $(SHELL) -c '\
		./tcpstated --heartbeat --json --side server --for 125 | \
		python3 $(srcdir)/tests/kernel/heartbeat_table.py /dev/stdin 7001=1 7005=5 7060=60'

# Every diagnosis against every situation of the lab.
diagnosis-matrix: tcpstated tcpstated-lab
	python3 $(srcdir)/tests/kernel/matrix.py ./tcpstated-lab ./tcpstated $(srcdir)/src/judge/diagnoses.c

# 200,000 sockets in CLOSE_WAIT, which take 2 GiB and a minute; AGES_SOCKETS says how many otherwise.
AGES_SOCKETS = 200000
ages-table: tcpstated-lab tests/bench/ages
	./tcpstated-lab hold CLOSE_WAIT -n $(AGES_SOCKETS) -- tests/bench/ages

# What an event costs the poll beside the ages of 262,144 sockets.
event-cost: tests/bench/event_cost
	tests/bench/event_cost

# How long connect() searches for a local port, by how many of them are in use. As root.
connect-search:
	python3 $(srcdir)/tests/bench/connect_search.py

bench: tcpstated tcpstated-lab tests/bench/bare_dump tests/bench/compare
	$(SHELL) $(srcdir)/tests/bench/bench.sh .

.PHONY: sentences memory-table heartbeat-table diagnosis-matrix ages-table event-cost connect-search bench

check_PROGRAMS = $(unit_tests) $(helpers) $(measures) $(readers)
TESTS = $(unit_tests) $(bats_tests) $(lab_tests) $(daemon_tests)
load_tests = tests/daemon/budget.bats tests/daemon/soak.bats
EXTRA_DIST = tests/bench/bench.sh tests/bench/connect_search.py $(bats_tests) $(lab_tests) $(daemon_tests) $(load_tests) \
	tests/daemon/common.bash tests/daemon/leak.py tests/daemon/notify.py tests/cli/common.bash tests/cli/validate_json.py \
	tests/cli/watch.bash tests/cli/connect.py tests/kernel/common.bash \
	tests/kernel/client_ports.py tests/kernel/compare_counts.py tests/kernel/owners.py tests/kernel/heartbeat_table.py \
	tests/kernel/matrix.py tests/kernel/services.py tests/kernel/spread.py tests/kernel/whose.py \
	tests/helpers/services.py \
	tests/recordings tests/sentences.conf tests/under_valgrind tests/watchdog

include $(top_srcdir)/tests/fuzz/local.mk
include $(top_srcdir)/tests/lint/local.mk
include $(top_srcdir)/tests/qemu/local.mk
include $(top_srcdir)/tests/readme/local.mk
include $(top_srcdir)/tests/system/local.mk

# The service under load: SOAK_SECONDS, BUDGET_SECONDS, BUDGET_SOCKETS and BUDGET_PERCENT say how much of it.
# Each is one test case, and has that much longer than any other.
.PHONY: check-soak check-budget
check-soak:
	TEST_SECONDS_MAX=$$(($${TEST_SECONDS_MAX:-600} + $${SOAK_SECONDS:-60})) \
		$(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/daemon/soak.bats
check-budget:
	TEST_SECONDS_MAX=$$(($${TEST_SECONDS_MAX:-600} + $${BUDGET_SECONDS:-120})) \
		$(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/daemon/budget.bats
	@grep '^# ' tests/daemon/budget.log

.PHONY: check-valgrind
check-valgrind:
	TCPSTATED='$(abs_top_srcdir)/tests/under_valgrind' $(MAKE) $(AM_MAKEFLAGS) check \
		TESTS='$(unit_tests) $(fuzz_targets) $(bats_tests)' \
		LOG_COMPILER='$(watchdog) valgrind -q --leak-check=full --error-exitcode=9'

# Every test target goes through "make check". Where configure did not find what the tests need, it says so before anything of
# them is compiled.
.PHONY: require-test-needs
check-am: require-test-needs
require-test-needs:
	@test -z '$(missing_test_needs)' || { \
		echo 'The tests need what configure did not find here: $(missing_test_needs)'; \
		echo 'To install it and configure this directory again:'; \
		echo '  $(top_srcdir)/bootstrap tests && ./config.status --recheck'; \
		exit 1; } >&2

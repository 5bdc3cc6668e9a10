/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/unknown.h"
#include "unit.h"

#include "output/check.h"
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct thresholds thresholds(const char *list)
{
	struct thresholds t = {0};
	const char *word;
	size_t length;

	if (list)
		assert_int_equal(thresholds_parse(&t, list, &word, &length), 0);
	return t;
}

/* Checks against the thresholds (NULL: none) and returns the line without its line break. */
static char *check(const struct sample *sample, const char *warning, const char *critical,
	enum check_status expected)
{
	const struct thresholds w = thresholds(warning), c = thresholds(critical);
	enum check_status status;
	struct findings f;
	char *line;
	int r;

	assert_int_equal(diagnose(&sample->snapshot, false, &f), 0);
	line = SAMPLE_REPORTED(&r, check_print(out, &sample->snapshot, &f, &w, &c, &status));
	findings_release(&f);
	assert_int_equal(r, 0);
	assert_int_equal(status, expected);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	line[strlen(line) - 1] = '\0';
	assert_ptr_equal(strchr(line, '|'), strrchr(line, '|'));
	return line;
}

static void assert_begins(const char *line, const char *words)
{
	if (strncmp(line, words, strlen(words)) != 0)
		fail_msg("'%s' does not begin with '%s'", line, words);
}

static void assert_contains(const char *line, const char *words)
{
	if (!strstr(line, words))
		fail_msg("'%s' is missing in '%s'", words, line);
}

static void assert_lacks(const char *line, const char *words)
{
	if (strstr(line, words))
		fail_msg("'%s' is in '%s'", words, line);
}

/* 412 CLOSE_WAIT, 400 of them on port 7777. */
static void make_leak(struct sample *sample)
{
	struct port_tally *port;

	sample_init(sample);
	port = sample_port(sample, SIDE_SERVER, 7777);
	sample_held(sample, port, STATE_ESTABLISHED, 1800);
	sample_held(sample, port, STATE_CLOSE_WAIT, 400);
	port = sample_port(sample, SIDE_CLIENT, 5432);
	sample_held(sample, port, STATE_CLOSE_WAIT, 12);
}

static void test_check_ok_line(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 80), STATE_TIME_WAIT, 5);
	line = check(&sample, NULL, NULL, CHECK_OK);
	assert_string_equal(line,
		"TCPSTATED OK - Nothing found: 5 sockets (5 closing), 1.3 KiB | "
		"closing_memory=1320B;;;0 "
		"sockets=5;;;0 ESTABLISHED=0;;;0 SYN_SENT=0;;;0 SYN_RECV=0;;;0 FIN_WAIT_1=0;;;0 "
		"FIN_WAIT_2=0;;;0 TIME_WAIT=5;;;0 CLOSE=0;;;0 CLOSE_WAIT=0;;;0 LAST_ACK=0;;;0 "
		"LISTEN=0;;;0 CLOSING=0;;;0 BOUND_INACTIVE=0;;;0");
}

static void test_check_findings_decide_without_thresholds(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	make_leak(&sample);
	line = check(&sample, NULL, NULL, CHECK_WARNING);
	assert_begins(line, "TCPSTATED WARNING - port 7777: 400 CLOSE_WAIT, not closed by the "
			    "program, 1.5 MiB | ");
	free(TAKE_PTR(line));

	sample.snapshot.limits.tw_buckets.used = 131072;
	line = check(&sample, NULL, NULL, CHECK_CRITICAL);
	assert_begins(
		line, "TCPSTATED CRITICAL - TIME_WAIT and mini FIN_WAIT_2: 131,072 of 131,072");
	assert_contains(line, "; port 7777: 400 CLOSE_WAIT, ");
	assert_lacks(line, "more");
	free(TAKE_PTR(line));

	/* The worst are named, the others counted. */
	for (uint16_t port = 1; port <= 6; port++)
		sample_held(&sample, sample_port(&sample, SIDE_SERVER, port), STATE_FIN_WAIT_2, 60);
	line = check(&sample, NULL, NULL, CHECK_CRITICAL);
	assert_contains(line, "; port 3: 60 FIN_WAIT_2, ");
	assert_lacks(line, "port 4");
	assert_contains(line, " (and 3 more) | ");
}

static void test_check_notes_do_not_decide(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 80), STATE_TIME_WAIT, 60000);
	line = check(&sample, NULL, NULL, CHECK_OK);
	assert_begins(line, "TCPSTATED OK - Nothing found: 60,000 sockets ");
}

static void test_check_thresholds_decide_alone(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	make_leak(&sample);
	line = check(&sample, "CLOSE_WAIT=412", "CLOSE_WAIT=1000", CHECK_OK);
	assert_begins(line, "TCPSTATED OK - closing sockets hold 1.5 MiB | ");
	assert_contains(line, " CLOSE_WAIT=412;412;1000;0 ");
}

static void test_check_state_over_its_threshold(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	make_leak(&sample);
	line = check(&sample, "CLOSE_WAIT=411", "CLOSE_WAIT=1000", CHECK_WARNING);
	assert_begins(
		line, "TCPSTATED WARNING - 412 CLOSE_WAIT (threshold 411), 400 on port 7777 | ");
	free(TAKE_PTR(line));

	line = check(&sample, "CLOSE_WAIT=100", "CLOSE_WAIT=400", CHECK_CRITICAL);
	assert_begins(
		line, "TCPSTATED CRITICAL - 412 CLOSE_WAIT (threshold 400), 400 on port 7777 | ");
	free(TAKE_PTR(line));

	line = check(&sample, "LISTEN=1:", NULL, CHECK_WARNING);
	assert_begins(line, "TCPSTATED WARNING - 0 LISTEN (threshold 1:) | ");
}

static void test_check_memory_and_worst_of_several(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	make_leak(&sample);
	line = check(&sample, "1M,CLOSE_WAIT=411", "CLOSE_WAIT=411", CHECK_CRITICAL);
	assert_begins(line,
		"TCPSTATED CRITICAL - closing sockets hold 1.5 MiB (threshold 1048576), "
		"1.5 MiB on port 7777; 412 CLOSE_WAIT (threshold 411), 400 on port 7777 | "
		"closing_memory=1593204B;1048576;;0 ");
}

static void test_check_incomplete_is_never_ok(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.snapshot.scan.complete = false;
	strcpy(sample.snapshot.scan.error, "cut short | by\nthe kernel");
	line = check(&sample, NULL, NULL, CHECK_UNKNOWN);
	assert_begins(line,
		"TCPSTATED UNKNOWN - incomplete scan: cut short / by?the kernel; so "
		"far: Nothing found in what could be read: 0 sockets | closing_memory=0B;");
	free(TAKE_PTR(line));
	line = check(&sample, "CLOSE_WAIT=5", NULL, CHECK_UNKNOWN);
}

static void test_check_threshold_on_what_was_not_read(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	make_leak(&sample);
	sample.snapshot.scanned = STATE_BIT(STATE_ESTABLISHED);
	line = check(&sample, "CLOSE_WAIT=500", NULL, CHECK_UNKNOWN);
	assert_begins(line, "TCPSTATED UNKNOWN - CLOSE_WAIT was not read, but has a threshold | ");
	assert_contains(line, " CLOSE_WAIT=U;500;;0 ");
	assert_contains(line, "| closing_memory=U;;;0 ");
	free(TAKE_PTR(line));
	line = check(&sample, NULL, "1G", CHECK_UNKNOWN);
	assert_begins(
		line, "TCPSTATED UNKNOWN - closing_memory was not read, but has a threshold | ");
	free(TAKE_PTR(line));
	line = check(&sample, "ESTABLISHED=5000", NULL, CHECK_OK);
	assert_begins(line, "TCPSTATED OK - closing sockets were not read | ");
}

static void test_check_established_from_the_counter(void **state)
{
	cleanup_(freep) char *line = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.snapshot.scanned &= (state_set)~STATE_BIT(STATE_ESTABLISHED);
	sample.snapshot.limits.curr_estab = 1000;
	snapshot_established_from_counter(&sample.snapshot);
	line = check(&sample, "ESTABLISHED=999", NULL, CHECK_WARNING);
	assert_contains(line, " sockets=1000;;;0 ESTABLISHED=1000;999;;0 ");
}

static void test_check_unknown_line(void **state)
{
	cleanup_(freep) char *line = NULL;
	int r;

	(void)state;
	line = SAMPLE_REPORTED(&r, check_print_unknown(out, "no recording 'a|b'"));
	assert_int_equal(r, 0);
	assert_string_equal(line, "TCPSTATED UNKNOWN - no recording 'a/b'\n");
}

static void test_check_full_disk_is_an_error(void **state)
{
	const struct thresholds none = {0};
	enum check_status status;
	struct findings f = {0};
	struct sample sample;
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	sample_init(&sample);
	assert_int_equal(check_print(out, &sample.snapshot, &f, &none, &none, &status), -ENOSPC);
	assert_int_equal(check_print_unknown(out, "x"), -ENOSPC);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_ok_line),
		cmocka_unit_test(test_check_findings_decide_without_thresholds),
		cmocka_unit_test(test_check_notes_do_not_decide),
		cmocka_unit_test(test_check_thresholds_decide_alone),
		cmocka_unit_test(test_check_state_over_its_threshold),
		cmocka_unit_test(test_check_memory_and_worst_of_several),
		cmocka_unit_test(test_check_incomplete_is_never_ok),
		cmocka_unit_test(test_check_threshold_on_what_was_not_read),
		cmocka_unit_test(test_check_established_from_the_counter),
		cmocka_unit_test(test_check_unknown_line),
		cmocka_unit_test(test_check_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

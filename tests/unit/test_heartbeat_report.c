/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of --heartbeat, as text and as JSON. */
#include "basic/cleanup.h"
#include "basic/format.h"
#include "unit.h"

#include "output/heartbeat_json.h"
#include "output/heartbeat_text.h"
#include "output/words.h"
#include "sample.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define LINES_MAX 4

static struct fixture {
	struct heartbeat_report report;
	struct heartbeat_port ports[LINES_MAX];
	struct heartbeat_line lines[LINES_MAX];
} f;

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	strcpy(f.report.origin.host, "gs1");
	strcpy(f.report.origin.boot_id, "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b11");
	strcpy(f.report.origin.kernel, "6.18.44");
	strcpy(f.report.origin.netns, "host");
	f.report.origin.time = (struct timespec){.tv_sec = 1795340400};
	f.report.scan =
		(struct scan){.source = "sock_diag", .complete = true, .wall_us = 1, .cpu_us = 1};
	f.report.filter = FILTER_ALL;
	f.report.numbers = (struct heartbeat_numbers){
		.polls = 61, .watched_ms = 60000, .watched = 1, .weight = 1};
	f.report.requested_ms = 60000;
	f.report.lines = f.lines;
	return 0;
}

/* Peers that speak every gap_ms, and such that have been idle for an hour; judged when all are
 * there.
 */
static struct heartbeat_port *add_port(
	uint16_t number, uint32_t living, uint32_t gap_ms, uint32_t dead)
{
	size_t i = f.report.lines_count++;
	struct heartbeat_port *p = &f.ports[i];

	f.lines[i].port = p;
	p->service.port = number;
	p->sockets = living + dead;
	p->keepalive[KEEPALIVE_OFF] = p->sockets;
	for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
		histogram_add(&p->ended_ms[k], gap_ms, living);
		histogram_add(&p->longest_ms[k], gap_ms, living);
		histogram_add(&p->idle_ms[k], gap_ms / 2, living);
		histogram_add(&p->longest_ms[k], 3600000, dead);
		histogram_add(&p->idle_ms[k], 3600000, dead);
	}
	histogram_add(&p->sent_ms, 300, living + dead);
	histogram_add(&p->rtt_us, 24000, living + dead);
	f.report.numbers.sockets += p->sockets;
	return p;
}

static void judge(void)
{
	for (size_t i = 0; i < f.report.lines_count; i++)
		heartbeat_advise(f.lines[i].port, &f.report.numbers, &f.lines[i].advice);
}

static char *text(void)
{
	static const struct text_style plain = {.columns = 80};
	char *reported;
	int r;

	judge();
	reported = SAMPLE_REPORTED(&r, heartbeat_text_print(out, &f.report, &plain));
	assert_int_equal(r, 0);
	for (const char *line = reported; *line; line += strcspn(line, "\n") + 1)
		if (strcspn(line, "\n") > 80)
			fail_msg("longer than 80 columns: %.*s", (int)strcspn(line, "\n"), line);
	return reported;
}

/* Told as one line, accepted by the installed schema. The caller puts it. */
static struct json_object *document(void)
{
	const char *top = getenv("TOP_SRCDIR");
	cleanup_(freep) char *reported = NULL;
	struct json_object *doc;
	char command[1024];
	FILE *validator;
	int r;

	judge();
	reported = SAMPLE_REPORTED(&r, heartbeat_json_print(out, &f.report, false));
	assert_int_equal(r, 0);
	assert_ptr_equal(strchr(reported, '\n'), reported + strlen(reported) - 1);
	top = top ? top : ".";
	snprintf(command, sizeof(command),
		"python3 '%s/tests/cli/validate_json.py' "
		"'%s/contrib/tcpstated.heartbeat.schema.json' >&2",
		top, top);
	validator = popen(command, "w");
	assert_non_null(validator);
	fputs(reported, validator);
	assert_int_equal(pclose(validator), 0);
	doc = json_tokener_parse(reported);
	assert_non_null(doc);
	return doc;
}

static void assert_contains(const char *reported, const char *words)
{
	if (!strstr(reported, words))
		fail_msg("'%s' is missing in:\n%s", words, reported);
}

/* The value under a path such as "ports/0/advice/dead", as JSON. */
static void assert_value(struct json_object *doc, const char *path, const char *expected)
{
	struct json_object *value = doc;
	char pointer[128];

	snprintf(pointer, sizeof(pointer), "/%s", path);
	if (json_pointer_get(doc, pointer, &value) < 0)
		fail_msg("there is no %s", path);
	if (strcmp(json_object_to_json_string(value), expected) != 0)
		fail_msg("%s is %s, not %s", path, json_object_to_json_string(value), expected);
}

static void test_heartbeat_text_suggestion(void **state)
{
	cleanup_(freep) char *reported = NULL;

	(void)state;
	add_port(7777, 100, 4000, 0);
	reported = text();
	assert_int_equal(strncmp(reported,
				 "No dead connection found: 100 connections; watched 60 s, "
				 "61 polls\n",
				 strcspn(reported, "\n") + 1),
		0);
	assert_contains(reported, "Server port 7777: 100 connections\n");
	assert_contains(reported,
		"  suggest: 15 s without data. Of 100 peers that were heard again, 99.9 %");
	assert_contains(reported, "three times that, rounded up");
	assert_contains(reported, "round trip                       24 ms");
	assert_contains(reported, "keepalive: off for all of 100 connections");
	assert_contains(reported, "TCP_USER_TIMEOUT");
	assert_contains(reported, "\ntrade-off: Too long:");
	assert_null(strstr(reported, "appear dead"));
}

static void test_heartbeat_text_dead_peers(void **state)
{
	struct heartbeat_port *p = add_port(7777, 100, 1000, 50);
	cleanup_(freep) char *reported = NULL;

	(void)state;
	p->unacknowledged = 7;
	reported = text();
	assert_contains(reported, "WARNING: 50 of 150 connections appear dead on 1 port; watched");
	assert_contains(reported, "  suggest: 5 s without data.");
	assert_contains(reported,
		"   silent: 50 showed no sign of life for longer than that, up to 60 min:");
	assert_contains(reported, "Data is in flight to 7");
	assert_contains(
		reported, "5 s                       50    33.3 %            0          50\n");
	assert_contains(
		reported, "1 h                        0     0.0 %            0           0\n");
}

static void test_heartbeat_text_one_poll_is_weak(void **state)
{
	struct heartbeat_port *p = add_port(7777, 100, 4000, 0);
	cleanup_(freep) char *reported = NULL;

	(void)state;
	memcpy(p->longest_ms, p->idle_ms, sizeof(p->longest_ms));
	memset(p->ended_ms, 0, sizeof(p->ended_ms));
	f.report.numbers = (struct heartbeat_numbers){.sockets = 100, .polls = 1, .weight = 1};
	f.report.requested_ms = 0;
	reported = text();
	assert_contains(reported, "No dead connection found: 100 connections; one snapshot\n");
	assert_contains(reported, "In one snapshot");
	assert_contains(reported, "--for");
	assert_null(strstr(reported, "until heard again"));
}

static void test_heartbeat_text_reservations(void **state)
{
	cleanup_(freep) char *reported = NULL;

	(void)state;
	add_port(7777, 19, 4000, 0);
	f.report.scan.complete = false;
	strcpy(f.report.scan.error, "the socket table \033[31mchanged");
	f.report.requested_ms = 3600000;
	f.report.numbers.weight = 4;
	f.report.numbers.watched = 60000;
	f.report.numbers.without_info = 3;
	f.report.omitted.ports = 2;
	f.report.omitted.sockets = 1234;
	reported = text();
	assert_contains(reported, "INCOMPLETE: the socket table ?[31mchanged");
	assert_contains(reported, "Stopped early, before the requested 1 h.");
	assert_contains(reported, "a sample: 60,000 connections, each");
	assert_contains(reported, "The kernel reported no times for 3 connections.");
	assert_contains(
		reported, "  suggest: none: a suggestion for a port needs at least 20 peers");
	assert_contains(reported, "and 2 more ports with 1,234 connections");
}

static void test_heartbeat_text_too_short(void **state)
{
	cleanup_(freep) char *reported = NULL;

	(void)state;
	add_port(22, 5, 1000, 60);
	reported = text();
	assert_contains(reported, "none: only 5 peers were heard again in 60 s");
	assert_contains(reported, "Watch for 2 h.");
}

static void test_heartbeat_text_nothing(void **state)
{
	cleanup_(freep) char *reported = text();

	(void)state;
	assert_contains(reported, "No connections; watched 60 s, 61 polls\n");
}

/* The widest that there can be. */
static void test_heartbeat_text_large_numbers(void **state)
{
	struct heartbeat_port *p = add_port(65535, 99999999, 86400000, 99999999);
	cleanup_(freep) char *reported = NULL;

	(void)state;
	p->service.side = SIDE_CLIENT;
	p->mute = p->sockets;
	p->keepalive[KEEPALIVE_ON] = p->keepalive[KEEPALIVE_UNKNOWN] = 99999999;
	p->keepalive_next_ms = UINT32_MAX - 1;
	reported = text();
	assert_contains(
		reported, "Client side, to port 65535: 199,999,998 connections; 199,999,998 never");
}

static void test_heartbeat_json_values(void **state)
{
	struct heartbeat_port *p = add_port(7777, 100, 1000, 50);
	struct json_object *doc;

	(void)state;
	p->keepalive[KEEPALIVE_ON] = 1;
	p->keepalive_next_ms = 7100500;
	add_port(22, 5, 1000, 0);
	doc = document();
	assert_value(doc, "watched/seconds", "60.000");
	assert_value(doc, "ports/0/idle/data/median_seconds", "0.500");
	assert_value(doc, "ports/0/idle/data/longest_seconds", "3600.000");
	assert_value(doc, "ports/0/idle/sent/connections", "150");
	assert_value(doc, "ports/0/ended_idle/sign/longest_seconds", "1.000");
	assert_value(doc, "ports/0/rtt/median_seconds", "0.024000");
	assert_value(doc, "ports/0/keepalive/next_probe_seconds", "7100.500");
	assert_value(doc, "ports/0/user_timeout_seconds", "null");
	assert_value(doc, "ports/0/timeouts/0/timeout_seconds", "5.000");
	assert_value(doc, "ports/0/timeouts/0/cut", "50");
	assert_value(doc, "ports/0/timeouts/0/heard_again", "0");
	assert_value(doc, "ports/0/advice/timeout_seconds", "5.000");
	assert_value(doc, "ports/0/advice/dead", "50");
	assert_value(doc, "ports/1/keepalive/next_probe_seconds", "null");
	assert_value(doc, "ports/1/advice/verdict", "\"too_few\"");
	assert_value(doc, "ports/1/advice/timeout_seconds", "null");
	assert_value(doc, "ports/1/advice/dead", "null");
	json_object_put(doc);
}

/* Not zero, and not left out. */
static void test_heartbeat_json_unknown_is_null(void **state)
{
	static struct service_set ports;
	struct json_object *doc;

	(void)state;
	f.ports[0].sockets = 3;
	f.lines[0].port = &f.ports[0];
	f.report.lines_count = 1;
	f.report.numbers.polls = 1;
	f.report.origin = (struct origin){.netns = "host"};
	f.report.scan.complete = false;
	strcpy(f.report.scan.error, "a \"reason\"\n");
	f.report.filter.sides[SIDE_CLIENT] = false;
	port_set_add(&ports.ports, 7777);
	f.report.filter.ports = &ports;
	doc = document();
	assert_value(doc, "host", "null");
	assert_value(doc, "filter/ports", "\"7777\"");
	assert_value(doc, "filter/side", "\"server\"");
	assert_value(doc, "watched/connections", "null");
	assert_value(doc, "ports/0/idle/data/median_seconds", "null");
	assert_value(doc, "ports/0/ended_idle", "null");
	assert_value(doc, "ports/0/rtt/longest_seconds", "null");
	assert_value(doc, "ports/0/timeouts", "[ ]");
	assert_value(doc, "ports/0/advice/verdict", "\"no_info\"");
	json_object_put(doc);
}

static void test_heartbeat_full_disk(void **state)
{
	static const struct text_style plain = {.columns = 80};
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(heartbeat_text_print(full, &f.report, &plain), -ENOSPC);
	assert_int_equal(heartbeat_json_print(full, &f.report, true), -ENOSPC);
	fclose(full);
}

static void test_words_timeout_as_it_is_set(void **state)
{
	static const struct {
		uint32_t ms;
		const char *text;
	} rows[] = {{5000, "5 s"}, {90000, "90 s"}, {60000, "1 min"}, {900000, "15 min"},
		{7200000, "2 h"}, {1500, "1.5 s"}, {250, "250 ms"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[FORMAT_SIZE];
		struct string s = STRING_IN(text);

		words_timeout(&s, rows[i].ms);
		assert_string_equal(text, rows[i].text);
	}
}

#define REPORT_TEST(t) cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(test_heartbeat_text_suggestion),
		REPORT_TEST(test_heartbeat_text_dead_peers),
		REPORT_TEST(test_heartbeat_text_one_poll_is_weak),
		REPORT_TEST(test_heartbeat_text_reservations),
		REPORT_TEST(test_heartbeat_text_too_short),
		REPORT_TEST(test_heartbeat_text_nothing),
		REPORT_TEST(test_heartbeat_text_large_numbers),
		REPORT_TEST(test_heartbeat_json_values),
		REPORT_TEST(test_heartbeat_json_unknown_is_null),
		REPORT_TEST(test_heartbeat_full_disk),
		REPORT_TEST(test_words_timeout_as_it_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

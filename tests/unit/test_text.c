/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/unknown.h"
#include "unit.h"

#include "output/text.h"
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const struct text_style plain = {.columns = 80};

static char *report(const struct sample *sample, const struct text_style *style)
{
	struct findings f;
	char *text;
	int r;

	assert_int_equal(diagnose(&sample->snapshot, false, &f), 0);
	text = SAMPLE_REPORTED(&r, text_print(out, &sample->snapshot, &f, style));
	assert_int_equal(r, 0);
	findings_release(&f);
	return text;
}

static void assert_contains(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' is missing in:\n%s", words, text);
}

static void assert_lacks(const char *text, const char *words)
{
	if (strstr(text, words))
		fail_msg("'%s' is in:\n%s", words, text);
}

static void assert_first_line(const char *text, const char *line)
{
	size_t length = strcspn(text, "\n");

	if (length != strlen(line) || strncmp(text, line, length) != 0)
		fail_msg("the first line is '%.*s', not '%s'", (int)length, text, line);
}

/* Every line, the first one too, within the width. */
static void assert_width(const char *text, size_t width)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > width)
			fail_msg("wider than %zu: '%.*s'", width, (int)length, text);
		text += length + (text[length] == '\n');
	}
}

/* A game server with a leak of its own, two kinds of FIN_WAIT_2 and a client side. */
static void make_leaks(struct sample *sample)
{
	struct port_tally *port;

	sample_init(sample);
	port = sample_port(sample, SIDE_SERVER, 7777);
	sample_held(sample, port, STATE_LISTEN, 1);
	sample_held(sample, port, STATE_ESTABLISHED, 1800);
	sample_held(sample, port, STATE_CLOSE_WAIT, 412);
	port->accept_queue = 12;
	port = sample_port(sample, SIDE_SERVER, 7003);
	port->listening = false;
	sample_held(sample, port, STATE_FIN_WAIT_2, 20);
	sample_mini(sample, port, 150);
	sample_held(sample, port, STATE_TIME_WAIT, 100);
	port = sample_port(sample, SIDE_CLIENT, 5432);
	sample_held(sample, port, STATE_ESTABLISHED, 20);
}

static void test_text_empty_machine(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	text = report(&sample, &plain);
	assert_first_line(text, "Nothing found: 0 sockets");
	assert_contains(text, "\n TOTAL        -     0 B       -      -");
	assert_width(text, 80);
}

static void test_text_nothing_found_has_the_totals(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;
	struct port_tally *port;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 22);
	sample_held(&sample, port, STATE_ESTABLISHED, 3);
	sample_held(&sample, port, STATE_TIME_WAIT, 1);
	text = report(&sample, &plain);
	assert_first_line(text, "Nothing found: 4 sockets (1 closing), 11.6 KiB");
	free(TAKE_PTR(text));

	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 22), STATE_LISTEN, 1);
	text = report(&sample, &plain);
	assert_first_line(text, "Nothing found: 1 socket (none closing), 3.8 KiB");
}

static void test_text_leaves_notes_out(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 80), STATE_TIME_WAIT, 60000);
	text = report(&sample, &plain);
	assert_first_line(text, "Nothing found: 60,000 sockets (60,000 closing), 15.1 MiB");
	assert_lacks(text, "    why: ");
}

/* One diagnosis, two causes: each with its own reason. */
static void test_text_lists_causes_separately(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct port_tally *port;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7001);
	sample_orphans(&sample, port, STATE_FIN_WAIT_1, 200);
	sample_symptom(&sample, port, SYMPTOM_FIN_UNANSWERED, 200);
	port = sample_port(&sample, SIDE_SERVER, 7002);
	sample_orphans(&sample, port, STATE_FIN_WAIT_1, 100);
	sample_symptom(&sample, port, SYMPTOM_FIN_NOT_TAKEN, 100);
	text = report(&sample, &plain);
	assert_contains(text, "\n    why: The program closed, and the peers no longer answer");
	assert_contains(text, "\n    why: The program closed with data still to send");
}

static void test_text_verdict_is_the_worst_finding(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	make_leaks(&sample);
	text = report(&sample, &plain);
	assert_first_line(
		text, "WARNING: port 7777: 412 CLOSE_WAIT, not closed by the program, 1.5 MiB");
	assert_contains(text, "\nand 1 more finding, see below\n");
	assert_contains(text, "\n    why: The peer has closed");
	assert_contains(text, "\n     do: Find the path");
	assert_contains(text, "\n    see: recv(2), close(2); ");
	assert_width(text, 80);
}

static void test_text_table(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	make_leaks(&sample);
	text = report(&sample, &plain);
	assert_contains(text,
		"\n"
		"                            ESTAB-  TIME_  CLOSE_    FIN_    FIN_  LAST_  CLOS-\n"
		"   PORT  SOCKETS    MEMORY  LISHED   WAIT    WAIT  WAIT_1  WAIT_2    ACK    ING\n"
		"   7777    2,213   8.2 MiB   1,800      -     412       -       -      -      -\n"
		"  7003*      270   140 KiB       -    100       -       -     170      -      -\n"
		"to 5432       20  75.5 KiB      20      -       -       -       -      -      -\n"
		"  TOTAL    2,503   8.4 MiB   1,820    100     412       -     170      -      -\n"
		"* nothing listens on this port now\n");
	assert_contains(text, "\n      150 mini ");
	assert_contains(text, "\n       20 held ");
	assert_lacks(text, " orphan  closed");
}

static void test_text_wide_has_every_state(void **state)
{
	const struct text_style wide = {.wide = true, .columns = 200};
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	make_leaks(&sample);
	text = report(&sample, &wide);
	assert_contains(text, "INACTIVE");
	assert_contains(text, "LISTEN");
	assert_contains(text, "  12/4096\n");
	assert_contains(text, "   59 s");
}

static void test_text_large_numbers_fit(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	for (unsigned i = 0; i < 50; i++) {
		struct port_tally *port = sample_port(&sample, SIDE_SERVER, (uint16_t)(65535 - i));

		sample_held(&sample, port, STATE_ESTABLISHED, 20000);
		sample_held(&sample, port, STATE_TIME_WAIT, 20000);
		sample_held(&sample, port, STATE_CLOSE_WAIT, 2000);
	}
	sample_held(&sample, NULL, STATE_CLOSE_WAIT, 65486);
	sample.snapshot.omitted.ports = sample.snapshot.rest_ports = 65486;
	sample.rest.states[STATE_CLOSE_WAIT].dated = sample.rest.states[STATE_CLOSE_WAIT].aged =
		65486;
	text = report(&sample, &plain);
	assert_contains(text,
		"WARNING: other services: 65,486 CLOSE_WAIT over 65,486 ports, not closed by the");
	assert_contains(text, "\nothers    65,486");
	assert_contains(text, "\nothers: 65,486 more ports; --ports 0 lists them all\n");
	assert_contains(text, " 1,000,000 ");
	assert_contains(text, "\nWARNING  port 65486: 2,000 CLOSE_WAIT");
	assert_width(strchr(text, '\n') + 1, 80);
}

static void test_text_gives_up_separators_before_the_width(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;
	struct port_tally *port;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 80);
	sample_held(&sample, port, STATE_ESTABLISHED, 10000000);
	sample_held(&sample, port, STATE_TIME_WAIT, 10000000);
	sample_held(&sample, port, STATE_CLOSE_WAIT, 1000000);
	text = report(&sample, &plain);
	assert_contains(text, " 10000000 10000000 1000000 ");
	assert_width(text, 80);
}

static void test_text_incomplete_scan(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.snapshot.scan.complete = false;
	strcpy(sample.snapshot.scan.error, "the dump was cut\033[2J short");
	text = report(&sample, &plain);
	assert_first_line(text, "Nothing found in what could be read: 0 sockets");
	assert_contains(text, "\nINCOMPLETE: the dump was cut?[2J short\n");
}

static void test_text_filter(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.snapshot.filter.states = STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_SYN_RECV);
	sample.snapshot.scanned = sample.snapshot.filter.states;
	sample.snapshot.filter.sides[SIDE_CLIENT] = false;
	port_set_add(&sample.services.ports, 7777);
	sample.snapshot.filter.ports = &sample.services;
	text = report(&sample, &plain);
	assert_first_line(text, "Nothing found within this filter: 0 sockets");
	assert_contains(text, "\nFilter: port 7777; state SYN_RECV CLOSE_WAIT; server side\n");
	/* The states that were asked for are the columns, and no other. */
	assert_contains(text, "\n  PORT  SOCKETS  MEMORY    WAIT  RECV\n");
}

static void test_text_long_port_list_is_cut(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	for (unsigned port = 1; port < UINT16_MAX; port += 2)
		port_set_add(&sample.services.ports, (uint16_t)port);
	sample.snapshot.filter.ports = &sample.services;
	text = report(&sample, &plain);
	assert_contains(text, "\nFilter: port 1,3,5,7,");
	assert_contains(text, ",...\n");
	assert_width(text, 80);
}

static void test_text_fallback_source(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.snapshot.scan.source = "proc";
	strcpy(sample.snapshot.scan.note, "sock_diag was refused: Operation not permitted");
	text = report(&sample, &plain);
	assert_contains(text, "\nRead from /proc/net/tcp and tcp6");
	assert_contains(text, "\nsock_diag was refused: Operation not permitted\n");
}

static void test_text_established_from_the_counter(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;
	struct port_tally *port;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	sample_held(&sample, port, STATE_CLOSE_WAIT, 10);
	sample.snapshot.scanned &= (state_set)~STATE_BIT(STATE_ESTABLISHED);
	sample.snapshot.limits.curr_estab = 1010;
	snapshot_established_from_counter(&sample.snapshot);
	text = report(&sample, &plain);
	assert_first_line(text, "Nothing found: 1,010 sockets (10 closing)");
	assert_contains(text, "\n  7777       10  37.8 KiB       ?      -      10 ");
	assert_contains(text, "\n TOTAL    1,010         ?   1,000      -      10 ");
	assert_contains(text, "\nESTABLISHED sockets were not read");
}

static void test_text_unknown_limits_are_left_out(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	text = report(&sample, &plain);
	assert_lacks(text, "connection tracking");
	free(TAKE_PTR(text));

	sample.snapshot.limits.conntrack = (struct usage){200, UNKNOWN};
	text = report(&sample, &plain);
	assert_contains(text,
		"connection tracking (nf_conntrack_max)              200            ?         ?\n");
}

static void test_text_longest_destination_fits(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.snapshot.client_ports.used = 20;
	sample.snapshot.busiest =
		(struct destination){.sockets = 20, .port = 65535, .family = AF_INET6};
	memset(sample.snapshot.busiest.address, 0x21, 16);
	text = report(&sample, &plain);
	assert_contains(
		text, "\nlocal ports to [2121:2121:2121:2121:2121:2121:2121:2121]:65535\n ");
	assert_width(text, 80);
}

static void test_text_color_only_on_request(void **state)
{
	const struct text_style colored = {.color = true, .columns = 80};
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	make_leaks(&sample);
	text = report(&sample, &plain);
	assert_lacks(text, "\033");
	free(TAKE_PTR(text));

	text = report(&sample, &colored);
	assert_contains(text, "\033[1;33mWARNING: port 7777");
	assert_contains(text, "\n\033[1;33m   7777\033[0m    2,213");
	assert_contains(text, "\nto 5432       20"); /* no finding there */
	free(TAKE_PTR(text));

	sample_init(&sample);
	text = report(&sample, &colored);
	assert_lacks(text, "\033[1;3"); /* headings are bold; nothing has a colour */
	assert_contains(text, "\033[1mLIMIT");
}

static void test_text_hostile_names_cannot_steer_the_terminal(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	strcpy(sample.snapshot.origin.host, "\033]0;owned\a");
	strcpy(sample.snapshot.origin.kernel, "6\n7");
	strcpy(sample.snapshot.origin.netns, "\xc2\x9b");
	text = report(&sample, &plain);
	assert_contains(text, "\n?]0;owned?, Linux 6?7, network namespace ??, ");
}

static void test_text_full_disk_is_an_error(void **state)
{
	struct sample sample;
	struct findings f;
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	make_leaks(&sample);
	assert_int_equal(diagnose(&sample.snapshot, false, &f), 0);
	assert_int_equal(text_print(out, &sample.snapshot, &f, &plain), -ENOSPC);
	fclose(out);
	findings_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_empty_machine),
		cmocka_unit_test(test_text_nothing_found_has_the_totals),
		cmocka_unit_test(test_text_leaves_notes_out),
		cmocka_unit_test(test_text_lists_causes_separately),
		cmocka_unit_test(test_text_verdict_is_the_worst_finding),
		cmocka_unit_test(test_text_table),
		cmocka_unit_test(test_text_wide_has_every_state),
		cmocka_unit_test(test_text_large_numbers_fit),
		cmocka_unit_test(test_text_gives_up_separators_before_the_width),
		cmocka_unit_test(test_text_incomplete_scan),
		cmocka_unit_test(test_text_filter),
		cmocka_unit_test(test_text_long_port_list_is_cut),
		cmocka_unit_test(test_text_fallback_source),
		cmocka_unit_test(test_text_established_from_the_counter),
		cmocka_unit_test(test_text_unknown_limits_are_left_out),
		cmocka_unit_test(test_text_longest_destination_fits),
		cmocka_unit_test(test_text_color_only_on_request),
		cmocka_unit_test(test_text_hostile_names_cannot_steer_the_terminal),
		cmocka_unit_test(test_text_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

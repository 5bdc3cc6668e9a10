/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "unit.h"

#include "judge/diagnosis.h"
#include "judge/match.h"
#include "lab/scenario.h"
#include "output/explain.h"
#include "output/words.h"
#include "sample.h"

#include <string.h>
#include <sys/socket.h>

static const struct text_style plain = {.columns = 80};
static const struct holders nobody = {NULL, 0, false};

static char *explain_with(const struct sample *sample, const struct holders *holders)
{
	const bool explicit = sample->snapshot.filter.ports;
	struct findings f;
	char *text;
	int r;

	assert_int_equal(diagnose(&sample->snapshot, explicit, &f), 0);
	text = SAMPLE_REPORTED(&r, explain_print(out, &sample->snapshot, &f, holders, &plain));
	assert_int_equal(r, 0);
	findings_release(&f);
	return text;
}

static char *explain(const struct sample *sample)
{
	return explain_with(sample, &nobody);
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

/* Behind the first line, which is never wrapped. */
static void assert_width(const char *text, size_t width)
{
	text += strcspn(text, "\n");
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > width)
			fail_msg("wider than %zu: '%.*s'", width, (int)length, text);
		text += length + (text[length] == '\n');
	}
}

/* A leak on port 7777, and a healthy port 80; ask: by name. */
static struct port_tally *leak(struct sample *sample, uint32_t sockets, bool ask)
{
	struct port_tally *row;

	sample_init(sample);
	row = sample_port(sample, SIDE_SERVER, 7777);
	row->creators.first.owner = sample_owner("/system.slice/gameserver.service");
	row->creators.first.user = "game";
	sample_held(sample, row, STATE_CLOSE_WAIT, sockets);
	row->states[STATE_CLOSE_WAIT].oldest_ms = 15 * 60000;
	sample_held(sample, sample_port(sample, SIDE_SERVER, 80), STATE_ESTABLISHED, 3);
	if (ask) {
		port_set_add(&sample->services.ports, 7777);
		port_set_add(&sample->services.ports, 80);
		port_set_add(&sample->services.ports, 90);
		sample->snapshot.filter.ports = &sample->services;
	}
	return row;
}

static void test_the_sentence_names_the_owner(void **state)
{
	struct sample sample;
	cleanup_(freep) char *text = NULL;

	(void)state;
	leak(&sample, 412, false);
	text = explain(&sample);
	assert_contains(text,
		"WARNING: port 7777 (gameserver.service): 412 CLOSE_WAIT, not closed by "
		"the program, 1.5 MiB, oldest 15 min\n");
	assert_contains(text, "  since: oldest 15 min\n");
	assert_contains(text, "  whose: gameserver.service, user game\n");
	assert_contains(text, "    why: ");
	assert_contains(text, "     do: ");
	assert_contains(text, "    see: ");
	assert_contains(text, "close-wait-leak");
	assert_lacks(text, "port 80");
	assert_width(text, 80);
}

static void test_every_sentence_names_the_owner(void **state)
{
	struct sample sample;
	struct port_tally *row = leak(&sample, 0, false);
	cleanup_(freep) char *text = NULL;

	(void)state;
	sample_held(&sample, row, STATE_FIN_WAIT_2, 60);
	text = explain(&sample);
	assert_contains(text, "port 7777 (gameserver.service): 60 FIN_WAIT_2, kept open after "
			      "shutdown(), 227 KiB\n");
}

static void test_an_owner_of_most_is_reported_as_that(void **state)
{
	struct sample sample;
	cleanup_(freep) char *text = NULL;

	(void)state;
	leak(&sample, 412, false)->creators.uncounted = true;
	text = explain(&sample);
	assert_contains(text,
		"port 7777 (mostly gameserver.service): 412 CLOSE_WAIT, not closed by "
		"the program, 1.5 MiB, oldest 15 min\n");
	assert_contains(text, "  whose: mostly gameserver.service, user game\n");
}

static void test_several_owners_are_reported_by_their_shares(void **state)
{
	struct creator_tally others[2] = {{.next = 2}, {.next = 0}};
	const struct creators creators = {.list = others, .used = ARRAY_SIZE(others)};
	struct sample sample;
	struct port_tally *row = leak(&sample, 412, false);
	cleanup_(freep) char *text = NULL;

	(void)state;
	sample.snapshot.creators = &creators;
	row->creators.others = 1;
	others[0].creator.owner = sample_owner("/system.slice/web.service");
	others[0].symptoms[SYMPTOM_EOF_READ] = 88;
	others[1].creator.owner = sample_owner("/system.slice/mud.socket");
	others[1].symptoms[SYMPTOM_EOF_READ] = 12;
	text = explain(&sample);
	assert_contains(text,
		"WARNING: port 7777 (312 of gameserver.service, 88 of web.service, 12 accepted by "
		"mud.socket): 412 CLOSE_WAIT, not closed by the program, 1.5 MiB, oldest 15 min\n");
	assert_lacks(text, ", user game");
}

/* An owner that only listens is not whose the sockets are. */
static void test_the_owner_is_that_of_the_sockets(void **state)
{
	struct creator_tally other = {.creator.listeners = 0};
	const struct creators creators = {.list = &other, .used = 1};
	struct sample sample;
	struct port_tally *row = leak(&sample, 412, false);
	cleanup_(freep) char *text = NULL;

	(void)state;
	sample.snapshot.creators = &creators;
	row->creators.others = 1;
	row->creators.first.listeners = 1;
	other.creator.owner = sample_owner("/system.slice/web.service");
	other.creator.user = "www";
	other.symptoms[SYMPTOM_EOF_READ] = 412;
	text = explain(&sample);
	assert_contains(text, "WARNING: port 7777 (web.service): 412 CLOSE_WAIT");
	assert_contains(text, "  whose: web.service, user www\n");
	assert_lacks(text, "gameserver");
}

static void test_without_an_owner_none_is_reported(void **state)
{
	struct sample sample;
	struct port_tally *row = leak(&sample, 412, false);
	cleanup_(freep) char *text = NULL;

	(void)state;
	row->creators.first.owner = NULL;
	row->creators.first.user = NULL;
	text = explain(&sample);
	assert_contains(text,
		"port 7777: 412 CLOSE_WAIT, not closed by the program, 1.5 MiB, oldest 15 "
		"min\n");
	assert_lacks(text, "gameserver");
	assert_lacks(text, "whose:");
}

/* The longest name that a unit or a container may have. */
static void test_a_long_owner_leaves_the_numbers(void **state)
{
	static struct owner owner;
	struct sample sample;
	cleanup_(freep) char *text = NULL;

	(void)state;
	memset(owner.name, 'x', sizeof(owner.name) - 1);
	leak(&sample, 412, false)->creators.first.owner = &owner;
	text = explain(&sample);
	assert_contains(text,
		"xxx...): 412 CLOSE_WAIT, not closed by the program, 1.5 MiB, oldest 15 min\n");
}

static void test_below_the_floor_only_who_asks_is_reported(void **state)
{
	struct sample sample;
	cleanup_(freep) char *implicit = NULL, *explicit = NULL;

	(void)state;
	leak(&sample, 1, false);
	implicit = explain(&sample);
	assert_contains(implicit, "Nothing found");
	assert_lacks(implicit, "7777");
	leak(&sample, 1, true);
	explicit = explain(&sample);
	assert_contains(
		explicit, "NOTE     port 7777 (gameserver.service): 1 CLOSE_WAIT, not closed");
	assert_lacks(explicit, "WARNING");
}

static void test_of_a_quiet_port_what_is_there_is_reported(void **state)
{
	struct sample sample;
	cleanup_(freep) char *text = NULL;

	(void)state;
	leak(&sample, 412, true);
	text = explain(&sample);
	assert_contains(text, "\nport 80: nothing found; 3 sockets, 11.3 KiB: 3 ESTABLISHED\n");
	assert_contains(text, "\nNo socket on port 90.\n");
	assert_lacks(text, "port 7777 (gameserver.service): nothing");
}

static void test_many_absent_ports_are_cut(void **state)
{
	struct sample sample;
	cleanup_(freep) char *text = NULL;

	(void)state;
	leak(&sample, 412, true);
	for (unsigned port = 10001; port < 65535; port += 2)
		port_set_add(&sample.services.ports, (uint16_t)port);
	text = explain(&sample);
	assert_contains(text, ",...");
	assert_true(strlen(text) < 4000);
	assert_width(text, 80);
}

/* An address that has no row is absent, also where the port has one on another address. */
static void test_absent_addresses_are_named(void **state)
{
	static const struct sock_address address = {AF_INET, {192, 0, 2, 7}};
	struct sample sample;
	cleanup_(freep) char *text = NULL;

	(void)state;
	leak(&sample, 412, true);
	sample.rows[0].service.address = address;
	sample.services.ranges[0] = (struct service_range){address, 7776, 7779};
	sample.services.ranges[1] = (struct service_range){{0}, 7777, 7777};
	sample.services.ranges[2] = (struct service_range){{0}, 80, 80};
	sample.services.ranges_count = 3;
	text = explain(&sample);
	assert_contains(text, "\nNo socket on port "
			      "90,192.0.2.7:7776,192.0.2.7:7778-7779,*:7777.\n");
}

static uint64_t close_wait_group(uint16_t port, enum symptom symptom)
{
	const struct socket_class class = {
		.side = SIDE_SERVER,
		.port = port,
		.state = STATE_CLOSE_WAIT,
		.has_symptom = true,
		.symptom = symptom,
	};

	return socket_class_tag(&class);
}

static void test_processes_are_reported_with_their_descriptors(void **state)
{
	struct process list[] = {
		{.pid = 812,
			.tag = close_wait_group(7777, SYMPTOM_EOF_READ),
			.descriptors_count = 412,
			.descriptors = {5, 6, 7},
			.comm = "game\033[2J",
			.command = "/usr/bin/gamesrv \"--port\" 7777\n\xff"},
		{.pid = 813, .tag = close_wait_group(7778, SYMPTOM_EOF_READ), .comm = "other"},
		{.pid = 814, .tag = close_wait_group(7777, SYMPTOM_EOF_UNREAD), .comm = "other"},
	};
	const struct processes processes = {.list = list, .count = 3, .refused = 2, .unheld = 9};
	const struct holders holders = {&processes, 0, true};
	struct sample sample;
	cleanup_(freep) char *text = NULL;

	(void)state;
	leak(&sample, 412, false);
	text = explain_with(&sample, &holders);
	assert_contains(text, "     by: pid 812 (game?[2J), 412 descriptors: 5, 6, 7, 0,");
	assert_contains(text, "/usr/bin/gamesrv \"--port\"");
	assert_contains(text, "7777??\n");
	assert_lacks(text, "other");
	assert_contains(text,
		"\nCould not inspect 2 processes (permission denied); run as root to see "
		"them.\n");
	assert_contains(text, "\nNo process found for 9 sockets.\n");
	assert_width(text, 80);
}

static void test_who_did_not_list_processes_learns_how(void **state)
{
	const struct holders holders = {NULL, 0, true};
	struct sample sample;
	cleanup_(freep) char *text = NULL;

	(void)state;
	leak(&sample, 412, false);
	text = explain_with(&sample, &holders);
	assert_contains(text, "--processes");
}

static void test_groups_are_read_as_they_were_written(void **state)
{
	(void)state;
	STATE_FOREACH(s) {
		for (unsigned i = 0; i < 2 * (SYMPTOM_COUNT + 1); i++) {
			const struct socket_class class = {.side = i % 2,
				.port = (uint16_t)(65535 - i),
				.state = s,
				.has_symptom = i / 2 < SYMPTOM_COUNT,
				.symptom = i / 2 < SYMPTOM_COUNT ? i / 2 : 0};
			const struct socket_class read = socket_class_of(socket_class_tag(&class));

			assert_int_equal(read.side, class.side);
			assert_int_equal(read.port, class.port);
			assert_int_equal(read.state, class.state);
			assert_int_equal(read.has_symptom, class.has_symptom);
			assert_int_equal(read.symptom, class.symptom);
		}
	}
}

/* Sockets that no process holds belong to the listener. */
static void test_of_sockets_without_process_the_listener_matches(void **state)
{
	const struct socket_class listener = {
		.side = SIDE_SERVER, .port = 7777, .state = STATE_LISTEN};
	struct socket_class elsewhere = listener;
	struct sample sample;
	struct findings f;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_TIME_WAIT, 5000);
	assert_int_equal(diagnose(&sample.snapshot, false, &f), 0);
	assert_int_equal(f.count, 1);
	elsewhere.port = 7778;
	assert_true(findings_match(&f, socket_class_tag(&listener)));
	assert_false(findings_match(&f, socket_class_tag(&elsewhere)));
	assert_false(findings_match(&f, close_wait_group(7777, SYMPTOM_EOF_READ)));
	findings_release(&f);
}

/* A finding of many ports is about the ports of its owner that have no finding of their own. */
static void test_of_many_ports_those_of_the_owner_match(void **state)
{
	struct sample sample;
	struct findings f;

	(void)state;
	leak(&sample, 412, false);
	for (unsigned i = 0; i < 120; i++) {
		struct port_tally *row = sample_port(&sample, SIDE_SERVER, (uint16_t)(9000 + i));

		sample_held(&sample, row, STATE_CLOSE_WAIT, 1);
		sample_aged(row, STATE_CLOSE_WAIT, 1);
		sample_creator(row, 1 + i / 110, NULL);
	}
	assert_int_equal(diagnose(&sample.snapshot, false, &f), 0);
	assert_int_equal(f.count, 2);
	assert_true(f.list[0].has_port);
	assert_int_equal(f.list[1].ports, 110);
	assert_true(finding_matches(&f, 0, close_wait_group(7777, SYMPTOM_EOF_READ)));
	assert_false(finding_matches(&f, 1, close_wait_group(7777, SYMPTOM_EOF_READ)));
	assert_true(finding_matches(&f, 1, close_wait_group(9000, SYMPTOM_EOF_READ)));
	assert_true(finding_matches(&f, 1, close_wait_group(9109, SYMPTOM_EOF_READ)));
	assert_false(finding_matches(&f, 1, close_wait_group(9110, SYMPTOM_EOF_READ)));
	findings_release(&f);
}

/* Of what was not looked at, nothing is said to be absent. */
static void test_explain_ports_that_were_not_completely_read(void **state)
{
	const struct holders holders = {0};
	struct sample sample;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		cleanup_(freep) char *text = NULL;
		struct snapshot *s = &sample.snapshot;

		leak(&sample, 412, true);
		s->scan.complete = i != 1;
		s->filter.states = i == 2 ? STATE_SET_CLOSING : STATE_SET_ALL;
		s->filter.sides[SIDE_CLIENT] = i != 3;
		s->rest_ports = i == 4 ? 12 : 0;
		text = explain_with(&sample, &holders);
		for (char *c = text; *c; c++)
			*c = *c == '\n' ? ' ' : *c;
		assert_contains(text, i == 1 ? "port 80: nothing found in what could be read; "
				      : i == 2 || i == 3
					      ? "port 80: nothing found within this filter; "
					      : "port 80: nothing found; ");
		assert_contains(
			text, i == 0   ? "No socket on port 90. "
			      : i == 1 ? "No socket on port 90 in what could be read."
			      : i == 4 ? "Unknown: port 90; 12 services are not counted one by one."
				       : "No socket on port 90 within this filter.");
	}
}

/* The names behind "tcpstated-lab run" are scenarios. */
static void test_every_diagnosis_says_where_to_read_on(void **state)
{
	static const char run[] = "tcpstated-lab run ";

	(void)state;
	for (const struct diagnosis *d = diagnoses; d->id; d++) {
		const char *see = words_advice(d->id, CAUSE_NONE).see;
		const char *at = see ? strstr(see, run) : NULL;

		if (!see)
			fail_msg("%s does not", d->id);
		for (at = at ? at + strlen(run) : ""; *at;) {
			char name[64];
			size_t length = strcspn(at, " ;");

			snprintf(name, sizeof(name), "%.*s", (int)length, at);
			if (!scenario_find(name))
				fail_msg("%s: there is no scenario %s", d->id, name);
			at += length + (at[length] == ' ');
			if (*at == ';')
				break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sentence_names_the_owner),
		cmocka_unit_test(test_every_sentence_names_the_owner),
		cmocka_unit_test(test_an_owner_of_most_is_reported_as_that),
		cmocka_unit_test(test_several_owners_are_reported_by_their_shares),
		cmocka_unit_test(test_the_owner_is_that_of_the_sockets),
		cmocka_unit_test(test_without_an_owner_none_is_reported),
		cmocka_unit_test(test_a_long_owner_leaves_the_numbers),
		cmocka_unit_test(test_below_the_floor_only_who_asks_is_reported),
		cmocka_unit_test(test_of_a_quiet_port_what_is_there_is_reported),
		cmocka_unit_test(test_many_absent_ports_are_cut),
		cmocka_unit_test(test_absent_addresses_are_named),
		cmocka_unit_test(test_processes_are_reported_with_their_descriptors),
		cmocka_unit_test(test_who_did_not_list_processes_learns_how),
		cmocka_unit_test(test_groups_are_read_as_they_were_written),
		cmocka_unit_test(test_of_sockets_without_process_the_listener_matches),
		cmocka_unit_test(test_of_many_ports_those_of_the_owner_match),
		cmocka_unit_test(test_explain_ports_that_were_not_completely_read),
		cmocka_unit_test(test_every_diagnosis_says_where_to_read_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

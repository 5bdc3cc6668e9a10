/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "unit.h"

#include "output/watch.h"
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct text_style plain = {.columns = 80}, colored = {.color = true, .columns = 80};
static const struct watch_screen screen = {.rows = 24, .columns = 80, .keys = true};

/* What --watch has after two polls. */
struct scene {
	struct sample before, now;
	struct changes changes;
	struct alert alerts[30];
	const struct alert *shown[30];
	struct watch_frame frame;
};

/* A leak that grew, a port that is new, and one that is gone. */
static void make_polls(struct scene *scene)
{
	struct sample *s = &scene->before;

	memset(scene, 0, sizeof(*scene));
	sample_init(s);
	sample_held(s, sample_port(s, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 400);
	sample_held(s, &s->rows[0], STATE_ESTABLISHED, 1800);
	sample_held(s, sample_port(s, SIDE_SERVER, 7003), STATE_TIME_WAIT, 270);
	s = &scene->now;
	sample_init(s);
	sample_held(s, sample_port(s, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 412);
	sample_held(s, &s->rows[0], STATE_ESTABLISHED, 1790);
	sample_held(s, sample_port(s, SIDE_CLIENT, 5432), STATE_ESTABLISHED, 20);
	scene->frame.interval_ms = 2000;
}

static struct alert *add_alert(struct scene *scene, const char *name, enum alert_state state)
{
	struct alert *a = &scene->alerts[scene->frame.alerts_count];

	scene->shown[scene->frame.alerts_count++] = a;
	snprintf(a->rule.name, sizeof(a->rule.name), "%s", name);
	a->rule.severity = SEVERITY_WARNING;
	a->state = state;
	a->since = scene->now.snapshot.origin.time;
	a->since.tv_sec -= 540;
	a->rule.states = STATE_BIT(STATE_CLOSE_WAIT);
	a->rule.older_than_ms = 60000;
	a->key = (struct alert_key){
		.scope = SCOPE_PORT, .service.side = SIDE_SERVER, .service.port = 7777};
	a->numbers = (struct alert_numbers){
		.sockets = 412, .memory_bytes = UNKNOWN, .oldest_ms = UNKNOWN_U32};
	return a;
}

static char *report(
	struct scene *scene, const struct text_style *style, const struct watch_screen *on)
{
	struct findings findings;
	char *text;
	int r;

	assert_int_equal(changes_take(&scene->changes, &scene->before.snapshot), 0);
	assert_int_equal(changes_take(&scene->changes, &scene->now.snapshot), 0);
	assert_int_equal(diagnose(&scene->now.snapshot, false, &findings), 0);
	scene->frame.snapshot = &scene->now.snapshot;
	scene->frame.findings = &findings;
	scene->frame.changes = &scene->changes;
	scene->frame.alerts = scene->shown;
	text = SAMPLE_REPORTED(&r, watch_print(out, &scene->frame, style, on));
	assert_int_equal(r, 0);
	findings_release(&findings);
	changes_release(&scene->changes);
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

static void assert_begins(const char *text, const char *words)
{
	if (strncmp(text, words, strlen(words)) != 0)
		fail_msg("'%s' is not at the beginning of:\n%s", words, text);
}

/*
 * Shows a picture as a terminal would, without colours: *ret_lines and *ret_widest are what it
 * takes. Fails where it would wrap or scroll. The result is static.
 */
static const char *on_terminal(const char *text, unsigned rows, unsigned columns)
{
	static char shown[65536];
	size_t used = 0;
	unsigned row = 1, column = 0;

	assert_begins(text, "\033[H");
	while (*text) {
		if (*text == '\033') {
			text += strcspn(text, "HJKm") + 1;
			continue;
		}
		if (*text == '\n') {
			row++;
			column = 0;
		} else if (*text != '\r') {
			column += (*text & 0xc0) != 0x80;
		}
		if (row > rows || column > columns)
			fail_msg("row %u, column %u of %u, %u:\n%s", row, column, rows, columns,
				shown);
		if (*text != '\r')
			shown[used++] = *text;
		shown[used] = '\0';
		text++;
	}
	return shown;
}

static void test_watch_changes(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	text = report(&scene, &plain, NULL);
	assert_begins(text,
		"WARNING: port 7777: 412 CLOSE_WAIT, not closed by the program, 1.5 MiB\n"
		"2026-11-22T09:40:00.123Z gs1, read in 112 ms, every 2 s\n"
		"tcpstated --once shows causes and fixes\n"
		"limits in use: ");
	assert_contains(text,
		"\n"
		"                                 ESTAB- TIME_ CLOSE_   FIN_   FIN_ LAST_ CLOS-\n"
		"   PORT SOCKETS CHANGE    MEMORY LISHED  WAIT   WAIT WAIT_1 WAIT_2   ACK   ING\n"
		"   7777   2,202     +2   8.1 MiB  1,790     -    412      -      -     -     -\n"
		"to 5432      20    +20  75.5 KiB     20     -      -      -      -     -     -\n"
		"   7003       -   -270      gone      -     -      -      -      -     -     -\n"
		"  TOTAL   2,222   -248   8.2 MiB  1,810     -    412      -      -     -     -\n"
		" change                +13.5 KiB    +10  -270    +12      -      -     -     -\n");
	assert_lacks(text, "\033");
	assert_lacks(text, "q quits");
}

static void test_watch_close_rates(void **state)
{
	/* What half a minute stands for: 1,000 opened, 600 of them closed here, 10 reset. */
	struct close_rates close_rates = {.watched_ms = 60000};
	struct close_rates_sum *sums = close_rates.sums;
	struct scene scene;
	char *text;

	(void)state;
	for (enum close_rates_flow f = 0; f < FLOW_COUNT; f++)
		sums[f].ms = 30000;
	sums[FLOW_PASSIVE_OPENS].amount = 760;
	sums[FLOW_TW].amount = sums[FLOW_FRESH_TIME_WAIT].amount = 600.2;
	sums[FLOW_ESTAB_RESETS].amount = 10;
	make_polls(&scene);
	scene.frame.close_rates = &close_rates;
	text = report(&scene, &plain, &screen);
	assert_contains(text, "closes per minute: 1,200 local, about 300 by peers, 20 resets");
	free(text);

	/* What is not known is left out. */
	sums[FLOW_PASSIVE_OPENS].ms = 0;
	text = report(&scene, &plain, NULL);
	assert_contains(text, "\ncloses per minute: 1,200 local, 20 resets\n");
	free(text);

	/* The first poll, a quiet machine, and an old picture. */
	close_rates.watched_ms = 0;
	text = report(&scene, &plain, NULL);
	assert_lacks(text, "closes per minute");
	free(text);
	close_rates.watched_ms = 60000;
	scene.frame.failure = "no";
	text = report(&scene, &plain, NULL);
	assert_lacks(text, "closes per minute");
	free(text);
	scene.frame.failure = NULL;
	for (enum close_rates_flow f = 0; f < FLOW_COUNT; f++)
		sums[f] = (struct close_rates_sum){.ms = 30000};
	text = report(&scene, &plain, NULL);
	assert_lacks(text, "closes per minute");
	free(text);
}

static void test_watch_block_ends_with_its_only_empty_line(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	text = report(&scene, &plain, NULL);
	assert_ptr_equal(strstr(text, "\n\n"), text + strlen(text) - 2);
}

static void test_watch_first_poll_has_no_changes(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;
	struct findings none = {0};
	int r;

	(void)state;
	make_polls(&scene);
	assert_int_equal(changes_take(&scene.changes, &scene.now.snapshot), 0);
	scene.frame.snapshot = &scene.now.snapshot;
	scene.frame.findings = &none;
	scene.frame.changes = &scene.changes;
	text = SAMPLE_REPORTED(&r, watch_print(out, &scene.frame, &plain, NULL));
	assert_int_equal(r, 0);
	assert_contains(text, "\n   7777   2,202      ?");
	assert_contains(text, "\n  TOTAL   2,222      ?");
	assert_lacks(text, "gone");
	changes_release(&scene.changes);
}

static void test_watch_screen_is_filled_without_scrolling(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;
	const char *shown;

	(void)state;
	make_polls(&scene);
	for (unsigned i = 0; i < 60; i++) {
		sample_held(&scene.before,
			sample_port(&scene.before, SIDE_SERVER, (uint16_t)(8000 + i)),
			STATE_ESTABLISHED, 10);
		sample_held(&scene.now, sample_port(&scene.now, SIDE_SERVER, (uint16_t)(8000 + i)),
			STATE_ESTABLISHED, 12);
	}
	text = report(&scene, &plain, &screen);
	shown = on_terminal(text, 24, 80);
	assert_contains(shown, " s, q quits\n");
	/* 24 rows less 5 above the table, 2 of heading, 1 gone, 1 for the others, 2 of totals. */
	assert_contains(shown, "\n   8010      12     +2 ");
	assert_contains(shown, "\n   7003       -   -270      gone ");
	assert_contains(shown, "\n49 more     588    +98 ");
	assert_contains(shown, "\n  TOTAL   2,942   -128 ");
	assert_lacks(shown, "8011");
	/* Each line erases what was behind it. */
	assert_contains(text, "every 2 s, q quits\033[K\r\n");
}

static void test_watch_screen_erases_what_was_below(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	text = report(&scene, &plain, &screen);
	on_terminal(text, 24, 80);
	assert_string_equal(text + strlen(text) - strlen("\r\n\033[J"), "\r\n\033[J");
	assert_lacks(text, "\033[2J"); /* it would flicker */
}

static void test_watch_small_terminals(void **state)
{
	static const struct watch_screen screens[] = {{.rows = 5, .columns = 20},
		{.rows = 1, .columns = 1}, {.rows = 2, .columns = 200}, {.rows = 3, .columns = 10},
		{.rows = 4, .columns = 80}, {.rows = 8, .columns = 40}, {.rows = 15, .columns = 60},
		{.rows = 100, .columns = 5}, {.rows = 24, .columns = 79}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(screens); i++) {
		cleanup_(freep) char *text = NULL;
		struct scene scene;
		const char *shown;

		make_polls(&scene);
		for (unsigned j = 0; j < 25; j++)
			add_alert(&scene, "close-wait-leak", ALERT_RAISED);
		text = report(&scene, i % 2 ? &colored : &plain, &screens[i]);
		shown = on_terminal(text, screens[i].rows, screens[i].columns);
		/* Where there is any room at all, what matters most is there. */
		if (screens[i].columns >= 20)
			assert_contains(shown, "WARNING: port 7777:");
		if (screens[i].rows >= 8 && screens[i].columns >= 40)
			assert_contains(shown, "TOTAL   2,222");
	}
}

/* A number that is cut would be another number. */
static void test_watch_cut_lines_say_so(void **state)
{
	static const struct watch_screen narrow = {.rows = 24, .columns = 46};
	cleanup_(freep) char *text = NULL;
	struct scene scene;
	const char *shown;

	(void)state;
	make_polls(&scene);
	strcpy(scene.now.snapshot.origin.host, "\xe3\x82\xb2\xe3\x83\xbc");
	text = report(&scene, &plain, &narrow);
	shown = on_terminal(text, 24, 46);
	assert_begins(shown,
		"WARNING: port 7777: 412 CLOSE_WAIT, not closed\n"
		"         by the program, 1.5 MiB\n"
		"2026-11-22T09:40:00.123Z \xe3\x82\xb2\xe3\x83\xbc, read in 112 ms>\n");
	free(TAKE_PTR(text));

	/* A block is cut nowhere. */
	make_polls(&scene);
	text = report(&scene, &(struct text_style){.columns = 46}, NULL);
	assert_contains(text, "412 CLOSE_WAIT, not closed by the program, 1.5 MiB\n");
	assert_lacks(text, ">");
}

static void test_watch_narrow_terminal_names_the_columns_without_room(void **state)
{
	static const struct watch_screen narrow = {.rows = 24, .columns = 60};
	cleanup_(freep) char *text = NULL;
	struct scene scene;
	const char *shown;

	(void)state;
	make_polls(&scene);
	/* Columns without sockets go first. */
	sample_held(&scene.now, &scene.now.rows[0], STATE_CLOSING, 7);
	text = report(&scene, &plain, &narrow);
	shown = on_terminal(text, 24, 60);
	assert_contains(shown, "   PORT SOCKETS CHANGE    MEMORY LISHED  WAIT   WAIT   ING\n");
	assert_lacks(shown, "no room for");
	free(TAKE_PTR(text));

	make_polls(&scene);
	sample_held(&scene.now, &scene.now.rows[0], STATE_CLOSING, 7);
	sample_held(&scene.now, &scene.now.rows[0], STATE_LAST_ACK, 8);
	sample_held(&scene.now, &scene.now.rows[0], STATE_FIN_WAIT_1, 9);
	text = report(&scene, &plain, &narrow);
	shown = on_terminal(text, 24, 60);
	assert_contains(shown, "\nno room for: LAST_ACK 8, CLOSING 7");
}

static void test_watch_wide(void **state)
{
	static const struct text_style wide = {.wide = true, .columns = 80};
	static const struct watch_screen large = {.rows = 50, .columns = 200};
	cleanup_(freep) char *text = NULL;
	struct scene scene;
	const char *shown;

	(void)state;
	make_polls(&scene);
	text = report(&scene, &wide, &large);
	shown = on_terminal(text, 50, 200);
	assert_contains(shown, "INACTIVE");
	assert_contains(shown, "  0/4096\n");
	assert_contains(shown, "  +12  ");
}

static void test_watch_alerts(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	add_alert(&scene, "close-wait-leak", ALERT_RAISED);
	add_alert(&scene, "tw-buckets", ALERT_CLEARING);
	add_alert(&scene, "orphans", ALERT_PENDING);
	text = report(&scene, &plain, NULL);
	assert_contains(text, "\nWARNING  close-wait-leak for 9 min: port 7777: 412 CLOSE_WAIT for "
			      "60 s or longer\n"
			      "clearing tw-buckets for 9 min: ");
	assert_contains(text, "\npending  orphans for 9 min: ");
	free(TAKE_PTR(text));

	text = report(&scene, &colored, NULL);
	assert_begins(text, "\033[1;33mWARNING: \033[0mport 7777");
	assert_contains(text, "\n\033[1;33mWARNING  \033[0mclose-wait-leak");
	assert_contains(text, "\n\033[1;33mclearing \033[0mtw-buckets");
	assert_contains(text, "\npending  orphans");
}

/* A finding is of one poll; an alert may be of what no single poll shows. */
static void test_watch_alert_in_force_is_the_verdict(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	sample_init(&scene.now);
	add_alert(&scene, "close-wait-growing", ALERT_PENDING);
	text = report(&scene, &plain, NULL);
	assert_begins(text, "Nothing found: 0 sockets\n");
	free(TAKE_PTR(text));

	scene.alerts[0].state = ALERT_CLEARING;
	text = report(&scene, &plain, NULL);
	assert_begins(text, "WARNING: 1 alert in force\n");
	free(TAKE_PTR(text));

	/* The worse of the two is first. */
	make_polls(&scene);
	add_alert(&scene, "orphans-critical", ALERT_RAISED)->rule.severity = SEVERITY_CRITICAL;
	add_alert(&scene, "orphans", ALERT_RAISED);
	text = report(&scene, &plain, NULL);
	assert_begins(text, "CRITICAL: 2 alerts in force\n");
}

static void test_watch_many_alerts_leave_room_for_the_table(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;
	const char *shown;

	(void)state;
	make_polls(&scene);
	for (unsigned i = 0; i < 30; i++)
		add_alert(&scene, "close-wait-leak", ALERT_RAISED);
	scene.frame.alerts_omitted = 1000;
	text = report(&scene, &plain, &screen);
	shown = on_terminal(text, 24, 80);
	assert_contains(shown, "\nand 1,026 more alerts, pending ones included\n");
	assert_contains(shown, "\n  TOTAL   2,222");
	free(TAKE_PTR(text));

	/* A block has them all. */
	scene.frame.alerts_omitted = 0;
	text = report(&scene, &plain, NULL);
	assert_lacks(text, "more alert");
}

static void test_watch_failed_scan_is_the_verdict(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;
	const char *shown;

	(void)state;
	make_polls(&scene);
	sample_init(&scene.now);
	scene.frame.failure = "sock_diag: \033[2JNo buffer space available";
	scene.frame.failed_at = scene.now.snapshot.origin.time;
	scene.frame.failed_at.tv_sec += 62;
	scene.frame.failures = 3;
	text = report(&scene, &colored, &screen);
	shown = on_terminal(text, 24, 80);
	assert_begins(shown,
		"SCAN FAILED: sock_diag: ?[2JNo buffer space available\n"
		"at 2026-11-22T09:41:02.123Z, 3 times in a row\n"
		"OLD: the last good poll was at 2026-11-22T09:40:00.123Z, 62 s earlier\n");
	assert_lacks(shown, "Nothing found");
	/* The table stays, and its changes are no news. */
	assert_contains(shown, "\n TOTAL       -      ?");
	assert_lacks(shown, "gone");
	free(TAKE_PTR(text));

	/* In a file the table is there already. */
	text = report(&scene, &plain, NULL);
	assert_begins(text, "SCAN FAILED: ");
	assert_lacks(text, "TOTAL");
	assert_lacks(text, "Nothing found");
}

static void test_watch_failed_scan_keeps_findings(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	add_alert(&scene, "close-wait-leak", ALERT_RAISED);
	scene.frame.failure = "no";
	text = report(&scene, &plain, NULL);
	assert_begins(text, "SCAN FAILED: no\n");
	assert_contains(text, "\nWARNING: port 7777: 412 CLOSE_WAIT");
	assert_contains(text, "\nWARNING  close-wait-leak");
}

static void test_watch_incomplete_scan_has_no_changes(void **state)
{
	static const struct watch_screen low = {.rows = 8, .columns = 80};
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	scene.now.snapshot.scan.complete = false;
	strcpy(scene.now.snapshot.scan.error, "the dump was cut short");
	text = report(&scene, &plain, NULL);
	assert_contains(text, "\nINCOMPLETE: the dump was cut short\n");
	assert_contains(text, "\n  TOTAL   2,222      ?");
	free(TAKE_PTR(text));

	/* Said even where there is room for little. */
	text = report(&scene, &plain, &low);
	assert_contains(on_terminal(text, 8, 80), "\nINCOMPLETE: the dump was cut short\n");
}

static void test_watch_note_and_limits(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	scene.frame.note = "Alerts follow the built-in rules: tcpstated.conf:3: 'x'";
	scene.now.snapshot.limits.conntrack = (struct usage){90, 100};
	text = report(&scene, &colored, NULL);
	assert_contains(text, "\nAlerts follow the built-in rules: tcpstated.conf:3: 'x'\n");
	assert_contains(text, "\nlimits in use: \033[1;33mconntrack 90.0 %\033[0m, ");
}

static void test_watch_changed_closing_states_are_bold(void **state)
{
	cleanup_(freep) char *text = NULL;
	struct scene scene;

	(void)state;
	make_polls(&scene);
	text = report(&scene, &colored, NULL);
	assert_contains(text, "\033[1m   412\033[0m");
	assert_lacks(text, "\033[1m 1,790"); /* ESTABLISHED comes and goes */
}

static void test_watch_full_disk_is_an_error(void **state)
{
	struct scene scene;
	struct findings none = {0};
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	make_polls(&scene);
	scene.frame.snapshot = &scene.now.snapshot;
	scene.frame.findings = &none;
	assert_int_equal(watch_print(out, &scene.frame, &plain, NULL), -ENOSPC);
	fclose(out);
	out = fopen("/dev/full", "w");
	assert_non_null(out);
	assert_int_equal(watch_print(out, &scene.frame, &plain, &screen), -ENOSPC);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch_changes),
		cmocka_unit_test(test_watch_close_rates),
		cmocka_unit_test(test_watch_block_ends_with_its_only_empty_line),
		cmocka_unit_test(test_watch_first_poll_has_no_changes),
		cmocka_unit_test(test_watch_screen_is_filled_without_scrolling),
		cmocka_unit_test(test_watch_screen_erases_what_was_below),
		cmocka_unit_test(test_watch_small_terminals),
		cmocka_unit_test(test_watch_cut_lines_say_so),
		cmocka_unit_test(test_watch_narrow_terminal_names_the_columns_without_room),
		cmocka_unit_test(test_watch_wide),
		cmocka_unit_test(test_watch_alerts),
		cmocka_unit_test(test_watch_alert_in_force_is_the_verdict),
		cmocka_unit_test(test_watch_many_alerts_leave_room_for_the_table),
		cmocka_unit_test(test_watch_failed_scan_is_the_verdict),
		cmocka_unit_test(test_watch_failed_scan_keeps_findings),
		cmocka_unit_test(test_watch_incomplete_scan_has_no_changes),
		cmocka_unit_test(test_watch_note_and_limits),
		cmocka_unit_test(test_watch_changed_closing_states_are_bold),
		cmocka_unit_test(test_watch_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/heartbeat_advice.h"
#include "unit.h"

#include <string.h>

#define MINUTE 60000U
#define HOUR   (60 * MINUTE)

static struct heartbeat_port port;
static struct heartbeat_advice advice;

static const struct heartbeat_numbers one_poll = {.polls = 1, .weight = 1};
static const struct heartbeat_numbers watched = {.polls = 61, .watched_ms = 60000, .weight = 1};

static int setup(void **state)
{
	(void)state;
	memset(&port, 0, sizeof(port));
	histogram_add(&port.rtt_us, 20000, 1);
	return 0;
}

/* Peers that were heard every gap_ms while they were watched, and have been idle for some of it
 * now.
 */
static void add_living(uint32_t count, uint32_t gap_ms)
{
	port.sockets += count;
	for (uint32_t i = 0; i < count; i++) {
		for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
			histogram_add(&port.ended_ms[k], gap_ms, 1);
			histogram_add(&port.longest_ms[k], gap_ms, 1);
			histogram_add(
				&port.idle_ms[k], (uint32_t)((uint64_t)gap_ms * i / count), 1);
		}
	}
}

/* Peers that were never heard; data and any sign of life separately. */
static void add_silent(uint32_t count, uint32_t data_ms, uint32_t any_ms)
{
	const uint32_t silent[IDLE_KINDS] = {data_ms, any_ms};

	port.sockets += count;
	for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
		histogram_add(&port.idle_ms[k], silent[k], count);
		histogram_add(&port.longest_ms[k], silent[k], count);
	}
}

/* One poll knows of no ends. */
static void advise_by_one_poll(void)
{
	memcpy(port.longest_ms, port.idle_ms, sizeof(port.longest_ms));
	memset(port.ended_ms, 0, sizeof(port.ended_ms));
	heartbeat_advise(&port, &one_poll, &advice);
}

static void test_heartbeat_advise_game_port_is_short(void **state)
{
	(void)state;
	add_living(200, 50);
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.verdict, ADVICE_SUGGESTED);
	assert_int_equal(advice.timeout_ms, ADVICE_TIMEOUT_MIN_MS);
	assert_true(advice.by_minimum);
	assert_false(advice.weak);
	assert_int_equal(advice.basis, IDLE_DATA);
	assert_int_equal(advice.dead, 0);
}

static void test_heartbeat_advise_login_port_is_long(void **state)
{
	(void)state;
	add_living(100, 4 * MINUTE);
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.verdict, ADVICE_SUGGESTED);
	assert_int_equal(advice.timeout_ms, 15 * MINUTE);
	assert_false(advice.by_minimum || advice.by_rtt);
}

/* Longer gaps never get a shorter timeout, and every timeout outlasts its gaps. */
static void test_heartbeat_advise_grows_with_the_gaps(void **state)
{
	uint32_t before = 0;

	for (uint32_t gap = 10; gap < 6 * HOUR; gap += 1 + gap / 7) {
		setup(state);
		add_living(50, gap);
		heartbeat_advise(&port, &watched, &advice);
		assert_int_equal(advice.verdict, ADVICE_SUGGESTED);
		assert_true(advice.timeout_ms >= before);
		assert_true(advice.timeout_ms > 2 * gap);
		assert_true(
			advice.timeout_ms <= ADVICE_TIMEOUT_MIN_MS || advice.timeout_ms <= 7 * gap);
		before = advice.timeout_ms;
	}
}

/* The short one, although a third of all connections has been idle for an hour. */
static void test_heartbeat_advise_bimodal(void **state)
{
	(void)state;
	add_living(100, 1000);
	add_silent(50, HOUR, HOUR);
	port.unacknowledged = 7;
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.verdict, ADVICE_SUGGESTED);
	assert_int_equal(advice.timeout_ms, 5000);
	assert_int_equal(advice.dead, 50);
	assert_int_equal(advice.dead_data, 7);
	assert_int_equal(advice.dead_longest_ms, HOUR);
	assert_int_equal(advice.idle, 0);
	assert_false(advice.doubtful);

	advise_by_one_poll();
	assert_int_equal(advice.verdict, ADVICE_SUGGESTED);
	assert_int_equal(advice.timeout_ms, 5000);
	assert_int_equal(advice.dead, 50);
	assert_true(advice.weak);
}

/* Thirty who talk and three hundred who are never heard: these may be listeners. */
static void test_heartbeat_advise_doubts_where_most_are_silent(void **state)
{
	(void)state;
	add_living(30, 1000);
	add_silent(300, HOUR, HOUR);
	heartbeat_advise(&port, &watched, &advice);
	assert_true(advice.doubtful);
	assert_int_equal(advice.dead, 300);
}

/* Peers that say nothing, but acknowledge what they are sent: a timeout on data would cut them. */
static void test_heartbeat_advise_listeners_are_not_cut(void **state)
{
	(void)state;
	add_living(100, 1000);
	add_silent(50, HOUR, 900);
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.verdict, ADVICE_SUGGESTED);
	assert_int_equal(advice.basis, IDLE_ANY);
	assert_int_equal(advice.dead, 0);
	assert_int_equal(advice.idle, 50);

	advise_by_one_poll();
	assert_int_equal(advice.basis, IDLE_ANY);
	assert_int_equal(advice.dead, 0);
}

/* A peer that never sends anything has no pauses between its data. */
static void test_heartbeat_advise_mute_peers_by_their_symptoms(void **state)
{
	(void)state;
	add_silent(100, 10 * MINUTE, 200);
	port.mute = 100;
	advise_by_one_poll();
	assert_int_equal(advice.basis, IDLE_ANY);
	assert_int_equal(advice.timeout_ms, 5000);
	port.mute = 0;
	advise_by_one_poll();
	assert_int_equal(advice.basis, IDLE_DATA);
	assert_int_equal(advice.timeout_ms, 30 * MINUTE);
}

static void test_heartbeat_advise_leaves_time_for_a_slow_network(void **state)
{
	(void)state;
	add_living(100, 100);
	memset(&port.rtt_us, 0, sizeof(port.rtt_us));
	histogram_add(&port.rtt_us, 600000, 100); /* by satellite: RTO 1.8 s */
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.timeout_ms, 30000);
	assert_true(advice.by_rtt);
}

static void test_heartbeat_advise_too_little(void **state)
{
	(void)state;
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.verdict, ADVICE_TOO_FEW);

	add_living(ADVICE_PEERS_MIN - 1, 1000);
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.verdict, ADVICE_TOO_FEW);
	assert_int_equal(advice.timeout_ms, 0);

	/* Enough of them, but almost none spoke while they were watched. */
	add_silent(100, 10 * MINUTE, 10 * MINUTE);
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.verdict, ADVICE_TOO_SHORT);
	assert_int_equal(advice.watch_ms, 20 * MINUTE);
	assert_int_equal(advice.timeout_ms, 0);
	assert_int_equal(advice.dead, 0);
}

static void test_heartbeat_advise_without_info(void **state)
{
	(void)state;
	port.sockets = 100;
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.verdict, ADVICE_NO_INFO);
}

/* A peer that is alive and was idle for longer is counted. */
static void test_heartbeat_advise_reports_whom_it_would_have_cut(void **state)
{
	(void)state;
	add_living(2000, 1000);
	add_living(1, HOUR);
	heartbeat_advise(&port, &watched, &advice);
	assert_int_equal(advice.timeout_ms, 5000);
	assert_int_equal(advice.cut_alive, 1);
}

static void test_heartbeat_timeouts_only_rows_that_say_something(void **state)
{
	struct timeout_row rows[TIMEOUT_ROWS_MAX];

	(void)state;
	add_living(100, 7000);
	add_silent(50, 40 * MINUTE, 40 * MINUTE);
	assert_int_equal(heartbeat_timeouts(&port, IDLE_DATA, rows), 3);
	assert_int_equal(rows[0].timeout_ms, 5000);
	assert_int_equal(rows[0].cut, 150);
	assert_int_equal(rows[0].again, 100);
	assert_in_range(rows[0].still, 50 + 26, 50 + 30);
	assert_int_equal(rows[1].timeout_ms, 10000);
	assert_int_equal(rows[1].cut, 50);
	assert_int_equal(rows[1].again, 0);
	assert_int_equal(rows[2].timeout_ms, HOUR);
	assert_int_equal(rows[2].cut, 0);
}

/* The worst first, the others summed up. */
static void test_heartbeat_judge_ranks_and_cuts(void **state)
{
	const struct heartbeat_context context = {
		.filter = FILTER_ALL, .port_first = 32768, .port_last = 60999};
	static const struct {
		uint16_t port;
		uint32_t living, dead;
	} ports[] = {{1001, 30, 0}, {1002, 500, 0}, {1003, 25, 3}, {1004, 40, 0}};
	struct heartbeat_report report = {0};
	struct heartbeat *h;
	uint64_t cookie = 1;

	(void)state;
	assert_int_equal(heartbeat_new(&context, &h), 0);
	heartbeat_start(h, 0);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		const struct sock_record listener = {
			.state = STATE_LISTEN, .local_port = ports[i].port};

		heartbeat_count(h, &listener);
		for (uint32_t j = 0; j < ports[i].living + ports[i].dead; j++) {
			uint32_t silent = j < ports[i].living ? j : HOUR;
			const struct sock_record r = {
				.state = STATE_ESTABLISHED,
				.local_port = ports[i].port,
				.remote_port = 50000,
				.cookie = cookie++,
				.has_info = true,
				.info = {silent, silent, silent, 20, 1, 1, 0, 0},
			};

			heartbeat_count(h, &r);
		}
	}
	heartbeat_finish(h);
	assert_int_equal(heartbeat_judge(h, 2, &report), 0);
	assert_int_equal(report.lines_count, 2);
	assert_int_equal(report.lines[0].port->service.port, 1003);
	assert_int_equal(report.lines[0].advice.dead, 3);
	assert_int_equal(report.lines[1].port->service.port, 1002);
	assert_int_equal(report.omitted.ports, 2);
	assert_int_equal(report.omitted.sockets, 70);
	heartbeat_report_release(&report);
	assert_int_equal(heartbeat_judge(h, 0, &report), 0);
	assert_int_equal(report.lines_count, 4);
	assert_int_equal(report.omitted.ports, 0);
	heartbeat_report_release(&report);
	heartbeat_free(h);
}

#define ADVICE_TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ADVICE_TEST(test_heartbeat_advise_game_port_is_short),
		ADVICE_TEST(test_heartbeat_advise_login_port_is_long),
		ADVICE_TEST(test_heartbeat_advise_grows_with_the_gaps),
		ADVICE_TEST(test_heartbeat_advise_bimodal),
		ADVICE_TEST(test_heartbeat_advise_doubts_where_most_are_silent),
		ADVICE_TEST(test_heartbeat_advise_listeners_are_not_cut),
		ADVICE_TEST(test_heartbeat_advise_mute_peers_by_their_symptoms),
		ADVICE_TEST(test_heartbeat_advise_leaves_time_for_a_slow_network),
		ADVICE_TEST(test_heartbeat_advise_too_little),
		ADVICE_TEST(test_heartbeat_advise_without_info),
		ADVICE_TEST(test_heartbeat_advise_reports_whom_it_would_have_cut),
		ADVICE_TEST(test_heartbeat_timeouts_only_rows_that_say_something),
		ADVICE_TEST(test_heartbeat_judge_ranks_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

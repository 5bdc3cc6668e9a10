/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "unit.h"

#include "judge/close_rates.h"
#include "sample.h"

#include <math.h>
#include <stdlib.h>

#define PORT       7777
#define OTHER_PORT 8888
#define SECOND_MS  1000

/* math.h's NAN is a float. */
#define UNKNOWN_RATE __builtin_nan("")

/* What happened between two polls. */
struct step {
	uint64_t passive, active, fails, resets, tw, tw_killed, recycled, overflow, aborts;
	int established, syn_sent, fin_wait_1; /* how many more there are */
	uint32_t fresh, fresh_mini;            /* TIME_WAIT and mini FIN_WAIT_2 on PORT */
	uint32_t other, other_mini;            /* on OTHER_PORT */
	uint32_t client;                       /* TIME_WAIT of this side's own connections */
};

struct poll {
	struct sample sample;
	struct close_rates close_rates;
	uint64_t now_ms;
};

static struct port_tally *row(struct poll *l, size_t i)
{
	return &l->sample.rows[i];
}

static void poll_init(struct poll *l)
{
	struct snapshot *s = &l->sample.snapshot;

	*l = (struct poll){.now_ms = 5000};
	sample_init(&l->sample);
	sample_port(&l->sample, SIDE_SERVER, PORT);
	sample_port(&l->sample, SIDE_SERVER, OTHER_PORT);
	sample_port(&l->sample, SIDE_CLIENT, PORT);
	s->rows = l->sample.rows;
	s->rows_count = 3;
	s->limits.curr_estab = 1000;
	s->totals.states[STATE_SYN_SENT].sockets = 100;
	s->totals.states[STATE_FIN_WAIT_1].sockets = 100;
}

static void take(struct poll *l)
{
	assert_int_equal(close_rates_take(&l->close_rates, &l->sample.snapshot, l->now_ms), 0);
}

/* Lets this much happen in that time, and polls. */
static void step(struct poll *l, const struct step *p, uint64_t ms)
{
	struct snapshot *s = &l->sample.snapshot;
	uint64_t *counters = s->limits.counters;

	counters[COUNTER_PASSIVE_OPENS] += p->passive;
	counters[COUNTER_ACTIVE_OPENS] += p->active;
	counters[COUNTER_ATTEMPT_FAILS] += p->fails;
	counters[COUNTER_ESTAB_RESETS] += p->resets;
	counters[COUNTER_TW] += p->tw;
	counters[COUNTER_TW_KILLED] += p->tw_killed;
	counters[COUNTER_TW_RECYCLED] += p->recycled;
	counters[COUNTER_TIME_WAIT_OVERFLOW] += p->overflow;
	counters[COUNTER_ABORT_ON_DATA] += p->aborts;
	s->limits.curr_estab += (uint64_t)(int64_t)p->established;
	s->totals.states[STATE_SYN_SENT].sockets += (uint32_t)p->syn_sent;
	s->totals.states[STATE_FIN_WAIT_1].sockets += (uint32_t)p->fin_wait_1;
	row(l, 0)->fresh_time_wait = p->fresh;
	row(l, 0)->fresh_fin_wait_2 = p->fresh_mini;
	row(l, 1)->fresh_time_wait = p->other;
	row(l, 1)->fresh_fin_wait_2 = p->other_mini;
	row(l, 2)->fresh_time_wait = p->client;
	l->now_ms += ms;
	take(l);
}

static void assert_near(const char *what, double reported, double known)
{
	if (isnan(reported) != isnan(known) || fabs(reported - known) > 0.01)
		fail_msg("%s: the estimate is %g, the truth %g", what, reported, known);
}

static void assert_range(
	const char *what, const struct close_rates_range *r, double low, double value, double high)
{
	char name[128];

	snprintf(name, sizeof(name), "%s, low", what);
	assert_near(name, r->low, low);
	snprintf(name, sizeof(name), "%s, value", what);
	assert_near(name, r->value, value);
	snprintf(name, sizeof(name), "%s, high", what);
	assert_near(name, r->high, high);
}

static const struct close_rates_range *initiator(const struct poll *l, enum close_initiator w)
{
	static struct close_rates_estimate e;

	close_rates_of_namespace(&l->close_rates, &e);
	return &e.by_initiator[w];
}

static const struct close_rates_range *port_initiator(
	const struct poll *l, uint16_t port, enum close_initiator w)
{
	static struct close_rates_estimate e;
	const struct service_key service = {.side = SIDE_SERVER, .port = port};

	close_rates_of_port(&l->close_rates, &service, &e);
	return &e.by_initiator[w];
}

static void assert_unknown(const struct close_rates_range *r)
{
	assert_range("unknown", r, UNKNOWN_RATE, UNKNOWN_RATE, UNKNOWN_RATE);
}

/* Each a second long; the estimate divided by 60. */
static const struct {
	const char *name;
	struct step step;
	double closed[3], we[3], peer[3], reset[3], port[3]; /* low, value, high */
} cases[] = {
	{
		.name = "nothing happens",
	},
	{
		.name = "a server: half by us first, a tenth by reset, the rest by peers",
		.step = {.passive = 100, .tw = 50, .fresh = 50, .resets = 10},
		.closed = {100, 100, 100},
		.we = {50, 50, 50},
		.peer = {40, 40, 40},
		.reset = {10, 10, 10},
		.port = {50, 50, 50},
	},
	{
		.name = "what was opened and stays is not closed",
		.step = {.passive = 100, .established = 70},
		.closed = {30, 30, 30},
		.peer = {30, 30, 30},
	},
	{
		.name = "what was there before is closed",
		.step = {.established = -70},
		.closed = {70, 70, 70},
		.peer = {70, 70, 70},
	},
	{
		.name = "an attempt that failed, and one that has no answer yet, were no "
			"connections",
		.step = {.active = 100, .fails = 30, .syn_sent = 20, .established = 50},
		.closed = {0, 0, 30},
		.peer = {0, 0, 30},
	},
	{
		.name = "a request that failed was no open of PassiveOpens",
		.step = {.passive = 100, .fails = 30},
		.closed = {100, 100, 100},
		.peer = {100, 100, 100},
	},
	{
		.name = "over loopback each connection counts twice",
		.step = {.active = 10,
			.passive = 10,
			.tw = 9,
			.fresh = 4,
			.client = 5,
			.resets = 2},
		.closed = {20, 20, 20},
		.we = {9, 9, 9},
		.peer = {9, 9, 9},
		.reset = {2, 2, 2},
		.port = {4, 4, 4},
	},
	{
		.name = "no room for most TIME_WAIT: the ports share what is missing",
		.step = {.passive = 100, .tw = 20, .overflow = 30, .fresh = 15, .other = 5},
		.closed = {100, 100, 100},
		.we = {50, 50, 50},
		.peer = {50, 50, 50},
		.port = {15, 37.5, 45},
	},
	{
		.name = "peers that do not close: only FIN_WAIT_2, of both ports",
		.step = {.passive = 10, .tw = 10, .fresh_mini = 7, .other_mini = 3},
		.closed = {10, 10, 10},
		.we = {0, 10, 10},
		.peer = {0, 0, 10},
		.port = {0, 7, 7},
	},
	{
		.name = "peers that close later: each socket is fresh twice, and counts once",
		.step = {.passive = 10, .tw = 10, .fresh_mini = 10, .fresh = 10},
		.closed = {10, 10, 10},
		.we = {10, 10, 20},
		.port = {10, 10, 20},
	},
	{
		.name = "some were reused before the poll",
		.step = {.passive = 50, .tw = 25, .fresh = 20, .recycled = 10},
		.closed = {50, 50, 50},
		.we = {20, 25, 30},
		.peer = {20, 25, 30},
		.port = {20, 25, 30},
	},
	{
		.name = "a short FIN_WAIT_2 is in TWKilled",
		.step = {.passive = 10, .tw_killed = 10, .fresh_mini = 10},
		.closed = {10, 10, 10},
		.we = {0, 10, 10},
		.peer = {0, 0, 10},
		.port = {0, 10, 10},
	},
	{
		.name = "our close is not answered yet: not the peer's",
		.step = {.passive = 100, .fin_wait_1 = 20},
		.closed = {100, 100, 100},
		.peer = {80, 80, 80},
	},
	{
		.name = "the close that was under way is through",
		.step = {.tw = 20, .fresh = 20, .fin_wait_1 = -20},
		.we = {20, 20, 20},
		.port = {20, 20, 20},
	},
	{
		.name = "aborts may be more than the resets",
		.step = {.passive = 50, .resets = 10, .aborts = 15},
		.closed = {50, 50, 50},
		.peer = {25, 40, 40},
		.reset = {10, 10, 25},
	},
	{
		.name = "read at slightly different times: never less than nothing",
		.step = {.passive = 9, .tw = 10, .fresh = 11, .resets = 1},
		.closed = {9, 9, 9},
		.we = {10, 10, 11},
		.reset = {1, 1, 1},
		.port = {11, 11, 11},
	},
};

static void assert_scaled(const char *name, const char *what,
	const struct close_rates_range *reported, const double known[3])
{
	char text[128];

	snprintf(text, sizeof(text), "%s: %s", name, what);
	assert_range(text, reported, known[0] * 60, known[1] * 60, known[2] * 60);
}

static void test_close_rates_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = cases[i].name;
		struct poll l;

		poll_init(&l);
		take(&l);
		step(&l, &cases[i].step, SECOND_MS);
		assert_scaled(name, "closed", initiator(&l, CLOSED_ALL), cases[i].closed);
		assert_scaled(name, "we first", initiator(&l, CLOSED_LOCAL), cases[i].we);
		assert_scaled(name, "peer first", initiator(&l, CLOSED_PEER), cases[i].peer);
		assert_scaled(name, "reset", initiator(&l, CLOSED_RESET), cases[i].reset);
		assert_scaled(name, "port", port_initiator(&l, PORT, CLOSED_LOCAL), cases[i].port);
		close_rates_release(&l.close_rates);
	}
}

static void test_close_rates_one_poll_reports_nothing(void **state)
{
	struct poll l;

	(void)state;
	poll_init(&l);
	assert_int_equal(close_rates_since_ms(&l.close_rates, l.now_ms), 0);
	take(&l);
	assert_false(close_rates_known(&l.close_rates));
	for (enum close_initiator w = 0; w < INITIATOR_COUNT; w++) {
		assert_unknown(initiator(&l, w));
		assert_unknown(port_initiator(&l, PORT, w));
	}
	assert_int_equal(close_rates_since_ms(&l.close_rates, l.now_ms + 1500), 1500);
	close_rates_release(&l.close_rates);
}

static void test_close_rates_unknown_counter(void **state)
{
	static const struct step busy = {.passive = 10, .tw = 4, .fresh = 4, .resets = 1};
	struct poll l;
	uint64_t *opens = &l.sample.snapshot.limits.counters[COUNTER_PASSIVE_OPENS], kept;

	(void)state;
	poll_init(&l);
	take(&l);
	step(&l, &busy, SECOND_MS);
	kept = *opens;
	*opens = UNKNOWN - busy.passive;
	step(&l, &busy, SECOND_MS);
	assert_unknown(initiator(&l, CLOSED_ALL));
	assert_unknown(initiator(&l, CLOSED_PEER));
	assert_range("we first", initiator(&l, CLOSED_LOCAL), 240, 240, 240);
	assert_range("reset", initiator(&l, CLOSED_RESET), 60, 60, 60);
	/* It takes two polls that have it. */
	*opens = kept;
	step(&l, &busy, SECOND_MS);
	assert_unknown(initiator(&l, CLOSED_ALL));
	step(&l, &busy, SECOND_MS);
	assert_range("closed", initiator(&l, CLOSED_ALL), 600, 600, 600);
	close_rates_release(&l.close_rates);
}

static void test_close_rates_counter_that_goes_backwards(void **state)
{
	static const struct step busy = {.passive = 10, .resets = 4};
	struct poll l;

	(void)state;
	poll_init(&l);
	l.sample.snapshot.limits.counters[COUNTER_ESTAB_RESETS] = 500;
	take(&l);
	step(&l, &busy, SECOND_MS);
	l.sample.snapshot.limits.counters[COUNTER_ESTAB_RESETS] = 0;
	step(&l, &busy, SECOND_MS);
	assert_unknown(initiator(&l, CLOSED_RESET));
	assert_unknown(initiator(&l, CLOSED_PEER));
	step(&l, &busy, SECOND_MS);
	assert_range("reset", initiator(&l, CLOSED_RESET), 240, 240, 240);
	close_rates_release(&l.close_rates);
}

static void test_close_rates_incomplete_poll_is_spanned(void **state)
{
	static const struct step busy = {.passive = 10, .tw = 10, .fresh = 3};
	static const struct step both = {.passive = 10, .tw = 10, .fresh = 20};
	struct poll l;

	(void)state;
	poll_init(&l);
	take(&l);
	l.sample.snapshot.scan.complete = false;
	step(&l, &busy, SECOND_MS);
	assert_false(close_rates_known(&l.close_rates));
	l.sample.snapshot.scan.complete = true;
	assert_int_equal(close_rates_since_ms(&l.close_rates, l.now_ms + SECOND_MS), 2 * SECOND_MS);
	step(&l, &both, SECOND_MS);
	assert_range("closed", initiator(&l, CLOSED_ALL), 600, 600, 600);
	assert_range("port", port_initiator(&l, PORT, CLOSED_LOCAL), 600, 600, 600);
	close_rates_release(&l.close_rates);
}

/* Before 5.18 TW counts what began a minute ago. */
static void test_close_rates_old_kernel(void **state)
{
	static const struct {
		const char *kernel;
		double we[3];
	} kernels[] = {
		{"4.19.0-27-amd64", {300, 300, 420}},
		{"5.17.15", {300, 300, 420}},
		{"5.18.0", {300, 5400, 5400}},
		{"6.1.0-41-amd64", {300, 5400, 5400}},
		{"", {300, 300, 420}},
	};
	static const struct step busy = {.tw = 90, .fresh = 5, .fresh_mini = 2};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct poll l;

		poll_init(&l);
		strcpy(l.sample.snapshot.origin.kernel, kernels[i].kernel);
		take(&l);
		step(&l, &busy, SECOND_MS);
		assert_range(kernels[i].kernel, initiator(&l, CLOSED_LOCAL), kernels[i].we[0],
			kernels[i].we[1], kernels[i].we[2]);
		close_rates_release(&l.close_rates);
	}
}

/* Looks 100 s apart show 60 s of TIME_WAIT; the counter knows of all. */
static void test_close_rates_polls_far_apart(void **state)
{
	static const struct step busy = {.passive = 200, .tw = 100, .fresh = 45, .other = 15};
	struct poll l;

	(void)state;
	poll_init(&l);
	take(&l);
	step(&l, &busy, 100 * SECOND_MS);
	assert_range("we first", initiator(&l, CLOSED_LOCAL), 36, 60, 60);
	assert_range("peer first", initiator(&l, CLOSED_PEER), 60, 60, 84);
	assert_range("port", port_initiator(&l, PORT, CLOSED_LOCAL), 27, 45, 51);
	close_rates_release(&l.close_rates);
}

static void test_close_rates_some_of_the_sockets(void **state)
{
	static const struct step busy = {.passive = 10, .tw = 5, .fresh = 2};
	struct poll l;

	(void)state;
	poll_init(&l);
	l.sample.snapshot.filter.sides[SIDE_CLIENT] = false;
	take(&l);
	step(&l, &busy, SECOND_MS);
	assert_range("we first", initiator(&l, CLOSED_LOCAL), 300, 300, 300);
	assert_unknown(port_initiator(&l, PORT, CLOSED_LOCAL));
	close_rates_release(&l.close_rates);
}

/* A port's share, in connections that are there and that just went. */
static void test_close_rates_main_port(void **state)
{
	static const struct {
		const char *name;
		uint32_t port, other, client;
		uint64_t active;
		bool reported, masked;
	} mains[] = {
		{"the only one", .port = 100, .reported = true},
		{"19 in 20", .port = 95, .other = 5, .reported = true},
		{"fewer", .port = 94, .other = 6},
		{"a client beside it", .port = 94, .client = 6},
		{"clients whose connections are short", .port = 100, .active = 10},
		{"connections that were not read", .port = 100, .masked = true},
		{"none at all", .port = 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
		const struct step busy = {
			.passive = 100 - mains[i].active, .active = mains[i].active, .resets = 7};
		struct poll l;

		poll_init(&l);
		row(&l, 0)->states[STATE_ESTABLISHED].sockets = mains[i].port;
		row(&l, 1)->states[STATE_CLOSE_WAIT].sockets = mains[i].other;
		row(&l, 2)->states[STATE_ESTABLISHED].sockets = mains[i].client;
		if (mains[i].masked)
			l.sample.snapshot.scanned &= (state_set)~STATE_BIT(STATE_ESTABLISHED);
		take(&l);
		step(&l, &busy, SECOND_MS);
		assert_near(mains[i].name, port_initiator(&l, PORT, CLOSED_RESET)->value,
			mains[i].reported ? 420 : UNKNOWN_RATE);
		assert_near(mains[i].name, port_initiator(&l, PORT, CLOSED_ALL)->value,
			mains[i].reported ? 6000 : UNKNOWN_RATE);
		assert_near(mains[i].name, port_initiator(&l, PORT, CLOSED_PEER)->value,
			mains[i].reported ? 5580 : UNKNOWN_RATE);
		assert_unknown(port_initiator(&l, OTHER_PORT, CLOSED_PEER));
		close_rates_release(&l.close_rates);
	}
}

static void test_close_rates_smoothing(void **state)
{
	static const struct step slow = {.passive = 10}, fast = {.passive = 110};
	struct poll l;
	double value;

	(void)state;
	poll_init(&l);
	take(&l);
	/* A steady rate is known from the first, at any distance of the polls. */
	for (unsigned i = 0; i < 50; i++) {
		step(&l, &slow, SECOND_MS);
		assert_near("steady", initiator(&l, CLOSED_ALL)->value, 600);
	}
	/* One burst does not make a rate, a minute of it nearly does. */
	step(&l, &fast, SECOND_MS);
	value = initiator(&l, CLOSED_ALL)->value;
	assert_true(value > 700 && value < 1200);
	for (unsigned i = 0; i < 60; i++)
		step(&l, &fast, SECOND_MS);
	value = initiator(&l, CLOSED_ALL)->value;
	assert_true(value > 5500 && value < 6600);
	close_rates_release(&l.close_rates);
}

static void test_close_rates_port_that_is_new_and_goes(void **state)
{
	static const struct step quiet = {0}, busy = {.tw = 30, .fresh = 30};
	struct poll l;

	(void)state;
	poll_init(&l);
	take(&l);
	for (unsigned i = 0; i < 29; i++)
		step(&l, &quiet, SECOND_MS);
	step(&l, &busy, SECOND_MS);
	/* 30 in what stands for some 20 s, not in one. */
	assert_true(port_initiator(&l, PORT, CLOSED_LOCAL)->value < 120);
	assert_near("both sum up alike", port_initiator(&l, PORT, CLOSED_LOCAL)->value,
		initiator(&l, CLOSED_LOCAL)->value);
	assert_int_equal(l.close_rates.ports_count, 1);
	for (unsigned i = 0; i < 600; i++)
		step(&l, &quiet, SECOND_MS);
	assert_int_equal(l.close_rates.ports_count, 0);
	assert_range("gone", port_initiator(&l, PORT, CLOSED_LOCAL), 0, 0, 0);
	close_rates_release(&l.close_rates);
}

static void test_close_rates_ports_are_bounded(void **state)
{
	struct port_tally *rows = calloc(CLOSE_RATES_PORTS_MAX + 1, sizeof(*rows));
	struct poll l;

	(void)state;
	assert_non_null(rows);
	poll_init(&l);
	for (uint16_t i = 0; i <= CLOSE_RATES_PORTS_MAX; i++) {
		rows[i].service.side = SIDE_SERVER;
		rows[i].service.port = (uint16_t)(1000 + i);
		rows[i].fresh_time_wait = 1;
	}
	l.sample.snapshot.rows = rows;
	l.sample.snapshot.rows_count = CLOSE_RATES_PORTS_MAX + 1;
	take(&l);
	step(&l, &(struct step){.tw = CLOSE_RATES_PORTS_MAX + 1}, SECOND_MS);
	assert_int_equal(l.close_rates.ports_count, CLOSE_RATES_PORTS_MAX);
	assert_range("the last that is followed",
		port_initiator(&l, 1000 + CLOSE_RATES_PORTS_MAX - 1, CLOSED_LOCAL), 60, 60, 60);
	assert_unknown(port_initiator(&l, 1000 + CLOSE_RATES_PORTS_MAX, CLOSED_LOCAL));
	close_rates_release(&l.close_rates);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_rates_cases),
		cmocka_unit_test(test_close_rates_one_poll_reports_nothing),
		cmocka_unit_test(test_close_rates_unknown_counter),
		cmocka_unit_test(test_close_rates_counter_that_goes_backwards),
		cmocka_unit_test(test_close_rates_incomplete_poll_is_spanned),
		cmocka_unit_test(test_close_rates_old_kernel),
		cmocka_unit_test(test_close_rates_polls_far_apart),
		cmocka_unit_test(test_close_rates_some_of_the_sockets),
		cmocka_unit_test(test_close_rates_main_port),
		cmocka_unit_test(test_close_rates_smoothing),
		cmocka_unit_test(test_close_rates_port_that_is_new_and_goes),
		cmocka_unit_test(test_close_rates_ports_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

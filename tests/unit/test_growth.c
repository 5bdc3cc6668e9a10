/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "model/growth.h"
#include "sample.h"

#include <math.h>

/* A snapshot with that many CLOSE_WAIT on port 7777, and with another port. */
static void fill(struct sample *sample, uint32_t sockets)
{
	sample_init(sample);
	sample_held(sample, sample_port(sample, SIDE_CLIENT, 5432), STATE_FIN_WAIT_2, 10);
	sample_held(sample, sample_port(sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, sockets);
}

static double take_poll(struct growth *g, uint64_t now_ms, uint32_t sockets)
{
	struct sample sample;
	double growth, all;

	fill(&sample, sockets);
	assert_int_equal(growth_take(g, &sample.snapshot, now_ms), 0);
	growth = growth_of_port(&sample.snapshot, &sample.rows[1], STATE_CLOSE_WAIT);
	all = growth_of_all(&sample.snapshot, STATE_CLOSE_WAIT);
	assert_true(growth == all || (isnan(growth) && isnan(all)));
	return growth;
}

static void test_growth_is_reported_from_the_poll_of_a_minute_ago(void **state)
{
	struct growth g = {0};

	(void)state;
	/* Every 5 s there are 3 more. */
	for (unsigned i = 0; i < 100; i++) {
		double growth = take_poll(&g, 1000 + i * 5000, 100 + 3 * i);

		if (i < 10)
			assert_true(isnan(growth));
		else
			assert_true(fabs(growth - 36) < 0.001);
		assert_true(g.history.polls <= GROWTH_POLLS);
	}
	/* The next poll comes late, and the leak is over: all that is kept is the poll but one
	 * before it. */
	assert_true(fabs(take_poll(&g, 1000 + 99 * 5000 + 120000, 397) - 3 * 60 / 125.0) < 0.001);
	/* They go: 30 less in 60 s. */
	assert_true(fabs(take_poll(&g, 1000 + 99 * 5000 + 180000, 367) + 30) < 0.001);
	growth_release(&g);
}

/* A step is not seen any more after a minute. */
static void test_growth_of_a_step_ends_after_a_minute(void **state)
{
	struct growth g = {0};
	double growth = 0;

	(void)state;
	for (unsigned second = 0; second <= 200; second++) {
		growth = take_poll(&g, second * 1000, second < 100 ? 10 : 60);
		if (second >= 50 && second < 100)
			assert_true(growth == 0);
		if (second >= 100 && second < 150)
			assert_true(growth >= 50 && growth <= 60);
		if (second >= 161)
			assert_true(growth == 0);
	}
	growth_release(&g);
}

static void test_growth_of_a_port_that_is_new(void **state)
{
	struct growth g = {0};
	struct sample sample;
	struct port_tally *row;

	(void)state;
	fill(&sample, 5);
	assert_int_equal(growth_take(&g, &sample.snapshot, 0), 0);
	row = sample_port(&sample, SIDE_SERVER, 8080);
	sample_held(&sample, row, STATE_CLOSE_WAIT, 7);
	assert_int_equal(growth_take(&g, &sample.snapshot, 60000), 0);
	assert_true(growth_of_port(&sample.snapshot, row, STATE_CLOSE_WAIT) == 7);
	growth_release(&g);

	/* It may have been among the ports that were left out. */
	fill(&sample, 5);
	sample.snapshot.omitted.ports = 1;
	assert_int_equal(growth_take(&g, &sample.snapshot, 0), 0);
	sample.snapshot.omitted.ports = 0;
	row = sample_port(&sample, SIDE_SERVER, 8080);
	sample_held(&sample, row, STATE_CLOSE_WAIT, 7);
	assert_int_equal(growth_take(&g, &sample.snapshot, 60000), 0);
	assert_true(isnan(growth_of_port(&sample.snapshot, row, STATE_CLOSE_WAIT)));
	assert_true(growth_of_all(&sample.snapshot, STATE_CLOSE_WAIT) == 7);
	growth_release(&g);
}

static void test_growth_that_is_not_known(void **state)
{
	struct growth g = {0};
	struct sample sample;

	(void)state;
	fill(&sample, 5);
	assert_true(isnan(growth_of_all(&sample.snapshot, STATE_CLOSE_WAIT)));
	sample.snapshot.scan.complete = false;
	assert_int_equal(growth_take(&g, &sample.snapshot, 0), 0);
	assert_int_equal(g.history.polls, 0);
	sample.snapshot.scan.complete = true;
	sample.snapshot.scanned &= (state_set)~STATE_BIT(STATE_CLOSE_WAIT);
	assert_int_equal(growth_take(&g, &sample.snapshot, 0), 0);
	sample.snapshot.scanned = STATE_SET_ALL;
	assert_int_equal(growth_take(&g, &sample.snapshot, 60000), 0);
	assert_true(isnan(growth_of_all(&sample.snapshot, STATE_CLOSE_WAIT)));
	assert_true(isnan(growth_of_all(&sample.snapshot, STATE_ESTABLISHED)));
	assert_true(growth_of_all(&sample.snapshot, STATE_FIN_WAIT_2) == 0);
	growth_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth_is_reported_from_the_poll_of_a_minute_ago),
		cmocka_unit_test(test_growth_of_a_step_ends_after_a_minute),
		cmocka_unit_test(test_growth_of_a_port_that_is_new),
		cmocka_unit_test(test_growth_that_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

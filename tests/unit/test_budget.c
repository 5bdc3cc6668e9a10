/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poll/budget.h"
#include "unit.h"

#include <stdlib.h>

static void test_budget_learn_keeps_to_the_interval_while_it_is_cheap(void **state)
{
	const struct budget_poll poll = {.cpu_us = 2000, .sockets = 1000, .established = 900};
	struct budget p;

	(void)state;
	budget_init(&p, 5000, 1);
	for (unsigned i = 0; i < 10; i++) {
		budget_learn(&p, &poll);
		assert_int_equal(p.next_ms, 5000);
		assert_false(p.masked);
	}
}

static void test_budget_learn_stretches_the_interval(void **state)
{
	const struct budget_poll poll = {.cpu_us = 300000, .sockets = 500000, .established = 10};
	struct budget p;

	(void)state;
	budget_init(&p, 5000, 1);
	budget_learn(&p, &poll);
	/* 0.3 s is 1 % of 30 s. */
	assert_in_range(p.next_ms, 30000, 33000);
	/* Leaving ten sockets out would save nothing. */
	assert_false(p.masked);
	budget_set(&p, 5000, 10);
	budget_learn(&p, &poll);
	assert_int_equal(p.next_ms, 5000);
}

static void test_budget_learn_masks_established_first_and_unmasks_with_room(void **state)
{
	struct budget_poll poll = {.cpu_us = 400000, .sockets = 1000000, .established = 990000};
	struct budget p;

	(void)state;
	budget_init(&p, 5000, 1);
	budget_learn(&p, &poll);
	assert_true(p.masked);
	/* What is left is within the budget. */
	assert_int_equal(p.next_ms, 5000);
	/* So it stays, while the others still are a million. */
	poll = (struct budget_poll){.cpu_us = 5000, .sockets = 10000, .established = 990000};
	for (unsigned i = 0; i < 20; i++) {
		budget_learn(&p, &poll);
		assert_true(p.masked);
		assert_int_equal(p.next_ms, 5000);
	}
	poll.established = 20000;
	budget_learn(&p, &poll);
	assert_false(p.masked);
}

/* Whatever a poll costs: over any time no more is used than allowed, except by the first poll. */
static void test_budget_keeps_to_the_budget(void **state)
{
	struct budget p;
	double used = 0, passed = 0;

	(void)state;
	srandom(3);
	budget_init(&p, 1000, 1);
	for (unsigned i = 0; i < 5000; i++) {
		double cost_us = 100000 + (double)(random() % 200000);
		const struct budget_poll poll = {.cpu_us = (uint64_t)cost_us, .sockets = 500000};

		used += i ? cost_us : 0;
		budget_learn(&p, &poll);
		passed += p.next_ms;
	}
	assert_true(used / 1000 / passed <= 0.0101);
	/* Nor much less: polling is its purpose. */
	assert_true(used / 1000 / passed >= 0.006);
}

static void test_budget_learn_forgets_what_was_dear_by_and_by(void **state)
{
	const struct budget_poll dear = {.cpu_us = 1000000, .sockets = 1}, cheap = {.cpu_us = 1000};
	struct budget p;

	(void)state;
	budget_init(&p, 5000, 1);
	budget_learn(&p, &dear);
	assert_true(p.next_ms > 100000);
	for (unsigned i = 0; i < 6; i++)
		budget_learn(&p, &cheap);
	assert_int_equal(p.next_ms, 5000);
}

static void test_budget_pause_keeps_to_a_share(void **state)
{
	struct budget p;

	(void)state;
	budget_init(&p, 5000, 1);
	/* 6 ms are 1 % of 600 ms, and a tenth of 1 % of 6 s; a little longer, as all of its pauses.
	 */
	assert_in_range(budget_pause_ms(&p, 6000, 0.1), 6000, 6400);
	assert_in_range(budget_pause_ms(&p, 6000, 1), 600, 640);
	assert_int_equal(budget_pause_ms(&p, 0, 0.1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_budget_learn_keeps_to_the_interval_while_it_is_cheap),
		cmocka_unit_test(test_budget_learn_stretches_the_interval),
		cmocka_unit_test(test_budget_learn_masks_established_first_and_unmasks_with_room),
		cmocka_unit_test(test_budget_keeps_to_the_budget),
		cmocka_unit_test(test_budget_learn_forgets_what_was_dear_by_and_by),
		cmocka_unit_test(test_budget_pause_keeps_to_a_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

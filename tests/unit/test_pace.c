/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pace.h"
#include "unit.h"

#include <stdlib.h>

static void test_pace_learn_keeps_to_the_interval_while_it_is_cheap(void **state)
{
	const struct pace_look look = {.cpu_us = 2000, .sockets = 1000, .established = 900};
	struct pace p;

	(void)state;
	pace_init(&p, 5000, 1);
	for (unsigned i = 0; i < 10; i++) {
		pace_learn(&p, &look);
		assert_int_equal(p.next_ms, 5000);
		assert_false(p.masked);
	}
}

static void test_pace_learn_stretches_the_interval(void **state)
{
	const struct pace_look look = {.cpu_us = 300000, .sockets = 500000, .established = 10};
	struct pace p;

	(void)state;
	pace_init(&p, 5000, 1);
	pace_learn(&p, &look);
	/* 0.3 s is 1 % of 30 s. */
	assert_in_range(p.next_ms, 30000, 33000);
	/* Leaving ten sockets out would save nothing. */
	assert_false(p.masked);
	pace_set(&p, 5000, 10);
	pace_learn(&p, &look);
	assert_int_equal(p.next_ms, 5000);
}

static void test_pace_learn_masks_established_first_and_unmasks_with_room(void **state)
{
	struct pace_look look = {.cpu_us = 400000, .sockets = 1000000, .established = 990000};
	struct pace p;

	(void)state;
	pace_init(&p, 5000, 1);
	pace_learn(&p, &look);
	assert_true(p.masked);
	/* What is left is within the budget. */
	assert_int_equal(p.next_ms, 5000);
	/* So it stays, while the others still are a million. */
	look = (struct pace_look){.cpu_us = 5000, .sockets = 10000, .established = 990000};
	for (unsigned i = 0; i < 20; i++) {
		pace_learn(&p, &look);
		assert_true(p.masked);
		assert_int_equal(p.next_ms, 5000);
	}
	look.established = 20000;
	pace_learn(&p, &look);
	assert_false(p.masked);
}

/* Whatever a look costs: over any time, no more is used than is allowed, but for the first look. */
static void test_pace_keeps_to_the_budget(void **state)
{
	struct pace p;
	double used = 0, passed = 0;

	(void)state;
	srandom(3);
	pace_init(&p, 1000, 1);
	for (unsigned i = 0; i < 5000; i++) {
		double cost_us = 100000 + (double)(random() % 200000);
		const struct pace_look look = {.cpu_us = (uint64_t)cost_us, .sockets = 500000};

		used += i ? cost_us : 0;
		pace_learn(&p, &look);
		passed += p.next_ms;
	}
	assert_true(used / 1000 / passed <= 0.0101);
	/* Nor much less: it is there to look. */
	assert_true(used / 1000 / passed >= 0.006);
}

static void test_pace_learn_forgets_what_was_dear_by_and_by(void **state)
{
	const struct pace_look dear = {.cpu_us = 1000000, .sockets = 1}, cheap = {.cpu_us = 1000};
	struct pace p;

	(void)state;
	pace_init(&p, 5000, 1);
	pace_learn(&p, &dear);
	assert_true(p.next_ms > 100000);
	for (unsigned i = 0; i < 6; i++)
		pace_learn(&p, &cheap);
	assert_int_equal(p.next_ms, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace_learn_keeps_to_the_interval_while_it_is_cheap),
		cmocka_unit_test(test_pace_learn_stretches_the_interval),
		cmocka_unit_test(test_pace_learn_masks_established_first_and_unmasks_with_room),
		cmocka_unit_test(test_pace_keeps_to_the_budget),
		cmocka_unit_test(test_pace_learn_forgets_what_was_dear_by_and_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/age_stats.h"
#include "unit.h"

#include <stdlib.h>

#define SECOND 1000U
#define MINUTE (60 * SECOND)

/* The first scan is so early that a socket of any age of these tests was not there in it. */
#define NOW ((uint64_t)500 * MINUTE)

static int setup(void **state)
{
	struct ages *a;

	assert_int_equal(ages_new(AGES_TRACKED_DEFAULT, &a), 0);
	ages_start(a, 0);
	ages_finish(a, true);
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	ages_free(*state);
	return 0;
}

/* Puts in what was there before the scan of now, and has the scan show it. */
static void add(struct ages *a, uint64_t cookie, enum tcp_state state, uint32_t age_ms)
{
	ages_restore(a, cookie, state, age_ms, NOW);
}

static void show(struct ages *a, uint64_t cookie, enum tcp_state state, uint32_t row)
{
	const struct sock_record r = {
		.state = (uint8_t)state,
		.kind = KIND_FULL,
		.cookie = cookie,
	};

	ages_observe(a, &r, row);
}

static void take(struct age_table *t, const struct ages *a, const struct age_rows *rows)
{
	assert_int_equal(age_table_take(t, a, rows), 0);
}

static void test_age_table_counts_by_port_and_state(void **state)
{
	/* The second row is listed first, the third is not. */
	static const uint32_t places[] = {2, 1, 0};
	const struct age_rows rows = {.places = places, .rows = 3, .ports = 2};
	struct ages *a = *state;
	struct age_table t;
	const struct age_stats *s;

	for (uint64_t i = 1; i <= 10; i++)
		add(a, i, STATE_CLOSE_WAIT, (uint32_t)i * 7 * MINUTE);
	add(a, 11, STATE_LAST_ACK, 5 * SECOND);
	ages_start(a, NOW);
	for (uint64_t i = 1; i <= 10; i++)
		show(a, i, STATE_CLOSE_WAIT, i <= 7);
	show(a, 11, STATE_LAST_ACK, 2);
	show(a, 12, STATE_LAST_ACK, 131071);
	ages_finish(a, true);
	take(&t, a, &rows);
	assert_int_equal(t.tracked, 12);
	assert_int_equal(t.weight, 1);

	s = age_stats_of_port(&t, 0, STATE_CLOSE_WAIT);
	assert_int_equal(s->tracked, 7);
	assert_in_range(s->median_ms, 28 * MINUTE - AGES_UNIT_MS, 28 * MINUTE);
	assert_in_range(s->p90_ms, 49 * MINUTE - AGES_UNIT_MS, 49 * MINUTE);
	assert_int_equal(s->older[AGE_MARK_1_MINUTE], 7);
	assert_int_equal(s->older[AGE_MARK_10_MINUTES], 6);
	assert_int_equal(s->older[AGE_MARK_60_MINUTES], 0);
	assert_int_equal(s->added, 0);
	assert_int_equal(age_stats_of_port(&t, 1, STATE_CLOSE_WAIT)->tracked, 3);
	assert_int_equal(age_stats_of_port(&t, 1, STATE_CLOSE_WAIT)->older[AGE_MARK_60_MINUTES], 2);
	assert_int_equal(age_stats_of_port(&t, 0, STATE_LAST_ACK)->tracked, 0);

	/* In all: what is not listed, too. */
	s = age_stats_of_all(&t, STATE_CLOSE_WAIT);
	assert_int_equal(s->tracked, 10);
	assert_in_range(s->median_ms, 35 * MINUTE - AGES_UNIT_MS, 35 * MINUTE);
	s = age_stats_of_all(&t, STATE_LAST_ACK);
	assert_int_equal(s->tracked, 2);
	assert_int_equal(s->added, 2);
	age_table_release(&t);
}

static void test_age_stats_of_what_is_not_known(void **state)
{
	const struct age_rows rows = {.ports = 1};
	struct age_table t = {0};

	assert_null(age_stats_of_port(&t, 0, STATE_CLOSE_WAIT));
	assert_null(age_stats_of_all(&t, STATE_CLOSE_WAIT));
	take(&t, *state, &rows);
	assert_non_null(age_stats_of_port(&t, 0, STATE_CLOSE_WAIT));
	assert_null(age_stats_of_port(&t, 1, STATE_CLOSE_WAIT));
	assert_null(age_stats_of_port(&t, 0, STATE_TIME_WAIT));
	assert_null(age_stats_of_all(&t, STATE_ESTABLISHED));
	assert_int_equal(age_stats_of_all(&t, STATE_CLOSING)->tracked, 0);
	age_table_release(&t);
}

/* At the first poll every socket is new; what was added is only known a minute later. */
static void test_age_stats_added_is_known_after_a_minute(void **state)
{
	static const uint32_t places[] = {1};
	const struct age_rows rows = {.places = places, .rows = 1, .ports = 1};
	static const struct {
		uint32_t ms, added;
	} polls[] = {
		{0, UNKNOWN_U32},
		{59000, UNKNOWN_U32},
		/* 1 to 3 have been there for longer. */
		{61000, 2},
		{100000, 3},
	};
	struct ages *a;
	struct age_table t;

	(void)state;
	assert_int_equal(ages_new(AGES_TRACKED_DEFAULT, &a), 0);
	for (size_t i = 0; i < ARRAY_SIZE(polls); i++) {
		ages_start(a, 1000000 + polls[i].ms);
		for (uint64_t cookie = 1; cookie <= 3 + i; cookie++)
			show(a, cookie, STATE_CLOSE_WAIT, 0);
		ages_finish(a, true);
		take(&t, a, &rows);
		assert_int_equal(age_stats_of_port(&t, 0, STATE_CLOSE_WAIT)->added, polls[i].added);
		age_table_release(&t);
	}
	ages_free(a);
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Against a sorted list, for groups that are sorted as well and for those that are not. */
static void test_age_stats_equal_a_sorted_list(void **state)
{
	static const unsigned sizes[] = {1, 2, 63, 64, 65, 1000, 20000};
	static const uint32_t places[] = {1};
	const struct age_rows rows = {.places = places, .rows = 1, .ports = 1};
	static uint32_t ages_ms[20000];

	(void)state;
	srandom(3);
	for (size_t n = 0; n < ARRAY_SIZE(sizes); n++) {
		const unsigned size = sizes[n];
		uint32_t older = 0, median, p90;
		const struct age_stats *s;
		struct age_table t;
		struct ages *a;

		assert_int_equal(ages_new(AGES_TRACKED_DEFAULT, &a), 0);
		for (unsigned i = 0; i < size; i++) {
			ages_ms[i] =
				(uint32_t)random() % (300 * MINUTE) / AGES_UNIT_MS * AGES_UNIT_MS;
			older += ages_ms[i] > 60 * MINUTE;
			ages_restore(a, i + 1, STATE_CLOSE_WAIT, ages_ms[i], NOW);
		}
		ages_start(a, NOW);
		for (unsigned i = 0; i < size; i++)
			show(a, i + 1, STATE_CLOSE_WAIT, 0);
		ages_finish(a, true);
		take(&t, a, &rows);
		s = age_stats_of_port(&t, 0, STATE_CLOSE_WAIT);
		qsort(ages_ms, size, sizeof(ages_ms[0]), compare);
		median = ages_ms[(size + 1) / 2 - 1];
		p90 = ages_ms[(size * 9 + 9) / 10 - 1];
		assert_int_equal(s->tracked, size);
		assert_int_equal(s->older[AGE_MARK_60_MINUTES], older);
		if (size <= AGE_STATS_EXACT) {
			assert_int_equal(s->median_ms, median);
			assert_int_equal(s->p90_ms, p90);
		}
		assert_in_range(s->median_ms, median - median / 60, median + median / 60);
		assert_in_range(s->p90_ms, p90 - p90 / 60, p90 + p90 / 60);
		age_table_release(&t);
		ages_free(a);
	}
}

/* Beyond the bound: estimates, and it says so. */
static void test_age_stats_of_a_sample(void **state)
{
	enum { SOCKETS = 200000 };
	static const uint32_t places[] = {1};
	const struct age_rows rows = {.places = places, .rows = 1, .ports = 1};
	struct ages *a = *state;
	const struct age_stats *s;
	struct age_table t;

	ages_set_max(a, SOCKETS / 4);
	for (unsigned scan = 0; scan <= 200; scan++) {
		/* A thousand more each half minute. */
		ages_start(a, NOW + scan * UINT64_C(30720));
		for (uint64_t i = 1; i <= (uint64_t)scan * 1000; i++)
			show(a, i * 4099, STATE_CLOSE_WAIT, 0);
		ages_finish(a, true);
	}
	take(&t, a, &rows);
	assert_true(t.weight >= 4);
	assert_true(t.tracked <= SOCKETS / 4);
	s = age_stats_of_port(&t, 0, STATE_CLOSE_WAIT);
	assert_in_range(s->tracked, SOCKETS / 100 * 95, SOCKETS / 100 * 105);
	/* Half of 200 times 30.72 s, within 5 %; and nine tenths. */
	assert_in_range(s->median_ms, 30720 * 95, 30720 * 105);
	assert_in_range(s->p90_ms, 30720 * 171, 30720 * 189);
	assert_in_range(s->older[AGE_MARK_60_MINUTES], 82000 / 100 * 90, 82000 / 100 * 110);
	/* Two scans' worth. */
	assert_in_range(s->added, 1600, 2400);
	age_table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_age_table_counts_by_port_and_state),
		TEST(test_age_stats_of_what_is_not_known),
		TEST(test_age_stats_added_is_known_after_a_minute),
		TEST(test_age_stats_equal_a_sorted_list),
		TEST(test_age_stats_of_a_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

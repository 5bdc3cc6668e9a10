/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/unknown.h"
#include "model/histogram.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS 2000

/* The promise of the header. */
#define ERROR_MAX (1.0 / 64)

/* A generator that is the same everywhere (Marsaglia's xorshift), so that a failure comes again. */
static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void assert_near(uint32_t value, uint32_t truth)
{
	if (fabs((double)value - truth) > ERROR_MAX * truth)
		fail_msg("%u is further than 1/64 from %u", value, truth);
}

static void test_histogram_one_number_of_every_size(void **state)
{
	static struct histogram h;

	(void)state;
	for (uint64_t value = 0; value <= UINT32_MAX; value += 1 + value / 997) {
		memset(&h, 0, sizeof(h));
		/* Neighbours far away, so that the exact ends do not help. */
		histogram_add(&h, 0, 1);
		histogram_add(&h, (uint32_t)value, 1);
		histogram_add(&h, UINT32_MAX, 1);
		assert_near(histogram_quantile(&h, 0.5), (uint32_t)value);
	}
}

/* Any numbers, of sizes that differ by orders of magnitude, at any share. */
static void test_histogram_quantiles_are_near_the_sorted_numbers(void **state)
{
	static const double shares[] = {0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1};
	static uint32_t numbers[NUMBERS];
	static struct histogram h;
	uint32_t seed = 2463534242;

	(void)state;
	for (int round = 0; round < 50; round++) {
		size_t count = 1 + next_random(&seed) % NUMBERS;

		memset(&h, 0, sizeof(h));
		for (size_t i = 0; i < count; i++) {
			numbers[i] = next_random(&seed) >> (next_random(&seed) % 32);
			histogram_add(&h, numbers[i], 1);
		}
		qsort(numbers, count, sizeof(numbers[0]), compare);
		assert_int_equal(h.count, count);
		assert_int_equal(h.smallest, numbers[0]);
		assert_int_equal(h.largest, numbers[count - 1]);
		for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
			size_t rank = (size_t)ceil(shares[i] * (double)count);

			assert_near(
				histogram_quantile(&h, shares[i]), numbers[rank ? rank - 1 : 0]);
		}
	}
}

static void test_histogram_above_is_off_by_its_own_bucket_only(void **state)
{
	static struct histogram h;
	uint32_t seed = 88172645;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint32_t value = next_random(&seed) >> (next_random(&seed) % 32);
		uint32_t limit = next_random(&seed) >> (next_random(&seed) % 32);

		memset(&h, 0, sizeof(h));
		histogram_add(&h, value, 3);
		if (value > limit + limit / 31.0)
			assert_int_equal(histogram_above(&h, limit), 3);
		if (value <= limit)
			assert_int_equal(histogram_above(&h, limit), 0);
	}
}

static void test_histogram_weights(void **state)
{
	static struct histogram a;

	(void)state;
	for (uint32_t i = 1; i <= 100; i++)
		histogram_add(&a, i * 1000, i);
	histogram_add(&a, 7, 0);
	assert_int_equal(a.smallest, 1000);
	assert_int_equal(a.count, 5050);
	/* 71 * 72 / 2 = 2556 is the first sum beyond a half. */
	assert_near(histogram_quantile(&a, 0.5), 71000);
}

static void test_histogram_group_end(void **state)
{
	static struct histogram h;

	(void)state;
	assert_int_equal(histogram_group_end(&h, 1000, 10), UNKNOWN_U32);
	assert_int_equal(histogram_quantile(&h, 0.5), UNKNOWN_U32);
	histogram_add(&h, 3, 10); /* tiny numbers make no group of their own */
	histogram_add(&h, 900, 10);
	assert_int_equal(histogram_group_end(&h, 1000, 10), 900);
	histogram_add(&h, 8000, 1);
	assert_int_equal(histogram_group_end(&h, 1000, 10), 8000);
	histogram_add(&h, 3600000, 5);
	assert_near(histogram_group_end(&h, 1000, 10), 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histogram_one_number_of_every_size),
		cmocka_unit_test(test_histogram_quantiles_are_near_the_sorted_numbers),
		cmocka_unit_test(test_histogram_above_is_off_by_its_own_bucket_only),
		cmocka_unit_test(test_histogram_weights),
		cmocka_unit_test(test_histogram_group_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/hash.h"
#include "unit.h"

#include <string.h>

#define SLOTS 1000U

static void test_hash_home_is_within_any_table(void **state)
{
	(void)state;
	for (uint32_t slots = 1; slots < 100; slots++)
		for (uint64_t n = 0; n < 100; n++)
			assert_in_range(hash_home(hash_u64(n), slots), 0, slots - 1);
	assert_int_equal(hash_home(UINT64_MAX, UINT32_MAX), UINT32_MAX - 1);
	assert_int_equal(hash_home(0, UINT32_MAX), 0);
}

/* Each processor counts its cookies up by itself, in blocks; no slot is home to many of them. */
static void test_hash_spreads_cookies(void **state)
{
	static uint8_t homes[SLOTS];
	unsigned most = 0;

	(void)state;
	memset(homes, 0, sizeof(homes));
	for (uint64_t processor = 0; processor < 4; processor++) {
		for (uint64_t i = 0; i < SLOTS / 8; i++) {
			uint64_t cookie = (processor << 12) + i;
			unsigned here = ++homes[hash_home(hash_u64(cookie), SLOTS)];

			most = here > most ? here : most;
		}
	}
	/* 500 in 1000 slots: of random ones 6 in a slot are rare. */
	assert_in_range(most, 1, 6);
}

static void test_hash_next_goes_round(void **state)
{
	(void)state;
	assert_int_equal(hash_next(0, 3), 1);
	assert_int_equal(hash_next(2, 3), 0);
	assert_int_equal(hash_next(0, 1), 0);
}

static void test_hash_add_minds_the_order(void **state)
{
	(void)state;
	assert_true(hash_add(hash_add(0, 1), 2) != hash_add(hash_add(0, 2), 1));
	assert_true(hash_add(0, 1) != hash_add(0, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_home_is_within_any_table),
		cmocka_unit_test(test_hash_spreads_cookies),
		cmocka_unit_test(test_hash_next_goes_round),
		cmocka_unit_test(test_hash_add_minds_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/array.h"
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Refuses memory: -Wl,--wrap=reallocarray. */
void *__real_reallocarray(void *p, size_t count, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);

static bool is_memory_short;

void *__wrap_reallocarray(void *p, size_t count, size_t size)
{
	return is_memory_short ? NULL : __real_reallocarray(p, count, size);
}

static void test_array_grows(void **state)
{
	size_t allocated = 0, grown = 0;
	uint32_t *list = NULL;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		const size_t before = allocated;

		assert_int_equal(ARRAY_GROW(list, allocated, i + 1U), 0);
		assert_true(allocated > i);
		grown += allocated != before;
		list[i] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	/* By doubling, so a few times only. */
	assert_in_range(grown, 1, 10);
	free(list);
}

static void test_array_grows_at_once(void **state)
{
	size_t allocated = 0;
	char *list = NULL;

	(void)state;
	assert_int_equal(ARRAY_GROW(list, allocated, 12345), 0);
	assert_int_equal(allocated, 12345);
	assert_int_equal(ARRAY_GROW(list, allocated, 7), 0);
	assert_int_equal(allocated, 12345);
	free(list);
}

static void test_array_unchanged_without_memory(void **state)
{
	size_t allocated = 0;
	uint64_t *list = NULL, *before;

	(void)state;
	assert_int_equal(ARRAY_GROW(list, allocated, 1), 0);
	before = list;
	list[0] = 7;
	is_memory_short = true;
	assert_int_equal(ARRAY_GROW(list, allocated, 9), -ENOMEM);
	is_memory_short = false;
	assert_ptr_equal(list, before);
	assert_int_equal(list[0], 7);
	assert_int_equal(allocated, 8);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array_grows),
		cmocka_unit_test(test_array_grows_at_once),
		cmocka_unit_test(test_array_unchanged_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

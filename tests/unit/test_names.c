/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/names.h"
#include "unit.h"

#include <errno.h>

/* The second value has no name. */
static const char *const list[] = {[0] = "one", [2] = "three", [3] = "thr"};
static const struct names names = NAMES(list);

static void test_name_of(void **state)
{
	(void)state;
	assert_string_equal(name_of(names, 0), "one");
	assert_null(name_of(names, 1));
	assert_string_equal(name_of(names, 2), "three");
	assert_null(name_of(names, 4));
	assert_null(name_of(names, SIZE_MAX));
}

static void test_name_find(void **state)
{
	(void)state;
	assert_int_equal(name_find(names, "three", 5), 2);
	assert_int_equal(name_find(names, "three", 3), 3);
	assert_int_equal(name_find(names, "three", 4), -EINVAL);
	assert_int_equal(name_find(names, "oneself", 3), 0);
	assert_int_equal(name_find(names, "", 0), -EINVAL);
}

static void test_name_parse(void **state)
{
	(void)state;
	assert_int_equal(name_parse(names, "one"), 0);
	assert_int_equal(name_parse(names, "One"), -EINVAL);
	assert_int_equal(name_parse(names, "one "), -EINVAL);
	assert_int_equal(name_parse(names, ""), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_of),
		cmocka_unit_test(test_name_find),
		cmocka_unit_test(test_name_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

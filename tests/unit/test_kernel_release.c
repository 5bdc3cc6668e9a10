/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/kernel_release.h"
#include "basic/macro.h"
#include "unit.h"

static void test_kernel_release_is_at_least(void **state)
{
	static const struct {
		const char *release;
		unsigned major, minor;
		bool is_at_least;
	} rows[] = {
		{"6.18.44-amd64", 6, 18, true},
		{"6.18.44-amd64", 6, 19, false},
		{"6.8", 6, 8, true},
		{"6.8.0-rc1", 6, 8, true},
		{"6.7.99", 6, 8, false},
		{"7.0", 6, 8, true},
		{"5.99", 6, 8, false},
		{"6.10.3", 6, 8, true}, /* a number, not a text */
		{"", 1, 0, false},
		{"6", 1, 0, false},
		{"six.eight", 1, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (kernel_release_is_at_least(rows[i].release, rows[i].major, rows[i].minor) !=
			rows[i].is_at_least)
			fail_msg("%s against %u.%u", rows[i].release, rows[i].major, rows[i].minor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_release_is_at_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

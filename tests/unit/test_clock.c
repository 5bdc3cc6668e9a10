/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/clock.h"
#include "unit.h"

#include <errno.h>

/* The kernel's clocks stand still here: -Wl,--wrap=clock_gettime. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock == CLOCK_MONOTONIC)
		*ret = (struct timespec){12, 345678999};
	else if (clock == CLOCK_REALTIME)
		*ret = (struct timespec){INT64_C(1) << 31, 1};
	else
		return errno = EINVAL, -1;
	return 0;
}

static void test_clock_units(void **state)
{
	(void)state;
	assert_int_equal(clock_us(CLOCK_MONOTONIC), 12345678);
	assert_int_equal(clock_monotonic_ms(), 12345);
	assert_int_equal(clock_realtime().tv_sec, INT64_C(1) << 31);
	assert_int_equal(clock_realtime().tv_nsec, 1);
}

static void test_clock_that_the_system_lacks(void **state)
{
	(void)state;
	assert_int_equal(clock_us(CLOCK_BOOTTIME), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_units),
		cmocka_unit_test(test_clock_that_the_system_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A unit test that hangs, with a child that survives SIGTERM: tests/watchdog.bats runs it. */
#include "../unit/unit.h"

#include <signal.h>
#include <unistd.h>

static void test_that_passes(void **state)
{
	(void)state;
}

static void test_that_hangs(void **state)
{
	(void)state;
	signal(SIGTERM, SIG_IGN);
	assert_true(fork() >= 0);
	setsid();
	for (;;)
		pause();
}

static int setup(void **state)
{
	*state = (void *)1;
	return 0;
}

static void test_after_setup(void **state)
{
	assert_ptr_equal(*state, (void *)1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_after_setup, setup),
		cmocka_unit_test(test_that_passes),
		cmocka_unit_test(test_that_hangs),
		cmocka_unit_test(test_that_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

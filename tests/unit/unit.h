/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test includes: cmocka and what it needs before it, a group of tests that names
 * the running one for tests/watchdog, and a wait with a bound. */
#ifndef TCPSTATED_TESTS_UNIT_H
#define TCPSTATED_TESTS_UNIT_H

/* The order is cmocka's demand. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tests that follow, as they are without announce(). cmocka runs them in their order. */
static const struct CMUnitTest *unit_next;

/* The setup of every test: cmocka prints nothing before a test in TAP. */
static inline int unit_announce(void **state)
{
	const struct CMUnitTest *test = unit_next++;

	printf("# running: %s\n", test->name);
	fflush(stdout);
	return test->setup_func ? test->setup_func(state) : 0;
}

static inline int unit_run(const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
	CMFixtureFunction teardown)
{
	struct CMUnitTest *announced = calloc(count, sizeof(*announced));
	int r;

	if (!announced)
		return EXIT_FAILURE;
	memcpy(announced, tests, count * sizeof(*announced));
	for (size_t i = 0; i < count; i++)
		announced[i].setup_func = unit_announce;
	unit_next = tests;
	r = _cmocka_run_group_tests("tests", announced, count, setup, teardown);
	free(announced);
	return r;
}

/* Only a test that fails takes so long, also under valgrind. */
#define UNIT_WAIT_MAX_S 120

/* Waits until there is something to read, or the end of it. */
static inline void unit_await_input(int fd, const char *what)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, UNIT_WAIT_MAX_S * 1000) != 1)
		fail_msg("waited %d s for %s", UNIT_WAIT_MAX_S, what);
}

#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
	unit_run(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif

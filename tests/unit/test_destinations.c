/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/destinations.h"
#include "unit.h"

#include <string.h>
#include <sys/socket.h>

static struct sock_record towards(uint32_t address, uint16_t port)
{
	struct sock_record r = {.family = AF_INET, .remote_port = port};

	memcpy(r.remote_address, &address, sizeof(address));
	return r;
}

static int setup(void **state)
{
	*state = test_calloc(1, sizeof(struct destinations));
	return 0;
}

static int teardown(void **state)
{
	test_free(*state);
	return 0;
}

static void test_destinations_busiest_none(void **state)
{
	struct destination busiest;

	assert_false(destinations_busiest(*state, &busiest));
}

static void test_destinations_busiest_exact_while_few(void **state)
{
	struct destination busiest;

	/* Destination N is counted N times, in turns. */
	for (uint32_t round = 1; round <= DESTINATIONS_MAX; round++)
		for (uint32_t address = round; address <= DESTINATIONS_MAX; address++) {
			struct sock_record r = towards(address, 443);

			destinations_count(*state, &r);
		}
	assert_true(destinations_busiest(*state, &busiest));
	assert_int_equal(busiest.sockets, DESTINATIONS_MAX);
	assert_memory_equal(busiest.address, &(uint32_t){DESTINATIONS_MAX}, 4);
}

static void test_destinations_busiest_reports_ports_apart(void **state)
{
	struct destination busiest;

	for (int i = 0; i < 3; i++) {
		struct sock_record r = towards(1, (uint16_t)(443 + i % 2));

		destinations_count(*state, &r);
	}
	assert_true(destinations_busiest(*state, &busiest));
	assert_int_equal(busiest.sockets, 2);
	assert_int_equal(busiest.port, 443);
}

/* One destination with 20,000 sockets among 100,000 others with one each: found, never below,
 * hardly above. */
static void test_destinations_busiest_bounded_error(void **state)
{
	const uint32_t others = 100000, wanted = 20000;
	struct destination busiest;

	for (uint32_t i = 0; i < others; i++) {
		struct sock_record other = towards(1000 + i, 80), busy = towards(7, 443);

		destinations_count(*state, &other);
		if (i % (others / wanted) == 0)
			destinations_count(*state, &busy);
	}
	assert_true(destinations_busiest(*state, &busiest));
	assert_int_equal(busiest.port, 443);
	assert_in_range(busiest.sockets, wanted, wanted + (others + wanted) / DESTINATIONS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_destinations_busiest_none, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_destinations_busiest_exact_while_few, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_destinations_busiest_reports_ports_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_destinations_busiest_bounded_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

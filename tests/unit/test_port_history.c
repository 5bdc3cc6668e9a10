/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/port_history.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Refuses memory: -Wl,--wrap=reallocarray. */
void *__real_reallocarray(void *p, size_t count, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);

static bool is_memory_short;

void *__wrap_reallocarray(void *p, size_t count, size_t size)
{
	return is_memory_short ? NULL : __real_reallocarray(p, count, size);
}

static const struct port_history_shape shape = {.numbers = 2, .polls = 3, .services_max = 4};
static const uint64_t zeros[2], unknown[2] = {UNKNOWN, UNKNOWN};

static struct service_key key(unsigned port)
{
	return (struct service_key){.side = port % 2, .port = (uint16_t)port};
}

static void start(struct port_history *h, uint64_t now_ms, bool again)
{
	assert_int_equal(port_history_start(h, &shape, now_ms, again, 0), 0);
}

static bool add(struct port_history *h, unsigned port, uint64_t first, uint64_t second)
{
	const struct service_key k = key(port);
	uint64_t *numbers = port_history_add(h, &k);

	if (!numbers)
		return false;
	numbers[0] = first;
	numbers[1] = second;
	return true;
}

static uint64_t at(const struct port_history *h, unsigned poll, unsigned port, size_t number)
{
	const struct service_key k = key(port);

	return port_history_at(h, poll, &k)[number];
}

static void test_service_keys_have_one_order(void **state)
{
	static const struct service_key sorted[] = {
		{.side = SIDE_SERVER},
		{.side = SIDE_SERVER, .port = 1},
		{.side = SIDE_SERVER, .port = 1, .device = 2},
		{.side = SIDE_SERVER, .port = 1, .address = {2, {10, 0, 0, 1}}},
		{.side = SIDE_SERVER, .port = 1, .device = 2, .address = {2, {10, 0, 0, 1}}},
		{.side = SIDE_SERVER, .port = 65535},
		{.side = SIDE_CLIENT},
		{.side = SIDE_CLIENT, .port = 80},
	};
	const int count = (int)ARRAY_SIZE(sorted);

	(void)state;
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < count; j++) {
			int order = service_key_compare(&sorted[i], &sorted[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void test_port_history_keeps_the_last_polls(void **state)
{
	struct port_history h = {0};

	(void)state;
	for (unsigned poll = 0; poll < 10; poll++) {
		start(&h, 1000 * poll, false);
		assert_true(add(&h, 80, poll, 2 * poll));
		assert_true(add(&h, 25, 7, 7));
		port_history_add(&h, NULL)[0] = 100 * poll;
		port_history_finish(&h, zeros);
		assert_in_range(h.polls, 1, 3);
	}
	for (unsigned poll = 0; poll < 3; poll++) {
		assert_int_equal(h.times_ms[poll], 1000 * (7 + poll));
		assert_int_equal(at(&h, poll, 80, 0), 7 + poll);
		assert_int_equal(at(&h, poll, 80, 1), 2 * (7 + poll));
		assert_int_equal(at(&h, poll, 25, 1), 7);
		assert_int_equal(port_history_at(&h, poll, NULL)[0], 100 * (7 + poll));
	}
	port_history_forget(&h);
	assert_int_equal(h.polls, 2);
	assert_int_equal(at(&h, 0, 80, 0), 8);
	port_history_release(&h);
	assert_int_equal(h.polls, 0);
}

static void test_port_history_again_replaces_the_last_poll(void **state)
{
	struct port_history h = {0};

	(void)state;
	start(&h, 1000, false);
	add(&h, 80, 1, 1);
	port_history_finish(&h, zeros);
	start(&h, 2000, false);
	add(&h, 80, 2, 2);
	add(&h, 25, 2, 2);
	port_history_finish(&h, zeros);
	start(&h, 3000, true);
	add(&h, 80, 3, 3);
	port_history_finish(&h, zeros);
	assert_int_equal(h.polls, 2);
	assert_int_equal(h.times_ms[1], 3000);
	assert_int_equal(at(&h, 0, 80, 0), 1);
	assert_int_equal(at(&h, 1, 80, 0), 3);
	/* The last poll did not show it. */
	assert_int_equal(at(&h, 1, 25, 0), 0);
	port_history_release(&h);
}

/* What was not added had nothing, or what it had is unknown: as the poll says. */
static void test_port_history_absent_services(void **state)
{
	struct port_history h = {0};

	(void)state;
	start(&h, 1000, false);
	add(&h, 80, 1, 1);
	port_history_finish(&h, zeros);
	start(&h, 2000, false);
	add(&h, 25, 2, 2);
	port_history_finish(&h, unknown);
	assert_int_equal(at(&h, 0, 25, 0), 0);
	assert_int_equal(at(&h, 0, 7, 0), 0);
	assert_int_equal(at(&h, 1, 80, 0), UNKNOWN);
	assert_int_equal(at(&h, 1, 80, 1), UNKNOWN);
	assert_int_equal(at(&h, 1, 7, 0), UNKNOWN);
	port_history_release(&h);
}

static void count(const struct service_key *k, const uint64_t *numbers, void *userdata)
{
	(void)k;
	(void)numbers;
	++*(unsigned *)userdata;
}

/* A service takes room until the last poll with a number of its own is forgotten. */
static void test_port_history_drops_services(void **state)
{
	struct port_history h = {0};
	unsigned services = 0;

	(void)state;
	for (unsigned poll = 0; poll < 20; poll++) {
		start(&h, 1000 * poll, false);
		assert_true(add(&h, 100 + poll, 1, 1));
		port_history_finish(&h, poll % 2 ? zeros : unknown);
	}
	port_history_foreach(&h, count, &services);
	assert_int_equal(services, 3);
	assert_int_equal(at(&h, 2, 119, 0), 1);
	assert_int_equal(at(&h, 0, 117, 0), 1);
	port_history_release(&h);
}

/* Services that found no room are unknown, also in the poll after, when they find some. */
static void test_port_history_is_bounded(void **state)
{
	struct port_history h = {0};

	(void)state;
	start(&h, 1000, false);
	for (unsigned port = 1; port <= 10; port++)
		assert_int_equal(add(&h, port, port, port), port <= 4);
	port_history_finish(&h, zeros);
	assert_int_equal(at(&h, 0, 4, 0), 4);
	assert_int_equal(at(&h, 0, 5, 0), UNKNOWN);
	/* One that has its place keeps it, whichever comes first. */
	start(&h, 2000, false);
	for (unsigned port = 10; port >= 1; port--)
		assert_int_equal(add(&h, port, port, port), port <= 4);
	port_history_finish(&h, zeros);
	for (unsigned poll = 3; poll < 7; poll++) {
		start(&h, 1000 * poll, false);
		assert_int_equal(add(&h, 5, 50, 50), poll == 6);
		port_history_finish(&h, zeros);
	}
	assert_int_equal(at(&h, 1, 5, 0), UNKNOWN);
	assert_int_equal(at(&h, 2, 5, 0), 50);
	port_history_release(&h);
}

static void test_port_history_without_memory(void **state)
{
	struct port_history h = {0};

	(void)state;
	is_memory_short = true;
	assert_int_equal(port_history_start(&h, &shape, 1, false, 0), -ENOMEM);
	assert_int_equal(h.polls, 0);
	is_memory_short = false;
	start(&h, 1000, false);
	add(&h, 80, 1, 1);
	port_history_finish(&h, zeros);
	is_memory_short = true;
	assert_int_equal(port_history_start(&h, &shape, 2000, false, 1000), -ENOMEM);
	is_memory_short = false;
	assert_int_equal(h.polls, 1);
	assert_int_equal(at(&h, 0, 80, 0), 1);
	port_history_release(&h);
}

/* Any order of ports, against a plain table. */
static void test_port_history_equals_a_plain_table(void **state)
{
	enum { PORTS = 200, POLLS = 100 };
	static const struct port_history_shape large = {1, 9, SIZE_MAX};
	static uint64_t truth[POLLS][PORTS];
	struct port_history h = {0};

	(void)state;
	srandom(1);
	for (unsigned poll = 0; poll < POLLS; poll++) {
		const unsigned first = (unsigned)random() % PORTS;

		assert_int_equal(port_history_start(&h, &large, poll, false, 0), 0);
		memset(truth[poll], 0, sizeof(truth[poll]));
		for (unsigned i = 0; i < PORTS; i++) {
			const unsigned port = (first + 7 * i) % PORTS;
			const struct service_key k = key(port);

			if (random() % 4)
				continue;
			truth[poll][port] = (uint64_t)random() % 3;
			*port_history_add(&h, &k) = truth[poll][port];
		}
		port_history_finish(&h, &(const uint64_t){0});
		for (unsigned i = 0; i < h.polls; i++)
			for (unsigned port = 0; port < PORTS; port++)
				assert_int_equal(
					at(&h, i, port, 0), truth[poll + 1 - h.polls + i][port]);
	}
	port_history_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service_keys_have_one_order),
		cmocka_unit_test(test_port_history_keeps_the_last_polls),
		cmocka_unit_test(test_port_history_again_replaces_the_last_poll),
		cmocka_unit_test(test_port_history_absent_services),
		cmocka_unit_test(test_port_history_drops_services),
		cmocka_unit_test(test_port_history_is_bounded),
		cmocka_unit_test(test_port_history_without_memory),
		cmocka_unit_test(test_port_history_equals_a_plain_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

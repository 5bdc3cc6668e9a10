/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/unknown.h"
#include "unit.h"

#include "model/changes.h"
#include "sample.h"

/* A poll with sockets on some ports; the client's port is the last. */
static void make_poll(struct sample *sample, uint32_t on_7001, uint32_t on_7002, uint32_t to_7001)
{
	sample_init(sample);
	/* In the order of a snapshot, which is not that of the numbers. */
	if (on_7002)
		sample_held(
			sample, sample_port(sample, SIDE_SERVER, 7002), STATE_CLOSE_WAIT, on_7002);
	if (on_7001)
		sample_held(
			sample, sample_port(sample, SIDE_SERVER, 7001), STATE_ESTABLISHED, on_7001);
	if (to_7001)
		sample_held(
			sample, sample_port(sample, SIDE_CLIENT, 7001), STATE_TIME_WAIT, to_7001);
}

static const struct counts *before(const struct changes *c, enum sock_side side, uint16_t port)
{
	const struct service_key key = {.side = (uint8_t)side, .port = port};

	return changes_before(c, &key);
}

static void test_changes_first_poll_knows_none(void **state)
{
	struct changes c = {0};
	struct sample sample;

	(void)state;
	assert_null(before(&c, SIDE_SERVER, 7001));
	make_poll(&sample, 1, 2, 3);
	assert_int_equal(changes_take(&c, &sample.snapshot), 0);
	assert_int_equal(c.gone_count, 0);
	assert_null(before(&c, SIDE_SERVER, 7001));
	changes_release(&c);
}

static void test_changes_reports_sides_apart(void **state)
{
	struct changes c = {0};
	struct sample first, second;

	(void)state;
	make_poll(&first, 1, 2, 3);
	make_poll(&second, 10, 20, 30);
	assert_int_equal(changes_take(&c, &first.snapshot), 0);
	assert_int_equal(changes_take(&c, &second.snapshot), 0);
	assert_int_equal(before(&c, SIDE_SERVER, 7001)->sockets, 1);
	assert_int_equal(before(&c, SIDE_SERVER, 7001)->states[STATE_ESTABLISHED], 1);
	assert_int_equal(before(&c, SIDE_SERVER, 7002)->states[STATE_CLOSE_WAIT], 2);
	assert_int_equal(before(&c, SIDE_CLIENT, 7001)->states[STATE_TIME_WAIT], 3);
	assert_int_equal(before(&c, SIDE_CLIENT, 7001)->memory_bytes, 3 * 264);
	assert_int_equal(changes_before(&c, NULL)->sockets, 6);
	/* One that was not there had none. */
	assert_int_equal(before(&c, SIDE_CLIENT, 7002)->sockets, 0);
	assert_int_equal(c.gone_count, 0);
	changes_release(&c);
}

static void test_changes_gone_ports_are_reported_once_and_most_first(void **state)
{
	struct changes c = {0};
	struct sample first, second;

	(void)state;
	make_poll(&first, 1, 2, 3);
	make_poll(&second, 0, 2, 0);
	assert_int_equal(changes_take(&c, &first.snapshot), 0);
	assert_int_equal(changes_take(&c, &second.snapshot), 0);
	assert_int_equal(c.gone_count, 2);
	assert_int_equal(c.gone[0].service.side, SIDE_CLIENT);
	assert_int_equal(c.gone[0].sockets, 3);
	assert_int_equal(c.gone[1].service.side, SIDE_SERVER);
	assert_int_equal(c.gone[1].service.port, 7001);

	assert_int_equal(changes_take(&c, &second.snapshot), 0);
	assert_int_equal(c.gone_count, 0);
	changes_release(&c);
}

/* A port without a row may have had sockets, and may have them still. */
static void test_changes_of_what_is_not_listed_are_unknown(void **state)
{
	struct changes c = {0};
	struct sample first, second;

	(void)state;
	make_poll(&first, 1, 2, 3);
	first.snapshot.omitted.ports = 1;
	make_poll(&second, 1, 2, 3);
	sample_held(&second, sample_port(&second, SIDE_SERVER, 7003), STATE_CLOSE_WAIT, 1);
	assert_int_equal(changes_take(&c, &first.snapshot), 0);
	assert_int_equal(changes_take(&c, &second.snapshot), 0);
	assert_int_equal(before(&c, SIDE_SERVER, 7003)->sockets, UNKNOWN);
	assert_int_equal(before(&c, SIDE_SERVER, 7003)->states[STATE_CLOSE_WAIT], UNKNOWN);
	assert_int_equal(before(&c, SIDE_SERVER, 7002)->sockets, 2);

	first.snapshot.ports_count = 1;
	assert_int_equal(changes_take(&c, &first.snapshot), 0);
	assert_int_equal(c.gone_count, 0);
	changes_release(&c);
}

static void test_change_of_unknown_numbers_is_unknown(void **state)
{
	struct changes c = {0};
	struct sample sample;

	(void)state;
	assert_int_equal(change_of(3, 5), -2);
	assert_int_equal(change_of(5, 3), 2);
	assert_true(change_of(UNKNOWN, 3) == UNKNOWN_I64);
	assert_true(change_of(3, UNKNOWN) == UNKNOWN_I64);

	make_poll(&sample, 1, 2, 3);
	sample.snapshot.scanned = STATE_BIT(STATE_CLOSE_WAIT);
	assert_int_equal(changes_take(&c, &sample.snapshot), 0);
	assert_int_equal(changes_take(&c, &sample.snapshot), 0);
	assert_true(before(&c, SIDE_SERVER, 7001)->states[STATE_ESTABLISHED] == UNKNOWN);
	assert_int_equal(before(&c, SIDE_SERVER, 7001)->states[STATE_CLOSE_WAIT], 0);
	changes_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_first_poll_knows_none),
		cmocka_unit_test(test_changes_reports_sides_apart),
		cmocka_unit_test(test_changes_gone_ports_are_reported_once_and_most_first),
		cmocka_unit_test(test_changes_of_what_is_not_listed_are_unknown),
		cmocka_unit_test(test_change_of_unknown_numbers_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

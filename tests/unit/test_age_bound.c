/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/age_bound.h"
#include "unit.h"

#define SECOND 1000U

/* A socket whose peer was last heard that long ago, and that retransmitted its FIN that many times.
 */
static struct sock_record record(enum tcp_state state)
{
	return (struct sock_record){
		.state = (uint8_t)state,
		.kind = KIND_FULL,
		.timer = TIMER_RETRANSMIT,
		.retransmits = 3,
		.send_queue = 1,
		.has_info = true,
		.info =
			{
				.last_data_sent_ms = 900 * SECOND,
				.last_data_recv_ms = 300 * SECOND,
				.last_ack_recv_ms = 200 * SECOND,
				.timeout_us = 1600 * SECOND,
				.backoffs = 3,
			},
	};
}

static void test_age_bound_by_state(void **state)
{
	/* 200, 400 and 800 ms have passed until the timeout was 1600. */
	static const struct {
		enum tcp_state state;
		uint32_t ms;
	} rows[] = {
		{STATE_ESTABLISHED, 0},
		{STATE_LISTEN, 0},
		{STATE_CLOSE_WAIT, 200 * SECOND},
		{STATE_CLOSING, 200 * SECOND},
		{STATE_FIN_WAIT_2, 200 * SECOND},
		{STATE_FIN_WAIT_1, 1400},
		{STATE_LAST_ACK, 1400},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct sock_record r = record(rows[i].state);

		assert_int_equal(age_bound_ms(&r), rows[i].ms);
	}
}

/* The bound is never more than what is certain. */
static void test_age_bound_unknown(void **state)
{
	struct sock_record without_info = record(STATE_CLOSE_WAIT), mini = record(STATE_FIN_WAIT_2),
			   old_kernel = record(STATE_CLOSE_WAIT);

	(void)state;
	without_info.has_info = false;
	mini.kind = KIND_MINI;
	old_kernel.info.last_ack_recv_ms = old_kernel.info.last_data_recv_ms = UNKNOWN_U32;
	assert_int_equal(age_bound_ms(&without_info), 0);
	assert_int_equal(age_bound_ms(&mini), 0);
	assert_int_equal(age_bound_ms(&old_kernel), 0);
}

/* Nothing was acknowledged since boot: the connection is no older than its last data. */
static void test_age_bound_takes_the_later_segment(void **state)
{
	struct sock_record r = record(STATE_CLOSE_WAIT);

	(void)state;
	r.info.last_ack_recv_ms = 4000000 * SECOND;
	assert_int_equal(age_bound_ms(&r), 300 * SECOND);
	r.info.last_ack_recv_ms = UNKNOWN_U32;
	assert_int_equal(age_bound_ms(&r), 300 * SECOND);
}

static uint32_t after_fin(void (*change)(struct sock_record *r))
{
	struct sock_record r = record(STATE_LAST_ACK);

	change(&r);
	return age_bound_ms(&r);
}

static void with_data(struct sock_record *r)
{
	r->send_queue = 101;
}

static void probing(struct sock_record *r)
{
	r->timer = TIMER_PROBE;
}

static void acknowledged_before(struct sock_record *r)
{
	r->retransmits = 1;
}

static void failed_at_home(struct sock_record *r)
{
	r->retransmits = 9;
}

static void at_the_bound(struct sock_record *r)
{
	r->info.timeout_us = 120 * SECOND * 1000;
	r->retransmits = r->info.backoffs = 255;
}

static void without_timeout(struct sock_record *r)
{
	r->info.timeout_us = UNKNOWN_U32;
}

static void test_age_bound_by_retransmissions(void **state)
{
	(void)state;
	assert_int_equal(after_fin(with_data), 0);
	assert_int_equal(after_fin(probing), 0);
	assert_int_equal(after_fin(without_timeout), 0);
	assert_int_equal(after_fin(acknowledged_before), 800);
	assert_int_equal(after_fin(failed_at_home), 1400);
	/* Less than the timeout that runs, however often it was sent. */
	assert_in_range(after_fin(at_the_bound), 119 * SECOND, 120 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age_bound_by_state),
		cmocka_unit_test(test_age_bound_unknown),
		cmocka_unit_test(test_age_bound_takes_the_later_segment),
		cmocka_unit_test(test_age_bound_by_retransmissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "model/sock_memory.h"
#include "unit.h"

#include <string.h>
#include <sys/socket.h>

/* Prices by which a sum shows what is in it. */
static struct prices plain_prices(void)
{
	struct prices p = {0};
	static const uint32_t bytes[OBJECT_COUNT] = {
		[OBJECT_TCP_SOCK] = 10000,
		[OBJECT_TCP6_SOCK] = 20000,
		[OBJECT_TW_SOCK] = 1,
		[OBJECT_TW6_SOCK] = 2,
		[OBJECT_REQUEST_SOCK] = 3,
		[OBJECT_REQUEST6_SOCK] = 4,
		[OBJECT_SOCK_INODE] = 100000,
		[OBJECT_FILE] = 200000,
		[OBJECT_DENTRY] = 300000,
		[OBJECT_LSM_INODE] = 400000,
		[OBJECT_LSM_FILE] = 500000,
		[OBJECT_BIND_BUCKET] = 5,
		[OBJECT_BIND2_BUCKET] = 6,
		[OBJECT_SKB] = 256,
		[OBJECT_SKB_FCLONE] = 512,
		[OBJECT_SKB_SMALL_HEAD] = 600,
	};

	OBJECT_FOREACH(o)
		p.object[o].bytes = bytes[o];
	p.object[OBJECT_SKB].object_size = 256;
	p.object[OBJECT_SKB_SMALL_HEAD].object_size = 576;
	return p;
}

#define HELD_BYTES  1500000
#define TRUESIZE    (256 + 576)
#define PAIR_BYTES  (512 + 600)
#define PLAIN_BYTES (256 + 600)
#define MIXED_BYTES ((PAIR_BYTES + PLAIN_BYTES) / 2)

static uint64_t memory(const struct sock_record *r)
{
	const struct prices p = plain_prices();

	return sock_memory(&p, r);
}

static struct sock_record orphan(enum tcp_state state)
{
	return (struct sock_record){
		.family = AF_INET,
		.state = (uint8_t)state,
		.kind = KIND_FULL,
		.ownership = OWNERSHIP_ORPHAN,
		.has_buffers = true,
		.local_address = {192, 0, 2, 1},
		.remote_address = {198, 51, 100, 1},
	};
}

static void test_sock_memory_kinds(void **state)
{
	static const struct {
		uint8_t family, kind, ownership;
		uint64_t bytes;
	} cases[] = {
		{AF_INET, KIND_MINI, OWNERSHIP_NONE, 1},
		{AF_INET6, KIND_MINI, OWNERSHIP_NONE, 2},
		{AF_INET, KIND_REQUEST, OWNERSHIP_NONE, 3},
		{AF_INET6, KIND_REQUEST, OWNERSHIP_NONE, 4},
		{AF_INET, KIND_FULL, OWNERSHIP_ORPHAN, 10000},
		{AF_INET6, KIND_FULL, OWNERSHIP_ORPHAN, 20000},
		{AF_INET, KIND_FULL, OWNERSHIP_HELD, 10000 + HELD_BYTES},
		{AF_INET6, KIND_FULL, OWNERSHIP_HELD, 20000 + HELD_BYTES},
		{AF_INET, KIND_FULL, OWNERSHIP_UNACCEPTED, 10003},
		{AF_INET6, KIND_FULL, OWNERSHIP_UNACCEPTED, 20004},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock_record r = orphan(STATE_FIN_WAIT_2);

		r.family = cases[i].family;
		r.kind = cases[i].kind;
		r.ownership = cases[i].ownership;
		assert_int_equal(memory(&r), cases[i].bytes);
	}
}

/* Every buffer of the send queue is half of a pair, for which truesize counts a plain one. */
static void test_sock_memory_send_queue(void **state)
{
	static const struct {
		enum tcp_state state;
		uint32_t queue, truesize;
		uint64_t bytes;
	} cases[] = {
		{STATE_SYN_SENT, 1, TRUESIZE, PAIR_BYTES},
		{STATE_FIN_WAIT_1, 1, TRUESIZE, PAIR_BYTES},
		{STATE_LAST_ACK, 1, TRUESIZE, PAIR_BYTES},
		{STATE_CLOSING, 1, TRUESIZE, PAIR_BYTES},
		{STATE_FIN_WAIT_1, 1001, TRUESIZE + 1000, PAIR_BYTES + 1000},
		{STATE_FIN_WAIT_1, 65001, 6 * TRUESIZE + 65000, 6 * PAIR_BYTES + 65000},
		{STATE_ESTABLISHED, 1000, TRUESIZE + 1000, PAIR_BYTES + 1000},
		{STATE_CLOSE_WAIT, 1000, TRUESIZE + 1000, PAIR_BYTES + 1000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock_record r = orphan(cases[i].state);

		r.send_queue = cases[i].queue;
		r.buffers.send = cases[i].truesize;
		assert_int_equal(memory(&r), 10000 + cases[i].bytes);
	}
}

static void test_sock_memory_receive_queue(void **state)
{
	static const struct {
		enum tcp_state state;
		uint32_t queue, truesize;
		uint64_t bytes;
	} cases[] = {
		{STATE_CLOSE_WAIT, 0, 0, 0},
		{STATE_CLOSE_WAIT, 1, TRUESIZE, MIXED_BYTES},
		{STATE_CLOSING, 1, TRUESIZE, MIXED_BYTES},
		{STATE_CLOSE_WAIT, 4001, TRUESIZE + 4000, MIXED_BYTES + 4000},
		{STATE_ESTABLISHED, 4000, TRUESIZE + 4000, MIXED_BYTES + 4000},
		{STATE_ESTABLISHED, 65000, 2 * TRUESIZE + 65000, 2 * MIXED_BYTES + 65000},
		/* Slack of a network card's buffer is memory, but no further buffer. */
		{STATE_CLOSE_WAIT, 1, 2304, MIXED_BYTES + 2304 - TRUESIZE},
		{STATE_ESTABLISHED, 1448, 4 * TRUESIZE, MIXED_BYTES + 3 * TRUESIZE},
		/* Less than one buffer: what there is counts as it is. */
		{STATE_ESTABLISHED, 5000, 4096, 4096},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock_record r = orphan(cases[i].state);

		r.receive_queue = cases[i].queue;
		r.buffers.receive = cases[i].truesize;
		assert_int_equal(memory(&r), 10000 + cases[i].bytes);
	}
}

/* From a peer on the same host, a received buffer is one of a pair. */
static void test_sock_memory_same_host(void **state)
{
	static const struct {
		uint8_t family, local[16], remote[16];
		uint64_t bytes;
	} cases[] = {
		{AF_INET, {127, 0, 0, 1}, {127, 0, 0, 2}, PAIR_BYTES},
		{AF_INET, {192, 0, 2, 1}, {192, 0, 2, 1}, PAIR_BYTES},
		{AF_INET, {127, 0, 0, 1}, {192, 0, 2, 1}, MIXED_BYTES},
		{AF_INET, {192, 0, 2, 1}, {192, 0, 2, 2}, MIXED_BYTES},
		{AF_INET6, {[15] = 1}, {[15] = 1}, PAIR_BYTES},
		{AF_INET6, {[10] = 255, 255, 127, 0, 0, 1}, {[10] = 255, 255, 127, 0, 0, 2},
			PAIR_BYTES},
		{AF_INET6, {[10] = 255, 255, 127, 0, 0, 1}, {[10] = 255, 255, 192, 0, 2, 1},
			MIXED_BYTES},
		{AF_INET6, {[12] = 127, 0, 0, 1}, {[12] = 127, 0, 0, 2}, MIXED_BYTES},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock_record r = orphan(STATE_CLOSE_WAIT);
		const uint64_t sock = cases[i].family == AF_INET ? 10000 : 20000;

		r.family = cases[i].family;
		r.receive_queue = 1;
		r.buffers.receive = TRUESIZE;
		memcpy(r.local_address, cases[i].local, sizeof(r.local_address));
		memcpy(r.remote_address, cases[i].remote, sizeof(r.remote_address));
		assert_int_equal(memory(&r), sock + cases[i].bytes);
	}
}

/* /proc/net/tcp has queues, but not the memory of their buffers. */
static void test_sock_memory_without_truesize(void **state)
{
	static const struct {
		enum tcp_state state;
		enum sock_ownership ownership;
		uint32_t receive, send;
		uint64_t bytes;
	} cases[] = {
		{STATE_ESTABLISHED, OWNERSHIP_HELD, 0, 0, HELD_BYTES},
		{STATE_CLOSE_WAIT, OWNERSHIP_HELD, 1, 0, HELD_BYTES + MIXED_BYTES},
		{STATE_CLOSE_WAIT, OWNERSHIP_HELD, 4001, 0, HELD_BYTES + MIXED_BYTES + 4000},
		{STATE_ESTABLISHED, OWNERSHIP_HELD, 65000, 0, HELD_BYTES + 2 * MIXED_BYTES + 65000},
		{STATE_FIN_WAIT_1, OWNERSHIP_ORPHAN, 0, 1, PAIR_BYTES},
		{STATE_FIN_WAIT_1, OWNERSHIP_ORPHAN, 0, 1001, PAIR_BYTES + 1000},
		/* The FIN that was not read is still counted, but close() freed it. */
		{STATE_LAST_ACK, OWNERSHIP_ORPHAN, 1, 1, PAIR_BYTES},
		{STATE_CLOSING, OWNERSHIP_ORPHAN, 1, 1, MIXED_BYTES + PAIR_BYTES},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock_record r = orphan(cases[i].state);

		r.has_buffers = false;
		r.ownership = (uint8_t)cases[i].ownership;
		r.receive_queue = cases[i].receive;
		r.send_queue = cases[i].send;
		assert_int_equal(memory(&r), 10000 + cases[i].bytes);
	}
}

static void test_sock_memory_listener_queues_are_no_bytes(void **state)
{
	struct sock_record r = orphan(STATE_LISTEN);

	(void)state;
	r.ownership = OWNERSHIP_HELD;
	r.receive_queue = 4096;
	r.send_queue = 4096;
	assert_int_equal(memory(&r), 10000 + HELD_BYTES);
	r.has_buffers = false;
	assert_int_equal(memory(&r), 10000 + HELD_BYTES);
}

static void test_sock_memory_option_and_backlog(void **state)
{
	struct sock_record r = orphan(STATE_ESTABLISHED);

	(void)state;
	r.buffers.option = 136;
	r.buffers.backlog = 832;
	assert_int_equal(memory(&r), 10000 + 136 + 832);
}

static void test_sock_memory_largest_numbers(void **state)
{
	struct sock_record r = orphan(STATE_ESTABLISHED);

	(void)state;
	r.receive_queue = r.send_queue = UINT32_MAX;
	r.buffers = (struct sock_buffers){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	assert_int_equal(memory(&r), 10000 + 4 * (uint64_t)UINT32_MAX);
	r.has_buffers = false;
	r.ownership = OWNERSHIP_HELD;
	r.buffers = (struct sock_buffers){0};
	assert_true(memory(&r) > 2 * (uint64_t)UINT32_MAX);
}

static void test_sock_memory_without_prices(void **state)
{
	const struct prices none = {0};
	struct sock_record r = orphan(STATE_CLOSE_WAIT);

	(void)state;
	r.receive_queue = 1;
	r.buffers.receive = 832;
	assert_int_equal(sock_memory(&none, &r), 832);
	assert_int_equal(port_memory(&none), 0);
}

static void test_port_memory(void **state)
{
	const struct prices p = plain_prices();

	(void)state;
	assert_int_equal(port_memory(&p), 11);
}

/* What slabinfo showed on Linux 6.18 for thousands of sockets of each kind, over veth. */
static void test_sock_memory_within_5_percent_of_measured(void **state)
{
	static const uint32_t bytes[OBJECT_COUNT] = {
		2530, 2530, 264, 264, 349, 349, 872, 204, 204, 32, 24, 136, 136, 256, 512, 585};
	static const struct {
		enum tcp_state state;
		enum sock_kind kind;
		enum sock_ownership ownership;
		uint32_t receive_queue, send_queue;
		struct sock_buffers buffers;
		double measured;
	} cases[] = {
		{STATE_TIME_WAIT, KIND_MINI, OWNERSHIP_NONE, 0, 0, {0}, 264},
		{STATE_SYN_RECV, KIND_REQUEST, OWNERSHIP_NONE, 0, 0, {0}, 355},
		{STATE_FIN_WAIT_2, KIND_FULL, OWNERSHIP_HELD, 0, 0, {0}, 3867},
		{STATE_FIN_WAIT_2, KIND_FULL, OWNERSHIP_ORPHAN, 0, 0, {0}, 2533},
		{STATE_FIN_WAIT_1, KIND_FULL, OWNERSHIP_ORPHAN, 0, 1, {.send = 832}, 3629},
		{STATE_FIN_WAIT_1, KIND_FULL, OWNERSHIP_HELD, 0, 1, {.send = 832}, 4961},
		{STATE_CLOSE_WAIT, KIND_FULL, OWNERSHIP_HELD, 1, 0, {.receive = 832}, 4964},
		{STATE_CLOSE_WAIT, KIND_FULL, OWNERSHIP_HELD, 4001, 0, {.receive = 4832}, 8972},
		{STATE_CLOSE_WAIT, KIND_FULL, OWNERSHIP_UNACCEPTED, 1, 0, {.receive = 832}, 3980},
		{STATE_LAST_ACK, KIND_FULL, OWNERSHIP_ORPHAN, 1, 1, {.send = 832}, 3629},
		{STATE_CLOSING, KIND_FULL, OWNERSHIP_ORPHAN, 1, 1, {832, 832, 0, 0}, 4729},
	};
	struct prices p = plain_prices();

	(void)state;
	OBJECT_FOREACH(o)
		p.object[o].bytes = bytes[o];
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock_record r = orphan(cases[i].state);

		r.kind = (uint8_t)cases[i].kind;
		r.ownership = (uint8_t)cases[i].ownership;
		r.receive_queue = cases[i].receive_queue;
		r.send_queue = cases[i].send_queue;
		r.buffers = cases[i].buffers;
		assert_in_range(sock_memory(&p, &r) * 100, (uint64_t)(cases[i].measured * 95),
			(uint64_t)(cases[i].measured * 105));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sock_memory_kinds),
		cmocka_unit_test(test_sock_memory_send_queue),
		cmocka_unit_test(test_sock_memory_receive_queue),
		cmocka_unit_test(test_sock_memory_same_host),
		cmocka_unit_test(test_sock_memory_without_truesize),
		cmocka_unit_test(test_sock_memory_listener_queues_are_no_bytes),
		cmocka_unit_test(test_sock_memory_option_and_backlog),
		cmocka_unit_test(test_sock_memory_largest_numbers),
		cmocka_unit_test(test_sock_memory_without_prices),
		cmocka_unit_test(test_port_memory),
		cmocka_unit_test(test_sock_memory_within_5_percent_of_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

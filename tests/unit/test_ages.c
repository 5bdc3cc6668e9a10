/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/unknown.h"
#include "model/ages.h"
#include "model/tally.h"
#include "unit.h"

#include <stdlib.h>

/* A slot of the table; nothing else has this size. */
#define SLOT_SIZE 12

/* Follows the table's memory, and refuses it: -Wl,--wrap=calloc. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static size_t table_bytes;
static bool is_memory_short;

void *__wrap_calloc(size_t count, size_t size)
{
	if (size != SLOT_SIZE)
		return __real_calloc(count, size);
	if (is_memory_short)
		return NULL;
	table_bytes = count * size;
	return __real_calloc(count, size);
}

static struct sock_record closing(uint64_t cookie, enum tcp_state state)
{
	return (struct sock_record){
		.state = (uint8_t)state,
		.kind = KIND_FULL,
		.ownership = OWNERSHIP_HELD,
		.cookie = cookie,
	};
}

static uint32_t observe(struct ages *a, uint64_t cookie, enum tcp_state state)
{
	const struct sock_record r = closing(cookie, state);

	return ages_observe(a, &r, 7);
}

static int setup(void **state)
{
	struct ages *a;

	assert_int_equal(ages_new(AGES_TRACKED_DEFAULT, &a), 0);
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	ages_free(*state);
	return 0;
}

static void test_ages_observe_counts_from_the_first_observation(void **state)
{
	struct ages *a = *state;

	ages_start(a, 10000);
	assert_int_equal(observe(a, 1, STATE_CLOSE_WAIT), 0);
	ages_finish(a, true);
	ages_start(a, 10000 + 61440);
	assert_int_equal(observe(a, 1, STATE_CLOSE_WAIT), 61440);
	assert_int_equal(observe(a, 2, STATE_CLOSE_WAIT), 0);
	ages_finish(a, true);
	assert_int_equal(ages_tracked(a), 2);
}

static void test_ages_observe_starts_again_with_another_state(void **state)
{
	struct ages *a = *state;

	ages_start(a, 0);
	observe(a, 1, STATE_FIN_WAIT_1);
	ages_finish(a, true);
	ages_start(a, 5120);
	assert_int_equal(observe(a, 1, STATE_FIN_WAIT_2), 0);
	ages_finish(a, true);
	ages_start(a, 10240);
	assert_int_equal(observe(a, 1, STATE_FIN_WAIT_2), 5120);
}

static void test_ages_observe_tracks_full_closing_sockets_only(void **state)
{
	struct ages *a = *state;
	struct sock_record mini = closing(1, STATE_FIN_WAIT_2);

	mini.kind = KIND_MINI;
	ages_start(a, 0);
	assert_int_equal(ages_observe(a, &mini, 0), UNKNOWN_U32);
	assert_int_equal(observe(a, 2, STATE_ESTABLISHED), UNKNOWN_U32);
	assert_int_equal(observe(a, 0, STATE_CLOSE_WAIT), UNKNOWN_U32);
	ages_finish(a, true);
	assert_int_equal(ages_tracked(a), 0);
}

/* A dump may miss a socket; only when two do, it is gone. */
static void test_ages_finish_forgets_what_two_scans_did_not_show(void **state)
{
	struct ages *a = *state;

	ages_start(a, 0);
	observe(a, 1, STATE_CLOSE_WAIT);
	observe(a, 2, STATE_CLOSE_WAIT);
	ages_finish(a, true);
	ages_start(a, 5120);
	ages_finish(a, true);
	ages_start(a, 10240);
	assert_int_equal(observe(a, 1, STATE_CLOSE_WAIT), 10240);
	ages_finish(a, true);
	assert_int_equal(ages_tracked(a), 1);
}

static void test_ages_finish_of_an_incomplete_scan_forgets_nothing(void **state)
{
	struct ages *a = *state;

	ages_start(a, 0);
	observe(a, 1, STATE_CLOSE_WAIT);
	ages_finish(a, true);
	for (unsigned i = 1; i <= 9; i++) {
		ages_start(a, i * 5120);
		ages_finish(a, false);
	}
	ages_start(a, 51200);
	assert_int_equal(observe(a, 1, STATE_CLOSE_WAIT), 51200);
}

struct seen {
	unsigned count;
	struct age last;
};

static void take_age(const struct age *age, void *userdata)
{
	struct seen *seen = userdata;

	seen->count++;
	seen->last = *age;
}

static void test_ages_foreach_shows_what_the_last_scan_showed(void **state)
{
	struct ages *a = *state;
	struct sock_record r = closing(UINT64_C(0xabcdef123456), STATE_LAST_ACK);
	struct seen seen = {0};

	r.ownership = OWNERSHIP_ORPHAN;
	ages_start(a, 0);
	ages_observe(a, &r, 65536);
	observe(a, 9, STATE_CLOSE_WAIT);
	ages_finish(a, true);
	ages_start(a, 2560);
	ages_observe(a, &r, 131071);
	ages_finish(a, true);
	ages_foreach(a, take_age, &seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.cookie, UINT64_C(0xabcdef123456));
	assert_int_equal(seen.last.age_ms, 2560);
	assert_int_equal(seen.last.row, 131071);
	assert_int_equal(seen.last.state, STATE_LAST_ACK);
	assert_int_equal(seen.last.ownership, OWNERSHIP_ORPHAN);
}

static struct sock_record seen_at_first(uint64_t cookie, enum tcp_state state, uint32_t idle_ms)
{
	struct sock_record r = closing(cookie, state);

	r.has_info = true;
	r.info = (struct sock_info){.last_ack_recv_ms = idle_ms, .last_data_recv_ms = idle_ms};
	return r;
}

static void test_ages_observe_uses_the_bound_of_the_kernel(void **state)
{
	struct ages *a = *state;
	struct sock_record r = seen_at_first(1, STATE_CLOSE_WAIT, 600000);

	ages_start(a, 5120);
	assert_true(ages_want_info(a));
	assert_int_equal(ages_observe(a, &r, 0), 600000 / AGES_UNIT_MS * AGES_UNIT_MS);
	/* No older than an age can be. */
	r = seen_at_first(2, STATE_CLOSE_WAIT, UINT32_MAX - 1);
	assert_in_range(ages_observe(a, &r, 0), 47U * 24 * 3600 * 1000, 49U * 24 * 3600 * 1000);
	ages_finish(a, true);
	assert_false(ages_want_info(a));
	ages_start(a, 5120 + 2560);
	assert_int_equal(
		observe(a, 1, STATE_CLOSE_WAIT), 600000 / AGES_UNIT_MS * AGES_UNIT_MS + 2560);
	/* Once it is known, it is known better than that: an acknowledgement may have come since.
	 */
	r = seen_at_first(1, STATE_CLOSE_WAIT, 10);
	assert_int_equal(ages_observe(a, &r, 0), 600000 / AGES_UNIT_MS * AGES_UNIT_MS + 2560);
}

static void test_ages_want_info_until_a_scan_was_complete(void **state)
{
	struct ages *a = *state;

	assert_true(ages_want_info(a));
	ages_start(a, 1000);
	ages_finish(a, false);
	assert_true(ages_want_info(a));
	ages_start(a, 6000);
	ages_finish(a, true);
	assert_false(ages_want_info(a));
	assert_int_equal(ages_watched_ms(a), 0);
	ages_start(a, 96000);
	ages_finish(a, true);
	assert_int_equal(ages_watched_ms(a), 90000);
}

/* A finer sample shows sockets that may have been there for long. */
static void test_ages_want_info_after_a_flood(void **state)
{
	struct ages *a = *state;

	ages_set_max(a, 10000);
	for (unsigned scan = 0; scan < 2; scan++) {
		ages_start(a, scan * 5120);
		for (uint64_t cookie = 1; cookie <= 30000; cookie++)
			observe(a, cookie, STATE_CLOSE_WAIT);
		ages_finish(a, true);
	}
	assert_false(ages_want_info(a));
	for (unsigned scan = 2; scan < 5 && !ages_want_info(a); scan++) {
		ages_start(a, scan * 5120);
		ages_finish(a, true);
	}
	assert_true(ages_want_info(a));
	assert_int_equal(ages_watched_ms(a), 0);
}

/* Weeks after weeks, with a clock that passed the end of its 24 bits. */
static void test_ages_observe_ends_at_48_days(void **state)
{
	struct ages *a = *state;
	const uint64_t day_ms = 24 * 3600 * 1000;
	uint32_t age = 0, before = 0;

	for (unsigned day = 0; day < 120; day++) {
		ages_start(a, 40 * day_ms + day * day_ms);
		age = observe(a, 1, STATE_CLOSE_WAIT);
		assert_true(age >= before);
		before = age;
		ages_finish(a, true);
	}
	assert_true(age > 47 * day_ms && age < 49 * day_ms);
}

static void test_ages_bytes_stay_below_16_a_socket(void **state)
{
	struct ages *a = *state;

	ages_start(a, 0);
	for (uint64_t cookie = 1; cookie <= 262144; cookie++) {
		observe(a, cookie * 4099, STATE_CLOSE_WAIT);
		if (cookie >= 4096)
			assert_true(table_bytes <= 16 * cookie);
	}
	assert_int_equal(table_bytes % SLOT_SIZE, 0);
	assert_int_equal(ages_tracked(a), 262144);
	assert_int_equal(ages_weight(a), 1);
}

static void test_ages_sample_beyond_the_bound(void **state)
{
	struct ages *a = *state;
	struct seen seen = {0};
	const unsigned sockets = 1000000;

	for (unsigned scan = 0; scan < 2; scan++) {
		ages_start(a, scan * 5120);
		for (uint64_t cookie = 1; cookie <= sockets; cookie++)
			observe(a, cookie, STATE_CLOSE_WAIT);
		ages_finish(a, true);
	}
	assert_true(ages_tracked(a) <= AGES_TRACKED_DEFAULT);
	assert_true(ages_weight(a) > 1);
	assert_true(table_bytes <= 16 * AGES_TRACKED_DEFAULT);
	ages_foreach(a, take_age, &seen);
	assert_int_equal(seen.last.age_ms, 5120);
	/* Each stands for as many: the sum is right within some percent. */
	assert_in_range(seen.count * ages_weight(a), sockets / 100 * 97, sockets / 100 * 103);
}

/* A sample that found no memory is not taken: what is tracked stands for what it stood for. */
static void test_ages_sample_needs_memory(void **state)
{
	struct ages *a = *state;

	ages_set_max(a, 1000);
	ages_start(a, 0);
	for (uint64_t cookie = 1; cookie <= 1000; cookie++)
		observe(a, cookie, STATE_CLOSE_WAIT);
	is_memory_short = true;
	for (uint64_t cookie = 1001; cookie <= 1100; cookie++)
		assert_int_equal(observe(a, cookie, STATE_CLOSE_WAIT), UNKNOWN_U32);
	is_memory_short = false;
	assert_int_equal(ages_weight(a), 1);
	assert_int_equal(ages_tracked(a), 1000);
	assert_int_equal(observe(a, 7, STATE_CLOSE_WAIT), 0);
	ages_finish(a, true);
	ages_start(a, 2560);
	for (uint64_t cookie = 1; cookie <= 1100; cookie++)
		observe(a, cookie, STATE_CLOSE_WAIT);
	assert_int_equal(ages_weight(a), 2);
	assert_in_range(ages_tracked(a), 500, 600);
}

/* A lower bound holds with the next socket, not some halvings later. */
static void test_ages_set_max_applies_with_the_next_socket(void **state)
{
	struct ages *a = *state;

	ages_start(a, 0);
	for (uint64_t cookie = 1; cookie <= 8000; cookie++)
		observe(a, cookie, STATE_CLOSE_WAIT);
	ages_set_max(a, 100);
	for (uint64_t cookie = 8001; cookie <= 8200; cookie++)
		observe(a, cookie, STATE_CLOSE_WAIT);
	assert_in_range(ages_tracked(a), 1, 100);
}

static void test_ages_give_memory_back_after_a_flood(void **state)
{
	struct ages *a = *state;
	size_t flood;

	ages_start(a, 0);
	for (uint64_t cookie = 1; cookie <= 200000; cookie++)
		observe(a, cookie, STATE_CLOSE_WAIT);
	ages_finish(a, true);
	flood = table_bytes;
	for (unsigned scan = 1; scan <= 3; scan++) {
		ages_start(a, scan * 5120);
		observe(a, 77, STATE_CLOSE_WAIT);
		ages_finish(a, true);
	}
	assert_int_equal(ages_tracked(a), 1);
	assert_true(table_bytes < flood / 10);
	ages_start(a, 20480);
	assert_int_equal(observe(a, 77, STATE_CLOSE_WAIT), 20480);
}

static void test_ages_restore_continues(void **state)
{
	struct ages *a = *state;
	struct seen seen = {0};

	ages_restore(a, 5, STATE_CLOSE_WAIT, 102400, 512000);
	ages_restore(a, 6, STATE_CLOSE_WAIT, 102400, 512000);
	ages_restore(a, 0, STATE_CLOSE_WAIT, 1, 512000);
	ages_restore(a, 7, STATE_ESTABLISHED, 1, 512000);
	/* No socket exists before a scan shows it. */
	ages_foreach(a, take_age, &seen);
	assert_int_equal(seen.count, 0);
	ages_start(a, 512000 + 25600);
	assert_int_equal(observe(a, 5, STATE_CLOSE_WAIT), 128000);
	/* It has changed its state meanwhile. */
	assert_int_equal(observe(a, 6, STATE_LAST_ACK), 0);
	ages_finish(a, true);
	assert_int_equal(ages_tracked(a), 2);
}

/* Sockets come and go at random; a plain list has the expected ages. */
static void test_ages_equal_a_plain_list(void **state)
{
	enum { COOKIES = 6000 };
	struct ages *a = *state;
	static uint32_t since[COOKIES];
	static bool there[COOKIES], was_there[COOKIES];

	srandom(1);
	for (unsigned scan = 1; scan <= 60; scan++) {
		ages_start(a, scan * 2560);
		for (unsigned i = 1; i < COOKIES; i++) {
			was_there[i] = there[i];
			/* Cookies are not used again. */
			if (!since[i] && random() % 8 == 0) {
				since[i] = scan;
				there[i] = true;
			} else if (there[i] && random() % 16 == 0) {
				there[i] = false;
			}
			if (there[i])
				assert_int_equal(
					observe(a, i, STATE_CLOSE_WAIT), (scan - since[i]) * 2560);
		}
		ages_finish(a, true);
		unsigned known = 0;
		for (unsigned i = 1; i < COOKIES; i++)
			known += there[i] || was_there[i];
		assert_int_equal(ages_tracked(a), known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_ages_observe_counts_from_the_first_observation),
		TEST(test_ages_observe_starts_again_with_another_state),
		TEST(test_ages_observe_tracks_full_closing_sockets_only),
		TEST(test_ages_finish_forgets_what_two_scans_did_not_show),
		TEST(test_ages_finish_of_an_incomplete_scan_forgets_nothing),
		TEST(test_ages_foreach_shows_what_the_last_scan_showed),
		TEST(test_ages_observe_uses_the_bound_of_the_kernel),
		TEST(test_ages_want_info_until_a_scan_was_complete),
		TEST(test_ages_want_info_after_a_flood),
		TEST(test_ages_observe_ends_at_48_days),
		TEST(test_ages_bytes_stay_below_16_a_socket),
		TEST(test_ages_sample_beyond_the_bound),
		TEST(test_ages_sample_needs_memory),
		TEST(test_ages_set_max_applies_with_the_next_socket),
		TEST(test_ages_give_memory_back_after_a_flood),
		TEST(test_ages_restore_continues),
		TEST(test_ages_equal_a_plain_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/file.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "daemon/state_ages.h"
#include "unit.h"

#include "folder.h"

#include <errno.h>

#define BOOT_ID "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b11"
#define NOW_MS  5000000

/* The header, and where its parts are. */
#define HEADER_SIZE 328
#define RECORD_SIZE 12
#define ORDER_AT    8
#define VERSION_AT  12
#define SAVED_MS_AT 16
#define COUNT_AT    24
#define BOOT_ID_AT  32
#define NETNS_AT    72
#define STATE_AT    (HEADER_SIZE + 6)
#define COOKIE_AT   HEADER_SIZE

static const struct state_identity identity = {BOOT_ID, "host"};

/* A table of ages as two scans left it: what the second one showed is a million ms old. */
static struct ages *ages_with(const uint64_t *cookies, size_t count)
{
	struct ages *a = NULL;

	assert_int_equal(ages_new(1000, &a), 0);
	for (uint64_t now_ms = NOW_MS - 1000000; now_ms <= NOW_MS; now_ms += 1000000) {
		ages_start(a, now_ms);
		for (size_t i = 0; i < count; i++) {
			const struct sock_record r = {
				.state = STATE_CLOSE_WAIT, .kind = KIND_FULL, .cookie = cookies[i]};

			(void)ages_observe(a, &r, 0);
		}
		ages_finish(a, true);
	}
	return a;
}

static uint32_t age_of(struct ages *a, uint64_t cookie, enum tcp_state state, uint64_t now_ms)
{
	const struct sock_record r = {.state = (uint8_t)state, .kind = KIND_FULL, .cookie = cookie};

	ages_start(a, now_ms);
	return ages_observe(a, &r, 0);
}

struct fixture {
	int dir_fd;
	char reason[256];
	struct ages *back;
};

static void start(struct fixture *f, const struct folder *folder)
{
	memset(f, 0, sizeof(*f));
	f->dir_fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir_fd >= 0);
	assert_int_equal(ages_new(1000, &f->back), 0);
}

static void end(struct fixture *f)
{
	ages_free(f->back);
	close(f->dir_fd);
}

static int load(struct fixture *f, const struct state_identity *whose, uint64_t now_ms)
{
	struct string reason = STRING_IN(f->reason);

	return state_ages_load(f->dir_fd, whose, now_ms, f->back, &reason);
}

static void test_state_ages_load_reads_back_what_was_saved(void **state)
{
	static const uint64_t cookies[] = {1, 0x123456789a, UINT64_C(0xffffffffffff)};
	cleanup_(ages_freep) struct ages *a = ages_with(cookies, ARRAY_SIZE(cookies));
	struct fixture f;

	start(&f, *state);
	assert_int_equal(state_ages_save(f.dir_fd, &identity, NOW_MS, a), 0);
	assert_int_equal(mode_of(in_folder(*state, STATE_AGES_NAME)), 0600);
	assert_int_equal(load(&f, &identity, NOW_MS + 1216), 0);
	assert_string_equal(f.reason, "");
	assert_int_equal(ages_tracked(f.back), ARRAY_SIZE(cookies));
	for (size_t i = 0; i < ARRAY_SIZE(cookies); i++)
		assert_in_range(age_of(f.back, cookies[i], STATE_CLOSE_WAIT, NOW_MS + 1216),
			1000000, 1001728);
	/* Another state is a new age. */
	assert_true(age_of(f.back, 1, STATE_LAST_ACK, NOW_MS + 1216) < 1000);
	end(&f);
}

/* What the last scan did not show may be gone. */
static void test_state_ages_save_leaves_out_what_is_absent(void **state)
{
	static const uint64_t cookies[] = {1, 2};
	cleanup_(ages_freep) struct ages *a = ages_with(cookies, ARRAY_SIZE(cookies));
	struct fixture f;

	start(&f, *state);
	(void)age_of(a, 2, STATE_CLOSE_WAIT, NOW_MS + 1000);
	ages_finish(a, true);
	assert_int_equal(ages_tracked(a), 2);
	assert_int_equal(state_ages_save(f.dir_fd, &identity, NOW_MS + 1000, a), 0);
	assert_int_equal(load(&f, &identity, NOW_MS + 1000), 0);
	assert_int_equal(ages_tracked(f.back), 1);
	end(&f);
}

static void test_state_ages_load_ignores_what_is_of_elsewhere(void **state)
{
	static const struct state_identity others[] = {
		{"another", "host"}, {BOOT_ID, "blue"}, {"", "host"}, {BOOT_ID, "unknown"}};
	static const char *const words[] = {"booted", "namespace", "cannot be read", "read"};
	static const uint64_t cookies[] = {1};
	cleanup_(ages_freep) struct ages *a = ages_with(cookies, ARRAY_SIZE(cookies));
	struct fixture f;

	start(&f, *state);
	assert_int_equal(load(&f, &identity, NOW_MS), 1);
	assert_string_equal(f.reason, "");
	assert_int_equal(state_ages_save(f.dir_fd, &identity, NOW_MS, a), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_int_equal(load(&f, &others[i], NOW_MS), -ESTALE);
		assert_non_null(strstr(f.reason, words[i]));
	}
	assert_int_equal(mkfifoat(f.dir_fd, "fifo", 0600), 0);
	assert_int_equal(renameat(f.dir_fd, "fifo", f.dir_fd, STATE_AGES_NAME), 0);
	assert_int_equal(load(&f, &identity, NOW_MS), -EBADMSG);
	assert_int_equal(ages_tracked(f.back), 0);
	end(&f);
}

struct bytes {
	char data[HEADER_SIZE + 3 * RECORD_SIZE];
	size_t size;
};

static void saved_bytes(void **state, struct bytes *ret)
{
	static const uint64_t cookies[] = {1, 2};
	cleanup_(ages_freep) struct ages *a = ages_with(cookies, ARRAY_SIZE(cookies));
	cleanup_(freep) char *text = NULL;
	struct fixture f;

	start(&f, *state);
	assert_int_equal(state_ages_save(f.dir_fd, &identity, NOW_MS, a), 0);
	assert_int_equal(file_read(in_folder(*state, STATE_AGES_NAME), 4096, &text, &ret->size), 0);
	assert_int_equal(ret->size, HEADER_SIZE + 2 * RECORD_SIZE);
	memcpy(ret->data, text, ret->size);
	end(&f);
}

/* Nothing of a file that is not valid throughout is taken in. */
static void test_state_ages_read_refuses_what_is_not_valid(void **state)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t count;
		int error;
	} changes[] = {
		{0, "x", 1, -EPROTONOSUPPORT},
		{ORDER_AT, "\1\2\3\4", 4, -EPROTONOSUPPORT}, /* of the other byte order */
		{VERSION_AT, "\2", 1, -EPROTONOSUPPORT},
		{SAVED_MS_AT + 7, "\1", 1, -EBADMSG}, /* in the future */
		{COUNT_AT, "\1\0\0\0", 4, -EBADMSG},
		{COUNT_AT, "\3\0\0\0", 4, -EBADMSG},
		{COUNT_AT, "\377\377\377\377", 4, -EBADMSG},
		{BOOT_ID_AT, "x", 1, -ESTALE},
		{BOOT_ID_AT + 39, "x", 1, -EBADMSG}, /* no end */
		{NETNS_AT, "x", 1, -ESTALE},
		{NETNS_AT + 255, "x", 1, -EBADMSG},
		{STATE_AT, "\0", 1, -EBADMSG}, /* ESTABLISHED */
		{STATE_AT, "\377", 1, -EBADMSG},
		{STATE_AT + RECORD_SIZE + 1, "\1", 1, -EBADMSG},
		{COOKIE_AT, "\0\0\0\0\0\0", 6, -EBADMSG},
		{COOKIE_AT + RECORD_SIZE, "\0\0\0\0\0\0", 6, -EBADMSG},
	};
	cleanup_(ages_freep) struct ages *a = NULL;
	struct bytes good, bad;
	char text[256];

	assert_int_equal(ages_new(1000, &a), 0);
	saved_bytes(state, &good);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct string reason = STRING_IN(text);
		int r;

		bad = good;
		memcpy(bad.data + changes[i].at, changes[i].bytes, changes[i].count);
		r = state_ages_read(bad.data, bad.size, &identity, NOW_MS, a, &reason);
		if (r != changes[i].error || !reason.length || ages_tracked(a))
			fail_msg("change %zu: %d (%s)", i, r, text);
	}
	for (size_t size = 0; size <= good.size + 1; size++) {
		struct string reason = STRING_IN(text);

		if (size != good.size)
			assert_true(state_ages_read(
					    good.data, size, &identity, NOW_MS, a, &reason) < 0);
	}
	assert_int_equal(ages_tracked(a), 0);
}

static void test_state_ages_save_leaves_the_old_file_when_it_fails(void **state)
{
	static const uint64_t cookies[] = {1};
	cleanup_(ages_freep) struct ages *a = ages_with(cookies, ARRAY_SIZE(cookies));
	struct fixture f;

	start(&f, *state);
	assert_int_equal(state_ages_save(f.dir_fd, &identity, NOW_MS, a), 0);
	assert_int_equal(mkdirat(f.dir_fd, STATE_AGES_NAME ".new", 0700), 0);
	assert_true(state_ages_save(f.dir_fd, &identity, NOW_MS, a) < 0);
	assert_int_equal(load(&f, &identity, NOW_MS), 0);
	assert_int_equal(ages_tracked(f.back), 1);
	end(&f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_state_ages_load_reads_back_what_was_saved),
		CASE(test_state_ages_save_leaves_out_what_is_absent),
		CASE(test_state_ages_load_ignores_what_is_of_elsewhere),
		CASE(test_state_ages_read_refuses_what_is_not_valid),
		CASE(test_state_ages_save_leaves_the_old_file_when_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

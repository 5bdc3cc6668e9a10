/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "fake_files.h"
#include "kernel/owners/users.h"
#include "unit.h"

/* The C library's, of a machine of the test's own: -Wl,--wrap=getpwuid_r. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>

static unsigned lookups;
static char long_name[USER_NAME_MAX + 1], longest_name[USER_NAME_MAX];

/* Users whose names take most room in an attachment. */
#define WITH_LONGEST_NAMES 100000

int __wrap_getpwuid_r(
	uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **ret);

int __wrap_getpwuid_r(
	uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **ret)
{
	static char anna[] = "anna", strange[] = "a b\n-", empty[] = "";

	(void)buffer;
	lookups++;
	*ret = entry;
	switch (uid) {
	case 1000:
		entry->pw_name = anna;
		return 0;
	case 1001:
		entry->pw_name = strange;
		return 0;
	case 1002: /* wants more room than the first offer */
		entry->pw_name = anna;
		return size < 8192 ? ERANGE : 0;
	case 1003:
		entry->pw_name = long_name;
		return 0;
	case 1004:
		entry->pw_name = empty;
		return 0;
	case 1005: /* for ever */
		return ERANGE;
	case 1006: /* the directory is away */
		*ret = NULL;
		return EIO;
	default:
		break;
	}
	if (uid >= WITH_LONGEST_NAMES && uid - WITH_LONGEST_NAMES < USERS_MAX)
		entry->pw_name = longest_name;
	else
		*ret = NULL;
	return 0;
}

static void test_user_name(void **state)
{
	static const struct {
		uint32_t uid;
		const char *name;
	} rows[] = {
		{1000, "anna"},
		{1001, "a b\n-"},
		{1002, "anna"},
		{1003, "1003"},
		{1004, "1004"},
		{1005, "1005"},
		{1006, "1006"},
		{0, "0"},
		{UINT32_MAX, "4294967295"},
	};
	char name[USER_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		user_name(rows[i].uid, name);
		assert_string_equal(name, rows[i].name);
	}
}

static struct users *users_of(struct fake_files *f)
{
	struct users *u;

	assert_int_equal(users_new(&f->source, &u), 0);
	return u;
}

static void assert_user(struct users *u, uint32_t uid, const char *expected)
{
	char name[USER_NAME_MAX];

	users_name(u, uid, name);
	assert_string_equal(name, expected);
}

static void test_users_name_asks_the_system_once(void **state)
{
	struct fake_files f = FAKE_FILES;
	struct users *u;

	(void)state;
	f.source.replayed = false;
	u = users_of(&f);
	lookups = 0;
	for (int i = 0; i < 3; i++) {
		assert_user(u, 1000, "anna");
		assert_user(u, 7, "7");
	}
	assert_int_equal(lookups, 2);
	/* More than are remembered are still named. */
	for (uint32_t uid = 5000; uid < 5000 + 2 * USERS_MAX; uid++) {
		char number[16];

		snprintf(number, sizeof(number), "%u", uid);
		assert_user(u, uid, number);
	}
	users_free(u);
}

static void test_users_attachment_replays(void **state)
{
	struct fake_files live = FAKE_FILES, replayed = FAKE_FILES;
	struct users *u;

	(void)state;
	live.source.replayed = false;
	u = users_of(&live);
	assert_user(u, 1000, "anna");
	assert_user(u, 1001, "a b\n-");
	assert_user(u, 7, "7");
	assert_int_equal(users_attach(u, &live.source), 0);
	users_free(u);

	fake_files_add_text(&replayed, "users", live.attached);
	u = users_of(&replayed);
	lookups = 0;
	assert_user(u, 1000, "anna");
	assert_user(u, 1001, "a b\n-");
	assert_user(u, 7, "7");
	/* Who was not recorded has no name, whatever it is on this machine. */
	assert_user(u, 1002, "1002");
	assert_int_equal(lookups, 0);
	users_free(u);
	free(live.attached);
}

/* An attachment that does not fit into a chunk of a recording would be left out completely. */
static void test_users_attachment_keeps_what_fits(void **state)
{
	struct fake_files live = FAKE_FILES, replayed = FAKE_FILES;
	char number[16];
	struct users *u;

	(void)state;
	live.source.replayed = false;
	u = users_of(&live);
	for (uint32_t i = 0; i < USERS_MAX; i++)
		assert_user(u, WITH_LONGEST_NAMES + i, longest_name);
	assert_int_equal(users_attach(u, &live.source), 0);
	users_free(u);
	assert_in_range(strlen(live.attached), ATTACHMENT_MAX - 2000, ATTACHMENT_MAX);

	fake_files_add_text(&replayed, "users", live.attached);
	u = users_of(&replayed);
	assert_user(u, WITH_LONGEST_NAMES, longest_name);
	snprintf(number, sizeof(number), "%u", WITH_LONGEST_NAMES + USERS_MAX - 1);
	assert_user(u, WITH_LONGEST_NAMES + USERS_MAX - 1, number);
	users_free(u);
	free(live.attached);
}

static void test_users_damaged_attachment(void **state)
{
	static const char *const rows[] = {"1000 anna", "1000\n", "x anna\n", "4294967296 anna\n",
		"1000 -\n", "1000 anna \n", "1000 anna\n\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_files f = FAKE_FILES;
		struct users *u;

		fake_files_add_text(&f, "users", rows[i]);
		u = users_of(&f);
		assert_user(u, 1000, "1000");
		users_free(u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_name),
		cmocka_unit_test(test_users_name_asks_the_system_once),
		cmocka_unit_test(test_users_attachment_replays),
		cmocka_unit_test(test_users_attachment_keeps_what_fits),
		cmocka_unit_test(test_users_damaged_attachment),
	};

	memset(long_name, 'a', sizeof(long_name) - 1);
	memset(longest_name, '\n', sizeof(longest_name) - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

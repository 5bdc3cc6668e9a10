/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "deliver/replace.h"
#include "folder.h"

#include <errno.h>
#include <signal.h>

static int replace(const char *path, const char *text)
{
	const struct output_settings settings = {.target = path};
	struct item *item = item_new_snapshot(text, strlen(text));
	char sentence[256];
	struct string error = STRING_IN(sentence);
	void *output = NULL;
	int r;

	assert_non_null(item);
	assert_int_equal(replace_ops.make(&settings, &output), 0);
	r = replace_ops.deliver(output, item, -1, &error);
	replace_ops.free(output);
	item_unref(item);
	/* Every failure says why. */
	assert_int_equal(r < 0, sentence[0] != '\0');
	return r;
}

static int withdraw(const char *path)
{
	return replace(path, "");
}

static void test_replace(void **state)
{
	const char *path = in_folder(*state, "snapshot.json");
	const char *temporary = in_folder(*state, "snapshot.json.new");
	mode_t mask = umask(077);
	int before;

	assert_int_equal(replace(path, "one\n"), 0);
	umask(mask);
	assert_string_equal(contents(path), "one\n");
	assert_int_equal(mode_of(path), 0644);
	before = open(path, O_RDONLY);
	/* What a crash left. */
	write_contents(temporary, "half of a line, and longer than the next");
	assert_int_equal(replace(path, "two\n"), 0);
	assert_string_equal(contents(path), "two\n");
	assert_false(exists(temporary));
	/* Who has it open reads on in the old one. */
	assert_int_equal(lseek(before, 0, SEEK_END), 4);
	close(before);
}

static void test_replace_failures_leave_nothing(void **state)
{
	const char *path = in_folder(*state, "snapshot.json");
	const char *temporary = in_folder(*state, "snapshot.json.new");

	assert_int_equal(replace(path, "one\n"), 0);
	limit_files(6);
	assert_int_equal(replace(path, "two, but longer\n"), -EFBIG);
	limit_files(RLIM_INFINITY);
	assert_string_equal(contents(path), "one\n");
	assert_false(exists(temporary));
	assert_int_equal(replace(in_folder(*state, "no/such/folder"), "one\n"), -ENOENT);
}

/* As root it could put a file in the place of a device. */
static void test_replace_only_files(void **state)
{
	const char *fifo = in_folder(*state, "fifo"), *link = in_folder(*state, "link");
	const char *victim = in_folder(*state, "victim");
	const struct folder *folder = *state;
	char temporary[600];

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(replace(fifo, "one\n"), -EEXIST);
	assert_int_equal(withdraw(fifo), -EEXIST);
	assert_true(exists(fifo));
	assert_int_equal(replace(folder->path, "one\n"), -EEXIST);
	/* Neither link is followed. */
	write_contents(victim, "keep");
	snprintf(temporary, sizeof(temporary), "%s.new", link);
	assert_int_equal(symlink("victim", link), 0);
	assert_int_equal(symlink("victim", temporary), 0);
	assert_int_equal(replace(link, "one\n"), 0);
	assert_string_equal(contents(link), "one\n");
	assert_string_equal(contents(victim), "keep");
}

static void test_replace_withdraws(void **state)
{
	const char *path = in_folder(*state, "snapshot.json");

	assert_int_equal(withdraw(path), 0);
	assert_int_equal(replace(path, "one\n"), 0);
	assert_int_equal(withdraw(path), 0);
	assert_false(exists(path));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_replace),
		CASE(test_replace_failures_leave_nothing),
		CASE(test_replace_only_files),
		CASE(test_replace_withdraws),
	};

	signal(SIGXFSZ, SIG_IGN);
	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

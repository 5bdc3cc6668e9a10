/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/file.h"
#include "basic/macro.h"
#include "unit.h"

#include "folder.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* A file that exists for one test. */
struct fixture {
	char path[64];
	char *text;
	size_t size;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	int fd;

	strcpy(f->path, "/tmp/tcpstated-test-file-XXXXXX");
	fd = mkstemp(f->path);
	if (fd < 0)
		return -1;
	close(fd);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->text);
	unlink(f->path);
	test_free(f);
	return 0;
}

static void write_file(const struct fixture *f, size_t size)
{
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < size; i++)
		fputc('a' + (int)(i % 23), file);
	assert_int_equal(fclose(file), 0);
}

static void test_file_read_complete(void **state)
{
	struct fixture *f = *state;
	/* Around each size that the buffer takes as it grows. */
	const size_t sizes[] = {0, 1, 8191, 8192, 8193, 16384, 16385, 100000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		write_file(f, sizes[i]);
		free(TAKE_PTR(f->text));
		assert_int_equal(file_read(f->path, 100000, &f->text, &f->size), 0);
		assert_int_equal(f->size, sizes[i]);
		assert_int_equal(strlen(f->text), sizes[i]);
		if (sizes[i])
			assert_int_equal(f->text[sizes[i] - 1], 'a' + (int)((sizes[i] - 1) % 23));
	}
}

static void test_file_read_size_max(void **state)
{
	struct fixture *f = *state;
	const size_t sizes[] = {1, 100, 8192, 20000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		write_file(f, sizes[i]);
		assert_int_equal(file_read(f->path, sizes[i] - 1, &f->text, &f->size), -EFBIG);
		assert_null(f->text);
		assert_int_equal(f->size, 0);
	}
}

/* A file of /proc has a size of 0. */
static void test_file_read_proc(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_read("/proc/self/stat", 4096, &f->text, &f->size), 0);
	assert_int_equal(strtol(f->text, NULL, 10), getpid());
	assert_int_equal(f->text[f->size - 1], '\n');
}

static void test_file_read_errors(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_read("/nonexistent", 4096, &f->text, &f->size), -ENOENT);
	assert_int_equal(file_read("/", 4096, &f->text, &f->size), -EISDIR);
	assert_null(f->text);
}

static int read_into(const char *path, char *buffer, size_t size)
{
	cleanup_(closep) int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	return (int)file_read_into(fd, buffer, size);
}

static void test_file_read_into(void **state)
{
	struct fixture *f = *state;
	char buffer[100];

	write_file(f, 50);
	assert_int_equal(read_into(f->path, buffer, sizeof(buffer)), 50);
	assert_int_equal(read_into(f->path, buffer, 50), 50);
	assert_int_equal(read_into(f->path, buffer, 49), 49);
	assert_int_equal(read_into(f->path, buffer, 0), 0);
	assert_int_equal(read_into("/", buffer, sizeof(buffer)), -EISDIR);
}

/* A signal, or a reader that takes less, ends no write early. */
static void test_file_write_all(void **state)
{
	static char data[300000], read[300000];
	int fds[2], status;
	pid_t reader;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i % 251);
	assert_int_equal(pipe(fds), 0);
	reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		ssize_t n;

		close(fds[1]);
		n = file_read_into(fds[0], read, sizeof(read));
		_exit(n == sizeof(read) && memcmp(read, data, sizeof(read)) == 0 ? 0 : 1);
	}
	close(fds[0]);
	assert_int_equal(file_write_all(fds[1], data, sizeof(data)), 0);
	close(fds[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	assert_int_equal(file_write_all(-1, data, 1), -EBADF);
}

static int replace(const struct folder *f, const char *name, mode_t mode, const char *text)
{
	cleanup_(closep) int fd = open(f->path, O_PATH | O_DIRECTORY);

	return file_replace_at(fd, name, "new", mode, text, strlen(text));
}

static int withdraw(const struct folder *f, const char *name)
{
	cleanup_(closep) int fd = open(f->path, O_PATH | O_DIRECTORY);

	return file_withdraw_at(fd, name);
}

static void test_file_replace_at(void **state)
{
	const struct folder *f = *state;

	assert_int_equal(replace(f, "a", 0644, "one"), 0);
	assert_string_equal(contents(in_folder(f, "a")), "one");
	assert_int_equal(replace(f, "a", 0644, ""), 0);
	assert_string_equal(contents(in_folder(f, "a")), "");
	assert_int_equal(
		file_replace_at(AT_FDCWD, in_folder(f, "a"), in_folder(f, "b"), 0644, "2", 1), 0);
	assert_string_equal(contents(in_folder(f, "a")), "2");
	assert_false(exists(in_folder(f, "new")) || exists(in_folder(f, "b")));
}

static void test_file_replace_at_mode(void **state)
{
	static const mode_t umasks[] = {0, 022, 077, 0777}, modes[] = {0600, 0644, 0666, 0440};
	const struct folder *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(umasks); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(modes); j++) {
			const mode_t before = umask(umasks[i]);

			assert_int_equal(replace(f, "a", modes[j], "x"), 0);
			umask(before);
			assert_int_equal(mode_of(in_folder(f, "a")), modes[j]);
		}
	}
}

/* Neither the name nor the temporary one leads anywhere else. */
static void test_file_replace_at_follows_no_symlink(void **state)
{
	const struct folder *f = *state;
	struct stat st;

	write_contents(in_folder(f, "target"), "kept");
	assert_int_equal(symlink("target", in_folder(f, "a")), 0);
	assert_int_equal(symlink("target", in_folder(f, "new")), 0);
	assert_int_equal(replace(f, "a", 0644, "x"), 0);
	assert_string_equal(contents(in_folder(f, "target")), "kept");
	assert_string_equal(contents(in_folder(f, "a")), "x");
	assert_int_equal(lstat(in_folder(f, "a"), &st), 0);
	assert_true(S_ISREG(st.st_mode));

	/* Nor does a hard link. */
	assert_int_equal(link(in_folder(f, "target"), in_folder(f, "new")), 0);
	assert_int_equal(replace(f, "a", 0644, "y"), 0);
	assert_string_equal(contents(in_folder(f, "target")), "kept");
}

static void test_file_replace_at_refuses_other_files(void **state)
{
	const struct folder *f = *state;

	assert_int_equal(mkdir(in_folder(f, "directory"), 0755), 0);
	assert_int_equal(mkfifo(in_folder(f, "fifo"), 0600), 0);
	assert_int_equal(replace(f, "directory", 0644, "x"), -EEXIST);
	assert_int_equal(replace(f, "fifo", 0644, "x"), -EEXIST);
	assert_int_equal(withdraw(f, "directory"), -EEXIST);
	assert_int_equal(withdraw(f, "fifo"), -EEXIST);
	assert_int_equal(
		file_replace_at(AT_FDCWD, "/dev/null", "/dev/null.new", 0644, "", 0), -EEXIST);
	assert_int_equal(file_withdraw_at(AT_FDCWD, "/dev/null"), -EEXIST);
	assert_false(exists(in_folder(f, "new")));
}

/* The old content stays, and nothing else is left. */
static void test_file_replace_at_fails_cleanly(void **state)
{
	const struct folder *f = *state;

	assert_int_equal(replace(f, "missing/a", 0644, "x"), -ENOENT);
	assert_false(exists(in_folder(f, "new")));
	write_contents(in_folder(f, "a"), "kept");
	signal(SIGXFSZ, SIG_IGN);
	limit_files(2);
	assert_int_equal(replace(f, "a", 0644, "too long"), -EFBIG);
	limit_files(RLIM_INFINITY);
	signal(SIGXFSZ, SIG_DFL);
	assert_string_equal(contents(in_folder(f, "a")), "kept");
	assert_false(exists(in_folder(f, "new")));
}

static void test_file_withdraw_at(void **state)
{
	const struct folder *f = *state;

	assert_int_equal(withdraw(f, "a"), 0);
	write_contents(in_folder(f, "a"), "x");
	assert_int_equal(withdraw(f, "a"), 0);
	assert_false(exists(in_folder(f, "a")));
	/* The link goes, not what it leads to. */
	write_contents(in_folder(f, "target"), "kept");
	assert_int_equal(symlink("target", in_folder(f, "a")), 0);
	assert_int_equal(withdraw(f, "a"), 0);
	assert_false(exists(in_folder(f, "a")));
	assert_string_equal(contents(in_folder(f, "target")), "kept");
}

#define FOLDER_TEST(f) cmocka_unit_test_setup_teardown(f, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file_read_complete, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_read_size_max, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_read_proc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_read_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_read_into, setup, teardown),
		cmocka_unit_test(test_file_write_all),
		FOLDER_TEST(test_file_replace_at),
		FOLDER_TEST(test_file_replace_at_mode),
		FOLDER_TEST(test_file_replace_at_follows_no_symlink),
		FOLDER_TEST(test_file_replace_at_refuses_other_files),
		FOLDER_TEST(test_file_replace_at_fails_cleanly),
		FOLDER_TEST(test_file_withdraw_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "unit.h"

#include "deliver/append.h"
#include "deliver/replace.h"
#include "folder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static struct file_out *open_out(const char *path)
{
	struct file_out *f = NULL;

	assert_int_equal(file_out_new(path, &f), 0);
	return f;
}

static int put(struct file_out *f, const char *line)
{
	return file_out_write(f, line, strlen(line));
}

static void test_file_out_appends(void **state)
{
	const char *path = in_folder(*state, "lines");
	struct file_out *f = open_out(path);

	assert_false(exists(path));
	assert_int_equal(put(f, "one\n"), 0);
	assert_int_equal(put(f, "two\n"), 0);
	assert_string_equal(contents(path), "one\ntwo\n");
	assert_int_equal(mode_of(path), 0640);
	f = file_out_free(f);
	f = open_out(path);
	assert_int_equal(put(f, "three\n"), 0);
	assert_string_equal(contents(path), "one\ntwo\nthree\n");
	f = file_out_free(f);
	assert_null(file_out_free(f));
}

/* What a program before this one left half written does not spoil the next line. */
static void test_file_out_ends_what_it_finds_torn(void **state)
{
	const char *path = in_folder(*state, "lines");
	struct file_out *f = open_out(path);

	write_contents(path, "one\ntw");
	assert_int_equal(put(f, "two\n"), 0);
	assert_string_equal(contents(path), "one\ntw\ntwo\n");
	file_out_free(f);
}

static void test_file_out_ends_what_it_tore_itself(void **state)
{
	const char *path = in_folder(*state, "lines");
	struct file_out *f = open_out(path);

	assert_int_equal(put(f, "one\n"), 0);
	limit_files(6);
	assert_int_equal(put(f, "two\n"), -EFBIG);
	assert_int_equal(put(f, "two\n"), -EFBIG);
	limit_files(RLIM_INFINITY);
	assert_string_equal(contents(path), "one\ntw");
	assert_int_equal(put(f, "two\n"), 0);
	assert_int_equal(put(f, "three\n"), 0);
	assert_string_equal(contents(path), "one\ntw\ntwo\nthree\n");
	file_out_free(f);
}

static void test_file_out_failures(void **state)
{
	struct file_out *f = open_out("/dev/full");

	assert_int_equal(put(f, "one\n"), -ENOSPC);
	assert_int_equal(put(f, "one\n"), -ENOSPC);
	file_out_free(f);
	f = open_out(in_folder(*state, "no/such/folder"));
	assert_int_equal(put(f, "one\n"), -ENOENT);
	file_out_free(f);
	f = open_out(((struct folder *)*state)->path);
	assert_int_equal(file_out_reopen(f), -EISDIR);
	file_out_free(f);
}

static void test_file_out_reopen(void **state)
{
	const char *path = in_folder(*state, "lines"), *old = in_folder(*state, "lines.1");
	struct file_out *f = open_out(path);

	assert_int_equal(put(f, "one\n"), 0);
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(put(f, "two\n"), 0);
	assert_int_equal(file_out_reopen(f), 0);
	assert_string_equal(contents(path), "");
	assert_int_equal(put(f, "three\n"), 0);
	assert_string_equal(contents(old), "one\ntwo\n");
	assert_string_equal(contents(path), "three\n");
	file_out_free(f);
}

struct reader {
	int fd;
	size_t size;
	char text[262144];
};

static void *read_all(void *userdata)
{
	struct reader *r = userdata;
	ssize_t n;

	while ((n = read(r->fd, r->text + r->size, sizeof(r->text) - r->size)) > 0)
		r->size += (size_t)n;
	return NULL;
}

/* A line, longer than a pipe holds, with a newline at its end only. */
static char *long_line(size_t size)
{
	char *line = malloc(size);

	assert_non_null(line);
	for (size_t i = 0; i < size; i++)
		line[i] = (char)('a' + i % 26);
	line[size - 1] = '\n';
	return line;
}

#define LONG_SIZE ((size_t)200000)

static void test_file_out_fifo(void **state)
{
	const char *path = in_folder(*state, "fifo");
	cleanup_(freep) struct reader *reader = calloc(1, sizeof(*reader));
	cleanup_(freep) char *line = long_line(LONG_SIZE);
	struct file_out *f = open_out(path);
	pthread_t thread;

	assert_non_null(reader);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(put(f, "one\n"), -ENXIO);
	reader->fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(fcntl(reader->fd, F_SETFL, 0), 0);
	/* So there is a writer, when the thread begins. */
	assert_int_equal(file_out_reopen(f), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all, reader), 0);
	assert_int_equal(file_out_write(f, line, LONG_SIZE), 0);
	file_out_free(f);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(reader->size, LONG_SIZE);
	assert_memory_equal(reader->text, line, LONG_SIZE);
	close(reader->fd);
}

static void test_file_out_reader_goes_and_comes_back(void **state)
{
	const char *path = in_folder(*state, "fifo");
	struct file_out *f = open_out(path);
	char text[16] = "";
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(put(f, "one\n"), 0);
	close(fd);
	assert_int_equal(put(f, "two\n"), -EPIPE);
	assert_int_equal(put(f, "two\n"), -ENXIO);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(put(f, "two\n"), 0);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 4);
	assert_string_equal(text, "two\n");
	close(fd);
	file_out_free(f);
}

/* Nobody reads: without the interruption the write would not end. */
static void test_file_out_interrupt(void **state)
{
	const char *path = in_folder(*state, "fifo");
	cleanup_(freep) char *line = long_line(LONG_SIZE);
	struct file_out *f = open_out(path);
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	file_out_interrupt(f);
	/* What does not block is written still. */
	assert_int_equal(put(f, "one\n"), 0);
	assert_int_equal(file_out_write(f, line, LONG_SIZE), -ECANCELED);
	assert_int_equal(file_out_write(f, line, LONG_SIZE), -ECANCELED);
	close(fd);
	file_out_free(f);
}

/* Standard output goes to a file during the call. */
#define WITH_STDOUT(path, statements)                                                              \
	do {                                                                                       \
		int saved_ = dup(STDOUT_FILENO);                                                   \
		int fd_ = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);                         \
		assert_true(saved_ >= 0 && fd_ >= 0);                                              \
		fflush(stdout);                                                                    \
		dup2(fd_, STDOUT_FILENO);                                                          \
		statements;                                                                        \
		dup2(saved_, STDOUT_FILENO);                                                       \
		close(saved_);                                                                     \
		close(fd_);                                                                        \
	} while (0)

/* Two share standard output: what one tears, the other ends. */
static void test_file_out_stdout(void **state)
{
	const char *path = in_folder(*state, "out");
	struct file_out *a = open_out("stdout"), *b = open_out("stdout");
	int r[4] = {0};

	WITH_STDOUT(path, {
		r[0] = put(a, "one\n");
		limit_files(6);
		r[1] = put(a, "two\n");
		limit_files(RLIM_INFINITY);
		r[2] = put(b, "three\n");
		assert_int_equal(file_out_reopen(a), 0);
		r[3] = put(a, "two\n");
	});
	assert_int_equal(r[0], 0);
	assert_int_equal(r[1], -EFBIG);
	assert_int_equal(r[2], 0);
	assert_int_equal(r[3], 0);
	assert_string_equal(contents(path), "one\ntw\nthree\ntwo\n");
	file_out_free(a);
	file_out_free(b);
	/* It is still open. */
	assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

static int replace(const char *path, const char *text)
{
	return file_replace(path, text, strlen(text));
}

static void test_file_replace(void **state)
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

static void test_file_replace_failures_leave_nothing(void **state)
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
static void test_file_replace_only_files(void **state)
{
	const char *fifo = in_folder(*state, "fifo"), *link = in_folder(*state, "link");
	const char *victim = in_folder(*state, "victim");
	const struct folder *folder = *state;
	char temporary[600];

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(replace(fifo, "one\n"), -EEXIST);
	assert_int_equal(file_withdraw(fifo), -EEXIST);
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

static void test_file_withdraw(void **state)
{
	const char *path = in_folder(*state, "snapshot.json");

	assert_int_equal(file_withdraw(path), 0);
	assert_int_equal(replace(path, "one\n"), 0);
	assert_int_equal(file_withdraw(path), 0);
	assert_false(exists(path));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_file_out_appends),
		CASE(test_file_out_ends_what_it_finds_torn),
		CASE(test_file_out_ends_what_it_tore_itself),
		CASE(test_file_out_failures),
		CASE(test_file_out_reopen),
		CASE(test_file_out_fifo),
		CASE(test_file_out_reader_goes_and_comes_back),
		CASE(test_file_out_interrupt),
		CASE(test_file_out_stdout),
		CASE(test_file_replace),
		CASE(test_file_replace_failures_leave_nothing),
		CASE(test_file_replace_only_files),
		CASE(test_file_withdraw),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

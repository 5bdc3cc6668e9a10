/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "unit.h"

#include "deliver/append.h"
#include "folder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

static void *open_out(const char *path)
{
	const struct output_settings settings = {.target = path};
	void *output = NULL;

	assert_int_equal(append_ops.make(&settings, &output), 0);
	return output;
}

/* An eventfd, readable once a test has interrupted. */
static int interrupt_fd;

static int put_size(void *output, const char *line, size_t size)
{
	char text[256];
	struct string error = STRING_IN(text);
	struct item *item = item_new_snapshot(line, size);
	int r;

	assert_non_null(item);
	r = append_ops.deliver(output, item, interrupt_fd, &error);
	item_unref(item);
	/* Every failure says why. */
	assert_int_equal(r < 0, text[0] != '\0');
	return r;
}

static int put(void *output, const char *line)
{
	return put_size(output, line, strlen(line));
}

static int reopen(void *output)
{
	char text[256];
	struct string error = STRING_IN(text);

	return append_ops.reopen(output, &error);
}

static void test_append_adds_lines(void **state)
{
	const char *path = in_folder(*state, "lines");
	void *f = open_out(path);

	assert_false(exists(path));
	assert_int_equal(put(f, "one\n"), 0);
	assert_int_equal(put(f, "two\n"), 0);
	assert_string_equal(contents(path), "one\ntwo\n");
	assert_int_equal(mode_of(path), 0640);
	append_ops.free(f);
	f = open_out(path);
	assert_int_equal(put(f, "three\n"), 0);
	assert_string_equal(contents(path), "one\ntwo\nthree\n");
	append_ops.free(f);
}

/* What a program before this one left half written does not spoil the next line. */
static void test_append_ends_what_it_finds_torn(void **state)
{
	const char *path = in_folder(*state, "lines");
	void *f = open_out(path);

	write_contents(path, "one\ntw");
	assert_int_equal(put(f, "two\n"), 0);
	assert_string_equal(contents(path), "one\ntw\ntwo\n");
	append_ops.free(f);
}

static void test_append_ends_what_it_tore_itself(void **state)
{
	const char *path = in_folder(*state, "lines");
	void *f = open_out(path);

	assert_int_equal(put(f, "one\n"), 0);
	limit_files(6);
	assert_int_equal(put(f, "two\n"), -EFBIG);
	assert_int_equal(put(f, "two\n"), -EFBIG);
	limit_files(RLIM_INFINITY);
	assert_string_equal(contents(path), "one\ntw");
	assert_int_equal(put(f, "two\n"), 0);
	assert_int_equal(put(f, "three\n"), 0);
	assert_string_equal(contents(path), "one\ntw\ntwo\nthree\n");
	append_ops.free(f);
}

static void test_append_failures(void **state)
{
	void *f = open_out("/dev/full");

	assert_int_equal(put(f, "one\n"), -ENOSPC);
	assert_int_equal(put(f, "one\n"), -ENOSPC);
	append_ops.free(f);
	f = open_out(in_folder(*state, "no/such/folder"));
	assert_int_equal(put(f, "one\n"), -ENOENT);
	append_ops.free(f);
	f = open_out(((struct folder *)*state)->path);
	assert_int_equal(reopen(f), -EISDIR);
	append_ops.free(f);
}

static void test_append_reopen(void **state)
{
	const char *path = in_folder(*state, "lines"), *old = in_folder(*state, "lines.1");
	void *f = open_out(path);

	assert_int_equal(put(f, "one\n"), 0);
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(put(f, "two\n"), 0);
	assert_int_equal(reopen(f), 0);
	assert_string_equal(contents(path), "");
	assert_int_equal(put(f, "three\n"), 0);
	assert_string_equal(contents(old), "one\ntwo\n");
	assert_string_equal(contents(path), "three\n");
	append_ops.free(f);
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

static void test_append_fifo(void **state)
{
	const char *path = in_folder(*state, "fifo");
	cleanup_(freep) struct reader *reader = calloc(1, sizeof(*reader));
	cleanup_(freep) char *line = long_line(LONG_SIZE);
	void *f = open_out(path);
	pthread_t thread;

	assert_non_null(reader);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(put(f, "one\n"), -ENXIO);
	reader->fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(fcntl(reader->fd, F_SETFL, 0), 0);
	/* So there is a writer, when the thread begins. */
	assert_int_equal(reopen(f), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all, reader), 0);
	assert_int_equal(put_size(f, line, LONG_SIZE), 0);
	append_ops.free(f);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(reader->size, LONG_SIZE);
	assert_memory_equal(reader->text, line, LONG_SIZE);
	close(reader->fd);
}

static void test_append_reader_goes_and_comes_back(void **state)
{
	const char *path = in_folder(*state, "fifo");
	void *f = open_out(path);
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
	append_ops.free(f);
}

/* There is no reader: without the interruption the write would not end. */
static void test_append_interrupt(void **state)
{
	const char *path = in_folder(*state, "fifo");
	cleanup_(freep) char *line = long_line(LONG_SIZE);
	void *f = open_out(path);
	eventfd_t value;
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_int_equal(eventfd_write(interrupt_fd, 1), 0);
	/* What does not block is written still. */
	assert_int_equal(put(f, "one\n"), 0);
	assert_int_equal(put_size(f, line, LONG_SIZE), -ECANCELED);
	assert_int_equal(put_size(f, line, LONG_SIZE), -ECANCELED);
	close(fd);
	append_ops.free(f);
	assert_int_equal(eventfd_read(interrupt_fd, &value), 0);
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
static void test_append_stdout(void **state)
{
	const char *path = in_folder(*state, "out");
	void *a = open_out("stdout"), *b = open_out("stdout");
	int r[4] = {0};

	WITH_STDOUT(path, {
		r[0] = put(a, "one\n");
		limit_files(6);
		r[1] = put(a, "two\n");
		limit_files(RLIM_INFINITY);
		r[2] = put(b, "three\n");
		assert_int_equal(reopen(a), 0);
		r[3] = put(a, "two\n");
	});
	assert_int_equal(r[0], 0);
	assert_int_equal(r[1], -EFBIG);
	assert_int_equal(r[2], 0);
	assert_int_equal(r[3], 0);
	assert_string_equal(contents(path), "one\ntw\nthree\ntwo\n");
	append_ops.free(a);
	append_ops.free(b);
	/* It is still open. */
	assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_append_adds_lines),
		CASE(test_append_ends_what_it_finds_torn),
		CASE(test_append_ends_what_it_tore_itself),
		CASE(test_append_failures),
		CASE(test_append_reopen),
		CASE(test_append_fifo),
		CASE(test_append_reader_goes_and_comes_back),
		CASE(test_append_interrupt),
		CASE(test_append_stdout),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(022);
	interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/log.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Standard error is one end of something else for a test. */
struct fixture {
	int saved, other; /* standard error as it was; the end that the test reads */
	char text[8192];
};

static void redirect(struct fixture *f, int fds[2])
{
	f->other = fds[0];
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	close(fds[1]);
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.saved = dup(STDERR_FILENO), .other = -1};
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unsetenv("JOURNAL_STREAM");
	dup2(f->saved, STDERR_FILENO);
	close(f->saved);
	closep(&f->other);
	return 0;
}

static const char *read_other(struct fixture *f)
{
	ssize_t n = read(f->other, f->text, sizeof(f->text) - 1);

	f->text[n < 0 ? 0 : n] = '\0';
	return f->text;
}

static void test_log_line_names_the_program(void **state)
{
	struct fixture *f = *state;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	redirect(f, fds);
	log_line(LOG_WARNING, "%d sockets", 7);
	assert_string_equal(read_other(f), "test_log: 7 sockets\n");
}

static void test_log_line_has_a_priority_in_the_journal(void **state)
{
	struct fixture *f = *state;
	char stream[64];
	struct stat st;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	redirect(f, fds);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_line(LOG_WARNING, "sockets");
	assert_string_equal(read_other(f), "<4>sockets\n");
	/* The variable of a parent whose stream was replaced. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_line(LOG_WARNING, "sockets");
	assert_string_equal(read_other(f), "test_log: sockets\n");
}

/* The line ends where a character ends, and with a line break. */
static void test_log_line_too_long(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	int fds[2];
	size_t length;

	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 3);
	assert_int_equal(pipe(fds), 0);
	redirect(f, fds);
	for (int odd = 0; odd < 2; odd++) {
		log_line(LOG_ERR, "%s%s", odd ? "a" : "", text);
		length = strlen(read_other(f));
		assert_in_range(length, 2000, 2048);
		assert_memory_equal(f->text + length - 3, "\xc3\xa4\n", 3);
	}
}

/* Nobody reads: the line is lost, and the program continues. */
static void test_log_line_never_waits(void **state)
{
	struct fixture *f = *state;
	static const char filler[4096];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	while (write(fds[1], filler, sizeof(filler)) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fcntl(fds[1], F_SETFL, 0), 0);
	redirect(f, fds);
	alarm(30);
	log_line(LOG_ERR, "sockets");
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_log_line_names_the_program, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_log_line_has_a_priority_in_the_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_line_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_line_never_waits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

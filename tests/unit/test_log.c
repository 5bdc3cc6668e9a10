/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "unit.h"

#include "basic/log.h"
#include "folder.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>

/* Logs with standard error going to fd; a log_line() that blocks ends the test with SIGALRM. */
#define WITH_STDERR(fd, statements)                                                                \
	do {                                                                                       \
		int saved_ = dup(STDERR_FILENO);                                                   \
		assert_true(saved_ >= 0);                                                          \
		fflush(stderr);                                                                    \
		dup2(fd, STDERR_FILENO);                                                           \
		alarm(60);                                                                         \
		statements;                                                                        \
		alarm(0);                                                                          \
		dup2(saved_, STDERR_FILENO);                                                       \
		close(saved_);                                                                     \
	} while (0)

/* Writes until nothing more fits. The flags of fd are as before. */
static void fill(int fd)
{
	static const char bytes[4096];
	int flags = fcntl(fd, F_GETFL);

	assert_int_equal(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
	while (write(fd, bytes, sizeof(bytes)) > 0 || write(fd, bytes, 1) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fcntl(fd, F_SETFL, flags), 0);
}

/* What is in fd, at most size - 1 bytes. */
static const char *drain(int fd)
{
	static char text[1 << 18];
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t used = 0;

	while (used < sizeof(text) - 1 && poll(&p, 1, 0) == 1) {
		ssize_t n = read(fd, text + used, sizeof(text) - 1 - used);

		if (n <= 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	return text;
}

static void test_log_line_does_not_wait_for_a_full_pipe(void **state)
{
	int ends[2], flags;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fill(ends[1]);
	flags = fcntl(ends[1], F_GETFL);
	WITH_STDERR(ends[1], {
		log_line(LOG_ERR, "one");
		log_line(LOG_ERR, "two");
		/* Other programs share the pipe: it still blocks for them. */
		assert_int_equal(fcntl(ends[1], F_GETFL), flags);
		(void)drain(ends[0]);
		log_line(LOG_ERR, "three");
	});
	assert_string_equal(
		drain(ends[0]), "tcpstated: 2 lines of this log were lost\ntcpstated: three\n");
	close(ends[0]);
	close(ends[1]);
}

/* As Ctrl-S does. */
static void test_log_line_does_not_wait_for_a_stopped_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;
	char name[64];

	(void)state;
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
	terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	assert_int_equal(tcflow(terminal, TCOOFF), 0);
	WITH_STDERR(terminal, {
		log_line(LOG_ERR, "one");
		assert_int_equal(tcflow(terminal, TCOON), 0);
		log_line(LOG_ERR, "two");
	});
	assert_string_equal(
		drain(master), "tcpstated: 1 line of this log was lost\r\ntcpstated: two\r\n");
	close(terminal);
	close(master);
}

static void test_log_line_does_not_wait_for_a_full_socket(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	fill(ends[1]);
	WITH_STDERR(ends[1], {
		log_line(LOG_ERR, "one");
		(void)drain(ends[0]);
		log_line(LOG_ERR, "two");
	});
	assert_string_equal(
		drain(ends[0]), "tcpstated: 1 line of this log was lost\ntcpstated: two\n");
	close(ends[0]);
	close(ends[1]);
}

/* Where the shared position stands, not at its own beginning. */
static void test_log_line_goes_on_in_a_file(void **state)
{
	const char *path = in_folder(*state, "log");
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "before\n", 7), 7);
	WITH_STDERR(fd, {
		log_line(LOG_ERR, "number %d", 1);
		assert_int_equal(write(fd, "between\n", 8), 8);
		log_line(LOG_ERR, "number %d", 2);
	});
	close(fd);
	assert_string_equal(
		contents(path), "before\ntcpstated: number 1\nbetween\ntcpstated: number 2\n");
}

static void test_log_line_cuts_a_long_line_between_characters(void **state)
{
	char text[4096];
	int ends[2];
	const char *line;
	size_t length;

	(void)state;
	/* Two bytes each, at even and at odd places. */
	for (size_t i = 0; i + 1 < sizeof(text) - 1; i += 2)
		memcpy(text + i, "\303\251", 2);
	text[sizeof(text) - 2] = '\0';
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	for (size_t shift = 0; shift < 2; shift++) {
		WITH_STDERR(ends[1], log_line(LOG_ERR, "%s%s", shift ? "x" : "", text));
		line = drain(ends[0]);
		length = strlen(line);
		assert_true(length > 1000 && length <= 2048);
		assert_memory_equal(line + length - 3, "\303\251\n", 3);
	}
	close(ends[0]);
	close(ends[1]);
}

/* The priority in front, when the journal reads it. */
static void test_log_line_in_the_journal(void **state)
{
	int ends[2];
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(fstat(ends[1], &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	WITH_STDERR(ends[1], log_line(LOG_WARNING, "one"));
	assert_string_equal(drain(ends[0]), "<4>one\n");
	assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0);
	WITH_STDERR(ends[1], log_line(LOG_WARNING, "two"));
	assert_string_equal(drain(ends[0]), "tcpstated: two\n");
	unsetenv("JOURNAL_STREAM");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	static char program[] = "tcpstated";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_line_does_not_wait_for_a_full_pipe),
		cmocka_unit_test(test_log_line_does_not_wait_for_a_stopped_terminal),
		cmocka_unit_test(test_log_line_does_not_wait_for_a_full_socket),
		cmocka_unit_test_setup_teardown(
			test_log_line_goes_on_in_a_file, setup_folder, remove_folder),
		cmocka_unit_test(test_log_line_cuts_a_long_line_between_characters),
		cmocka_unit_test(test_log_line_in_the_journal),
	};

	/* What the lines begin with, but for the journal's. */
	program_invocation_short_name = program;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

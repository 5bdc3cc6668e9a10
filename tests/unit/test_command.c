/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "unit.h"

#include "deliver/command.h"
#include "folder.h"
#include "output/event_json.h"
#include "pidfd.h"
#include "sample_event.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

#define MINUTE_MS (60U * 1000)

struct fixture {
	struct folder *folder;
	void *command;
	int interrupt_fd;
	char error[256];
};

/* The command runs in the folder, which is the test's working directory. */
static void start(struct fixture *f, void **state, const char *command, uint32_t timeout_ms)
{
	const struct output_settings settings = {.target = command, .timeout_ms = timeout_ms};

	memset(f, 0, sizeof(*f));
	f->folder = *state;
	assert_int_equal(chdir(f->folder->path), 0);
	f->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(f->interrupt_fd >= 0);
	assert_int_equal(command_ops.make(&settings, &f->command), 0);
}

static int run_event(struct fixture *f)
{
	struct item *item = item_new_event(&sample_event);
	struct string error = STRING_IN(f->error);
	int r;

	assert_non_null(item);
	r = command_ops.deliver(f->command, item, f->interrupt_fd, &error);
	item_unref(item);
	return r;
}

static void end(struct fixture *f)
{
	command_ops.free(f->command);
	close(f->interrupt_fd);
	assert_int_equal(chdir("/"), 0);
}

/* Runs a command that must succeed, and returns what it left in the file "out". */
static const char *output_of(void **state, const char *command)
{
	static char path[512];
	struct fixture f;

	start(&f, state, command, MINUTE_MS);
	if (run_event(&f) != 0)
		fail_msg("'%s': %s", command, f.error);
	snprintf(path, sizeof(path), "%s", in_folder(f.folder, "out"));
	end(&f);
	return contents(path);
}

static void test_command_event_on_stdin(void **state)
{
	cleanup_(freep) char *json = NULL;
	const char *out = output_of(state, "cat >out");

	assert_int_equal(event_json_format(&sample_event, &json), 0);
	assert_memory_equal(out, json, strlen(json));
	assert_string_equal(out + strlen(json), "\n");
}

static void test_command_event_in_the_environment(void **state)
{
	cleanup_(freep) char *json = NULL;
	const char *out;

	setenv("NOTIFY_SOCKET", "/run/x", 1);
	setenv("TCPSTATED_PORT", "1", 1);
	setenv("OPERATORS_OWN", "kept", 1);
	out = output_of(state, "env >out");
	assert_int_equal(event_json_format(&sample_event, &json), 0);
	assert_non_null(strstr(out, "TCPSTATED_EVENT=raised\n"));
	assert_non_null(strstr(out, "TCPSTATED_ALERT=close-wait-leak\n"));
	assert_non_null(strstr(out, "TCPSTATED_PORT=7777\n"));
	assert_null(strstr(out, "TCPSTATED_PORT=1\n"));
	assert_non_null(strstr(out, "TCPSTATED_MEMORY_BYTES=1594000\n"));
	assert_null(strstr(out, "NOTIFY_SOCKET"));
	assert_non_null(strstr(out, "OPERATORS_OWN=kept\n"));
	assert_non_null(strstr(out, json));
	out = strstr(out, "TCPSTATED_JSON=");
	assert_non_null(out);
	assert_memory_equal(out + strlen("TCPSTATED_JSON="), json, strlen(json));
}

/* A command need not read its standard input. */
static void test_command_need_not_read(void **state)
{
	static const char *const commands[] = {"true", "exec <&-; exec true", "read -r x <&0"};
	struct fixture f;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		start(&f, state, commands[i], MINUTE_MS);
		assert_int_equal(run_event(&f), 0);
		end(&f);
	}
}

static void test_command_failures_have_a_sentence(void **state)
{
	static const struct {
		const char *command;
		int result;
		const char *sentence;
	} rows[] = {
		{"exit 3", -EPROTO, "the command ended with exit status 3"},
		{"/no/such/program", -EPROTO, "the command ended with exit status 127"},
		{"kill -KILL $$", -EPROTO, "the command was killed by signal 9 (Killed)"},
		/* It is blocked in this program, but not in the command. */
		{"kill -TERM $$; exit 0", -EPROTO,
			"the command was killed by signal 15 (Terminated)"},
		{"kill -PIPE $$; exit 0", -EPROTO,
			"the command was killed by signal 13 (Broken pipe)"},
	};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		start(&f, state, rows[i].command, MINUTE_MS);
		assert_int_equal(run_event(&f), rows[i].result);
		assert_string_equal(f.error, rows[i].sentence);
		end(&f);
	}
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void test_command_what_it_inherits(void **state)
{
	char command[256];
	int fd = open("/dev/null", O_RDONLY);

	assert_true(fd >= 0);
	snprintf(command, sizeof(command),
		"{ [ -e /proc/$$/fd/%d ] && echo open; "
		"set -- $(cat /proc/$$/stat); [ \"$6\" = $$ ] && echo session; } >out",
		fd);
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
	assert_string_equal(output_of(state, command), "session\n");
#endif
#endif
	close(fd);
}

static void test_command_output_goes_to_stderr(void **state)
{
	const char *path = in_folder(*state, "err");
	int saved = dup(STDERR_FILENO), fd = open(path, O_WRONLY | O_CREAT, 0600);
	struct fixture f;
	int r;

	assert_true(saved >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	start(&f, state, "echo out; echo err >&2", MINUTE_MS);
	r = run_event(&f);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	end(&f);
	assert_int_equal(r, 0);
	assert_string_equal(contents(path), "out\nerr\n");
}

/* Everything that the command started holds the FIFO open, so its end is the end of them all. */
static void assert_all_are_gone(int fifo)
{
	char text[64];
	ssize_t n;

	assert_int_equal(fcntl(fifo, F_SETFL, O_NONBLOCK), 0);
	while ((n = read(fifo, text, sizeof(text))) != 0)
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			unit_await_input(fifo, "all that the command started to end");
		}
}

static int open_fifo(const struct fixture *f)
{
	const char *path = in_folder(f->folder, "fifo");
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	return fd;
}

static void test_command_time_limit_ends_all_that_it_started(void **state)
{
	struct fixture f;
	int fifo;

	start(&f, state, "exec >fifo; sleep 1000 & sleep 1000", 50);
	fifo = open_fifo(&f);
	assert_int_equal(run_event(&f), -ETIMEDOUT);
	assert_string_equal(f.error, "the command did not end within 50 ms");
	assert_all_are_gone(fifo);
	close(fifo);
	end(&f);
}

/* It ends on SIGTERM, but is late all the same. */
static void test_command_late_success_is_none(void **state)
{
	struct fixture f;

	start(&f, state, "trap 'exit 0' TERM; sleep 1000 & wait", 50);
	assert_int_equal(run_event(&f), -ETIMEDOUT);
	end(&f);
}

struct interrupter {
	struct fixture *f;
	int fifo;
};

static void *interrupt_when_it_runs(void *userdata)
{
	struct interrupter *i = userdata;
	const time_t end = time(NULL) + UNIT_WAIT_MAX_S;
	char c;

	assert_int_equal(fcntl(i->fifo, F_SETFL, 0), 0);
	/* Opened for reading before there was a writer: the first read may find none yet. If none
	 * comes at all, the command exceeds its own time instead, and the test fails. */
	while (read(i->fifo, &c, 1) == 0) {
		if (time(NULL) >= end)
			return NULL;
		sched_yield();
	}
	assert_int_equal(eventfd_write(i->f->interrupt_fd, 1), 0);
	return NULL;
}

static void test_command_interrupt_ends_even_what_ignores_it(void **state)
{
	struct interrupter interrupter;
	pthread_t thread;
	struct fixture f;

	start(&f, state, "exec >fifo; trap '' TERM; echo; sleep 1000 & touch here; wait",
		MINUTE_MS);
	interrupter = (struct interrupter){&f, open_fifo(&f)};
	assert_int_equal(pthread_create(&thread, NULL, interrupt_when_it_runs, &interrupter), 0);
	assert_int_equal(run_event(&f), -ECANCELED);
	assert_string_equal(f.error, "the command was interrupted");
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_all_are_gone(interrupter.fifo);
	close(interrupter.fifo);
	/* And from now on none is begun. */
	unlink(in_folder(f.folder, "here"));
	assert_int_equal(run_event(&f), -ECANCELED);
	assert_false(exists(in_folder(f.folder, "here")));
	end(&f);
}

static void test_command_old_kernel(void **state)
{
	struct fixture f;

	kernel_is_old = true;
	start(&f, state, "touch here", MINUTE_MS);
	assert_int_equal(run_event(&f), -ENOSYS);
	assert_non_null(strstr(f.error, "Linux 5.3"));
	assert_false(exists(in_folder(f.folder, "here")));
	kernel_is_old = false;
	assert_int_equal(run_event(&f), 0);
	assert_true(exists(in_folder(f.folder, "here")));
	end(&f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_command_event_on_stdin),
		CASE(test_command_event_in_the_environment),
		CASE(test_command_need_not_read),
		CASE(test_command_failures_have_a_sentence),
		CASE(test_command_what_it_inherits),
		CASE(test_command_output_goes_to_stderr),
		CASE(test_command_time_limit_ends_all_that_it_started),
		CASE(test_command_late_success_is_none),
		CASE(test_command_interrupt_ends_even_what_ignores_it),
		CASE(test_command_old_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/command.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "output/event_fields.h"
#include "output/event_json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

struct command {
	uint32_t timeout_ms;
	char text[];
};

/* A command under way. */
struct run {
	pid_t pid;
	int pid_fd, interrupt_fd;
	enum { RUN_GOES_ON, RUN_TERMINATED, RUN_KILLED, RUN_GIVEN_UP } phase;
	uint64_t phase_end_ms;
	bool interrupted;
};

#define NEVER UINT64_MAX

static int command_make(const struct output_settings *settings, void **ret)
{
	const size_t size = strlen(settings->target) + 1;
	struct command *c = malloc(sizeof(*c) + size);

	if (!c)
		return -ENOMEM;
	c->timeout_ms = settings->timeout_ms;
	memcpy(c->text, settings->target, size);
	*ret = c;
	return 0;
}

/* The kernel has it since 5.3, not every C library has a function for it. */
static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* What the command must not inherit: our own fields, and what systemd says to this process. */
static bool is_private(const char *variable)
{
	static const char *const prefixes[] = {
		"TCPSTATED_",
		"NOTIFY_SOCKET=",
		"WATCHDOG_USEC=",
		"WATCHDOG_PID=",
		"LISTEN_PID=",
		"LISTEN_FDS=",
		"LISTEN_FDNAMES=",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* The environment of the command, which borrows its strings. NULL when no memory is left. */
static char **make_environment(struct event_fields *fields, char *json)
{
	size_t count = 0, used = 0;
	char **list;

	while (environ[count])
		count++;
	list = calloc(count + fields->count + 2, sizeof(*list));
	if (!list)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (!is_private(environ[i]))
			list[used++] = environ[i];
	for (size_t i = 0; i < fields->count; i++)
		list[used++] = fields->list[i];
	list[used] = json;
	return list;
}

/*
 * A pipe that already holds the line, so that a command need not read it. Even the smallest pipe,
 * of one page, has room for it. Returns its end to read from, or -errno.
 */
static int make_stdin(char *json)
{
	char newline = '\n';
	const struct iovec line[] = {{json, strlen(json)}, {&newline, 1}};
	int ends[2], error;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	n = writev(ends[1], line, ARRAY_SIZE(line));
	error = n < 0 ? errno : EMSGSIZE;
	close(ends[1]);
	/* The command waits for more, if at all, as for any other input. */
	if (n == (ssize_t)line[0].iov_len + 1 && fcntl(ends[0], F_SETFL, 0) == 0)
		return ends[0];
	close(ends[0]);
	return -error;
}

static int set_descriptors(posix_spawn_file_actions_t *actions, int stdin_fd)
{
	int r;

	r = posix_spawn_file_actions_adddup2(actions, stdin_fd, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
	/* Our own are all O_CLOEXEC; what we inherited may not be. */
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#endif
#endif
	return r;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int r;

	sigfillset(&all);
	sigemptyset(&none);
	r = posix_spawnattr_setsigdefault(attributes, &all);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setflags(attributes,
			POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	return r;
}

static int spawn(const char *command, int stdin_fd, char **environment, pid_t *ret)
{
	char shell[] = "/bin/sh", option[] = "-c";
	/* posix_spawn() takes no const, and changes nothing. */
	char *const arguments[] = {shell, option, (char *)(uintptr_t)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r == 0) {
		r = set_descriptors(&actions, stdin_fd);
		if (r == 0)
			r = set_attributes(&attributes);
		if (r == 0)
			r = posix_spawn(ret, shell, &actions, &attributes, arguments, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Returns the process, or -errno. */
static pid_t start(const struct command *c, const struct alert_event *e)
{
	cleanup_(freep) char *json = NULL;
	cleanup_(freep) char **environment = NULL;
	cleanup_(string_release) struct string variable = string_up_to(EVENT_JSON_SIZE_MAX);
	cleanup_(closep) int stdin_fd = -1;
	struct event_fields fields;
	pid_t pid = 0;
	int r;

	r = event_json_format(e, &json);
	if (r < 0)
		return r;
	string_addf(&variable, "TCPSTATED_JSON=%s", json);
	if (variable.error)
		return variable.error;
	event_fields(e, &fields);
	environment = make_environment(&fields, variable.text);
	if (!environment)
		return -ENOMEM;
	stdin_fd = make_stdin(json);
	if (stdin_fd < 0)
		return stdin_fd;
	r = spawn(c->text, stdin_fd, environment, &pid);
	return r < 0 ? r : pid;
}

/* Goes on to the next, harder step to end the command and all that it started. */
static void escalate(struct run *r)
{
	static const struct {
		int signal;
		uint64_t patience_ms;
	} steps[] = {
		[RUN_GOES_ON] = {SIGTERM, COMMAND_TERMINATE_MS},
		/* A process that waits for a dead disk does not end at all: unless we are
		 * interrupted we wait for it, or there would be two of them. */
		[RUN_TERMINATED] = {SIGKILL, NEVER},
	};
	uint64_t patience_ms;

	if (r->phase >= RUN_KILLED) {
		r->phase = RUN_GIVEN_UP;
		return;
	}
	(void)kill(-r->pid, steps[r->phase].signal);
	patience_ms = steps[r->phase].patience_ms;
	if (r->interrupted)
		patience_ms = COMMAND_TERMINATE_MS / 10;
	r->phase_end_ms = patience_ms == NEVER ? NEVER : clock_monotonic_ms() + patience_ms;
	r->phase++;
}

static int poll_timeout(uint64_t until_ms)
{
	uint64_t now = clock_monotonic_ms();

	if (until_ms == NEVER)
		return -1;
	return until_ms <= now ? 0 : (int)MIN(until_ms - now, (uint64_t)INT_MAX);
}

/* Waits until the command has ended or is given up. Returns 0 or -errno. */
static int wait_for_end(struct run *r)
{
	/* There were too many descriptors. */
	if (r->pid_fd < 0)
		return -EMFILE;
	while (r->phase != RUN_GIVEN_UP) {
		struct pollfd fds[] = {
			{.fd = r->pid_fd, .events = POLLIN},
			{.fd = r->interrupted ? -1 : r->interrupt_fd, .events = POLLIN},
		};

		if (poll(fds, ARRAY_SIZE(fds), poll_timeout(r->phase_end_ms)) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (fds[0].revents)
			return 0;
		if (fds[1].revents)
			r->interrupted = true;
		if (fds[1].revents || clock_monotonic_ms() >= r->phase_end_ms)
			escalate(r);
	}
	return 0;
}

static int result_of(
	const struct command *c, const struct run *r, const siginfo_t *end, struct string *error)
{
	char duration[FORMAT_SIZE];

	if (r->interrupted)
		return string_fail(error, -ECANCELED, "the command was interrupted");
	if (r->phase != RUN_GOES_ON)
		return string_fail(error, -ETIMEDOUT, "the command did not end within %s",
			format_duration(duration, c->timeout_ms));
	if (end->si_code != CLD_EXITED)
		return string_fail(error, -EPROTO, "the command was killed by signal %d (%s)",
			end->si_status, strsignal(end->si_status));
	if (end->si_status != 0)
		return string_fail(
			error, -EPROTO, "the command ended with exit status %d", end->si_status);
	return 0;
}

static int finish(const struct command *c, struct run *r, struct string *error)
{
	siginfo_t end = {0};
	int result = wait_for_end(r);

	/* Until it is waited for, its process number is not reused. */
	if (result < 0 || r->phase != RUN_GOES_ON)
		(void)kill(-r->pid, SIGKILL);
	if (waitid(P_PID, (id_t)r->pid, &end, WEXITED | (r->phase == RUN_GIVEN_UP ? WNOHANG : 0)) <
			0 &&
		result == 0)
		result = -errno;
	if (result < 0)
		return string_fail(
			error, result, "cannot wait for the command: %s", strerror(-result));
	return result_of(c, r, &end, error);
}

/* Without pidfd_open() a command that hangs could not be ended, so none is started. */
static int check_kernel(struct string *error)
{
	cleanup_(closep) int fd = open_pidfd(getpid());

	if (fd >= 0)
		return 0;
	return string_fail(error, -errno,
		"no command can be run: pidfd_open: %s; it needs Linux 5.3 or newer",
		strerror(errno));
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static int command_deliver(
	void *output, const struct item *item, int interrupt_fd, struct string *error)
{
	const struct command *c = output;
	cleanup_(closep) int pid_fd = -1;
	struct run run = {.interrupt_fd = interrupt_fd};
	int r;

	r = check_kernel(error);
	if (r < 0)
		return r;
	if (is_readable(interrupt_fd))
		return string_fail(error, -ECANCELED, "the command was interrupted");
	run.phase_end_ms = clock_monotonic_ms() + c->timeout_ms;
	run.pid = start(c, &item->event);
	if (run.pid < 0)
		return string_fail(
			error, run.pid, "cannot start the command: %s", strerror(-run.pid));
	run.pid_fd = pid_fd = open_pidfd(run.pid);
	return finish(c, &run, error);
}

const struct output_ops command_ops = {
	.make = command_make,
	.deliver = command_deliver,
	.free = free,
};

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
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

struct exec {
	char *command;
	uint32_t timeout_ms;
	int interrupt_fd; /* an eventfd that stays readable once it was interrupted */
};

/* A command under way. */
struct run {
	pid_t pid;
	int pid_fd;
	enum { RUN_GOES_ON, RUN_TERMINATED, RUN_KILLED, RUN_GIVEN_UP } phase;
	uint64_t phase_end_ms;
	bool interrupted;
};

#define NEVER UINT64_MAX

int exec_new(const char *command, uint32_t timeout_ms, struct exec **ret)
{
	struct exec *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return -ENOMEM;
	x->timeout_ms = timeout_ms;
	x->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = x->interrupt_fd < 0 ? -errno : 0;
	x->command = strdup(command);
	if (r == 0 && !x->command)
		r = -ENOMEM;
	if (r < 0) {
		exec_free(x);
		return r;
	}
	*ret = x;
	return 0;
}

struct exec *exec_free(struct exec *x)
{
	if (!x)
		return NULL;
	closep(&x->interrupt_fd);
	free(x->command);
	free(x);
	return NULL;
}

void exec_interrupt(struct exec *x)
{
	(void)eventfd_write(x->interrupt_fd, 1);
}

/* Not in every C library that there is a system call for it in every kernel from 5.3 on. */
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

/* The environment of the command; it borrows all of it. NULL when no memory is left. */
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
 * A pipe with the line in it already, so that a command that does not read it is nobody's concern.
 * Even the smallest pipe, of one page, has room for it. Returns its end to read from, or -errno.
 */
static int make_stdin(const char *line)
{
	int ends[2], error;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	n = write(ends[1], line, strlen(line));
	error = n < 0 ? errno : EMSGSIZE;
	close(ends[1]);
	/* The command is to wait, if at all, as for any other input. */
	if (n == (ssize_t)strlen(line) && fcntl(ends[0], F_SETFL, 0) == 0)
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
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 34)
	/* All of ours close by themselves; of what we inherited nobody knows. */
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
static pid_t start(const struct exec *x, const struct alert_event *e)
{
	static const char name[] = "TCPSTATED_JSON=";
	cleanup_(freep) char *json = NULL, *variable = NULL, *line = NULL;
	cleanup_(freep) char **environment = NULL;
	cleanup_(closep) int stdin_fd = -1;
	struct event_fields fields;
	pid_t pid = 0;
	int r;

	r = event_json_format(e, &json);
	if (r < 0)
		return r;
	if (asprintf(&variable, "%s%s", name, json) < 0)
		variable = NULL;
	if (asprintf(&line, "%s\n", json) < 0)
		line = NULL;
	event_fields(e, &fields);
	environment = variable && line ? make_environment(&fields, variable) : NULL;
	if (!environment)
		return -ENOMEM;
	stdin_fd = make_stdin(line);
	if (stdin_fd < 0)
		return stdin_fd;
	r = spawn(x->command, stdin_fd, environment, &pid);
	return r < 0 ? r : pid;
}

/* Goes on to the next, harder way to end the command and all that it started. */
static void escalate(struct run *r)
{
	static const struct {
		int signal;
		uint64_t patience_ms;
	} ways[] = {
		[RUN_GOES_ON] = {SIGTERM, EXEC_TERMINATE_MS},
		/* A process that waits for a dead disk does not end at all: but for an
		 * interruption we wait for it, or there would be two of them. */
		[RUN_TERMINATED] = {SIGKILL, NEVER},
	};
	uint64_t patience_ms;

	if (r->phase >= RUN_KILLED) {
		r->phase = RUN_GIVEN_UP;
		return;
	}
	(void)kill(-r->pid, ways[r->phase].signal);
	patience_ms = ways[r->phase].patience_ms;
	if (r->interrupted)
		patience_ms = EXEC_TERMINATE_MS / 10;
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
static int wait_for_end(const struct exec *x, struct run *r)
{
	/* There were too many descriptors. */
	if (r->pid_fd < 0)
		return -EMFILE;
	while (r->phase != RUN_GIVEN_UP) {
		struct pollfd fds[] = {
			{.fd = r->pid_fd, .events = POLLIN},
			{.fd = r->interrupted ? -1 : x->interrupt_fd, .events = POLLIN},
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

__attribute__((format(printf, 4, 5))) static int fail(
	int error, char *sentence, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, size, format, args);
	va_end(args);
	return error;
}

static int judge(const struct exec *x, const struct run *r, const siginfo_t *end, char *error,
	size_t error_size)
{
	char duration[FORMAT_SIZE];

	if (r->interrupted)
		return fail(-ECANCELED, error, error_size, "the command was interrupted");
	if (r->phase != RUN_GOES_ON)
		return fail(-ETIMEDOUT, error, error_size, "the command did not end within %s",
			format_duration(duration, x->timeout_ms));
	if (end->si_code != CLD_EXITED)
		return fail(-EPROTO, error, error_size, "the command was killed by signal %d (%s)",
			end->si_status, strsignal(end->si_status));
	if (end->si_status != 0)
		return fail(-EPROTO, error, error_size, "the command ended with exit status %d",
			end->si_status);
	return 0;
}

static int finish(const struct exec *x, struct run *r, char *error, size_t error_size)
{
	siginfo_t end = {0};
	int result = wait_for_end(x, r);

	/* As long as it was not waited for, its number is nobody else's. */
	if (result < 0 || r->phase != RUN_GOES_ON)
		(void)kill(-r->pid, SIGKILL);
	if (result < 0)
		fail(result, error, error_size, "cannot wait for the command: %s",
			strerror(-result));
	if (waitid(P_PID, (id_t)r->pid, &end, WEXITED | (r->phase == RUN_GIVEN_UP ? WNOHANG : 0)) <
		0)
		return fail(-errno, error, error_size, "cannot wait for the command: %s",
			strerror(errno));
	return result < 0 ? result : judge(x, r, &end, error, error_size);
}

/* Without it a command that hangs could not be ended, so none is begun. */
static int check_kernel(char *error, size_t error_size)
{
	cleanup_(closep) int fd = open_pidfd(getpid());

	if (fd >= 0)
		return 0;
	return fail(-errno, error, error_size,
		"no command can be run: pidfd_open: %s; it needs Linux 5.3 or newer",
		strerror(errno));
}

static bool is_interrupted(const struct exec *x)
{
	struct pollfd p = {.fd = x->interrupt_fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

int exec_run(struct exec *x, const struct alert_event *e, char *error, size_t error_size)
{
	cleanup_(closep) int pid_fd = -1;
	struct run run = {0};
	int r;

	r = check_kernel(error, error_size);
	if (r < 0)
		return r;
	if (is_interrupted(x))
		return fail(-ECANCELED, error, error_size, "the command was interrupted");
	run.phase_end_ms = clock_monotonic_ms() + x->timeout_ms;
	run.pid = start(x, e);
	if (run.pid < 0)
		return fail(run.pid, error, error_size, "cannot start the command: %s",
			strerror(-run.pid));
	run.pid_fd = pid_fd = open_pidfd(run.pid);
	return finish(x, &run, error, error_size);
}

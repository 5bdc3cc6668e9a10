/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated-lab hold": makes sockets, in processes that hold them if need be. */
#include "basic/clock.h"
#include "basic/log.h"
#include "basic/macro.h"
#include "lab/cgroup.h"
#include "lab/hold_options.h"
#include "lab/janitor.h"
#include "lab/lab.h"
#include "lab/maker.h"
#include "lab/pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 1024

struct lab {
	struct pair pair;
	struct hold_options options;
	int listeners[SPECS_MAX]; /* several specs may have the same one */
	struct lab_cgroups cgroups;
	pid_t workers[WORKERS_MAX];
	size_t workers_count;
	unsigned peer_number;
	struct janitor janitor;
};

static void lab_finish(struct lab *lab)
{
	for (size_t i = 0; i < lab->workers_count; i++)
		kill(lab->workers[i], SIGKILL);
	for (size_t i = 0; i < lab->workers_count; i++)
		waitpid(lab->workers[i], NULL, 0);
	janitor_finish(&lab->janitor);
}

/* Enters the cgroup of a spec, if it has one. */
static int enter_cgroup(struct lab *lab, const struct spec *s)
{
	int r = s->cgroup ? lab_cgroup_enter(&lab->cgroups, s->cgroup) : 0;

	if (r < 0)
		log_line(LOG_ERR, "--cgroup %s: cannot enter it: %s", s->cgroup, strerror(-r));
	return r;
}

static void close_listener(struct lab *lab, size_t index)
{
	const int fd = lab->listeners[index];

	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < lab->options.specs_count; i++)
		if (lab->listeners[i] == fd)
			lab->listeners[i] = -1;
}

static bool keeps_descriptors(const struct spec *s)
{
	return s->situation->kind == SITUATION_HELD || s->alive;
}

/* Makes count sockets, writes a byte when they are there, and holds them until it is killed. */
__attribute__((noreturn)) static void work(
	struct lab *lab, struct spec *s, unsigned count, int ready)
{
	struct maker m = {
		.pair = &lab->pair,
		.specs = lab->options.specs,
		.specs_count = lab->options.specs_count,
		.spec = s,
		.listener = lab->listeners[s - lab->options.specs],
		.peer_number = lab->peer_number,
	};
	int r;

	close(lab->janitor.pipe);
	janitor_drop_streams(true);
	if (enter_cgroup(lab, s) < 0)
		_exit(EXIT_FAILED);
	r = maker_run(&m, count);
	/* They are the parent's to close. */
	for (size_t i = 0; i < lab->options.specs_count; i++)
		close_listener(lab, i);
	if (r < 0) {
		log_line(LOG_ERR, "%s on port %u: %s: %s", state_name(s->situation->state), s->port,
			m.what, strerror(-r));
		_exit(EXIT_FAILED);
	}
	if (write(ready, "", 1) != 1)
		_exit(EXIT_FAILED);
	close(ready);
	while (keeps_descriptors(s))
		pause();
	_exit(EXIT_SUCCESS);
}

/* Returns 0, or -errno: -ECHILD when the worker has logged what failed. */
static int worker_start(struct lab *lab, struct spec *s, unsigned count)
{
	const pid_t parent = getpid();
	int fds[2];
	ssize_t n;
	char byte;
	pid_t pid;

	if (lab->workers_count == WORKERS_MAX)
		return -EMFILE;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		int r = -errno;

		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILED);
		close(fds[0]);
		work(lab, s, count, fds[1]);
	}
	lab->workers[lab->workers_count++] = pid;
	close(fds[1]);
	do {
		n = read(fds[0], &byte, 1);
	} while (n < 0 && errno == EINTR);
	close(fds[0]);
	return n == 1 ? 0 : -ECHILD;
}

static int make_spec(struct lab *lab, struct spec *s)
{
	/* The peers that stay take descriptors as well. */
	const unsigned capacity =
		keeps_descriptors(s) ? maker_capacity() / (s->alive ? 2 : 1) : UINT32_MAX;

	s->began_us = clock_us(CLOCK_MONOTONIC);
	while (s->made < s->sockets) {
		unsigned count = MIN(s->sockets - s->made, capacity);
		int r = worker_start(lab, s, count);

		if (r < 0)
			return r;
		s->made += count;
		lab->peer_number += maker_addresses(count);
	}
	return 0;
}

static bool same_listener(const struct spec *a, const struct spec *b)
{
	return a->situation->state != STATE_BOUND_INACTIVE && a->port == b->port &&
	       a->family == b->family && a->address == b->address &&
	       (a->device && !a->client) == (b->device && !b->client) &&
	       (a->client && !a->loopback) == (b->client && !b->loopback);
}

/* Returns a listener that belongs to the spec's cgroup, or -errno. */
static int listen_in_cgroup(struct lab *lab, const struct spec *s, uint16_t port, unsigned waiting)
{
	int r = enter_cgroup(lab, s), left, fd;

	if (r < 0)
		return r;
	fd = spec_listen(&lab->pair, s, port, waiting);
	left = lab_cgroup_leave(&lab->cgroups);
	return left < 0 ? left : fd;
}

/* Several specs may share a port and the listener of the first. */
static int listener_of(struct lab *lab, size_t index)
{
	const struct spec *specs = lab->options.specs;
	unsigned waiting = 0;

	for (size_t i = 0; i < index; i++)
		if (same_listener(&specs[i], &specs[index]))
			return lab->listeners[i];
	for (size_t i = index; i < lab->options.specs_count; i++)
		if (same_listener(&specs[i], &specs[index]) &&
			specs[i].situation->handshake != HANDSHAKE_COMPLETE)
			waiting += specs[i].sockets;
	return listen_in_cgroup(lab, &specs[index], specs[index].port, waiting);
}

static int make_listeners(struct lab *lab)
{
	for (size_t i = 0; i < lab->options.specs_count; i++) {
		struct spec *s = &lab->options.specs[i];
		unsigned ports = s->situation->handshake == HANDSHAKE_NONE ? s->sockets : 0;
		int fd = ports == 0 ? listener_of(lab, i) : 0;

		for (; s->made < ports && fd >= 0; s->made++)
			fd = listen_in_cgroup(lab, s, (uint16_t)(s->port + s->made), 0);
		if (fd < 0) {
			log_line(LOG_ERR, "cannot open port %u: %s", s->port + s->made,
				strerror(-fd));
			return fd;
		}
		lab->listeners[i] = fd;
	}
	return 0;
}

/* Raises what limits the sockets of the namespace. A failure shows in how many there are. */
static void raise_limits(const struct lab *lab)
{
	uint64_t mini = 0, waiting = 1024;

	for (size_t i = 0; i < lab->options.specs_count; i++) {
		const struct spec *s = &lab->options.specs[i];

		mini += s->situation->kind == SITUATION_MINI ? s->sockets : 0;
		waiting += s->situation->handshake != HANDSHAKE_COMPLETE ? 2 * s->sockets : 0;
	}
	/* Twice as many, so that tcpstated does not report a limit of this namespace. */
	sysctl_raise("ipv4/tcp_max_tw_buckets", 2 * mini + 1024);
	sysctl_raise("core/somaxconn", waiting);
	/* With 15 retries an orphan in FIN_WAIT_1 lives for a quarter of an hour. */
	sysctl_raise("ipv4/tcp_orphan_retries", 15);
}

/* Makes the sockets; what stays in the accept queue comes last, since an accept() on the same port
 * would take it. */
static int make_sockets(struct lab *lab)
{
	for (int last = 0; last < 2; last++) {
		for (size_t i = 0; i < lab->options.specs_count; i++) {
			struct spec *s = &lab->options.specs[i];
			int r;

			if ((s->situation->handshake != HANDSHAKE_COMPLETE) != last)
				continue;
			r = make_spec(lab, s);
			if (r < 0 && r != -ECHILD)
				log_line(LOG_ERR, "cannot start a process: %s", strerror(-r));
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Once the sockets are there: those that wait on one listener do not spread over its group. */
static int change_listeners(struct lab *lab)
{
	for (size_t i = 0; i < lab->options.specs_count; i++) {
		const struct spec *s = &lab->options.specs[i];

		if (s->listener_gone)
			close_listener(lab, i);
		for (unsigned more = 1; more < s->group; more++) {
			int fd = listen_in_cgroup(lab, s, s->port, 0);

			if (fd < 0) {
				log_line(LOG_ERR, "cannot open port %u once more: %s", s->port,
					strerror(-fd));
				return fd;
			}
		}
	}
	return 0;
}

static int await_sockets(struct lab *lab)
{
	const struct spec *missing = lab->options.specs;
	unsigned seen = 0;
	int r = pair_quiesce(&lab->pair);

	if (r >= 0)
		r = specs_await(lab->options.specs, lab->options.specs_count, &missing, &seen);
	if (r == -ETIMEDOUT)
		log_line(LOG_ERR, "%s on port %u: made %u, but sock_diag shows %u",
			state_name(missing->situation->state), missing->port, missing->made, seen);
	else if (r < 0)
		log_line(LOG_ERR, "cannot read the sockets that were made: %s", strerror(-r));
	return r;
}

static int make_all(struct lab *lab)
{
	int r;

	raise_limits(lab);
	r = make_listeners(lab);
	if (r >= 0)
		r = make_sockets(lab);
	if (r >= 0)
		r = change_listeners(lab);
	return r < 0 ? r : await_sockets(lab);
}

/* The address that the listener is bound to, as JSON. */
static const char *address_text(char buf[INET6_ADDRSTRLEN + 2], const struct spec *s)
{
	const int family = s->family == FAMILY_6 ? AF_INET6 : AF_INET;
	const union address own = address_of(true, family, s->address - 1, 0);

	if (s->address == 0)
		return "null";
	buf[0] = '"';
	inet_ntop(family, family == AF_INET ? (const void *)&own.in.sin_addr : &own.in6.sin6_addr,
		buf + 1, INET6_ADDRSTRLEN);
	strcat(buf, "\"");
	return buf;
}

/* Returns 0 or, after logging, an exit status. */
static int print_ready(const struct lab *lab)
{
	static const char *const families[] = {"4", "6", "dual"};
	char address[INET6_ADDRSTRLEN + 2];
	struct stat here = {0};

	fstat(lab->pair.here, &here);
	printf("{\"ready\": true, \"pid\": %d, \"netns\": \"net:[%ju]\", \"sockets\": [",
		(int)getpid(), (uintmax_t)here.st_ino);
	for (size_t i = 0; i < lab->options.specs_count; i++) {
		const struct spec *s = &lab->options.specs[i];

		printf("%s{\"state\": \"%s\", \"kind\": \"%s\", \"n\": %u, \"port\": %u, "
		       "\"family\": \"%s\", \"side\": \"%s\", \"unread\": %u, \"unsent\": %u, "
		       "\"expired\": %u, \"address\": %s, \"device\": %s}",
			i ? ", " : "", state_name(s->situation->state),
			name_of(situation_kind_names, s->situation->kind), s->made, s->port,
			families[s->family], s->client ? "client" : "server", s->unread, s->unsent,
			s->expired, address_text(address, s), s->device ? "\"to-there\"" : "null");
	}
	puts("]}");
	return finish_output();
}

/* What the ready line says; with a command there is none. */
static void report_expired(const struct lab *lab)
{
	for (size_t i = 0; i < lab->options.specs_count; i++) {
		const struct spec *s = &lab->options.specs[i];

		if (s->expired > 0)
			log_line(LOG_WARNING, "%s on port %u: made %u, of which %u have expired",
				state_name(s->situation->state), s->port, s->made, s->expired);
	}
}

static void wait_for_end_of_input(void)
{
	char buffer[256];
	ssize_t n;

	do {
		n = read(STDIN_FILENO, buffer, sizeof(buffer));
	} while (n > 0 || (n < 0 && errno == EINTR));
}

static int run_command(struct lab *lab, char **command)
{
	int status, r;
	pid_t pid = fork();

	if (pid < 0) {
		log_line(LOG_ERR, "cannot start a process: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (pid == 0) {
		close(lab->janitor.pipe);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execvp(command[0], command);
		r = errno;
		log_line(LOG_ERR, "%s: %s", command[0], strerror(r));
		_exit(r == ENOENT ? 127 : 126);
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void usage(void)
{
	puts("Usage: tcpstated-lab hold STATE [OPTION]... [and STATE [OPTION]...]... "
	     "[-- COMMAND [ARGUMENT]...]\n"
	     "Makes TCP sockets in these states in network namespaces of its own, prints one line "
	     "of JSON when all are there,\n"
	     "and holds them until standard input closes. With COMMAND, runs it inside instead and "
	     "exits with its status.\n");
	option_print_table(&hold_option_table, stdout);
	puts("  -h, --help                print this help and exit");
}

static int make_hosts(struct lab *lab)
{
	const char *what;
	int r = pair_new(&lab->pair, &what);

	if (r >= 0) {
		what = "cannot start a process";
		r = janitor_start(&lab->pair, &lab->janitor);
	}
	if (r < 0)
		log_line(LOG_ERR, "%s: %s", what, strerror(-r));
	return r;
}

int hold_main(int argc, char **argv)
{
	static struct lab lab;
	char text[512];
	struct string error = STRING_IN(text);
	int status = EXIT_FAILED;

	if (hold_options_parse(argc, argv, &lab.options, &error) < 0) {
		log_line(LOG_ERR, "%s", text);
		return EXIT_USAGE;
	}
	if (lab.options.help) {
		usage();
		return finish_output();
	}
	lab.cgroups.maker = getpid();
	if (make_hosts(&lab) < 0)
		return EXIT_FAILED;
	if (make_all(&lab) >= 0) {
		if (lab.options.command) {
			report_expired(&lab);
			status = run_command(&lab, lab.options.command);
		} else {
			status = print_ready(&lab);
			if (status == 0)
				wait_for_end_of_input();
		}
	}
	lab_finish(&lab);
	return status;
}

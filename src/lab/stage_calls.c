/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections, and what each side calls. */
#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "lab/stage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define BACKLOG         65535 /* the kernel caps it at net.core.somaxconn */
#define CONNECT_SECONDS 10
#define ACCEPT_MS       10000

/* linux/in.h; older C libraries do not define it */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* Sockets of a host that go to a process of their own. */
struct handover {
	enum host host;
	int *fds;
	size_t count, allocated;
};

static void add_to_handover(struct stage *s, enum host host, int fd)
{
	struct handover *h = s->handover;

	if (!h || h->host != host)
		return;
	if (ARRAY_GROW(h->fds, h->allocated, h->count + 1) < 0)
		stage_give_up(s, "out of memory");
	h->fds[h->count++] = fd;
}

static int family_of(const struct connect_options *o, enum host host)
{
	return o->dual_stack && host == SERVER ? AF_INET6 : AF_INET;
}

static int socket_on(struct stage *s, enum host host, const struct connect_options *o)
{
	int fd, r;

	stage_enter(s, host);
	fd = socket(family_of(o, host), SOCK_STREAM | SOCK_CLOEXEC, o->mptcp ? IPPROTO_MPTCP : 0);
	r = fd < 0 ? -errno : fd;
	stage_enter(s, SERVER);
	if (o->mptcp && (r == -EPROTONOSUPPORT || r == -ENOPROTOOPT || r == -EINVAL))
		stage_not_here(s, "it has no MPTCP");
	if (r < 0)
		stage_give_up(s, "cannot make a socket: %s", strerror(-r));
	return fd;
}

static struct listener *find_listener(struct stage *s, const struct connect_options *o)
{
	for (size_t i = 0; i < s->listeners_count; i++) {
		struct listener *l = &s->listeners[i];

		if (l->fd >= 0 && l->options.port == o->port &&
			l->options.dual_stack == o->dual_stack && l->options.mptcp == o->mptcp)
			return l;
	}
	return NULL;
}

static int listen_on(struct stage *s, const struct connect_options *o)
{
	const union address any = address_any(family_of(o, SERVER), o->port);
	struct listener *l = find_listener(s, o);
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char text[64];
	int fd, r;

	if (l)
		return l->fd;
	if (s->listeners_count == LISTENERS_MAX)
		stage_give_up(s, "more than %d listeners", LISTENERS_MAX);
	fd = socket_on(s, SERVER, o);
	r = socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && any.any.sa_family == AF_INET6)
		r = socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !o->dual_stack);
	if (r == 0 && (bind(fd, &any.any, address_size(&any)) < 0 || listen(fd, BACKLOG) < 0))
		r = -errno;
	if (r < 0)
		stage_give_up(s, "cannot listen on port %u: %s", o->port, strerror(-r));
	snprintf(text, sizeof(text), "listen(), port %u%s", o->port,
		o->dual_stack ? ", IPv6 and IPv4" : "");
	timeline_call(&s->timeline, began, SERVER, text, 0);
	add_to_handover(s, SERVER, fd);
	s->listeners[s->listeners_count++] = (struct listener){*o, fd};
	return fd;
}

/* Binds to the client's address, which must be added before it can be used. */
static void bind_client(struct stage *s, int fd, const struct connect_options *o)
{
	const union address address = address_of(false, family_of(o, CLIENT), o->client_address, 0);
	int r = pair_address(&s->pair, false, &address, true);

	if (r < 0 && r != -EEXIST)
		stage_give_up(s, "cannot add an address: %s", strerror(-r));
	/*
	 * connect() chooses the port, as for a program that binds to no address. MPTCP does not
	 * support the option everywhere (6.1 does not), and there bind() chooses.
	 */
	r = socket_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (r == 0 || r == -EOPNOTSUPP)
		r = socket_set_timeout(fd, SO_SNDTIMEO, CONNECT_SECONDS);
	if (r == 0 && bind(fd, &address.any, address_size(&address)) < 0)
		r = -errno;
	if (r < 0)
		stage_give_up(s, "cannot bind the client: %s", strerror(-r));
}

/* getsockname() or getpeername(); a port stands at the same place in both families. */
static uint16_t port_by(int (*get)(int, struct sockaddr *, socklen_t *), int fd)
{
	union address address = {0};
	socklen_t size = sizeof(address);

	get(fd, &address.any, &size);
	return ntohs(address.in.sin_port);
}

static int accept_on(struct stage *s, int listener, uint16_t client_port)
{
	struct pollfd ready = {.fd = listener, .events = POLLIN};
	int fd;

	if (poll(&ready, 1, ACCEPT_MS) <= 0)
		stage_give_up(s, "nothing to accept() for %d s", ACCEPT_MS / 1000);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		stage_give_up(s, "accept(): %s", strerror(errno));
	if (port_by(getpeername, fd) != client_port)
		stage_give_up(s, "accept() gave another connection than the one just made");
	add_to_handover(s, SERVER, fd);
	return fd;
}

/* Returns 0, or -errno of connect(). *ret_began_us is when that was called. */
static int connect_one(struct stage *s, const struct connect_options *o, struct connection *ret,
	uint64_t *ret_began_us)
{
	const union address server = address_of(true, family_of(o, CLIENT), 0, o->port);
	const int fd = socket_on(s, CLIENT, o);
	struct connection c;

	bind_client(s, fd, o);
	*ret_began_us = clock_us(CLOCK_MONOTONIC);
	if (connect(fd, &server.any, address_size(&server)) < 0) {
		int r = errno == EINPROGRESS ? -ETIMEDOUT : -errno;

		close(fd);
		return r;
	}
	c.client = (struct end){
		.host = CLIENT,
		.fd = fd,
		.local_port = port_by(getsockname, fd),
		.remote_port = o->port,
		.client_address = o->client_address,
	};
	c.server = (struct end){
		.host = SERVER,
		.fd = -1,
		.local_port = o->port,
		.remote_port = c.client.local_port,
		.client_address = o->client_address,
	};
	add_to_handover(s, CLIENT, fd);
	*ret = c;
	return 0;
}

static struct connect_options completed(const struct connect_options *o)
{
	struct connect_options complete = *o;

	complete.port = o->port ? o->port : STAGE_PORT;
	return complete;
}

int call_connect(struct stage *s, const struct connect_options *options, struct connection *ret)
{
	const struct connect_options o = completed(options);
	const int listener = listen_on(s, &o);
	uint64_t began;
	char text[64];
	int r = connect_one(s, &o, ret, &began);

	snprintf(text, sizeof(text), "connect(), port %u", o.port);
	timeline_call(&s->timeline, began, CLIENT, text, r);
	if (r < 0)
		return r;
	if (s->followed_count < FOLLOWED_MAX)
		s->followed[s->followed_count++] =
			(struct followed){{ret->server, ret->client}, {{0}}};
	if (!o.not_accepted) {
		began = clock_us(CLOCK_MONOTONIC);
		ret->server.fd = accept_on(s, listener, ret->client.local_port);
		timeline_call(&s->timeline, began, SERVER, "accept()", ret->server.fd);
	}
	stage_observe(s, NULL, true);
	return 0;
}

struct connection stage_connect(struct stage *s, const struct connect_options *o)
{
	struct connection c;
	int r = call_connect(s, o, &c);

	if (r < 0)
		stage_give_up(s, "connect(): %s", strerror(-r));
	return c;
}

/* Reports calls on a host, and what changed. */
__attribute__((format(printf, 5, 6))) static void report_call(
	struct stage *s, uint64_t began, enum host host, long returned, const char *format, ...)
{
	char text[128];
	va_list arguments;

	va_start(arguments, format);
	string_printv(text, sizeof(text), format, arguments);
	va_end(arguments);
	timeline_call(&s->timeline, began, host, text, returned);
	stage_observe(s, NULL, true);
}

void stage_connect_many(struct stage *s, const struct connect_options *options,
	struct connection *list, size_t count)
{
	const struct connect_options o = completed(options);
	const int listener = listen_on(s, &o);
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char number[FORMAT_SIZE];

	for (size_t i = 0; i < count; i++) {
		uint64_t ignored;
		int r = connect_one(s, &o, &list[i], &ignored);

		if (r < 0)
			stage_give_up(s, "connect() number %zu: %s", i + 1, strerror(-r));
		if (!o.not_accepted)
			list[i].server.fd = accept_on(s, listener, list[i].client.local_port);
	}
	report_call(s, began, CLIENT, 0, "%s times connect()%s, port %u",
		format_count(number, count), o.not_accepted ? "" : " and accept()", o.port);
}

int call_close(struct stage *s, struct end *e, double *ret_ms)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int r = close(e->fd) < 0 ? -errno : 0;

	if (ret_ms)
		*ret_ms = (double)(clock_us(CLOCK_MONOTONIC) - began) / 1e3;
	e->fd = -1;
	report_call(s, began, e->host, r, "close()");
	return r;
}

void call_close_many(struct stage *s, struct connection *list, size_t count, enum host side)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char number[FORMAT_SIZE];

	for (size_t i = 0; i < count; i++) {
		struct end *e = side == SERVER ? &list[i].server : &list[i].client;

		if (close(e->fd) < 0)
			stage_give_up(s, "close(): %s", strerror(errno));
		e->fd = -1;
	}
	report_call(s, began, side, 0, "%s times close()", format_count(number, count));
}

int call_shutdown_write(struct stage *s, struct end *e)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int r = shutdown(e->fd, SHUT_WR) < 0 ? -errno : 0;

	report_call(s, began, e->host, r, "shutdown(SHUT_WR)");
	return r;
}

/* A buffer that accepts nothing for so long is full: the peer accepts nothing either. */
#define FULL_MS 50

long call_send(struct stage *s, struct end *e, size_t size)
{
	static const char block[65536];
	struct pollfd ready = {.fd = e->fd, .events = POLLOUT};
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char text[FORMAT_SIZE];
	size_t sent = 0;
	ssize_t n = 0;

	while (sent < size && n >= 0 && poll(&ready, 1, FULL_MS) > 0) {
		n = send(
			e->fd, block, MIN(size - sent, sizeof(block)), MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		if (n < 0 && errno == EAGAIN)
			n = 0;
	}
	n = n < 0 && sent == 0 ? -errno : (ssize_t)sent;
	report_call(s, began, e->host, n, "send(%s)", format_count(text, size));
	return n;
}

/* Calls recv() once: a second call would take the error that waits behind the data. */
long call_receive(struct stage *s, struct end *e, size_t size, unsigned wait_ms)
{
	cleanup_(freep) char *block = malloc(size);
	struct pollfd ready = {.fd = e->fd, .events = POLLIN};
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char text[FORMAT_SIZE];
	long r;

	if (!block)
		stage_give_up(s, "out of memory");
	poll(&ready, 1, (int)wait_ms);
	r = recv(e->fd, block, size, MSG_DONTWAIT);
	if (r < 0)
		r = -errno;
	report_call(s, began, e->host, r, "recv(%s)", format_count(text, size));
	return r;
}

int call_linger(struct stage *s, struct end *e, int seconds)
{
	const struct linger linger = {true, seconds};
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int r = setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0 ? -errno : 0;

	report_call(s, began, e->host, r, "setsockopt(SO_LINGER, on, %d s)", seconds);
	return r;
}

int call_option(struct stage *s, struct end *e, int level, int option, const char *name, int value)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int r = socket_set(e->fd, level, option, value);

	report_call(s, began, e->host, r, "setsockopt(%s, %d)", name, value);
	return r;
}

int call_nonblocking(struct stage *s, struct end *e)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int flags = fcntl(e->fd, F_GETFL);
	int r = flags < 0 || fcntl(e->fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;

	report_call(s, began, e->host, r, "fcntl(O_NONBLOCK)");
	return r;
}

/* Forks a process that has the sockets too, and closes them here. */
static pid_t hand_over(struct stage *s, const struct handover *h)
{
	const pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		stage_give_up(s, "cannot start a process: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Else the janitor would wait for this process too. */
		close(s->janitor.pipe);
		while (getppid() == parent)
			pause();
		_exit(EXIT_FAILURE);
	}
	for (size_t i = 0; i < h->count; i++) {
		for (size_t j = 0; j < s->listeners_count; j++)
			if (s->listeners[j].fd == h->fds[i])
				s->listeners[j].fd = -1;
		close(h->fds[i]);
	}
	return pid;
}

void stage_killed_process(struct stage *s, enum host host,
	void (*fn)(struct stage *s, void *userdata), void *userdata)
{
	struct handover handover = {.host = host};
	pid_t pid;

	s->handover = &handover;
	fn(s, userdata);
	s->handover = NULL;
	pid = hand_over(s, &handover);
	free(handover.fds);
	timeline_remark(
		&s->timeline, &host, "the process that holds these sockets is killed with SIGKILL");
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	stage_observe(s, NULL, true);
}

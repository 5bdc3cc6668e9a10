/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listeners and connections. */
#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "lab/stage_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_SECONDS 10
#define ACCEPT_MS       10000

/* linux/in.h; older C libraries do not define it */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct connect_options options_complete(const struct connect_options *o)
{
	struct connect_options complete = *o;

	complete.port = o->port ? o->port : STAGE_PORT;
	complete.not_accepted |= o->unanswered || o->unheard;
	return complete;
}

bool options_same_listener(const struct connect_options *a, const struct connect_options *b)
{
	return a->port == b->port && a->dual_stack == b->dual_stack && a->mptcp == b->mptcp &&
	       a->loopback == b->loopback && a->link_local == b->link_local &&
	       a->server_device == b->server_device && a->own_address == b->own_address &&
	       (!a->own_address || a->server_address == b->server_address);
}

enum host options_client_host(const struct connect_options *o)
{
	return o->loopback ? SERVER : CLIENT;
}

union address options_target(const struct connect_options *o)
{
	/* The addresses of a cable end in 1 on the server, in 2 on the client. */
	if (o->link_local)
		return address_link_local(1, o->port, stage_device_index(o->client_device));
	if (o->loopback)
		return address_loopback(o->server_address, o->port);
	return address_of(true, AF_INET, o->server_address, o->port);
}

static int family_of(const struct connect_options *o, enum host side)
{
	const bool is_ipv6 = side == SERVER ? o->dual_stack : o->mapped;

	return is_ipv6 || o->link_local ? AF_INET6 : AF_INET;
}

static int bind_to_device(int fd, bool here, enum stage_device device)
{
	const char *name = pair_device_name(here, stage_device_index(device));

	if (name && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0)
		return -errno;
	return 0;
}

static int socket_on(struct stage *s, enum host side, const struct connect_options *o)
{
	const enum host host = side == SERVER ? SERVER : options_client_host(o);
	int fd, r;

	stage_enter(s, host);
	fd = socket(family_of(o, side), SOCK_STREAM | SOCK_CLOEXEC, o->mptcp ? IPPROTO_MPTCP : 0);
	r = fd < 0 ? -errno
		   : bind_to_device(fd, host == SERVER,
			     side == SERVER ? o->server_device : o->client_device);
	stage_enter(s, SERVER);
	if (o->mptcp && (r == -EPROTONOSUPPORT || r == -ENOPROTOOPT || r == -EINVAL))
		stage_not_here(s, "it has no MPTCP");
	if (r < 0)
		stage_give_up(s, "cannot make a socket: %s", strerror(-r));
	return fd;
}

static struct listener *find_listener(struct stage *s, const struct connect_options *o)
{
	for (size_t i = 0; i < s->listeners_count; i++)
		if (s->listeners[i].count > 0 && options_same_listener(&s->listeners[i].options, o))
			return &s->listeners[i];
	return NULL;
}

/* Makes an address usable; lo has all of its own. */
static void add_address(struct stage *s, bool here, const union address *address)
{
	int r = pair_address(&s->pair, here, address, true);

	if (r < 0 && r != -EEXIST)
		stage_give_up(s, "cannot add an address: %s", strerror(-r));
}

/* Returns a listening socket, or -errno of bind() or listen(). */
static int listen_once(struct stage *s, const struct connect_options *o)
{
	static const int most = 65535; /* the kernel caps it at net.core.somaxconn */
	const union address address =
		o->own_address ? options_target(o) : address_any(family_of(o, SERVER), o->port);
	const int backlog = o->backlog == BACKLOG_ZERO ? 0 : o->backlog ? o->backlog : most;
	cleanup_(closep) int fd = socket_on(s, SERVER, o);
	int r = socket_set(fd, SOL_SOCKET, SO_REUSEADDR, !o->no_reuse_address);

	if (r == 0 && o->group)
		r = socket_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (r == 0 && address.any.sa_family == AF_INET6)
		r = socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !o->dual_stack);
	if (r == 0 &&
		(bind(fd, &address.any, address_size(&address)) < 0 || listen(fd, backlog) < 0))
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

static void report_listen(struct stage *s, uint64_t began, const struct connect_options *o, int r)
{
	char text[160], address[INET6_ADDRSTRLEN] = "";
	const union address target = options_target(o);

	if (o->own_address && target.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &target.in.sin_addr, address, sizeof(address));
	snprintf(text, sizeof(text), "%s, %s%sport %u%s%s%s%s", r < 0 ? "bind()" : "listen()",
		address, *address ? " " : "", o->port, o->dual_stack ? ", IPv6 and IPv4" : "",
		o->group ? ", SO_REUSEPORT" : "", o->no_reuse_address ? ", no SO_REUSEADDR" : "",
		o->server_device == ANY_DEVICE    ? ""
		: o->server_device == FIRST_CABLE ? ", on the first cable"
						  : ", on the second cable");
	timeline_call(&s->timeline, began, SERVER, text, r < 0 ? r : 0);
}

static int listen_on(struct stage *s, const struct connect_options *o, struct listener **ret)
{
	const union address target = options_target(o);
	struct listener *l = find_listener(s, o);

	*ret = l;
	if (l)
		return 0;
	if (s->listeners_count == LISTENERS_MAX)
		stage_give_up(s, "more than %d listeners", LISTENERS_MAX);
	if (!o->loopback && !o->link_local && o->server_address > 0)
		add_address(s, true, &target);
	l = &s->listeners[s->listeners_count];
	*l = (struct listener){.options = *o};
	while (l->count < MAX(o->group, 1U)) {
		const uint64_t began = clock_us(CLOCK_MONOTONIC);
		int fd = listen_once(s, o);

		report_listen(s, began, o, fd);
		if (fd < 0)
			return fd;
		stage_handover_add(s, SERVER, fd);
		l->fds[l->count++] = fd;
	}
	s->listeners_count++;
	*ret = l;
	return 0;
}

/* Returns NULL if nobody is to listen. */
static struct listener *listen_or_give_up(struct stage *s, const struct connect_options *o)
{
	struct listener *l = NULL;
	int r = o->unheard ? 0 : listen_on(s, o, &l);

	if (r < 0)
		stage_give_up(s, "cannot listen on port %u: %s", o->port, strerror(-r));
	return l;
}

int call_listen(struct stage *s, const struct connect_options *options)
{
	const struct connect_options o = options_complete(options);
	struct listener *ignored;

	return listen_on(s, &o, &ignored);
}

/* The client's own address; a link-local one is chosen by its device. */
static union address client_address(const struct connect_options *o, unsigned port)
{
	const union address ipv4 = o->loopback
					   ? address_loopback(o->client_address, port)
					   : address_of(false, AF_INET, o->client_address, port);

	return o->mapped ? address_mapped(&ipv4) : ipv4;
}

/* Binds to the client's address, which must be added before it can be used. index is that of a
 * connection among several. */
static int bind_client(struct stage *s, int fd, const struct connect_options *o, size_t index)
{
	const bool is_own = o->port_choice == PORT_OWN;
	const union address address =
		client_address(o, is_own ? o->client_port + (unsigned)index : 0);
	const union address added = address_of(false, AF_INET, o->client_address, 0);
	int r = 0;

	if (!o->loopback)
		add_address(s, false, &added);
	/*
	 * connect() chooses the port, as for a program that binds to no address. MPTCP does not
	 * support the option everywhere (6.1 does not), and there bind() chooses.
	 */
	if (o->port_choice == PORT_BY_CONNECT)
		r = socket_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	else if (is_own)
		r = socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if ((r == 0 || r == -EOPNOTSUPP) && bind(fd, &address.any, address_size(&address)) < 0)
		r = -errno;
	return r == -EOPNOTSUPP ? 0 : r;
}

/* Returns the port; a client's address goes to bytes, an IPv4 one mapped. */
static uint16_t client_name(int fd, uint8_t bytes[16])
{
	union address name = {0};
	socklen_t size = sizeof(name);

	getsockname(fd, &name.any, &size);
	if (name.any.sa_family == AF_INET)
		name = address_mapped(&name);
	memcpy(bytes, &name.in6.sin6_addr, 16);
	return ntohs(name.in6.sin6_port);
}

/* A port stands at the same place in both families. */
static uint16_t peer_port(int fd)
{
	union address address = {0};
	socklen_t size = sizeof(address);

	getpeername(fd, &address.any, &size);
	return ntohs(address.in.sin_port);
}

static int accept_on(struct stage *s, const struct listener *l, uint16_t client_port)
{
	struct pollfd ready[STAGE_GROUP_MAX];
	size_t i = 0;
	int fd;

	for (i = 0; i < l->count; i++)
		ready[i] = (struct pollfd){.fd = l->fds[i], .events = POLLIN};
	if (poll(ready, l->count, ACCEPT_MS) <= 0)
		stage_give_up(s, "nothing to accept() for %d s", ACCEPT_MS / 1000);
	for (i = 0; !ready[i].revents; i++)
		continue;
	fd = accept4(l->fds[i], NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		stage_give_up(s, "accept(): %s", strerror(errno));
	if (peer_port(fd) != client_port)
		stage_give_up(s, "accept() gave another connection than the one just made");
	stage_handover_add(s, SERVER, fd);
	return fd;
}

/* Binds if need be, and connects. Returns 0 or -errno; *ret_began_us is when connect() was called.
 */
static int connect_client(struct stage *s, int fd, const struct connect_options *o, size_t index,
	uint64_t *ret_began_us)
{
	union address server = options_target(o);
	int r = o->unanswered ? (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0)
			      : socket_set_timeout(fd, SO_SNDTIMEO, CONNECT_SECONDS);

	if (o->mapped)
		server = address_mapped(&server);
	*ret_began_us = clock_us(CLOCK_MONOTONIC);
	if (r == 0 && !o->link_local)
		r = bind_client(s, fd, o, index);
	if (r < 0)
		return r;
	*ret_began_us = clock_us(CLOCK_MONOTONIC);
	if (connect(fd, &server.any, address_size(&server)) < 0)
		r = errno != EINPROGRESS ? -errno : o->unanswered ? 0 : -ETIMEDOUT;
	return r;
}

/* Returns 0, or -errno of bind() or connect(). *ret_began_us is when that was called. */
static int connect_one(struct stage *s, const struct connect_options *o, size_t index,
	struct connection *ret, uint64_t *ret_began_us)
{
	cleanup_(closep) int fd = socket_on(s, CLIENT, o);
	struct connection c;
	int r = connect_client(s, fd, o, index, ret_began_us);

	if (r < 0)
		return r;
	c.client = (struct end){
		.host = options_client_host(o),
		.side = CLIENT,
		.fd = fd,
		.remote_port = o->port,
		.device = stage_device_index(o->client_device),
	};
	c.client.local_port = client_name(fd, c.client.client_address);
	c.server = c.client;
	c.server.host = c.server.side = SERVER;
	c.server.fd = -1;
	c.server.local_port = o->port;
	/* To a link-local address, a connection is bound to the device that it came from. */
	if (!o->link_local)
		c.server.device = stage_device_index(o->server_device);
	c.server.remote_port = c.client.local_port;
	stage_handover_add(s, CLIENT, TAKE_FD(fd));
	*ret = c;
	return 0;
}

int call_connect(struct stage *s, const struct connect_options *options, struct connection *ret)
{
	const struct connect_options o = options_complete(options);
	const struct listener *listener = listen_or_give_up(s, &o);
	uint64_t began;
	char text[64];
	int r = connect_one(s, &o, 0, ret, &began);

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

size_t stage_connect_most(struct stage *s, const struct connect_options *options,
	struct connection *list, size_t count, int *ret_error)
{
	const struct connect_options o = options_complete(options);
	const struct listener *listener = listen_or_give_up(s, &o);
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char number[FORMAT_SIZE];
	size_t made = 0;
	int r = 0;

	for (; made < count; made++) {
		uint64_t ignored;

		r = connect_one(s, &o, made, &list[made], &ignored);
		if (r < 0)
			break;
		if (!o.not_accepted)
			list[made].server.fd = accept_on(s, listener, list[made].client.local_port);
	}
	*ret_error = r;
	stage_report_call(s, began, CLIENT, r, "%s times connect()%s, port %u%s",
		format_count(number, made), o.not_accepted ? "" : " and accept()", o.port,
		r == 0                             ? ""
		: o.port_choice == PORT_BY_CONNECT ? "; then connect()"
						   : "; then bind()");
	return made;
}

void stage_connect_many(
	struct stage *s, const struct connect_options *o, struct connection *list, size_t count)
{
	int r;
	const size_t made = stage_connect_most(s, o, list, count, &r);

	if (made < count)
		stage_give_up(s, "connect() number %zu: %s", made + 1, strerror(-r));
}

void call_close_listener(struct stage *s, const struct connect_options *options)
{
	const struct connect_options o = options_complete(options);
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	struct listener *l = find_listener(s, &o);

	if (!l)
		stage_give_up(s, "nothing listens on port %u", o.port);
	while (l->count > 0)
		close(l->fds[--l->count]);
	stage_report_call(s, began, SERVER, 0, "close() of the listener, port %u", o.port);
}

size_t call_accept_but_first(struct stage *s, const struct connect_options *options)
{
	const struct connect_options o = options_complete(options);
	const struct listener *l = listen_or_give_up(s, &o);
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char number[FORMAT_SIZE];
	size_t count = 0;

	for (size_t i = 1; i < l->count; i++) {
		struct pollfd ready = {.fd = l->fds[i], .events = POLLIN};

		while (poll(&ready, 1, 0) > 0 && accept4(l->fds[i], NULL, NULL, SOCK_CLOEXEC) >= 0)
			count++;
	}
	stage_report_call(s, began, SERVER, 0, "%s times accept(), on all listeners but the first",
		format_count(number, count));
	return count;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/maker.h"

#include "basic/cleanup.h"
#include "basic/macro.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define BATCH_MAX 1000

/*
 * Clients bind to 28,000 ports, by default of the default ip_local_port_range, to each only once
 * per address: a port that is still in TIME_WAIT is never needed again.
 */
#define BATCHES_PER_ADDRESS 28
static_assert(MAKER_PORT_FIRST_MAX + BATCHES_PER_ADDRESS * BATCH_MAX == 65536, "ports");

#define TIMEOUT_MS      10000
#define FILES_FOR_OTHER 64

struct batch {
	int fd[2][BATCH_MAX]; /* by enum who; -1: closed */
	unsigned count;
};

/* Raises the soft limit of open files to the hard one, which says how large a batch can be. */
static unsigned files_max(void)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return (unsigned)MIN(limit.rlim_cur, (rlim_t)1 << 20);
}

static unsigned batch_max(void)
{
	return MIN(BATCH_MAX, (files_max() - FILES_FOR_OTHER) / 4);
}

unsigned maker_capacity(void)
{
	return files_max() - FILES_FOR_OTHER - 2 * batch_max();
}

unsigned maker_addresses(unsigned count)
{
	return (count + batch_max() - 1) / batch_max();
}

/* On a dual-stack port my socket is an IPv6 one with mapped addresses, and the peer's an IPv4 one.
 */
static int socket_family(const struct spec *s, enum who who)
{
	if (s->family == FAMILY_DUAL)
		return who == MINE ? AF_INET6 : AF_INET;
	return s->family == FAMILY_4 ? AF_INET : AF_INET6;
}

/* An address on the wire. */
static union address wire_address(const struct spec *s, bool here, unsigned number, unsigned port)
{
	return address_of(here, s->family == FAMILY_6 ? AF_INET6 : AF_INET, number, port);
}

static int bind_to_device(int fd)
{
	const char *name = pair_device_name(true, DEVICE_CABLE);

	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0
		       ? -errno
		       : 0;
}

/* What the listener is bound to. */
static union address listener_address(const struct spec *s, uint16_t port)
{
	union address own;

	if (s->address == 0)
		return address_any(socket_family(s, s->client ? PEER : MINE), port);
	own = wire_address(s, true, s->address - 1, port);
	return s->family == FAMILY_DUAL ? address_mapped(&own) : own;
}

/* Options that must be set before bind(). */
static int listener_options(const struct spec *s, int fd, int family)
{
	int r = socket_set_timeout(fd, SO_RCVTIMEO, TIMEOUT_MS / 1000);

	if (r == 0 && family == AF_INET6)
		r = socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, s->family == FAMILY_6);
	if (r == 0 && family == AF_INET6 && s->address)
		r = socket_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	if (r == 0 && s->group)
		r = socket_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return r == 0 && s->device && !s->client ? bind_to_device(fd) : r;
}

int spec_listen(const struct pair *p, const struct spec *s, uint16_t port, unsigned waiting)
{
	const union address address = listener_address(s, port);
	/* Half-open connections are given up early once they take half of the backlog
	 * (net/ipv4/inet_connection_sock.c: reqsk_timer_handler). */
	const int backlog = s->has_backlog ? (int)s->backlog : BATCH_MAX + 2 * (int)waiting;
	cleanup_(closep) int fd = -1;
	const union address own = wire_address(s, true, s->address - 1, 0);
	int r = s->address > 1 ? pair_address(p, true, &own, true) : 0;

	if (r == -EEXIST || r == 0)
		r = pair_enter(p, !s->client || s->loopback);
	if (r < 0)
		return r;
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = fd < 0 ? -errno : pair_enter(p, true);
	if (r == 0)
		r = listener_options(s, fd, address.any.sa_family);
	if (r < 0)
		return r;
	if (bind(fd, &address.any, address_size(&address)) < 0 ||
		(s->situation->state != STATE_BOUND_INACTIVE && listen(fd, backlog) < 0))
		return -errno;
	return TAKE_FD(fd);
}

/* Both ends of a connection of the batch, by its index, as the client's socket has them. */
static void endpoints(
	const struct maker *m, unsigned index, union address *client, union address *server)
{
	const struct spec *s = m->spec;
	const unsigned port =
		s->client_port + m->peer_number % BATCHES_PER_ADDRESS * BATCH_MAX + index;

	*client = wire_address(s, false, m->peer_number, port);
	*server = wire_address(s, false, m->peer_number, s->port);
	if (!s->loopback && s->client)
		*client = wire_address(s, true, m->peer_number / BATCHES_PER_ADDRESS, port);
	else if (!s->loopback)
		*server = wire_address(s, true, s->address ? s->address - 1 : 0, s->port);
	if (s->client && s->family == FAMILY_DUAL) {
		*client = address_mapped(client);
		*server = address_mapped(server);
	}
}

static int client_connect(const struct maker *m, unsigned index, int *ret)
{
	const struct spec *s = m->spec;
	const bool is_answered = s->situation->handshake == HANDSHAKE_COMPLETE ||
				 s->situation->handshake == HANDSHAKE_UNACCEPTED;
	union address client, server;
	cleanup_(closep) int fd = -1;
	int r = 0;

	endpoints(m, index, &client, &server);
	fd = socket(client.any.sa_family,
		SOCK_STREAM | SOCK_CLOEXEC | (is_answered ? 0 : SOCK_NONBLOCK), 0);
	if (fd < 0)
		return -errno;
	if (s->situation->handshake == HANDSHAKE_HALF)
		r = socket_deafen(fd);
	if (r == 0 && s->family == FAMILY_6)
		r = socket_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	if (r == 0 && s->client && s->device)
		r = bind_to_device(fd);
	if (r == 0)
		r = socket_set_timeout(fd, SO_SNDTIMEO, TIMEOUT_MS / 1000);
	if (r < 0)
		return r;
	if (bind(fd, &client.any, address_size(&client)) < 0)
		return -errno;
	if (connect(fd, &server.any, address_size(&server)) < 0 &&
		(is_answered || errno != EINPROGRESS))
		return errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	*ret = TAKE_FD(fd);
	return 0;
}

/* The handshakes of a batch. */
static int batch_connect(struct maker *m, struct batch *b)
{
	const struct spec *s = m->spec;
	int *client = b->fd[s->client ? MINE : PEER], *server = b->fd[s->client ? PEER : MINE];
	int r;

	m->what = "cannot enter the namespace of the clients";
	r = pair_enter(m->pair, s->client || s->loopback);
	m->what = "cannot connect";
	for (unsigned i = 0; r >= 0 && i < b->count; i++)
		r = client_connect(m, i, &client[i]);
	if (r < 0)
		return r;
	m->what = "cannot accept";
	for (unsigned i = 0; i < b->count && s->situation->handshake == HANDSHAKE_COMPLETE; i++) {
		server[i] = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
		if (server[i] < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
	}
	m->what = "cannot return to the namespace of the sockets";
	return pair_enter(m->pair, true);
}

/* Adds or removes the peers' address of a batch; adds that of clients here, which stays. */
static int address_change(const struct maker *m, bool add)
{
	const struct spec *s = m->spec;
	const union address peer = wire_address(s, false, m->peer_number, 0);
	const union address here = wire_address(s, true, m->peer_number / BATCHES_PER_ADDRESS, 0);
	int r = 0;

	if (add && s->client && !s->loopback)
		r = pair_address(m->pair, true, &here, true);
	if (r < 0 && r != -EEXIST)
		return r;
	return pair_address(m->pair, s->loopback, &peer, add);
}

static int send_bytes(int fd, unsigned bytes)
{
	static const char zeros[65536];

	while (bytes > 0) {
		struct pollfd can_send = {.fd = fd, .events = POLLOUT};
		ssize_t n = send(fd, zeros, MIN(bytes, sizeof(zeros)), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			bytes -= (unsigned)n;
		else if (errno != EAGAIN)
			return -errno;
		else if (poll(&can_send, 1, TIMEOUT_MS / 10) == 0)
			return -ENOBUFS;
	}
	return 0;
}

/* Waits for the FIN, and reads all that comes before it. */
static int read_to_end(int fd)
{
	struct pollfd ended = {.fd = fd, .events = POLLRDHUP};
	char buffer[16384];
	ssize_t n;

	n = poll(&ended, 1, TIMEOUT_MS);
	if (n <= 0)
		return n == 0 ? -ETIMEDOUT : -errno;
	do {
		n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	} while (n > 0);
	return n < 0 ? -errno : 0;
}

static int await_ack(int fd)
{
	int queued;

	for (int waited = 0; waited < TIMEOUT_MS; waited++) {
		if (ioctl(fd, SIOCOUTQ, &queued) < 0)
			return -errno;
		if (queued == 0)
			return 0;
		poll(NULL, 0, 1);
	}
	return -ETIMEDOUT;
}

static int reset(int *fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) < 0)
		return -errno;
	return close(TAKE_FD(*fd)) < 0 ? -errno : 0;
}

/* Closes a socket without sending a segment, whatever its state: it is in repair mode. */
static int vanish(int *fd)
{
	int r = socket_set(*fd, IPPROTO_TCP, TCP_REPAIR, 1);

	if (r < 0)
		return r;
	return close(TAKE_FD(*fd)) < 0 ? -errno : 0;
}

/* A step of one socket. */
static int socket_step(const struct spec *s, const struct step *step, int *fd)
{
	int r;

	switch (step->act) {
	case ACT_SEND:
		return send_bytes(*fd, step->who == MINE ? s->unsent : s->unread);
	case ACT_SHUTDOWN:
		return shutdown(*fd, SHUT_WR) < 0 ? -errno : 0;
	case ACT_CLOSE:
		return close(TAKE_FD(*fd)) < 0 ? -errno : 0;
	case ACT_READ_EOF:
		return s->read_eof ? read_to_end(*fd) : 0;
	case ACT_ACK_FIN:
		r = read_to_end(*fd);
		/* The kernel would delay its ACK by 40 ms, and the peer may be gone by then. */
		return r < 0 ? r : socket_set(*fd, IPPROTO_TCP, TCP_QUICKACK, 1);
	case ACT_AWAIT_ACK:
		return await_ack(*fd);
	case ACT_DEAF:
		return socket_deafen(*fd);
	case ACT_LINGER2_SHORT:
		return socket_set(*fd, IPPROTO_TCP, TCP_LINGER2, 60);
	case ACT_LINGER2_LONG:
		return socket_set(*fd, IPPROTO_TCP, TCP_LINGER2, 120);
	case ACT_RESET:
		return reset(fd);
	case ACT_SEVER:
		return *fd < 0 ? 0 : vanish(fd);
	case ACT_END:
	case ACT_AWAIT_STATE:
		break;
	}
	return 0;
}

/* What a failure of a step says. */
static const char *const failures[] = {
	[ACT_SEND] = "cannot queue so many bytes",
	[ACT_SHUTDOWN] = "cannot shut down",
	[ACT_CLOSE] = "cannot close",
	[ACT_READ_EOF] = "cannot read to the end",
	[ACT_ACK_FIN] = "waiting for the FIN",
	[ACT_AWAIT_ACK] = "waiting for the acknowledgement",
	[ACT_AWAIT_STATE] = "waiting for the state",
	[ACT_DEAF] = "cannot attach a filter",
	[ACT_LINGER2_SHORT] = "cannot set TCP_LINGER2",
	[ACT_LINGER2_LONG] = "cannot set TCP_LINGER2",
	[ACT_RESET] = "cannot reset",
	[ACT_SEVER] = "cannot make the peers vanish",
};

static int batch_step(struct maker *m, struct batch *b, const struct step *step)
{
	const struct spec *missing;
	unsigned observed;
	int r = 0;

	if (step->act == ACT_SEVER && m->spec->alive)
		return 0;
	m->what = failures[step->act];
	/* The address first: nobody must answer for a peer that is gone. */
	if (step->act == ACT_SEVER)
		r = address_change(m, false);
	if (step->act == ACT_AWAIT_STATE)
		return specs_await(m->specs, m->specs_count, &missing, &observed);
	for (unsigned i = 0; r >= 0 && i < b->count; i++)
		r = socket_step(m->spec, step, &b->fd[step->who][i]);
	return r;
}

static int batch_run(struct maker *m, unsigned count)
{
	static struct batch b;
	int r;

	memset(&b, 0xff, sizeof(b));
	b.count = count;
	m->what = "cannot add an address";
	r = address_change(m, true);
	if (r >= 0 && m->spec->situation->handshake == HANDSHAKE_SYN)
		r = address_change(m, false);
	if (r >= 0)
		r = batch_connect(m, &b);
	m->spec->made += count;
	for (size_t i = 0; r >= 0 && i < STEPS_MAX; i++)
		if (m->spec->situation->steps[i].act != ACT_END)
			r = batch_step(m, &b, &m->spec->situation->steps[i]);
	m->peer_number++;
	return r;
}

int maker_run(struct maker *m, unsigned count)
{
	const unsigned at_once = batch_max();
	int r = 0;

	while (r >= 0 && count > 0) {
		unsigned n = MIN(count, at_once);

		r = batch_run(m, n);
		count -= n;
	}
	return r;
}

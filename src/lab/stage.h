/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scenario is played with: two hosts, connections between them, the calls that each side
 * makes, and what must then be seen. Every call is told on the timeline with what it returned and
 * after how long; every expectation that is not met is told, too, and makes the scenario fail.
 */
#ifndef TCPSTATED_LAB_STAGE_H
#define TCPSTATED_LAB_STAGE_H

#include "model/limits.h"
#include "model/sock_record.h"
#include "model/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stage;

/* The host "server" listens, the host "client" connects; each is a network namespace of its own. */
enum host { SERVER, CLIENT };

/* One end of a connection. What follows it through close() is its pair of addresses and ports. */
struct end {
	enum host host;
	int fd; /* -1: closed */
	uint16_t local_port, remote_port;
	uint8_t family;          /* of the socket: AF_INET or AF_INET6 */
	unsigned client_address; /* which of the client's addresses */
};

struct connection {
	struct end server; /* fd -1: not accepted */
	struct end client;
};

/* How a connection is made. Zero is right for most: IPv4, port 7777, accepted. */
struct connect_options {
	uint16_t port;
	bool ipv6;
	bool dual_stack;         /* an IPv6 listener, an IPv4 client */
	bool not_accepted;       /* stays in the accept queue */
	bool mptcp;              /* IPPROTO_MPTCP on both sides */
	unsigned client_address; /* which of the client's addresses; 0 is the first */
};

/* Listens (once for each port) and connects; tells of it. After a failure the scenario has failed,
 * and every further call does nothing: a scenario need not check. */
struct connection stage_connect(struct stage *s, const struct connect_options *o);

/* The same, but an error of connect() is no failure: it is returned as -errno, and *ret is
 * untouched. */
int call_connect(struct stage *s, const struct connect_options *o, struct connection *ret);

/* The same for many connections at once, told in one line. list has room for count. */
void stage_connect_many(
	struct stage *s, const struct connect_options *o, struct connection *list, size_t count);

/*
 * Calls. Each returns what the system call returned, or -errno. *ret_ms, where it may be asked for,
 * is how long it took.
 */
int call_close(struct stage *s, struct end *e, double *ret_ms);
int call_shutdown_write(struct stage *s, struct end *e);
/* Sends until all bytes are queued, or the buffer is full (then less than size is returned). Never
 * blocks. */
long call_send(struct stage *s, struct end *e, size_t size);
/* Receives what is there, waiting up to wait_ms for the first byte. 0: the end of the stream. */
long call_receive(struct stage *s, struct end *e, size_t size, unsigned wait_ms);
int call_linger(struct stage *s, struct end *e, bool on, int seconds);
/* setsockopt() of an int; name is how the timeline calls it, for example "TCP_LINGER2". */
int call_option(struct stage *s, struct end *e, int level, int option, const char *name, int value);
int call_nonblocking(struct stage *s, struct end *e);
void call_close_many(struct stage *s, struct connection *list, size_t count, enum host side);

/* The host's cable is pulled: whatever is sent to it is swallowed, and it sends nothing more. */
void stage_vanish(struct stage *s, enum host host);
/* And comes back as it was. */
void stage_return(struct stage *s, enum host host);
/* A sysctl of one host, below /proc/sys/net/: "ipv4/tcp_fin_timeout". */
void stage_sysctl(struct stage *s, enum host host, const char *name, const char *value);
/* A process on a host that holds the ends and listeners which fn made there is killed with SIGKILL.
 * fn leaves connections open and returns. */
void stage_killed_process(struct stage *s, enum host host,
	void (*fn)(struct stage *s, void *userdata), void *userdata);

/*
 * Expectations. Each waits for what it expects, at most wait_ms, and tells what it saw.
 */
/* For what happens within a millisecond on an idle machine. */
#define SOON_MS 5000
/*
 * For what a timer of the kernel ends that is set to a second or two. TCP makes no timer shorter
 * than some round trips, as it measured them (net/ipv4/tcp.h: tcp_fin_time), and on a busy machine
 * these are long. Less than the minute or more that such timers take by default.
 */
#define TIMER_MS 30000
/* For the timer of a record to end: the kernel lets it be late by an eighth (kernel/time/timer.c).
 */
static inline unsigned timer_ms(const struct sock_record *r)
{
	return r->expires_ms + r->expires_ms / 8 + SOON_MS;
}

/* sock_diag shows the end in this state. *ret, unless NULL, is the record. */
bool expect_state(struct stage *s, const struct end *e, enum tcp_state state, unsigned wait_ms,
	struct sock_record *ret);
/* It stays in it for so long. */
bool expect_stays(struct stage *s, const struct end *e, enum tcp_state state, unsigned for_ms);
/* sock_diag does not show the end any more. */
bool expect_gone(struct stage *s, const struct end *e, unsigned wait_ms);
/* The host has count sockets in a state on the local (server) or remote (client) port. */
bool expect_count(struct stage *s, enum host host, enum tcp_state state, uint16_t port,
	uint64_t count, unsigned wait_ms);
/* A counter of the host moved by at least least since the scenario began. */
bool expect_counter(struct stage *s, enum host host, enum tcp_counter counter, uint64_t least);
/* A number that a call gave: expect_number(s, "recv() returns", r, 0). */
bool expect_number(struct stage *s, const char *what, long got, long expected);
bool expect_between(struct stage *s, const char *what, double got, double least, double most);
/* A condition of any kind, described for a person: "the orphan has its 3 MB still queued". */
bool expect_true(struct stage *s, const char *what, bool condition);

/* Says something on the timeline. */
__attribute__((format(printf, 2, 3))) void report(struct stage *s, const char *format, ...);

/* Where the kernel lacks what the scenario needs (MPTCP): it is told, and counts as passed, not as
 * failed. */
void stage_not_here(struct stage *s, const char *why);

/* Whether --full was given: sit out what the kernel makes long. */
bool stage_is_full(const struct stage *s);

#endif

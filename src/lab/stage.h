/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scenario consists of: two hosts, connections between them, the calls that each side makes,
 * and what must then be observed. The timeline has every call, with what it returned and after how
 * long; an expectation that is not met is reported too, and the scenario fails.
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

/* One end of a connection. Its addresses and ports identify it after close(). */
struct end {
	enum host host; /* where it is */
	enum host side; /* what it is: over loopback, the client is on the server's host */
	int fd;         /* -1: closed */
	uint16_t local_port, remote_port;
	uint32_t device;            /* index of what it is bound to; 0: none */
	uint8_t client_address[16]; /* network byte order; an IPv4 one mapped */
};

struct connection {
	struct end server; /* fd -1: not accepted */
	struct end client;
};

#define STAGE_PORT 7777U

#define STAGE_GROUP_MAX 8

/* For connect_options.backlog. */
#define BACKLOG_ZERO (-1)

/* How a client gets its local port. */
enum port_choice {
	PORT_BY_CONNECT, /* as for a program that binds to no port */
	PORT_BY_BIND,    /* bind() to an address and port 0 chooses */
	PORT_OWN,        /* bind() to client_port, of several connections to one after the other */
};

/* The devices of both hosts; see stage_second_cable(). */
enum stage_device { ANY_DEVICE, FIRST_CABLE, SECOND_CABLE };

/* How a connection is made. Zero is right for most: IPv4, to a wildcard listener, accepted. */
struct connect_options {
	/* the listener, of which there is one for each port, address, device, family and protocol
	 */
	uint16_t port;                   /* 0: STAGE_PORT */
	bool own_address;                /* it is bound to the address that clients connect to */
	enum stage_device server_device; /* it is bound to this device */
	bool dual_stack;                 /* an IPv6 listener, an IPv4 client */
	bool link_local;                 /* IPv6, to fe80::1 of the client's device */
	bool loopback;                   /* clients on the server's host, and 127.0.0.1 */
	bool mptcp;                      /* IPPROTO_MPTCP on both sides */
	bool no_reuse_address;           /* without SO_REUSEADDR */
	unsigned group;                  /* so many listeners with SO_REUSEPORT; 0: one without */
	int backlog;                     /* 0: enough; BACKLOG_ZERO */

	/* the client */
	unsigned server_address;         /* which of the server's addresses; 0 is the first */
	unsigned client_address;         /* which of the client's addresses; 0 is the first */
	enum stage_device client_device; /* it is bound to this device */
	enum port_choice port_choice;
	uint16_t client_port; /* for PORT_OWN */
	bool mapped;          /* an IPv6 socket towards the mapped IPv4 address */

	bool unheard;      /* nobody listens for it; implies not_accepted */
	bool not_accepted; /* stays in the accept queue */
	bool unanswered;   /* not waited for: stays in SYN_SENT if there is no room; implies
			      not_accepted */
};

/* Joins the hosts by a second cable to the same addresses, for sockets that are bound to it. */
void stage_second_cable(struct stage *s);

/* The index of a device, as records have it. */
uint32_t stage_device_index(enum stage_device device);

/* Listens, unless it does already, and connects. A failure ends the play: a scenario need not
 * check. */
struct connection stage_connect(struct stage *s, const struct connect_options *o);

/* The same, but an error of connect() does not end the play: it is returned as -errno, and *ret is
 * untouched. */
int call_connect(struct stage *s, const struct connect_options *o, struct connection *ret);

/* The same for many connections at once, reported in one line. list has room for count. */
void stage_connect_many(
	struct stage *s, const struct connect_options *o, struct connection *list, size_t count);

/*
 * The same until one fails: returns how many are there, and in *ret_error 0 or -errno of connect().
 */
size_t stage_connect_most(struct stage *s, const struct connect_options *o, struct connection *list,
	size_t count, int *ret_error);

/* Listens with these options, when it did not yet. Returns 0 or -errno of bind() or listen(). */
int call_listen(struct stage *s, const struct connect_options *o);
/* Closes the listeners; their connections stay. */
void call_close_listener(struct stage *s, const struct connect_options *o);
/* Accepts all that wait on the listeners of a group but the first. Returns how many. */
size_t call_accept_but_first(struct stage *s, const struct connect_options *o);

/*
 * Calls. Each returns what the system call returned, or -errno. *ret_ms is how long it took; ret_ms
 * may be NULL.
 */
int call_close(struct stage *s, struct end *e, double *ret_ms);
int call_shutdown_write(struct stage *s, struct end *e);
/* Sends until all bytes are queued, or the buffer is full (then less than size is returned). Never
 * blocks. MUCH is more than fits into the receive buffer, so that a part stays in the send buffer.
 */
#define MUCH (1U << 20)
long call_send(struct stage *s, struct end *e, size_t size);
/* Receives what is there, waiting up to wait_ms for the first byte. 0: the end of the stream. */
long call_receive(struct stage *s, struct end *e, size_t size, unsigned wait_ms);
/* SO_LINGER, on. */
int call_linger(struct stage *s, struct end *e, int seconds);
/* setsockopt() of an int; name is how the timeline calls it, for example "TCP_LINGER2". */
int call_option(struct stage *s, struct end *e, int level, int option, const char *name, int value);
int call_nonblocking(struct stage *s, struct end *e);
void call_close_many(struct stage *s, struct connection *list, size_t count, enum host side);

/* Pulls the host's cable: packets to it are lost, and it sends nothing more. */
void stage_vanish(struct stage *s, enum host host);
/* Sets a sysctl of one host, below /proc/sys/net/: "ipv4/tcp_fin_timeout". */
void stage_sysctl(struct stage *s, enum host host, const char *name, const char *value);
/* Makes new sockets belong to a cgroup of that name, which is removed at the end. Where the cgroup
 * file system is not writable, the play ends as one that is not possible here. */
void stage_cgroup(struct stage *s, const char *name);
/* Kills with SIGKILL a process on a host that holds the ends and listeners which fn makes there. fn
 * leaves connections open and returns. */
void stage_killed_process(struct stage *s, enum host host,
	void (*fn)(struct stage *s, void *userdata), void *userdata);

/*
 * Expectations. Each waits for what it expects, at most wait_ms, and reports what it observed.
 */
/* For what happens within a millisecond on an idle machine. */
#define SOON_MS 5000
/*
 * For what a timer of the kernel ends that is set to a second or two. TCP makes no timer shorter
 * than some measured round trips (net/ipv4/tcp.h: tcp_fin_time), and on a busy machine these are
 * long. Less than the minute or more that such timers take by default.
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
/* The end stays in a state for so long. */
bool expect_stays(struct stage *s, const struct end *e, enum tcp_state state, unsigned for_ms);
/* sock_diag no longer shows the end. */
bool expect_gone(struct stage *s, const struct end *e, unsigned wait_ms);
/* The host soon has count sockets in a state on STAGE_PORT. */
bool expect_count(struct stage *s, enum host host, enum tcp_state state, uint64_t count);
/* The same of a side of connections that were made with these options: their port, and where the
 * listener is bound, its address or device. */
bool expect_count_of(struct stage *s, enum host side, enum tcp_state state,
	const struct connect_options *o, uint64_t count);
/* The records of such sockets, as they are now. */
typedef void (*stage_record_fn)(const struct sock_record *r, void *userdata);
void stage_records(struct stage *s, enum host side, const struct connect_options *o,
	stage_record_fn fn, void *userdata);
/* A counter of the host moved by at least least since the scenario began. */
bool expect_counter(struct stage *s, enum host host, enum tcp_counter counter, uint64_t least);
/* A number that a call gave: expect_number(s, "recv() returns", r, 0). */
bool expect_number(struct stage *s, const char *what, long got, long expected);
/* recv() returns that number, as call_receive() does. */
bool expect_receive(struct stage *s, struct end *e, size_t size, unsigned wait_ms, long expected);
bool expect_between(struct stage *s, const char *what, double got, double least, double most);
/* Any condition, described for a person: "the orphan has its 3 MB still queued". */
bool expect_true(struct stage *s, const char *what, bool condition);

/* Adds a remark to the timeline. */
void stage_remark(struct stage *s, const char *text);

/* Ends the play since the kernel lacks what the scenario needs (MPTCP): it counts as passed. */
void stage_not_here(struct stage *s, const char *why);

/* Whether --full was given: wait however long the kernel takes. */
bool stage_is_full(const struct stage *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How connections end: closed by this side, by the peer, or by a reset. It is an estimate, from two
 * or more polls and from the kernel's counters.
 *
 * What is known, each per minute:
 *
 * - Opened: PassiveOpens (net/ipv4/tcp_minisocks.c: tcp_create_openreq_child) and ActiveOpens
 *   (tcp_output.c: tcp_connect, when the SYN is sent), less those that were never established:
 *   AttemptFails (tcp.c: tcp_done in SYN_SENT; also tcp_check_req for a request that was not open
 *   yet, so that it may be too many) and the growth of SYN_SENT.
 * - Closed: opened less the growth of CurrEstab (tcp.c: tcp_set_state), which counts ESTABLISHED,
 *   and CLOSE_WAIT since Linux 6.11 and in stable kernels from June 2024 on; in older ones, a
 *   connection counts as closed as soon as its peer has closed.
 * - By this side: what became a TIME_WAIT or a mini FIN_WAIT_2. TW and TWKilled count each once,
 *   depending on whether it is to live for more than 4 s (inet_timewait_sock.c:
 *   __inet_twsk_schedule), and TCPTimeWaitOverflow (tcp_minisocks.c: tcp_time_wait) those for which
 *   there was no room. Before Linux 5.18 TW was counted at the end of the minute
 *   (tw_timer_handler), so it is not used there. The timers of the sockets show which ones are
 *   younger than the last poll (struct port_tally: fresh_time_wait): that is known for each port,
 *   but it misses what came and went between the polls: what lasts no longer than a minute when
 *   polls are further apart, what was reused (TWRecycled), what the peer reset. If both sides close
 *   at once, both count as first.
 * - By reset: EstabResets (tcp.c: tcp_set_state, from ESTABLISHED or CLOSE_WAIT to CLOSE), by
 *   either side; one that this side gave up later, while closing, is in TCPAbortOnData, OnClose,
 *   OnTimeout, OnLinger and OnMemory (tcp.c: __tcp_close, tcp_input.c: tcp_rcv_state_process,
 *   tcp_timer.c), which also count some of EstabResets: so they only raise the upper bound.
 * - By the peer: the rest, less those that are still closing (the growth of FIN_WAIT_1, full
 *   FIN_WAIT_2 and CLOSING). No counter counts it, and a prompt program passes CLOSE_WAIT and
 *   LAST_ACK within a round trip. What no counter covers is counted here as well: a connect() that
 *   its program gave up, and a reset that answers our FIN before it is acknowledged.
 *
 * "This side" is a socket. If both ends of a connection are in this namespace, as over the loopback
 * device, each is a socket of its own that is opened and closed: the connection counts twice in
 * all, and, unless it was reset, once as closed by this side and once as closed by the peer.
 */
#ifndef TCPSTATED_JUDGE_CLOSE_RATES_H
#define TCPSTATED_JUDGE_CLOSE_RATES_H

#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The time constant of the smoothing: in a steady series of polls, one a minute ago weighs an
 * eighth of the last one. */
#define CLOSE_RATES_SMOOTHING_MS 30000

/* How many server ports are followed; the rates of further ones are unknown. */
#define CLOSE_RATES_PORTS_MAX 1024

/* The namespace's numbers are a port's own if it has this share of the connections, and this side
 * opens no more than the rest of them. */
#define CLOSE_RATES_SHARE_PERCENT 95

/* Per minute; each is UNKNOWN_DOUBLE if unknown. low <= value <= high. */
struct close_rates_range {
	double value, low, high;
};

enum close_initiator {
	CLOSED_ALL,
	CLOSED_LOCAL,
	CLOSED_PEER,
	CLOSED_RESET,
	INITIATOR_COUNT,
};

struct close_rates_estimate {
	struct close_rates_range by_initiator[INITIATOR_COUNT];
};

/* What is summed up from poll to poll. */
enum close_rates_flow {
	FLOW_PASSIVE_OPENS,
	FLOW_ACTIVE_OPENS,
	FLOW_ATTEMPT_FAILS,
	FLOW_ESTAB_RESETS,
	FLOW_TW,
	FLOW_TW_KILLED,
	FLOW_TW_RECYCLED,
	FLOW_OVERFLOW,
	FLOW_ABORT_ON_DATA,
	FLOW_ABORT_ON_CLOSE,
	FLOW_ABORT_ON_TIMEOUT,
	FLOW_ABORT_ON_LINGER,
	FLOW_ABORT_ON_MEMORY,
	FLOW_ESTABLISHED,
	FLOW_SYN_SENT,
	FLOW_STILL_CLOSING,
	FLOW_FRESH_TIME_WAIT,
	FLOW_FRESH_FIN_WAIT_2,
	FLOW_COUNT,
};

/* A sum in which the past fades, and the time that it stands for, which fades with it: from the
 * second poll on their quotient is a rate. */
struct close_rates_sum {
	double amount, ms; /* ms is 0 while nothing is known */
};

struct close_rates_port {
	struct service_key service;
	struct close_rates_sum fresh_time_wait, fresh_fin_wait_2;
};

/* All zero is the start: no poll yet. */
struct close_rates {
	uint64_t taken_ms;         /* when the last poll began; 0: none */
	uint64_t watched_ms;       /* from the first poll to the last */
	uint64_t last[FLOW_COUNT]; /* what they were at the last poll */
	struct close_rates_sum sums[FLOW_COUNT];
	struct close_rates_port *ports; /* by service */
	size_t ports_count;
	bool ports_left_out; /* there was no room for one */
	bool has_main_port;  /* nearly all connections are of one server port */
	struct service_key main_port;
};

/* How young a socket must be to be new to a poll at now_ms (struct poll_settings: since_ms); 0: it
 * is the first poll. */
uint32_t close_rates_since_ms(const struct close_rates *c, uint64_t now_ms);

/*
 * Takes in a poll that began at now_ms (CLOCK_MONOTONIC, ms), and whose since_ms was that of
 * close_rates_since_ms(). An incomplete one is left out: the next one spans both. What could not be
 * read, and a counter that went backwards, is unknown until it has been read twice again. Returns
 * 0, or -ENOMEM: then the poll is left out.
 */
int close_rates_take(struct close_rates *c, const struct snapshot *s, uint64_t now_ms);

void close_rates_release(struct close_rates *c);

/* Whether there were two polls to compare. */
bool close_rates_known(const struct close_rates *c);

/* All connections of the namespace. */
void close_rates_of_namespace(const struct close_rates *c, struct close_rates_estimate *ret);

/*
 * The connections of a server port. How often this side closed is known: what belongs to no
 * particular port is shared out among all of them. The rest is known only if nearly all connections
 * are of this port.
 */
void close_rates_of_port(const struct close_rates *c, const struct service_key *port,
	struct close_rates_estimate *ret);

#endif

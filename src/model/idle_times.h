/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The longest idle time of each connection, by cookie, while it is watched. A single poll sees an
 * idle time in its middle, and long ones more often than short ones; a timeout must outlast a
 * complete one, from one segment of the peer to the next. The table is bounded and samples beyond
 * (model/cookie_table.h).
 */
#ifndef TCPSTATED_MODEL_IDLE_TIMES_H
#define TCPSTATED_MODEL_IDLE_TIMES_H

#include "model/sock_record.h"

#include <stdint.h>

/* How many connections to watch by default: 3 MiB, 4 with the free slots. */
#define IDLE_TIMES_WATCHED_DEFAULT 65536

/* What ends an idle time. */
enum idle_kind {
	IDLE_DATA, /* data from the peer */
	IDLE_ANY,  /* anything from the peer: data, or an acknowledgement such as the answer to a
		      keepalive probe */
	IDLE_KINDS,
};

/* How long the peer of a socket has been idle, in ms; UNKNOWN_U32 without tcp_info. */
uint32_t idle_time_of(const struct sock_record *r, enum idle_kind kind);

struct idle_times;

/* watched_max: how many connections to keep. Returns 0 or -ENOMEM; free with idle_times_free. */
int idle_times_new(uint32_t watched_max, struct idle_times **ret);
struct idle_times *idle_times_free(struct idle_times *s); /* returns NULL; s may be NULL */

/*
 * Observes a connection at now_ms (any clock that only goes forward) and keeps the number of its
 * row. A connection without cookie, tcp_info or memory for it is skipped.
 */
void idle_times_observe(
	struct idle_times *s, const struct sock_record *r, uint16_t row, uint64_t now_ms);

/* A watched connection; each number may be UNKNOWN_U32. */
struct idle_time {
	uint16_t row;
	/* the longest idle time, whether it ended or not */
	uint32_t longest_ms[IDLE_KINDS];
	/*
	 * The longest one that ended. If several segments came between two polls, the kernel counts
	 * them, and the time that they divide is known: the longest part is at least this, and
	 * exactly this for a peer that sends regularly.
	 */
	uint32_t ended_ms[IDLE_KINDS];
};

typedef void (*idle_time_fn)(const struct idle_time *idle_time, void *userdata);

/* Calls fn for each connection that was observed, including those that are gone. */
void idle_times_foreach(const struct idle_times *s, idle_time_fn fn, void *userdata);

/* How many connections are watched, and how many each of them stands for. */
uint32_t idle_times_watched(const struct idle_times *s);
uint32_t idle_times_weight(const struct idle_times *s);

#endif

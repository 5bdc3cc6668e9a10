/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The longest silence of each connection, by its cookie, over a time of watching. One look sees
 * a silence in its middle, and long ones more often than short ones; what a timeout must outlast
 * is a whole one, from one sign of the peer to the next. The table is bounded: beyond a number of
 * connections it samples, one in 2, 4, 8 ... chosen by the cookie, each of which stands for as
 * many.
 */
#ifndef TCPSTATED_MODEL_IDLE_TIMES_H
#define TCPSTATED_MODEL_IDLE_TIMES_H

#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

/* How many connections are watched when nobody says otherwise: 3 MiB, 6 with the room that hashing
 * needs. */
#define IDLE_TIMES_WATCHED_DEFAULT 65536

/* What is heard from the peer. */
enum idle_kind {
	IDLE_DATA, /* until the peer sends data */
	IDLE_ANY,  /* until it sends anything: data, or an acknowledgement, such as the answer to
			  a keepalive probe */
	IDLE_KINDS,
};

/* No silence of that kind was measured. */

/* How long the peer of a socket has been silent, in ms; UNKNOWN_U32 without tcp_info. */
uint32_t idle_time_of(const struct sock_record *r, enum idle_kind kind);

struct idle_times;

/* watched_max: how many connections it keeps at most. Returns 0 or -ENOMEM. */
int idle_times_new(uint32_t watched_max, struct idle_times **ret);
struct idle_times *idle_times_free(struct idle_times *s); /* returns NULL; s may be NULL */

/*
 * Looks at a connection at now_ms (of any clock that only goes forward), and remembers the number
 * of its row. Without cookie or tcp_info it is passed over, as is one that there is no memory for.
 */
void idle_times_observe(
	struct idle_times *s, const struct sock_record *r, uint16_t row, uint64_t now_ms);

/* One connection that was watched; each number may be UNKNOWN_U32. */
struct idle_time {
	uint16_t row;
	/* the longest silence, whether it ended or not */
	uint32_t longest_ms[IDLE_KINDS];
	/*
	 * The longest one that ended: the peer was heard again. Where several signs came between
	 * two looks, the kernel tells how many, and how long the time was that they divide; the
	 * longest part is then at least what is told here, and what is told is right for a peer
	 * that speaks regularly.
	 */
	uint32_t ended_ms[IDLE_KINDS];
};

typedef void (*idle_time_fn)(const struct idle_time *idle_time, void *userdata);

/* Calls fn for each connection that was seen, also for those that are gone by now. */
void idle_times_foreach(const struct idle_times *s, idle_time_fn fn, void *userdata);

/* How many connections are watched, and for how many each of them stands. */
uint32_t idle_times_watched(const struct idle_times *s);
uint32_t idle_times_weight(const struct idle_times *s);

#endif

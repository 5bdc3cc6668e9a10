/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The longest silence of each connection, by its cookie, over a time of watching. One look sees
 * a silence in its middle, and long ones more often than short ones; what a timeout must outlast
 * is a whole one, from one sign of the peer to the next. The table is bounded: beyond a number of
 * connections it samples, one in 2, 4, 8 ... chosen by the cookie, each of which stands for as
 * many.
 */
#ifndef TCPSTATED_MODEL_SILENCES_H
#define TCPSTATED_MODEL_SILENCES_H

#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

/* How many connections are watched when nobody says otherwise: 3 MiB, 6 with the room that hashing
 * needs. */
#define SILENCES_WATCHED_DEFAULT 65536

/* What is heard from the peer. */
enum silence_kind {
	SILENCE_DATA, /* until the peer sends data */
	SILENCE_SIGN, /* until it sends anything: data, or an acknowledgement, such as the answer to
			 a keepalive probe */
	SILENCE_KINDS,
};

/* No silence of that kind was measured. */
#define SILENCE_UNKNOWN UINT32_MAX

/* How long the peer of a socket has been silent, in ms; SILENCE_UNKNOWN without tcp_info. */
uint32_t silence_of(const struct sock_record *r, enum silence_kind kind);

struct silences;

/* watched_max: how many connections it keeps at most. Returns 0 or -ENOMEM. */
int silences_new(uint32_t watched_max, struct silences **ret);
struct silences *silences_free(struct silences *s); /* returns NULL; s may be NULL */
void silences_freep(struct silences **s);

/*
 * Looks at a connection at now_ms (of any clock that only goes forward), and remembers the number
 * of its row. Without cookie or tcp_info it is passed over, as is one that there is no memory for.
 */
void silences_see(struct silences *s, const struct sock_record *r, uint16_t row, uint64_t now_ms);

/* One connection that was watched; each number may be SILENCE_UNKNOWN. */
struct silence {
	uint16_t row;
	/* the longest silence, whether it ended or not */
	uint32_t longest_ms[SILENCE_KINDS];
	/*
	 * The longest one that ended: the peer was heard again. Where several signs came between
	 * two looks, the kernel tells how many, and how long the time was that they divide; the
	 * longest part is then at least what is told here, and what is told is right for a peer
	 * that speaks regularly.
	 */
	uint32_t ended_ms[SILENCE_KINDS];
};

typedef void (*silence_fn)(const struct silence *silence, void *userdata);

/* Calls fn for each connection that was seen, also for those that are gone by now. */
void silences_foreach(const struct silences *s, silence_fn fn, void *userdata);

/* How many connections are watched, and for how many each of them stands. */
uint32_t silences_watched(const struct silences *s);
uint32_t silences_weight(const struct silences *s);

#endif

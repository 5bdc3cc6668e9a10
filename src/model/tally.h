/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts sockets per namespace, side, port and state, and adds up what they hold. Memory grows with
 * the ports in use, never with the sockets, and is capped.
 */
#ifndef TCPSTATED_MODEL_TALLY_H
#define TCPSTATED_MODEL_TALLY_H

#include "model/ages.h"
#include "model/destinations.h"
#include "model/filter.h"
#include "model/prices.h"
#include "model/sock_record.h"

#include <stddef.h>
#include <stdint.h>

/* Rows that a tally keeps apart, 400 bytes each; the sockets of further ports are summed in one row
 * (struct tally: rest). */
#define TALLY_ROWS_MAX 65536

/* How long TIME_WAIT lasts, in ms: TCP_TIMEWAIT_LEN, include/net/tcp.h, a compile-time constant of
 * every kernel. */
#define TIME_WAIT_MS 60000

#define AGE_UNKNOWN UINT32_MAX

/* struct tally_netns: row, for a port that is counted in the rest. */
#define TALLY_ROW_REST UINT32_MAX

struct state_tally {
	uint64_t memory_bytes;
	uint32_t sockets;
	uint32_t mini;       /* of them KIND_MINI */
	uint32_t request;    /* of them KIND_REQUEST */
	uint32_t orphan;     /* of them HOLD_ORPHAN */
	uint32_t unaccepted; /* of them HOLD_UNACCEPTED; the others are held by a process */
	uint32_t oldest_ms;  /* AGE_UNKNOWN where neither a timer nor the scans before tell it */
};

struct port_tally {
	uint8_t side;   /* enum sock_side */
	bool listening; /* a listener on the port was seen */
	uint16_t port;
	uint32_t accept_queue; /* connections waiting for accept(), all listeners of the port
				  together */
	uint32_t backlog;      /* and how many may wait */
	struct state_tally states[STATE_COUNT];
};

struct tally_netns {
	uint16_t port_first, port_last; /* ip_local_port_range; 0, 0 when unknown */
	uint32_t fin_timeout_ms;        /* tcp_fin_timeout; AGE_UNKNOWN when unknown */
	struct port_set server;         /* local ports known as a server's: listening, now or before
					   (tally_start) */
	struct port_set charged;        /* local ports whose bind buckets are priced already */
	uint32_t row[SIDE_COUNT][65536]; /* index into rows, plus one; 0: no row yet;
					    TALLY_ROW_REST: in the rest */
	struct destinations destinations;
};

struct tally {
	struct prices prices;
	struct filter filter;
	struct port_tally *rows;
	size_t rows_used, rows_allocated;
	struct port_tally
		rest; /* sockets of ports beyond TALLY_ROWS_MAX, or that no memory was left for */
	uint32_t rest_ports; /* how many ports those are */
	struct tally_netns netns;
	struct ages *ages; /* NULL: only timers tell an age. Borrowed. */
};

/* The row that ages carry for a socket that is counted in the rest. */
#define TALLY_AGE_ROW_REST TALLY_ROWS_MAX

/* Allocates an empty tally. Returns 0 or -ENOMEM; free with tally_free. */
int tally_new(struct tally **ret);
struct tally *tally_free(struct tally *t); /* returns NULL; t may be NULL */
void tally_freep(struct tally **t);

struct tally_context {
	struct prices prices;
	struct filter filter; /* its port set is borrowed for as long as the tally counts */
	uint16_t port_first, port_last;
	uint32_t fin_timeout_ms;
	struct ages
		*ages; /* NULL: only timers tell an age. Borrowed as long as the tally counts. */
};

/*
 * Forgets what was counted and starts a scan. What stays: which ports are a server's, for as long
 * as the scan before found sockets on them; so a port stays a server's after its listener closed,
 * until its last socket is gone.
 */
void tally_start(struct tally *t, const struct tally_context *context);

/* Counts one socket. LISTEN records must come before the others of their namespace: they tell the
 * sides. Never fails. */
void tally_count(struct tally *t, const struct sock_record *r);

/* Adds one state's numbers to another's. */
void state_tally_add(struct state_tally *sum, const struct state_tally *s);

/* All sockets and all bytes of a row in the given states. */
uint64_t port_tally_sockets(const struct port_tally *p, state_set states);
uint64_t port_tally_memory(const struct port_tally *p, state_set states);

#endif

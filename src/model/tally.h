/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts sockets per namespace, side, port and state, and sums their memory. Its own memory grows
 * with the ports in use, never with the sockets, and is bounded.
 */
#ifndef TCPSTATED_MODEL_TALLY_H
#define TCPSTATED_MODEL_TALLY_H

#include "basic/cleanup.h"
#include "model/ages.h"
#include "model/attribution.h"
#include "model/client_ports.h"
#include "model/creators.h"
#include "model/filter.h"
#include "model/port_set.h"
#include "model/prices.h"
#include "model/service.h"
#include "model/sock_observer.h"
#include "model/sock_record.h"
#include "model/symptom.h"

#include <stddef.h>
#include <stdint.h>

/* The rows of a tally, 800 bytes each; sockets of further ports are summed in one (struct tally:
 * rest).
 */
#define TALLY_ROWS_MAX 65536

/* A socket of that age, about 5 s, has been in its state for longer than any healthy close takes,
 * in ms. In the unit that ages are kept in, so that it is the same with and without a table of
 * them. */
#define AGED_MS (20 * AGES_UNIT_MS)

/* The row (struct tally_netns) of a service that is counted in the rest. */
#define TALLY_ROW_REST UINT32_MAX

struct state_tally {
	uint64_t memory_bytes;
	uint32_t sockets;
	uint32_t mini;       /* of them KIND_MINI */
	uint32_t request;    /* of them KIND_REQUEST */
	uint32_t orphan;     /* of them OWNERSHIP_ORPHAN */
	uint32_t unaccepted; /* of them OWNERSHIP_UNACCEPTED; the others are held by a process */
	uint32_t dated;      /* those whose age is known, if only as younger than can be measured */
	uint32_t aged;       /* of these, AGED_MS or older */
	uint32_t oldest_ms;  /* UNKNOWN_U32 if neither a timer nor earlier scans show it */
};

struct symptom_tally {
	uint64_t memory_bytes;
	uint32_t sockets;
};

struct port_tally {
	struct service_key service; /* of struct tally's rest: all zero */
	bool listening;             /* it has a listener */
	uint32_t listeners;         /* how many: several share it with SO_REUSEPORT */
	/* Of the fullest listener: connections waiting for accept(), and how many may wait;
	 * UNKNOWN_U32 if the source lacks it. The kernel drops connections at one full listener,
	 * however empty the others are. */
	uint32_t accept_queue, backlog;
	uint64_t backlogs;            /* of all its listeners together; UNKNOWN likewise */
	struct row_creators creators; /* of struct tally's rest, which is many ports: unset */
	/* Mini sockets that started since the last poll by their timer (struct tally_context:
	 * since_ms). FIN_WAIT_2 starts again as TIME_WAIT when the peer closes
	 * (net/ipv4/tcp_minisocks.c: tcp_timewait_state_process). */
	uint32_t fresh_time_wait, fresh_fin_wait_2;
	bool is_only;                  /* its port has no other service; set by tally_finish() */
	char device[DEVICE_NAME_SIZE]; /* the name of the service's device; "": none, or not looked
					  up */
	/* The states in which it had sockets in this scan or an earlier one, since it is known; set
	 * by tally_finish() */
	state_set states_had;
	struct state_tally states[STATE_COUNT];
	struct symptom_tally symptoms[SYMPTOM_COUNT];
};

struct tally_netns {
	struct attribution *attribution; /* what is known of services, from scan to scan */
	struct port_set charged;         /* local ports whose bind buckets are charged */
	struct service_map row; /* index into rows, plus one; TALLY_ROW_REST: in the rest */
	uint8_t services[SIDE_COUNT][65536]; /* how many services of a port have a row, up to 2 */
	struct client_ports client_ports;
};

struct tally_context {
	struct prices prices;
	struct filter filter;           /* its set is borrowed while the tally counts */
	uint16_t port_first, port_last; /* ip_local_port_range; 0, 0 when unknown */
	uint32_t fin_timeout_ms;        /* tcp_fin_timeout; UNKNOWN_U32 when unknown */
	uint32_t reuse_delay_ms;        /* tcp_tw_reuse_delay */
	struct ages *ages; /* NULL: only timers show an age. Borrowed while the tally counts. */
	uint32_t since_ms; /* how long ago the last poll was; 0: there was none */
	struct sock_observer observer; /* of each counted socket; observe may be NULL */
};

/* What is kept of a service from scan to scan. */
struct service_past {
	struct service_key service;
	state_set states; /* that it had, as long as it is known */
	uint64_t cgroup;  /* of who created all of its sockets; 0: several, or unknown */
};

struct tally {
	struct tally_context context;
	struct port_tally *rows;
	size_t rows_used, rows_allocated;
	struct port_tally
		rest;        /* sockets of services beyond TALLY_ROWS_MAX, or for lack of memory */
	uint32_t rest_ports; /* how many services those are */
	struct creators creators; /* of all rows */
	/* The states that services had in earlier scans, sorted by service. A complete scan that
	 * does not show a service forgets it; at most TALLY_ROWS_MAX. */
	struct service_past *had;
	size_t had_count;
	struct tally_netns netns;
};

/*
 * The row in ages (17 bits) of a socket that is counted in the rest; above it those of further
 * creators, so that their ages are known apart.
 */
#define TALLY_AGE_ROW_REST     TALLY_ROWS_MAX
#define TALLY_AGE_ROW_CREATORS (TALLY_AGE_ROW_REST + 1)

_Static_assert(TALLY_AGE_ROW_CREATORS + CREATORS_MAX <= 1 << 17, "a row must fit into an age");

/* The entry of creators that a row in ages stands for; NULL: a row of the tally, or the rest. */
static inline const struct creator_tally *tally_creator_of_age(
	const struct creators *c, uint32_t age_row)
{
	return c && age_row >= TALLY_AGE_ROW_CREATORS && age_row - TALLY_AGE_ROW_CREATORS < c->used
		       ? &c->list[age_row - TALLY_AGE_ROW_CREATORS]
		       : NULL;
}

/* Allocates an empty tally. Returns 0 or -ENOMEM; free with tally_free. */
int tally_new(struct tally **ret);
struct tally *tally_free(struct tally *t); /* returns NULL; t may be NULL */
DEFINE_FREEP(tally)

/*
 * Forgets what was counted and starts a scan. What is known of services stays
 * (model/attribution.h), so that a port stays a server's after its listener closed.
 */
void tally_start(struct tally *t, const struct tally_context *context);

/* Counts one socket. LISTEN records must come before the others of their namespace: they determine
 * the sides. Some are only counted by tally_finish(). Never fails. */
void tally_count(struct tally *t, const struct sock_record *r);

/*
 * Ends a scan. complete: it showed every socket of every state. Returns whether
 * tally_start_again() and all the records once more would attribute some of them better.
 */
bool tally_finish(struct tally *t, bool complete);

/* Starts the second pass of a scan. */
void tally_start_again(struct tally *t);

/* The row of a service; NULL: it has none of its own. */
const struct port_tally *tally_row(const struct tally *t, const struct service_key *service);

/* Adds one state's numbers to another's. */
void state_tally_add(struct state_tally *sum, const struct state_tally *s);

/* The sum of a row over the given states. */
struct state_tally port_tally_sum(const struct port_tally *p, state_set states);

#endif

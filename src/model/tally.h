/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts sockets per namespace, side, port and state, and sums their memory. Its own memory grows
 * with the ports in use, never with the sockets, and is bounded.
 */
#ifndef TCPSTATED_MODEL_TALLY_H
#define TCPSTATED_MODEL_TALLY_H

#include "basic/cleanup.h"
#include "model/ages.h"
#include "model/destinations.h"
#include "model/filter.h"
#include "model/prices.h"
#include "model/service.h"
#include "model/sock_observer.h"
#include "model/sock_record.h"
#include "model/symptom.h"

#include <stddef.h>
#include <stdint.h>

/* The rows of a tally, 700 bytes each; sockets of further ports are summed in one (struct tally:
 * rest).
 */
#define TALLY_ROWS_MAX 65536

/* How long TIME_WAIT lasts, in ms: TCP_TIMEWAIT_LEN, include/net/tcp.h, a constant in every kernel.
 */
#define TIME_WAIT_MS 60000

/* The uid of users that this user namespace does not map: DEFAULT_OVERFLOWUID,
 * include/linux/highuid.h. */
#define UID_OVERFLOW 65534

/* The row (struct tally_netns) of a port that is counted in the rest. */
#define TALLY_ROW_REST UINT32_MAX

struct state_tally {
	uint64_t memory_bytes;
	uint32_t sockets;
	uint32_t mini;       /* of them KIND_MINI */
	uint32_t request;    /* of them KIND_REQUEST */
	uint32_t orphan;     /* of them OWNERSHIP_ORPHAN */
	uint32_t unaccepted; /* of them OWNERSHIP_UNACCEPTED; the others are held by a process */
	uint32_t oldest_ms;  /* UNKNOWN_U32 if neither a timer nor earlier scans show it */
};

struct symptom_tally {
	uint64_t memory_bytes;
	uint32_t sockets;
};

/*
 * The value of most sockets of a row, found in one pass and constant memory (Boyer and Moore's
 * vote): the value of more than half of the votes, in whatever order they come; without such a
 * majority the value of one of them.
 */
struct majority {
	uint64_t value;   /* only with reported */
	uint32_t votes;   /* private: its lead */
	bool reported;    /* there was a vote */
	bool mixed;       /* the votes differ */
	bool by_listener; /* listeners decided; the others only show whether it is mixed */
};

struct port_tally {
	SERVICE_KEY_MEMBERS
	bool listening;        /* the port has a listener */
	uint32_t accept_queue; /* connections waiting for accept(), of all listeners together */
	uint32_t backlog;      /* and how many may wait */
	/* The id of the cgroup that created the sockets. A listener decides: what it accepts is in
	 * its cgroup (kernel/cgroup/cgroup.c: cgroup_sk_clone). Mini and request sockets have none.
	 * In struct tally's rest, which is many ports, this and the uid are meaningless. */
	struct majority cgroup;
	/* The user of sockets that a process holds, except UID_OVERFLOW. That of a connection is
	 * who accepted it (include/net/sock.h: sock_graft), so a listener, which root may have
	 * created, has one vote like any other. */
	struct majority uid;
	/* Mini sockets that started since the last poll by their timer (struct tally_context:
	 * since_ms). FIN_WAIT_2 starts again as TIME_WAIT when the peer closes
	 * (net/ipv4/tcp_minisocks.c: tcp_timewait_state_process). */
	uint32_t fresh_time_wait, fresh_fin_wait_2;
	/* Printable names of both, set after the scan (poll/owners.h). NULL: unknown. Borrowed. */
	const char *owner, *user;
	struct state_tally states[STATE_COUNT];
	struct symptom_tally symptoms[SYMPTOM_COUNT];
};

struct tally_netns {
	struct port_set server;          /* local ports of servers: listening, now or before
					    (tally_start) */
	struct port_set charged;         /* local ports whose bind buckets are charged */
	uint32_t row[SIDE_COUNT][65536]; /* index into rows, plus one; 0: no row yet;
					    TALLY_ROW_REST: in the rest */
	struct destinations destinations;
};

struct tally_context {
	struct prices prices;
	struct filter filter;           /* its port set is borrowed while the tally counts */
	uint16_t port_first, port_last; /* ip_local_port_range; 0, 0 when unknown */
	uint32_t fin_timeout_ms;        /* tcp_fin_timeout; UNKNOWN_U32 when unknown */
	struct ages *ages; /* NULL: only timers show an age. Borrowed while the tally counts. */
	uint32_t since_ms; /* how long ago the last poll was; 0: there was none */
	struct sock_observer observer; /* of each counted socket; observe may be NULL */
};

struct tally {
	struct tally_context context;
	struct port_tally *rows;
	size_t rows_used, rows_allocated;
	struct port_tally rest; /* sockets of ports beyond TALLY_ROWS_MAX, or for lack of memory */
	uint32_t rest_ports;    /* how many ports those are */
	struct tally_netns netns;
};

/* The row in ages of a socket that is counted in the rest. */
#define TALLY_AGE_ROW_REST TALLY_ROWS_MAX

/* Allocates an empty tally. Returns 0 or -ENOMEM; free with tally_free. */
int tally_new(struct tally **ret);
struct tally *tally_free(struct tally *t); /* returns NULL; t may be NULL */
DEFINE_FREEP(tally)

/*
 * Forgets what was counted and starts a scan. Keeps which ports are servers' while the scan before
 * found sockets on them: so a port stays a server's after its listener closed, until its last
 * socket is gone.
 */
void tally_start(struct tally *t, const struct tally_context *context);

/* Counts one socket. LISTEN records must come before the others of their namespace: they determine
 * the sides. Never fails. */
void tally_count(struct tally *t, const struct sock_record *r);

/* Adds one state's numbers to another's. */
void state_tally_add(struct state_tally *sum, const struct state_tally *s);

/* The sum of a row over the given states. */
struct state_tally port_tally_sum(const struct port_tally *p, state_set states);

#endif

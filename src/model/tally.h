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
#include "model/service.h"
#include "model/sock_observer.h"
#include "model/sock_record.h"
#include "model/symptom.h"

#include <stddef.h>
#include <stdint.h>

/* Rows that a tally keeps apart, 700 bytes each; the sockets of further ports are summed in one row
 * (struct tally: rest). */
#define TALLY_ROWS_MAX 65536

/* How long TIME_WAIT lasts, in ms: TCP_TIMEWAIT_LEN, include/net/tcp.h, a compile-time constant of
 * every kernel. */
#define TIME_WAIT_MS 60000

/* What a uid reads as that this user namespace does not map: DEFAULT_OVERFLOWUID,
 * include/linux/highuid.h. */
#define UID_OVERFLOW 65534

/* struct tally_netns: row, for a port that is counted in the rest. */
#define TALLY_ROW_REST UINT32_MAX

struct state_tally {
	uint64_t memory_bytes;
	uint32_t sockets;
	uint32_t mini;       /* of them KIND_MINI */
	uint32_t request;    /* of them KIND_REQUEST */
	uint32_t orphan;     /* of them OWNERSHIP_ORPHAN */
	uint32_t unaccepted; /* of them OWNERSHIP_UNACCEPTED; the others are held by a process */
	uint32_t oldest_ms;  /* UNKNOWN_U32 where neither a timer nor the scans before tell it */
};

struct symptom_tally {
	uint64_t memory_bytes;
	uint32_t sockets;
};

/*
 * What most sockets of a row carry, found in one pass and in this much memory (Boyer and Moore's
 * vote): what more than half of those that vote carry is the value, in whatever order they come;
 * where nothing has that many, it is what one of them carries.
 */
struct majority {
	uint64_t value;   /* of no meaning before it is told */
	uint32_t votes;   /* how far it is ahead of what comes; of no meaning to others */
	bool reported;    /* somebody voted */
	bool mixed;       /* not all carry the same */
	bool by_listener; /* listeners decided; the others only tell whether it is mixed */
};

struct port_tally {
	SERVICE_KEY_MEMBERS
	bool listening;        /* a listener on the port was seen */
	uint32_t accept_queue; /* connections waiting for accept(), all listeners of the port
				  together */
	uint32_t backlog;      /* and how many may wait */
	/* The id of the cgroup that made the sockets. A listener decides: what it accepts is in its
	 * cgroup (kernel/cgroup/cgroup.c: cgroup_sk_clone). TIME_WAIT, mini and request sockets
	 * carry none. Of struct tally's rest, which is many ports, neither this nor the uid has a
	 * meaning. */
	struct majority cgroup;
	/* The user of those that a process holds; without UID_OVERFLOW. Of a connection it is who
	 * accepted it (include/net/sock.h: sock_graft), so a listener, which root may have made,
	 * has one vote like any other. */
	struct majority uid;
	/* Mini sockets whose timer says that they began since the last look (struct tally_context:
	 * since_ms). What began as FIN_WAIT_2 begins anew as TIME_WAIT when the peer closes
	 * (net/ipv4/tcp_minisocks.c: tcp_timewait_state_process). */
	uint32_t fresh_time_wait, fresh_fin_wait_2;
	/* Both in words, and printable; set after the scan by who can look them up (poll/owners.h).
	 * NULL: not known. Borrowed. */
	const char *owner, *user;
	struct state_tally states[STATE_COUNT];
	struct symptom_tally symptoms[SYMPTOM_COUNT];
};

struct tally_netns {
	uint16_t port_first, port_last; /* ip_local_port_range; 0, 0 when unknown */
	uint32_t fin_timeout_ms;        /* tcp_fin_timeout; UNKNOWN_U32 when unknown */
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
	uint32_t since_ms;
	struct sock_observer observer;
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
	uint32_t since_ms; /* how long ago the last look was; 0: there was none, nothing is fresh */
	struct sock_observer
		observer; /* is shown each socket that is counted; without see, nobody */
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

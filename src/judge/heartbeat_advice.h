/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the idle times of peers to a timeout: long enough that no peer that is alive is
 * disconnected, short enough that dead ones do not stay.
 */
#ifndef TCPSTATED_JUDGE_HEARTBEAT_ADVICE_H
#define TCPSTATED_JUDGE_HEARTBEAT_ADVICE_H

#include "basic/names.h"
#include "model/heartbeat.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fewer peers than this that were heard say nothing about a port. */
#define ADVICE_PEERS_MIN 20

/* A peer may miss two heartbeats in a row before it is disconnected. */
#define ADVICE_GAPS 3

/* Below this, one lost Wi-Fi beacon disconnects a player. */
#define ADVICE_TIMEOUT_MIN_MS 5000

/*
 * A timeout leaves time for a segment to be lost four times: retransmissions after 1, 2, 4 and 8
 * RTO. RTO is three round trips (RFC 6298: SRTT + 4 * SRTT/2 at first), and at least 200 ms
 * (TCP_RTO_MIN, include/net/tcp.h).
 */
#define ADVICE_RTOS   15
#define ADVICE_RTO_MS 200

/* In one poll, peers that have been idle 10 times longer than all the others, and than 1 s, are
 * considered a group of their own: those that are gone. */
#define ADVICE_GROUP_FACTOR 10
#define ADVICE_GROUP_MS     1000

enum advice_verdict {
	ADVICE_SUGGESTED,
	ADVICE_TOO_FEW,   /* connections */
	ADVICE_TOO_SHORT, /* time of watching: too few peers were heard again */
	ADVICE_NO_INFO,   /* the kernel reported no tcp_info */
};

/* "suggested", "too_few", "too_short", "no_info" */
extern const struct names advice_verdict_names;

/* "data", "sign" */
extern const struct names idle_kind_names;

struct heartbeat_advice {
	enum advice_verdict verdict;
	bool weak; /* from a single poll, which sees each gap somewhere in its middle */
	/*
	 * IDLE_DATA: a timeout on what the program reads. IDLE_ANY: many peers are alive and send
	 * nothing, so only TCP itself can show who is gone.
	 */
	enum idle_kind basis;
	uint64_t peers;      /* that it is based on */
	uint32_t typical_ms; /* their 99.9th percentile: of the gaps that ended, or of the idle
				times of one poll */
	uint32_t timeout_ms; /* what is suggested; 0 without ADVICE_SUGGESTED */
	bool by_rtt;         /* it is that long because of the round-trip time */
	bool by_minimum;     /* or because less is never suggested */

	/* more appear dead than were heard: those that only listen cannot be distinguished from
	 * those that are gone without watching longer, or keepalive */
	bool doubtful;
	uint64_t cut_alive; /* idle for longer than the timeout, and heard again */

	/* of the last poll, against the timeout; 0 without one */
	uint64_t dead;            /* no sign of life for longer: they appear dead */
	uint64_t dead_data;       /* of them, at most this many have data in flight to them */
	uint32_t dead_longest_ms; /* the longest of these times; UNKNOWN_U32: none */
	uint64_t idle;            /* no data for longer, but a sign of life: a timeout on data would
				     disconnect them unless they send heartbeats */

	uint32_t watch_ms; /* with ADVICE_TOO_SHORT: how long to watch instead */
};

void heartbeat_advise(const struct heartbeat_port *p, const struct heartbeat_numbers *n,
	struct heartbeat_advice *ret);

/* One row of the table "what a timeout would have cut". */
struct timeout_row {
	uint32_t timeout_ms;
	uint64_t cut;   /* connections that were idle for longer at some time */
	uint64_t again; /* of them, heard again: disconnected by mistake */
	uint64_t still; /* idle for longer now */
};

#define TIMEOUT_ROWS_MAX 11

/*
 * Fills in the rows that differ from the one before, by that kind of idle time, up to the first
 * timeout that disconnects no peer. Returns how many; 0: no idle time is known.
 */
size_t heartbeat_timeouts(const struct heartbeat_port *p, enum idle_kind basis,
	struct timeout_row ret[TIMEOUT_ROWS_MAX]);

struct heartbeat_line {
	const struct heartbeat_port *port;
	struct heartbeat_advice advice;
};

/* The report of all ports. */
struct heartbeat_report {
	/* filled in by the caller */
	struct origin origin;
	struct scan scan;      /* of the last poll */
	struct filter filter;  /* its set is borrowed */
	uint64_t requested_ms; /* how long to watch; 0: one poll */

	struct heartbeat_numbers numbers;
	struct heartbeat_line *lines; /* most dead peers first, then most connections */
	size_t lines_count;
	struct {
		uint64_t ports, sockets;
	} omitted;
};

/*
 * Judges every port and keeps the ports_max worst (0: all). Returns 0 or -ENOMEM; release with
 * heartbeat_report_release. The lines borrow from h.
 */
int heartbeat_judge(const struct heartbeat *h, size_t ports_max, struct heartbeat_report *ret);

void heartbeat_report_release(struct heartbeat_report *r);

#endif

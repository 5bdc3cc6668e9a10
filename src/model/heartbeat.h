/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long established connections are idle, per side and port: in each direction at the last poll
 * and, if they are watched, at most. Memory grows with the ports, not with the sockets: 30 KiB a
 * port, at most HEARTBEAT_PORTS_MAX of them, and the table of idle times.
 */
#ifndef TCPSTATED_MODEL_HEARTBEAT_H
#define TCPSTATED_MODEL_HEARTBEAT_H

#include "basic/cleanup.h"
#include "model/filter.h"
#include "model/histogram.h"
#include "model/idle_times.h"
#include "model/service.h"
#include "model/sock_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ports with a row; connections of further ones are only counted. */
#define HEARTBEAT_PORTS_MAX 512

struct heartbeat_port {
	struct service_key service;
	char device[DEVICE_NAME_SIZE]; /* as in struct port_tally; for the last poll */
	bool is_only; /* its port has no other service; set by heartbeat_finish() */

	/* the last poll */
	uint64_t sockets;                    /* ESTABLISHED */
	uint64_t keepalive[KEEPALIVE_COUNT]; /* of them by enum sock_keepalive */
	uint32_t keepalive_next_ms; /* the longest time until a keepalive probe: tcp_keepalive_time
				       is at least as long */
	uint64_t mute;           /* whose peers never sent data, as far as the kernel counts it */
	uint64_t unacknowledged; /* sent data waits for the peer: TCP retransmits or probes */
	struct histogram idle_ms[IDLE_KINDS]; /* of the peer */
	struct histogram sent_ms;             /* since this side last sent data */
	struct histogram rtt_us;              /* smoothed round-trip time, where measured */

	/* all polls: connections by their longest idle time; without watching that of the last poll
	 */
	struct histogram longest_ms[IDLE_KINDS];
	/* connections by the longest idle time that ended; none without watching */
	struct histogram ended_ms[IDLE_KINDS];
};

struct heartbeat;

struct heartbeat_context {
	struct filter filter;           /* its set is borrowed; its states are ignored */
	uint16_t port_first, port_last; /* ip_local_port_range; 0, 0 when unknown */
	bool watch;                     /* poll repeatedly and keep each connection's longest idle
					   time */
	uint32_t watched_max;           /* connections to watch (model/idle_times.h) */
};

/* Returns 0 or -ENOMEM; free with heartbeat_free. */
int heartbeat_new(const struct heartbeat_context *context, struct heartbeat **ret);
struct heartbeat *heartbeat_free(struct heartbeat *h); /* returns NULL; h may be NULL */
DEFINE_FREEP(heartbeat)

/* Starts a poll at now_ms, of a clock that only goes forward, and forgets what the one before
 * counted of its moment. */
void heartbeat_start(struct heartbeat *h, uint64_t now_ms);

/* Counts a LISTEN or ESTABLISHED socket and skips any other. LISTEN records come first: they
 * determine the sides. Some are only counted by heartbeat_end(). */
void heartbeat_count(struct heartbeat *h, const struct sock_record *r);

/* Ends a poll. Returns whether heartbeat_start_again() and all the records once more would
 * attribute some of them better (model/attribution.h). */
bool heartbeat_end(struct heartbeat *h);
void heartbeat_start_again(struct heartbeat *h);

/* Summarizes all polls, once, after the last one. */
void heartbeat_finish(struct heartbeat *h);

/* One of the ports, to name its device; NULL beyond the last. Borrowed. */
struct heartbeat_port *heartbeat_port(struct heartbeat *h, size_t index);

/* The ports in no order, borrowed. */
const struct heartbeat_port *const *heartbeat_ports(const struct heartbeat *h, size_t *ret_count);

struct heartbeat_numbers {
	uint64_t sockets;                  /* ESTABLISHED that pass the filter, at the last poll */
	uint64_t without_info;             /* of them those without tcp_info */
	uint64_t rest_ports, rest_sockets; /* beyond HEARTBEAT_PORTS_MAX, or for lack of memory */
	uint32_t polls;
	uint64_t watched_ms; /* from the first poll to the last */
	uint32_t watched;    /* connections whose idle times were kept; 0 without watching */
	uint32_t weight;     /* how many each of them stands for: 1 unless it samples */
};

struct heartbeat_numbers heartbeat_numbers(const struct heartbeat *h);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long established connections are silent, per side and port: in each direction, at the last
 * look, and, where it was watched for a time, at the longest. Memory goes with the ports, not with
 * the sockets: 30 KiB a port and at most HEARTBEAT_PORTS_MAX of them, and the table of silences.
 */
#ifndef TCPSTATED_MODEL_HEARTBEAT_H
#define TCPSTATED_MODEL_HEARTBEAT_H

#include "model/filter.h"
#include "model/histogram.h"
#include "model/idle_times.h"
#include "model/service.h"
#include "model/sock_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ports that are kept apart; the connections of further ones are only counted. */
#define HEARTBEAT_PORTS_MAX 512

struct heartbeat_port {
	SERVICE_KEY_MEMBERS

	/* the last look */
	uint64_t sockets;                    /* ESTABLISHED */
	uint64_t keepalive[KEEPALIVE_COUNT]; /* of them by enum sock_keepalive */
	uint32_t keepalive_next_ms;          /* the longest time until a keepalive probe: the idle
						time that is set is at least as long */
	uint64_t mute; /* from whose peers no data ever came, as far as the kernel counts it */
	uint64_t unacknowledged; /* data that was sent waits for the peer: TCP retransmits or probes
				  */
	struct histogram idle_ms[IDLE_KINDS]; /* of the peer */
	struct histogram sent_ms;             /* since this side last sent data */
	struct histogram rtt_us;              /* smoothed round-trip time, where measured */

	/* the whole time: connections by their longest silence. Without watching, the last look's
	 */
	struct histogram longest_ms[IDLE_KINDS];
	/* those that were heard again, by the longest silence that ended. Without watching: none */
	struct histogram ended_ms[IDLE_KINDS];
};

struct heartbeat;

struct heartbeat_context {
	struct filter filter;           /* its port set is borrowed; its states mean nothing here */
	uint16_t port_first, port_last; /* ip_local_port_range; 0, 0 when unknown */
	bool watch;                     /* look several times and keep each connection's longest
					   silence */
	uint32_t watched_max;           /* connections that are watched, see model/idle_times.h */
};

/* Returns 0 or -ENOMEM; free with heartbeat_free. */
int heartbeat_new(const struct heartbeat_context *context, struct heartbeat **ret);
struct heartbeat *heartbeat_free(struct heartbeat *h); /* returns NULL; h may be NULL */
void heartbeat_freep(struct heartbeat **h);

/* Begins a look at now_ms, of a clock that only goes forward. What the one before counted of its
 * moment is forgotten. */
void heartbeat_start(struct heartbeat *h, uint64_t now_ms);

/* Counts a LISTEN or ESTABLISHED socket and passes over any other. LISTEN records come first: they
 * tell the sides. */
void heartbeat_count(struct heartbeat *h, const struct sock_record *r);

/* After the last look: works out what the whole time has told. Once. */
void heartbeat_finish(struct heartbeat *h);

/* The ports, in no order; borrowed. */
const struct heartbeat_port *const *heartbeat_ports(const struct heartbeat *h, size_t *ret_count);

struct heartbeat_numbers {
	uint64_t sockets;      /* ESTABLISHED that the filter lets through, at the last look */
	uint64_t without_info; /* of them those of which the kernel told no tcp_info */
	uint64_t rest_ports, rest_sockets; /* beyond HEARTBEAT_PORTS_MAX, or the memory */
	uint32_t polls;
	uint64_t watched_ms; /* from the first look to the last */
	uint32_t watched;    /* connections whose silences were kept; 0 without watching */
	uint32_t weight;     /* for how many each of them stands: 1 unless it samples */
};

struct heartbeat_numbers heartbeat_numbers(const struct heartbeat *h);

#endif

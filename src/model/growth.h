/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast the sockets of a port in a closing state become more or fewer: what there is now less
 * what there was about a minute ago. Bounded: a few looks, with the listed ports of each.
 */
#ifndef TCPSTATED_MODEL_GROWTH_H
#define TCPSTATED_MODEL_GROWTH_H

#include "model/snapshot.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A look is compared with the youngest one that is at least so old. */
#define GROWTH_SPAN_MS 50000U

/* Looks that follow one that is kept faster than that are not kept: so what is compared with is at
 * most a minute old, or else the last that was kept. */
#define GROWTH_STEP_MS 10000U

/* The one to compare with, five younger ones, and that of now. */
#define GROWTH_POLLS 7

/* What is not known is no number. */

/* How many ports of a look are kept, 56 bytes each. */
#define GROWTH_PORTS_MAX 1024

struct growth_port {
	uint8_t side; /* enum sock_side */
	uint16_t port;
	uint32_t sockets[STATE_COUNT];
};

struct growth_poll {
	uint64_t time_ms;
	struct growth_port *ports; /* by side and port */
	size_t ports_count;
	bool whole; /* no port was left out of them */
	state_set scanned;
	struct growth_port totals; /* its side and port mean nothing */
};

/* All zero is the start. */
struct growth {
	struct growth_poll polls[GROWTH_POLLS]; /* oldest first */
	unsigned used;
	bool known;      /* the oldest one is what the last look is compared with */
	uint64_t now_ms; /* of the last look */
};

/*
 * Takes a look at now_ms (CLOCK_MONOTONIC), and lends itself to the snapshot until the next one. An
 * incomplete scan is passed over. Returns 0, or -ENOMEM: then this look is not compared with later.
 */
int growth_take(struct growth *g, struct snapshot *s, uint64_t now_ms);
void growth_release(struct growth *g);

/*
 * Sockets a minute in that state on a port of the snapshot, and in all; negative where they become
 * fewer. UNKNOWN_DOUBLE: no look is old enough, the state is no closing one or was not
 * scanned, or the port may have been left out.
 */
double growth_of_port(const struct snapshot *s, const struct port_tally *p, enum tcp_state state);
double growth_of_all(const struct snapshot *s, enum tcp_state state);

#endif

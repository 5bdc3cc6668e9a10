/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast the sockets of a port in a closing state become more or fewer: the number now minus that
 * of about a minute ago.
 */
#ifndef TCPSTATED_MODEL_GROWTH_H
#define TCPSTATED_MODEL_GROWTH_H

#include "model/port_history.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

/* A poll is compared with the youngest one that is at least that old. */
#define GROWTH_SPAN_MS 50000U

/* Polls that come sooner after a kept one are not kept: so a poll is compared with one that is at
 * most a minute old, or else with the last one kept. */
#define GROWTH_STEP_MS 10000U

/* The one to compare with, five younger ones, and the present one. */
#define GROWTH_POLLS 7

/* How many listed ports are followed, 800 bytes each. */
#define GROWTH_PORTS_MAX 1024

/* All zero is the start. */
struct growth {
	struct port_history history;
	bool known;      /* the oldest poll is the one that the last poll is compared with */
	uint64_t now_ms; /* of the last poll */
};

/*
 * Takes a poll at now_ms (CLOCK_MONOTONIC), and lends itself to the snapshot until the next one. An
 * incomplete scan is skipped. Returns 0, or -ENOMEM: then later polls are not compared with this
 * one.
 */
int growth_take(struct growth *g, struct snapshot *s, uint64_t now_ms);
void growth_release(struct growth *g);

/*
 * Sockets per minute in that state on a port of the snapshot, and in all; negative when they become
 * fewer. UNKNOWN_DOUBLE: no poll is old enough, the state is not a closing one or was not scanned,
 * or the port was not listed.
 */
double growth_of_port(const struct snapshot *s, const struct port_tally *p, enum tcp_state state);
double growth_of_all(const struct snapshot *s, enum tcp_state state);

#endif

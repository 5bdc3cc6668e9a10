/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What services had over the last polls: for each a few numbers a poll, in a bounded table. Growth
 * (model/growth.h), changes (model/changes.h) and the speeds that rules measure (judge/history.h)
 * are computed from it.
 */
#ifndef TCPSTATED_MODEL_PORT_HISTORY_H
#define TCPSTATED_MODEL_PORT_HISTORY_H

#include "model/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_HISTORY_POLLS_MAX 9

/* What a history keeps; constant. */
struct port_history_shape {
	size_t numbers;      /* of each service in each poll */
	unsigned polls;      /* at most PORT_HISTORY_POLLS_MAX */
	size_t services_max; /* further ones are unknown */
};

/* All zero is an empty history; release with port_history_release. */
struct port_history {
	const struct port_history_shape *shape;
	uint64_t times_ms[PORT_HISTORY_POLLS_MAX]; /* oldest first */
	unsigned polls;
	/* private */
	char *rows;
	size_t rows_count, rows_allocated, sorted; /* how many are sorted by key */
	bool refused;                              /* the present poll had no room for a service */
	uint32_t serial;                           /* counts the polls */
};

void port_history_release(struct port_history *h);

/* Drops the oldest poll, of which there is at least one. */
void port_history_forget(struct port_history *h);

/*
 * Starts a poll at now_ms with room for that many new services. again: it replaces the last one;
 * else the oldest one goes when there are shape->polls. Returns 0, or -ENOMEM with nothing changed.
 */
int port_history_start(struct port_history *h, const struct port_history_shape *shape,
	uint64_t now_ms, bool again, size_t services);

/*
 * Adds a service, or all of them together with key NULL, at most once a poll. Returns its numbers
 * in this poll, to be set before the next call. NULL: there is no room, or memory is short.
 */
uint64_t *port_history_add(struct port_history *h, const struct service_key *key);

/* Ends the poll. absent: the numbers of every service that was not added. Services whose numbers
 * are 0 or UNKNOWN in every poll are dropped. */
void port_history_finish(struct port_history *h, const uint64_t *absent);

/* The numbers of a service in a poll, counted from the oldest, which was finished. UNKNOWN when
 * there was no room for it. key NULL: of all together. */
const uint64_t *port_history_at(
	const struct port_history *h, unsigned poll, const struct service_key *key);

/* Calls fn for each service, in the order of their keys, with its numbers poll by poll. */
typedef void (*port_history_fn)(
	const struct service_key *key, const uint64_t *numbers, void *userdata);
void port_history_foreach(const struct port_history *h, port_history_fn fn, void *userdata);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changed from one poll to the next, for each port. Memory grows with the ports in use, as
 * that of a tally, and never with the sockets.
 */
#ifndef TCPSTATED_MODEL_CHANGES_H
#define TCPSTATED_MODEL_CHANGES_H

#include "model/port_history.h"
#include "model/snapshot.h"

#include <stddef.h>
#include <stdint.h>

/* The numbers of a port or of all of them; UNKNOWN when the snapshot lacks them. */
struct counts {
	uint64_t sockets, memory_bytes;
	uint64_t states[STATE_COUNT];
};

/* A history of counts: records a poll at now_ms, with the listed ports and all of them together.
 * Returns 0, or -ENOMEM with nothing changed. */
#define COUNTS_NUMBERS (sizeof(struct counts) / sizeof(uint64_t))
int counts_record(struct port_history *h, const struct port_history_shape *shape,
	const struct snapshot *s, uint64_t now_ms);

/* As port_history_at(). */
const struct counts *counts_at(
	const struct port_history *h, unsigned poll, const struct service_key *key);

/* A port that had sockets before and has none now. */
struct gone_port {
	struct service_key service;
	uint64_t sockets; /* before */
};

/* All zero is the start: no poll yet. */
struct changes {
	struct port_history history;
	struct gone_port *gone; /* those with the most sockets first */
	size_t gone_count, gone_allocated;
};

/*
 * Takes the next poll, which should list every port (before snapshot_list()): the change
 * of a port that is not listed is unknown. Returns 0, or -ENOMEM: then everything is as it was.
 */
int changes_take(struct changes *c, const struct snapshot *s);
void changes_release(struct changes *c);

/*
 * What a port had at the poll before, or all of them with key NULL: zeros if it had no sockets,
 * UNKNOWN if it was not listed. Valid until the next poll. NULL: there was no poll before.
 */
const struct counts *changes_before(const struct changes *c, const struct service_key *key);

/* now - before, or UNKNOWN_I64. */
int64_t change_of(uint64_t now, uint64_t before);

/* The numbers of a row and of the totals. */
void counts_of_port(struct counts *ret, const struct snapshot *s, const struct port_tally *p);
void counts_of_totals(struct counts *ret, const struct snapshot *s);

#endif

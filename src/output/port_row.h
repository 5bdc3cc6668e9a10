/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of the table of ports, as numbers. */
#ifndef TCPSTATED_OUTPUT_PORT_ROW_H
#define TCPSTATED_OUTPUT_PORT_ROW_H

#include "judge/finding.h"
#include "model/changes.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port_row {
	char label[80];
	uint64_t sockets, memory_bytes;
	uint64_t states[STATE_COUNT];
	uint32_t oldest_ms;
	bool listening;
	uint32_t accept_queue, backlog;
	enum severity severity; /* of the worst finding about it */

	/* since the poll before */
	bool gone;       /* it no longer has sockets */
	bool is_changes; /* its memory and states are changes, and it has no other numbers */
	int64_t change, memory_change;
	int64_t state_changes[STATE_COUNT];
};

/* c is the changes that led to the snapshot; with NULL every change is unknown. */

/* A port of the snapshot. */
struct port_row port_row_of(
	const struct snapshot *s, const struct port_tally *p, const struct changes *c);

/* c->gone[i], which no longer has sockets. */
struct port_row port_row_gone(const struct changes *c, size_t i);

struct port_row port_row_total(const struct snapshot *s, const struct changes *c);

/* The totals once more, as changes. */
struct port_row port_row_changes(const struct port_row *total);

/* The ports that have no row: what the totals have more than the listed ports and the first so many
 * gone ones. */
struct port_row port_row_others(const struct snapshot *s, const struct changes *c, size_t gone,
	const struct port_row *total);

#endif

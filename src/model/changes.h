/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changed from one look to the next, for each side and port. Memory grows with the ports in
 * use, as that of a tally does, and never with the sockets.
 */
#ifndef TCPSTATED_MODEL_CHANGES_H
#define TCPSTATED_MODEL_CHANGES_H

#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A change of which one end is not known. */

/* The numbers of a port or of all of them; UNKNOWN where the snapshot does not know them. */
struct counts {
	uint64_t sockets, memory_bytes;
	uint64_t states[STATE_COUNT];
};

struct port_counts {
	uint8_t side; /* enum sock_side */
	uint16_t port;
	struct counts counts;
};

/* The numbers of one look. */
struct counted {
	struct port_counts *ports; /* by side and port */
	size_t ports_count;
	bool whole; /* no port was left out of them */
	struct counts totals;
};

/* All zero is the start: no look yet. */
struct changes {
	struct counted before, now;
	bool known; /* there were two looks to compare */

	/* The ports that had sockets before and have none now, those with the most first. */
	const struct port_counts **gone;
	size_t gone_count;
};

/*
 * Takes the next look. It should list every port (snapshot_take() with ports_max 0); of one that is
 * not listed no change is known. The look before that is forgotten. Returns 0, or -ENOMEM: then
 * all is as it was.
 */
int changes_take(struct changes *c, const struct snapshot *s);
void changes_release(struct changes *c);

/* What a port had at the look before, zeros where it had no sockets; NULL where nothing is known.
 */
const struct counts *changes_before(const struct changes *c, enum sock_side side, uint16_t port);

/* now - before, or UNKNOWN_I64. */
int64_t change_of(uint64_t now, uint64_t before);

/* The numbers of a row and of the totals. */
void counts_of_port(struct counts *ret, const struct snapshot *s, const struct port_tally *p);
void counts_of_totals(struct counts *ret, const struct snapshot *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at the machine, from the first file read to the snapshot. Whatever runs, runs this. */
#ifndef TCPSTATED_POLL_POLL_H
#define TCPSTATED_POLL_POLL_H

#include "kernel/sockets/source.h"
#include "model/snapshot.h"
#include "model/tally.h"

#include <stdbool.h>
#include <stddef.h>

struct poll_settings {
	struct filter filter;
	bool closing;     /* mask ESTABLISHED out in the kernel, take its number from the counter */
	size_t ports_max; /* rows in the snapshot; 0: all */
	unsigned attempts; /* how often a dump that was disturbed is taken, at least 1 */
	struct prices
		prices; /* kernel/memory/object_sizes.h: they do not change while the kernel runs */
	uint64_t slab_bytes; /* likewise; UNKNOWN without slabinfo */
	struct ages *ages;   /* kept from poll to poll; NULL: none. Borrowed. */
	uint64_t now_ms;     /* CLOCK_MONOTONIC; only ages need it */
	bool age_bound;      /* ask the kernel for how long a socket has been in its state at the
				  least, in this scan; ages ask by themselves at the first one */
	uint32_t since_ms;   /* how long ago the last look was; 0: there was none */
	struct sock_observer observer; /* is shown each socket that is counted */
	struct polling polling;        /* handed on in the snapshot */
};

/*
 * Takes a snapshot. tally lives from poll to poll, since it knows which ports were a server's.
 * Returns 0, or a negative errno with the reason as a sentence in ret->scan.error; then there are
 * no numbers, and only ret->scan is set. Release with snapshot_release.
 */
int poll_once(struct source *source, struct tally *tally, const struct poll_settings *settings,
	struct snapshot *ret);

#endif

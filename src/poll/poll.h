/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One poll, from the first file read to the snapshot. Every command and the daemon use it. */
#ifndef TCPSTATED_POLL_POLL_H
#define TCPSTATED_POLL_POLL_H

#include "kernel/sockets/source.h"
#include "model/snapshot.h"
#include "model/tally.h"

#include <stdbool.h>
#include <stddef.h>

/* A dump under heavy churn may need a second attempt; more would only add to the load. */
#define SCAN_ATTEMPTS 3

struct poll_settings {
	struct filter filter;
	bool closing; /* exclude ESTABLISHED in the kernel and take its number from the counter */
	unsigned attempts;    /* how often to take a disturbed dump, at least 1 */
	struct prices prices; /* constant while the kernel runs (kernel/memory/object_sizes.h) */
	uint64_t slab_bytes;  /* of the same source; UNKNOWN without slabinfo */
	struct ages *ages;    /* kept from poll to poll; NULL: none. Borrowed. */
	uint64_t now_ms;      /* CLOCK_MONOTONIC; only ages need it */
	bool age_bound;    /* request lower bounds of ages from the kernel in this scan; ages do so
				by themselves in the first one */
	uint32_t since_ms; /* how long ago the last poll was; 0: there was none */
	struct sock_observer observer; /* of each counted socket */
	struct polling polling;        /* copied to the snapshot */
};

/*
 * Takes a snapshot that lists every port. tally is kept from poll to poll, since it knows which
 * ports were servers'. Returns 0, or -errno with the reason as a sentence in ret->scan.error; then
 * only ret->scan is set. Release with snapshot_release.
 */
int poll_once(struct source *source, struct tally *tally, const struct poll_settings *settings,
	struct snapshot *ret);

#endif

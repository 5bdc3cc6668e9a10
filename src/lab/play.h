/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plays one scenario in the calling process, and its outcome. */
#ifndef TCPSTATED_LAB_PLAY_H
#define TCPSTATED_LAB_PLAY_H

#include "lab/scenario.h"
#include "lab/timeline.h"
#include "model/prices.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAILURES_MAX  8
#define SENTENCE_SIZE 320

/* In memory that the process of the play shares with the one that reports it. */
struct outcome {
	bool ended;                   /* the play came to its end */
	bool no_stage;                /* the namespaces could not be made; failures says why */
	char not_here[SENTENCE_SIZE]; /* what this kernel lacks; else empty */
	char failures[FAILURES_MAX][SENTENCE_SIZE];
	size_t failures_count; /* may exceed FAILURES_MAX */
	double seconds;

	/* how far they moved; UNKNOWN where the kernel has no such counter */
	uint64_t counters[2][COUNTER_COUNT]; /* by enum host */
	struct {
		uint64_t before, most,
			after; /* bytes that the sockets of both hosts hold, estimated */
	} memory;
	struct {
		uint64_t before, after; /* bytes that the allocator keeps for TCP on the whole
					   machine, or UNKNOWN */
	} slab;
};

/* Records a failure as printf() does. */
__attribute__((format(printf, 2, 3))) void outcome_fail(struct outcome *o, const char *format, ...);

struct play_settings {
	bool full;
	const struct prices *prices;
	struct timeline timeline; /* not yet started */
};

/* Makes the stage, plays, and ends the process. */
__attribute__((noreturn)) void play(
	const struct scenario *scenario, const struct play_settings *settings, struct outcome *ret);

#endif

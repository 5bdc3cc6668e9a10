/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outcome of a scenario, and how it is printed. */
#ifndef TCPSTATED_LAB_OUTCOME_H
#define TCPSTATED_LAB_OUTCOME_H

#include "lab/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAILURES_MAX  8
#define SENTENCE_SIZE 320

/* In memory that the process of the play shares with the one that prints it. */
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
		uint64_t before, most, after;
	} memory; /* bytes that the sockets of both hosts hold, estimated */
	struct {
		uint64_t before, after;
	} slab; /* bytes that the allocator keeps for TCP on the whole machine; or UNKNOWN */
};

/* Makes everything unknown. */
void outcome_init(struct outcome *o);

/* Records a failure as printf() does. */
__attribute__((format(printf, 2, 3))) void outcome_fail(struct outcome *o, const char *format, ...);

/* Prints it as text: columns wide, with colours if wanted. */
void outcome_print(
	const struct outcome *o, const struct scenario *scenario, unsigned columns, bool color);

/*
 * Prints it as one line of JSON. events is the file that the timeline wrote to, an array without
 * its closing bracket, which is added. Returns 0 or -ENOMEM.
 */
int outcome_print_json(struct outcome *o, const struct scenario *scenario, int events);

#endif

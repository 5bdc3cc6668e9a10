/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --explain for a person: each finding, since when, whose, why, what to do, where to read on. */
#ifndef TCPSTATED_OUTPUT_EXPLAIN_H
#define TCPSTATED_OUTPUT_EXPLAIN_H

#include "judge/finding.h"
#include "model/process.h"
#include "model/snapshot.h"
#include "output/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The processes of the findings' sockets. */
struct holders {
	const struct processes *processes; /* NULL: not searched for */
	uint64_t omitted;                  /* sockets beyond those that were searched for */
	bool could_inspect;                /* there are sockets to search for */
};

/*
 * Writes the findings, worst first, notes included; then what is on the ports that the user named
 * and on which nothing was found. Returns 0 or -errno.
 */
int explain_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct holders *holders, const struct text_style *style);

#endif

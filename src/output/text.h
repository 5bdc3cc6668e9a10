/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot for a person: the verdict, the sockets by port, limits, findings with causes and
 * fixes. */
#ifndef TCPSTATED_OUTPUT_TEXT_H
#define TCPSTATED_OUTPUT_TEXT_H

#include "judge/finding.h"
#include "model/snapshot.h"
#include "output/page.h"

#include <stdio.h>

/*
 * Writes the report. Only the first line is never wrapped, so that it can be cut out whole. Notes
 * are left out. Returns 0 or -errno.
 */
int text_print(FILE *out, const struct snapshot *s, const struct findings *all,
	const struct text_style *style);

/* Pieces of it for other texts. */

/* The first line: the worst finding, or that nothing was found. */
void text_add_verdict(struct page *p, const struct snapshot *s, const struct findings *f);

/* Where and when it was read. */
void text_add_origin(struct page *p, const struct snapshot *s);

/* What makes the numbers incomplete, to be said before them. */
void text_add_reservations(struct page *p, const struct snapshot *s);

/* The sentence of a finding, wrapped behind its severity. */
void text_add_finding(struct page *p, const struct finding *f);

/* Why it is so, what to do, and where to read on. */
void text_add_advice(struct page *p, const struct finding *f);

#endif

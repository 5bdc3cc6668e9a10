/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The snapshot for a person: the verdict first, then where the sockets are, what is left, and what
 * to do.
 */
#ifndef TCPSTATED_OUTPUT_TEXT_H
#define TCPSTATED_OUTPUT_TEXT_H

#include "judge/finding.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stdio.h>

struct text_style {
	bool color;       /* for headings and for what is wrong */
	bool wide;        /* a column for every state, the accept queue and the oldest socket */
	unsigned columns; /* what the terminal shows; 80 where there is none */
};

/*
 * The escape sequence that begins a colour; "" without style->color. SEVERITY_OK is the weight of
 * headings.
 */
const char *text_color(const struct text_style *style, enum severity severity);

/* Ends what text_color() began. */
const char *text_plain(const struct text_style *style);

/*
 * Writes the report. Only the first line is never wrapped, so that it can be cut out whole. Notes
 * are left out. Returns 0 or -errno.
 */
int text_print(FILE *out, const struct snapshot *s, const struct findings *all,
	const struct text_style *style);

/* Parts of it that other outputs for a person have as well. */

/* "OK", "NOTE", "WARNING" or "CRITICAL". */
const char *text_severity(enum severity severity);

/* Prints text behind a label, wrapped to the width, its further lines indented under its first. */
void text_paragraph(FILE *out, const struct text_style *style, enum severity severity,
	const char *label, const char *text);

/* The first line: the worst finding, or that nothing stands out. */
void text_verdict(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct text_style *style);

/* Where and when it was read. */
void text_origin(FILE *out, const struct snapshot *s, const struct text_style *style);

/* Cuts a list of ports that would not fit on a line behind a comma. */
void text_cut_ports(char *ports);

/* Whatever makes the numbers less than the whole truth, to be said before them. */
void text_reservations(FILE *out, const struct snapshot *s, const struct text_style *style);

#endif

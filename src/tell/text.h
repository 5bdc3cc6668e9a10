/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The snapshot for a person: the verdict first, then where the sockets are, what is left, and what
 * to do.
 */
#ifndef TCPSTATED_TELL_TEXT_H
#define TCPSTATED_TELL_TEXT_H

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
 * Writes the report. Only the first line is never wrapped, so that it can be cut out whole. Returns
 * 0 or -errno.
 */
int tell_text(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct text_style *style);

#endif

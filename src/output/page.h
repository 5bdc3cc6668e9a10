/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text for a person: paragraphs wrapped to the width of the terminal, in its colours. */
#ifndef TCPSTATED_OUTPUT_PAGE_H
#define TCPSTATED_OUTPUT_PAGE_H

#include "basic/string.h"
#include "judge/finding.h"

#include <stdbool.h>
#include <stdio.h>

struct text_style {
	bool color;       /* for headings and for findings */
	bool wide;        /* a column for every state, the accept queue and the oldest socket */
	unsigned columns; /* of the terminal; 80 without one */
};

struct page {
	struct string out;      /* what is there so far */
	struct string sentence; /* of the next paragraph */
	struct text_style style;
};

/* An empty one; page_print() or page_release() ends it. */
struct page page_new(const struct text_style *style);
void page_release(struct page *p);

/* Writes it and releases it. Returns 0, -ENOMEM with nothing written, or -errno of writing. */
int page_print(struct page *p, FILE *out);

/*
 * The escape sequence that begins a colour; "" without style.color. SEVERITY_OK is the weight of
 * headings.
 */
const char *page_color(const struct page *p, enum severity severity);

/* Ends what page_color() began. */
const char *page_plain(const struct page *p);

/* Adds a line in the weight of headings. */
void page_heading(struct page *p, const char *text);

/*
 * Takes the sentence and adds it behind a label, wrapped to the width, its further lines indented
 * under its first. The label has the colour of the severity, but for SEVERITY_OK. Without a
 * sentence it adds nothing.
 */
void page_paragraph(struct page *p, enum severity severity, const char *label);

/* The same with a text in place of the sentence, which must be empty. */
void page_text(struct page *p, enum severity severity, const char *label, const char *text);

#endif

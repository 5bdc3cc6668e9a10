/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/nearest.h"

#include "basic/macro.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* No longer than any name that is offered. */
#define LENGTH_MAX 64

struct nearest nearest_to(const char *word, size_t length)
{
	/* In a short word two edits reach anything, and one turns "on" into "no". */
	unsigned edits_max = length < 3 ? 0 : length < 5 ? 1 : 2;

	return (struct nearest){.word = word, .length = length, .edits = edits_max + 1};
}

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* The optimal string alignment distance: Levenshtein's, and a swap of neighbours is one edit. */
static unsigned count_edits(const char *a, size_t a_length, const char *b, size_t b_length)
{
	/* edits[i % 3][k] is the distance of the first i letters of a to the first k of b. */
	unsigned edits[3][LENGTH_MAX + 1];

	for (unsigned i = 0; i <= a_length; i++) {
		unsigned *row = edits[i % 3], *last = edits[(i + 2) % 3];

		for (unsigned k = 0; k <= b_length; k++) {
			row[k] = i + k;
			if (i == 0 || k == 0)
				continue;
			row[k] = MIN(last[k], row[k - 1]) + 1;
			row[k] = MIN(row[k], last[k - 1] + !is_same(a[i - 1], b[k - 1]));
			if (i > 1 && k > 1 && is_same(a[i - 1], b[k - 2]) &&
				is_same(a[i - 2], b[k - 1]))
				row[k] = MIN(row[k], edits[(i + 1) % 3][k - 2] + 1);
		}
	}
	return edits[a_length % 3][b_length];
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t length = strlen(candidate);
	unsigned edits;

	if (n->length > LENGTH_MAX || length > LENGTH_MAX)
		return;
	edits = count_edits(n->word, n->length, candidate, length);
	if (edits < n->edits) {
		n->edits = edits;
		n->candidate = candidate;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what a mistyped word most likely means, for "did you mean 'interval'?". */
#ifndef TCPSTATED_BASIC_NEAREST_H
#define TCPSTATED_BASIC_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;
	size_t length;
	const char *candidate; /* the closest offer so far; NULL: none is close. Borrowed. */
	unsigned edits;        /* that lead to it; one more than allowed while there is none */
};

/* Starts a search for word[0..length), which is borrowed. */
struct nearest nearest_to(const char *word, size_t length);

/*
 * Takes the candidate if it is closer than the earlier ones: at most 2 letters are wrong, missing,
 * too many or swapped with their neighbour (1 in a word of 3 or 4 letters, 0 in a shorter one).
 * Case does not count.
 */
void nearest_offer(struct nearest *n, const char *candidate);

#endif

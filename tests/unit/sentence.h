/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences as strings, for the tests. */
#ifndef TCPSTATED_TESTS_UNIT_SENTENCE_H
#define TCPSTATED_TESTS_UNIT_SENTENCE_H

#include "output/words.h"

/* Valid until the next call. */
static inline const char *sentence_of_finding(const struct finding *f)
{
	static char text[SENTENCE_SIZE];
	struct string s = STRING_IN(text);

	words_finding(&s, f);
	return s.error ? "it does not fit" : text;
}

/* Likewise. */
static inline const char *sentence_of_alert(const struct alert *a)
{
	static char text[SENTENCE_SIZE];
	struct string s = STRING_IN(text);

	words_alert(&s, a);
	return s.error ? "it does not fit" : text;
}

#endif

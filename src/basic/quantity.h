/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers with units as an operator writes them, in the configuration and on the command line, and
 * as they are printed back. Each kind has its units.
 */
#ifndef TCPSTATED_BASIC_QUANTITY_H
#define TCPSTATED_BASIC_QUANTITY_H

#include "basic/string.h"

#include <stddef.h>
#include <stdint.h>

/* What each is counted in. */
enum quantity {
	QUANTITY_NUMBER,   /* 1 */
	QUANTITY_SIZE,     /* bytes, written with K, M, G or T */
	QUANTITY_DURATION, /* milliseconds, written with s, min (or m), h or d; whole seconds only
			    */
	QUANTITY_SECONDS,  /* the same; a number without a unit is in seconds */
	QUANTITY_DECIMAL,  /* thousandths, written with a point or without */
	QUANTITY_PERCENT,  /* thousandths of a percent, written with % */
	QUANTITY_COUNT,
};

struct range_of_quantity {
	uint64_t min, max;
};

/*
 * Reads text[0..length) as a number with its unit, with or without blanks between them. The unit
 * may be left out where 1 is one, and of a 0. Returns 0, -EINVAL, or -ERANGE for a number outside
 * of the range; on failure *ret is untouched.
 */
int quantity_parse(enum quantity q, const char *text, size_t length,
	const struct range_of_quantity *range, uint64_t *ret);

/* Prints it in the largest unit that leaves nothing over, so that it reads back the same. Returns
 * buf. */
#define QUANTITY_SIZE_MAX 32
const char *quantity_format(char buf[QUANTITY_SIZE_MAX], enum quantity q, uint64_t value);

/* Adds what is expected: "a duration from 1s to 1h, such as 30s, 5min or 1h". */
void quantity_describe(struct string *out, enum quantity q, const struct range_of_quantity *range);

#endif

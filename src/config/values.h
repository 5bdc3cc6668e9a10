/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of the configuration as they are written and printed: each kind has its units. */
#ifndef TCPSTATED_CONFIG_VALUES_H
#define TCPSTATED_CONFIG_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What each is counted in. */
enum quantity {
	QUANTITY_NUMBER,   /* 1 */
	QUANTITY_SIZE,     /* bytes, written with K, M, G or T */
	QUANTITY_DURATION, /* milliseconds, written with s, min or h; only whole seconds */
	QUANTITY_DECIMAL,  /* thousandths, written with a point or without */
	QUANTITY_PERCENT,  /* thousandths of a percent, written with % */
	QUANTITY_COUNT,
};

struct range_of_quantity {
	uint64_t min, max;
};

/*
 * Reads a number with its unit, with or without blanks between them. The unit may be left out
 * where 1 is one, and of a 0. Returns 0, -EINVAL, or -ERANGE for a number outside of the range.
 */
int quantity_parse(
	enum quantity q, const char *text, const struct range_of_quantity *range, uint64_t *ret);

/* Prints it in the largest unit that leaves nothing over, so that it reads back the same. */
#define QUANTITY_SIZE_MAX 32
const char *quantity_format(char buf[QUANTITY_SIZE_MAX], enum quantity q, uint64_t value);

/* Prints what is expected: "a duration from 1s to 1h, such as 30s, 5min or 2h". */
void quantity_expect(enum quantity q, const struct range_of_quantity *range, FILE *out);

#endif

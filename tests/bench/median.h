/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TCPSTATED_TESTS_BENCH_MEDIAN_H
#define TCPSTATED_TESTS_BENCH_MEDIAN_H

#include <stddef.h>
#include <stdlib.h>

static inline int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts the values, of which there is at least one. */
static inline double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return values[count / 2];
}

#endif

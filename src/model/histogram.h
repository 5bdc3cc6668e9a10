/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts numbers from 0 to UINT32_MAX in buckets whose width grows with the number, as HdrHistogram
 * does: exact up to 63, then 32 buckets per power of two. The middle of a bucket is at most 1/64
 * (1.6 %) off any number in it. 3.5 KiB.
 */
#ifndef TCPSTATED_MODEL_HISTOGRAM_H
#define TCPSTATED_MODEL_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 5

/* One each below 2^6; then 2^5 for each of the powers 6 to 31. */
#define HISTOGRAM_BUCKETS ((2U << HISTOGRAM_SUB_BITS) + (31 - HISTOGRAM_SUB_BITS) * 32U)

struct histogram {
	uint64_t count;
	uint32_t smallest, largest; /* exact; only with count */
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

/* Counts value weight times. All zero is an empty histogram. */
void histogram_add(struct histogram *h, uint32_t value, uint32_t weight);

/*
 * The number that a share of the counted ones does not exceed (nearest rank): 0.5 gives the median,
 * 1 the largest. UNKNOWN_U32 when nothing was counted.
 */
uint32_t histogram_quantile(const struct histogram *h, double share);

/* How many are larger than value; those in its own bucket count by the bucket's middle. */
uint64_t histogram_above(const struct histogram *h, uint32_t value);

/*
 * The largest number below a wide gap: upwards from floor, the first whose next larger neighbour is
 * more than factor times itself. Without such a gap the largest of all; UNKNOWN_U32 when nothing
 * was counted.
 */
uint32_t histogram_group_end(const struct histogram *h, uint32_t floor, uint32_t factor);

#endif

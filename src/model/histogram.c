/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/histogram.h"

#include "basic/macro.h"
#include "basic/unknown.h"

#include <math.h>
#include <stddef.h>

/* Numbers below this have a bucket each. */
#define EXACT_BELOW (2U << HISTOGRAM_SUB_BITS)

static size_t bucket_of(uint32_t value)
{
	unsigned shift;

	if (value < EXACT_BELOW)
		return value;
	/* What remains is between 2^SUB_BITS and 2^(SUB_BITS+1). */
	shift = 31U - (unsigned)__builtin_clz(value) - HISTOGRAM_SUB_BITS;
	return ((size_t)shift << HISTOGRAM_SUB_BITS) + (value >> shift);
}

static uint32_t bucket_middle(size_t bucket)
{
	unsigned shift;
	uint32_t first;

	if (bucket < EXACT_BELOW)
		return (uint32_t)bucket;
	shift = (unsigned)(bucket >> HISTOGRAM_SUB_BITS) - 1;
	first = (uint32_t)(bucket - ((size_t)shift << HISTOGRAM_SUB_BITS)) << shift;
	return first + (1U << (shift - 1));
}

/* The middle of a bucket, within the range of what was counted. */
static uint32_t bucket_value(const struct histogram *h, size_t bucket)
{
	return MIN(MAX(bucket_middle(bucket), h->smallest), h->largest);
}

void histogram_add(struct histogram *h, uint32_t value, uint32_t weight)
{
	if (!weight)
		return;
	h->smallest = h->count ? MIN(h->smallest, value) : value;
	h->largest = h->count ? MAX(h->largest, value) : value;
	h->count += weight;
	h->buckets[bucket_of(value)] += weight;
}

uint32_t histogram_quantile(const struct histogram *h, double share)
{
	uint64_t rank, passed = 0;

	if (!h->count)
		return UNKNOWN_U32;
	rank = (uint64_t)ceil(share * (double)h->count);
	/* The ends are exact. */
	if (rank <= 1)
		return h->smallest;
	if (rank >= h->count)
		return h->largest;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		passed += h->buckets[i];
		if (passed >= rank)
			return bucket_value(h, i);
	}
	return h->largest;
}

uint64_t histogram_above(const struct histogram *h, uint32_t value)
{
	uint64_t above = 0;

	for (size_t i = bucket_of(value); i < HISTOGRAM_BUCKETS; i++)
		if (h->buckets[i] && bucket_value(h, i) > value)
			above += h->buckets[i];
	return above;
}

uint32_t histogram_group_end(const struct histogram *h, uint32_t floor, uint32_t factor)
{
	uint32_t before = UNKNOWN_U32;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint32_t value;

		if (!h->buckets[i])
			continue;
		value = bucket_value(h, i);
		if (is_known(before) && value > (uint64_t)factor * MAX(before, floor))
			return before;
		before = value;
	}
	return h->count ? h->largest : UNKNOWN_U32;
}

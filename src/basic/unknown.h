/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A number that could not be read is unknown: printed as null or "-", never as 0, never summed. One
 * value for each type of number, and one test for all of them.
 */
#ifndef TCPSTATED_BASIC_UNKNOWN_H
#define TCPSTATED_BASIC_UNKNOWN_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define UNKNOWN        UINT64_MAX
#define UNKNOWN_U32    UINT32_MAX
#define UNKNOWN_I64    INT64_MIN
#define UNKNOWN_DOUBLE ((double)NAN)

static inline bool is_known_u64(uint64_t n)
{
	return n != UNKNOWN;
}

static inline bool is_known_u32(uint32_t n)
{
	return n != UNKNOWN_U32;
}

static inline bool is_known_i64(int64_t n)
{
	return n != UNKNOWN_I64;
}

static inline bool is_known_double(double n)
{
	return !isnan(n);
}

/* The larger number, or the one that is known. */
static inline uint32_t known_max(uint32_t a, uint32_t b)
{
	return is_known_u32(a) && is_known_u32(b) ? (a > b ? a : b) : (a < b ? a : b);
}

#define is_known(n)                                                                                \
	_Generic((n), uint64_t                                                                     \
		 : is_known_u64, uint32_t                                                          \
		 : is_known_u32, int64_t                                                           \
		 : is_known_i64, double                                                            \
		 : is_known_double)(n)

#endif

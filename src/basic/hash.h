/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash function, and how an open-addressing table of any size is searched with it. */
#ifndef TCPSTATED_BASIC_HASH_H
#define TCPSTATED_BASIC_HASH_H

#include <stdint.h>

/*
 * Spreads a number over 64 bits: the finalizer of MurmurHash3 (Appleby). Socket cookies count up
 * per processor, in patterns that one multiplication only turns into other patterns; two remove
 * them.
 */
static inline uint64_t hash_u64(uint64_t n)
{
	n = (n ^ n >> 33) * UINT64_C(0xff51afd7ed558ccd);
	n = (n ^ n >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return n ^ n >> 33;
}

/* Adds another number to a hash; start with 0. */
static inline uint64_t hash_add(uint64_t hash, uint64_t n)
{
	return hash_u64(hash ^ n);
}

/* The slot where a search starts in a table of slots slots (any number), from the upper half of the
 * hash. */
static inline uint32_t hash_home(uint64_t hash, uint32_t slots)
{
	return (uint32_t)((hash >> 32) * slots >> 32);
}

static inline uint32_t hash_next(uint32_t i, uint32_t slots)
{
	return i + 1 == slots ? 0 : i + 1;
}

#endif

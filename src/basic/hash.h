/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one hash function, and how a table of any size is searched with it. */
#ifndef TCPSTATED_BASIC_HASH_H
#define TCPSTATED_BASIC_HASH_H

#include <stdint.h>

/*
 * Spreads a number over 64 bits: the finalizer of MurmurHash3 (Appleby). Socket cookies count up,
 * each processor's by itself, in patterns that a single multiplication turns into other patterns;
 * after two of them none are left.
 */
static inline uint64_t hash_u64(uint64_t n)
{
	n = (n ^ n >> 33) * UINT64_C(0xff51afd7ed558ccd);
	n = (n ^ n >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return n ^ n >> 33;
}

/* Adds another number to a hash; begin with 0. */
static inline uint64_t hash_add(uint64_t hash, uint64_t n)
{
	return hash_u64(hash ^ n);
}

/* Where a search begins in an open-addressing table of so many slots (any number), by the upper
 * half of the hash. */
static inline uint32_t hash_home(uint64_t hash, uint32_t slots)
{
	return (uint32_t)((hash >> 32) * slots >> 32);
}

static inline uint32_t hash_next(uint32_t i, uint32_t slots)
{
	return i + 1 == slots ? 0 : i + 1;
}

#endif

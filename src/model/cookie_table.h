/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded open-addressing table keyed by socket cookie. Beyond the bound it samples: it keeps one
 * socket in 2, 4, 8 ..., chosen by the cookie's hash, and each stands for as many. At most seven
 * slots in eight are used and it grows by an eighth, so that it takes at most 9/7 slots a socket
 * right after it grew.
 *
 * The user defines the slot. Everything here is inlined into it with a constant struct cookie_slot,
 * so that the compiler resolves sizes and functions: it is called for each socket of a scan.
 */
#ifndef TCPSTATED_MODEL_COOKIE_TABLE_H
#define TCPSTATED_MODEL_COOKIE_TABLE_H

#include "basic/hash.h"
#include "basic/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE_TABLE_INLINE static inline __attribute__((always_inline))

/* What each socket stands for fits into 32 bits. */
#define COOKIE_TABLE_SAMPLED_MAX 31

struct cookie_table {
	char *slots;
	uint32_t slots_count; /* 0 before the first socket */
	uint32_t used, used_max;
	unsigned sampled; /* one in 2^sampled cookies is kept */
};

/* A user's type of slot. All zero, a slot is free: the kernel gives no cookie 0. */
struct cookie_slot {
	size_t size;
	uint32_t slots_min; /* of the smallest table */
	uint64_t (*cookie)(const void *slot);
	void (*set_cookie)(void *slot, uint64_t cookie);
};

COOKIE_TABLE_INLINE void *cookie_table_slot(
	const struct cookie_table *t, const struct cookie_slot *type, uint32_t i)
{
	return t->slots + i * type->size;
}

/* How many sockets each one in the table stands for. */
static inline uint32_t cookie_table_weight(const struct cookie_table *t)
{
	return UINT32_C(1) << t->sampled;
}

COOKIE_TABLE_INLINE bool cookie_table_samples(const struct cookie_table *t, uint64_t hash)
{
	return !(hash & (cookie_table_weight(t) - 1));
}

/* The slot with the cookie, or the free one where it belongs; there is a table. */
COOKIE_TABLE_INLINE void *cookie_table_find(const struct cookie_table *t,
	const struct cookie_slot *type, uint64_t cookie, uint64_t hash)
{
	uint32_t i = hash_home(hash, t->slots_count);
	uint64_t here;

	while ((here = type->cookie(cookie_table_slot(t, type, i))) != 0 && here != cookie)
		i = hash_next(i, t->slots_count);
	return cookie_table_slot(t, type, i);
}

/* Moves every socket of the sample into a table of slots_count slots. Returns false, with nothing
 * changed, when memory is short. */
COOKIE_TABLE_INLINE bool cookie_table_resize(
	struct cookie_table *t, const struct cookie_slot *type, uint32_t slots_count)
{
	const struct cookie_table old = *t;
	char *slots = calloc(slots_count, type->size);

	if (!slots)
		return false;
	t->slots = slots;
	t->slots_count = slots_count;
	t->used = 0;
	for (uint32_t i = 0; i < old.slots_count; i++) {
		const void *slot = cookie_table_slot(&old, type, i);
		uint64_t cookie = type->cookie(slot), hash = hash_u64(cookie);

		if (!cookie || !cookie_table_samples(t, hash))
			continue;
		memcpy(cookie_table_find(t, type, cookie, hash), slot, type->size);
		t->used++;
	}
	free(old.slots);
	return true;
}

/* Makes room for one more, by a coarser sample or a larger table. Returns false when memory is
 * short. It is rarely called, so it stays out of line. */
static __attribute__((noinline)) bool cookie_table_make_room(
	struct cookie_table *t, const struct cookie_slot *type)
{
	while (t->used >= t->used_max && t->sampled < COOKIE_TABLE_SAMPLED_MAX) {
		t->sampled++;
		if (!cookie_table_resize(t, type, MAX(t->slots_count, type->slots_min))) {
			t->sampled--;
			return false;
		}
	}
	if (t->used + 1 <= t->slots_count / 8 * 7)
		return true;
	return cookie_table_resize(
		t, type, MAX(t->slots_count + t->slots_count / 8, type->slots_min));
}

/* The slot of a cookie, which a new one gets first. NULL: it is not in the sample, or memory is
 * short. */
COOKIE_TABLE_INLINE void *cookie_table_get(
	struct cookie_table *t, const struct cookie_slot *type, uint64_t cookie, bool *ret_is_new)
{
	const uint64_t hash = hash_u64(cookie);
	void *slot;

	*ret_is_new = false;
	if (!cookie_table_samples(t, hash))
		return NULL;
	if (t->slots_count) {
		slot = cookie_table_find(t, type, cookie, hash);
		if (type->cookie(slot))
			return slot;
	}
	if (!cookie_table_make_room(t, type) || !cookie_table_samples(t, hash))
		return NULL;
	slot = cookie_table_find(t, type, cookie, hash);
	type->set_cookie(slot, cookie);
	t->used++;
	*ret_is_new = true;
	return slot;
}

/* Fetches the memory that cookie_table_get() will need soon. */
COOKIE_TABLE_INLINE void cookie_table_prefetch(
	const struct cookie_table *t, const struct cookie_slot *type, uint64_t cookie)
{
	if (t->slots_count)
		__builtin_prefetch(
			cookie_table_slot(t, type, hash_home(hash_u64(cookie), t->slots_count)), 1);
}

/*
 * Empties a slot and moves up those behind it that it displaced, so that no search ends too early
 * (Knuth, vol. 3, 6.4, algorithm R). Another socket may be in the slot then.
 */
COOKIE_TABLE_INLINE void cookie_table_remove(
	struct cookie_table *t, const struct cookie_slot *type, uint32_t hole)
{
	for (uint32_t i = hash_next(hole, t->slots_count);; i = hash_next(i, t->slots_count)) {
		const void *slot = cookie_table_slot(t, type, i);
		uint64_t cookie = type->cookie(slot);
		uint32_t home;

		if (!cookie)
			break;
		home = hash_home(hash_u64(cookie), t->slots_count);
		/* It may stay if its home is behind the hole, up to itself, around the end. */
		if (hole < i ? hole < home && home <= i : hole < home || home <= i)
			continue;
		memcpy(cookie_table_slot(t, type, hole), slot, type->size);
		hole = i;
	}
	memset(cookie_table_slot(t, type, hole), 0, type->size);
	t->used--;
}

#endif

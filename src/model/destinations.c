/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/destinations.h"

#include "basic/hash.h"
#include "basic/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static uint32_t home_of(const struct destination *key)
{
	uint64_t words[4], hash = key->port;

	memcpy(words, key->source, 16);
	memcpy(words + 2, key->address, 16);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		hash = hash_add(hash, words[i]);
	return hash_home(hash, DESTINATION_SLOTS);
}

static bool is_same(const struct destination *a, const struct destination *b)
{
	return a->port == b->port && a->family == b->family &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0 &&
	       memcmp(a->source, b->source, sizeof(a->source)) == 0;
}

/* The slot of a destination, or the free one where it belongs. There is one: at most half are used.
 */
static struct destination *find(struct destinations *d, const struct destination *key)
{
	uint32_t i = home_of(key);

	while (d->slot[i].sockets && !is_same(&d->slot[i], key))
		i = hash_next(i, DESTINATION_SLOTS);
	return &d->slot[i];
}

/* Decrements every counter and drops those that reach 0: the step that bounds the table. */
static void decrement_all(struct destinations *d)
{
	struct destination kept[DESTINATIONS_MAX];
	uint32_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(d->slot); i++) {
		if (d->slot[i].sockets <= 1)
			continue;
		kept[used] = d->slot[i];
		kept[used++].sockets--;
	}
	memset(d->slot, 0, sizeof(d->slot));
	for (uint32_t i = 0; i < used; i++)
		*find(d, &kept[i]) = kept[i];
	d->used = used;
	d->decrements++;
}

void destinations_count(struct destinations *d, const struct sock_record *r)
{
	struct destination key = {.sockets = 1, .port = r->remote_port, .family = r->family}, *slot;

	memcpy(key.source, r->local_address, sizeof(key.source));
	memcpy(key.address, r->remote_address, sizeof(key.address));
	slot = find(d, &key);
	if (slot->sockets) {
		slot->sockets++;
	} else if (d->used == DESTINATIONS_MAX) {
		decrement_all(d);
	} else {
		*slot = key;
		d->used++;
	}
}

bool destinations_busiest(const struct destinations *d, struct destination *ret)
{
	const struct destination *busiest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(d->slot); i++)
		if (d->slot[i].sockets && (!busiest || d->slot[i].sockets > busiest->sockets))
			busiest = &d->slot[i];
	if (!busiest)
		return false;
	*ret = *busiest;
	ret->sockets += d->decrements;
	return true;
}

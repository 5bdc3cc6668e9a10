/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/destinations.h"

#include "basic/hash.h"
#include "basic/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static uint32_t home_of(const uint8_t *source, const uint8_t *address, uint16_t port)
{
	uint64_t words[4], hash = port;

	memcpy(words, source, 16);
	memcpy(words + 2, address, 16);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		hash = hash_add(hash, words[i]);
	return hash_home(hash, DESTINATION_SLOTS);
}

static bool same(const struct destination *a, const uint8_t *source, const uint8_t *address,
	uint16_t port, uint8_t family)
{
	return a->port == port && a->family == family && memcmp(a->address, address, 16) == 0 &&
	       memcmp(a->source, source, 16) == 0;
}

/* The slot of a destination, or the free one where it belongs. There is one: at most half are used.
 */
static struct destination *find(struct destinations *d, const uint8_t *source,
	const uint8_t *address, uint16_t port, uint8_t family)
{
	uint32_t i = home_of(source, address, port);

	for (;; i = hash_next(i, DESTINATION_SLOTS)) {
		struct destination *slot = &d->slot[i];

		if (!slot->sockets || same(slot, source, address, port, family))
			return slot;
	}
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
		*find(d, kept[i].source, kept[i].address, kept[i].port, kept[i].family) = kept[i];
	d->used = used;
	d->decrements++;
}

void destinations_count(struct destinations *d, const struct sock_record *r)
{
	struct destination *slot =
		find(d, r->local_address, r->remote_address, r->remote_port, r->family);

	if (slot->sockets) {
		slot->sockets++;
		return;
	}
	if (d->used == DESTINATIONS_MAX) {
		decrement_all(d);
		return;
	}
	slot->sockets = 1;
	slot->port = r->remote_port;
	slot->family = r->family;
	memcpy(slot->source, r->local_address, sizeof(slot->source));
	memcpy(slot->address, r->remote_address, sizeof(slot->address));
	d->used++;
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

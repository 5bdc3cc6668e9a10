/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/destinations.h"

#include "util.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A word at a time: this runs once for each client socket. The multiplier is 2^64 divided by the
 * golden ratio. */
static uint32_t hash(const uint8_t *source, const uint8_t *address, uint16_t port)
{
	uint64_t words[4];
	uint64_t h = port;

	memcpy(words, source, 16);
	memcpy(words + 2, address, 16);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		h = (h ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

static bool same(const struct destination *a, const uint8_t *source, const uint8_t *address,
	uint16_t port, uint8_t family)
{
	return a->port == port && a->family == family && memcmp(a->address, address, 16) == 0 &&
	       memcmp(a->source, source, 16) == 0;
}

/* The slot of a destination, or the free one where it belongs. At most half of the slots are taken,
 * so there is one. */
static struct destination *find(struct destinations *d, const uint8_t *source,
	const uint8_t *address, uint16_t port, uint8_t family)
{
	uint32_t i = hash(source, address, port);

	for (;; i++) {
		struct destination *slot = &d->slot[i % ARRAY_SIZE(d->slot)];

		if (!slot->sockets || same(slot, source, address, port, family))
			return slot;
	}
}

/* Takes one off every counter and lets go of those that reach 0: the step that bounds the table. */
static void take_one_off(struct destinations *d)
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
	d->taken_off++;
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
		take_one_off(d);
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
	ret->sockets += d->taken_off;
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/owner_key.h"

#include <stdlib.h>
#include <string.h>

const struct owner_key owner_key_of_rest = {.side = SIDE_COUNT};

struct owner_key owner_key_of(const struct port_tally *row)
{
	const struct creator *first = &row->creators.first;

	if (first->reported && first->cgroup)
		return (struct owner_key){.cgroup = first->cgroup, .side = SIDE_COUNT};
	return (struct owner_key){.side = row->service.side};
}

int owner_key_compare(const struct owner_key *a, const struct owner_key *b)
{
	if (a->cgroup != b->cgroup)
		return a->cgroup < b->cgroup ? -1 : 1;
	return (a->side > b->side) - (a->side < b->side);
}

struct service_key owner_key_as_service(const struct owner_key *k)
{
	/* No socket has that side, nor that family. */
	struct service_key service = {
		.side = SIDE_COUNT, .port = (uint16_t)k->side, .address.family = UINT8_MAX};

	memcpy(service.address.bytes, &k->cgroup, sizeof(k->cgroup));
	return service;
}

uint32_t owner_map_add(struct owner_map *m, const struct owner_key *k, uint32_t tag)
{
	struct service_key key = owner_key_as_service(k);
	uint32_t number;

	key.device = tag;
	if (!m->numbers)
		m->numbers = calloc(1, sizeof(*m->numbers));
	if (!m->numbers)
		return OWNER_MAP_FULL;
	number = service_map_get(m->numbers, &key);
	if (number)
		return number - 1;
	if (service_map_set(m->numbers, &key, m->used + 1) < 0)
		return OWNER_MAP_FULL;
	return m->used++;
}

void owner_map_release(struct owner_map *m)
{
	if (m->numbers)
		service_map_release(m->numbers);
	free(m->numbers);
	*m = (struct owner_map){0};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/ownership_filter.h"

#include "basic/macro.h"

static uint32_t full_sockets(const struct state_tally *t)
{
	return t->sockets - t->mini - t->request;
}

static uint32_t full_sockets_of(const struct state_tally *t, ownership_set ownerships)
{
	uint32_t n = 0;

	if (ownerships & OWNERSHIP_BIT(OWNERSHIP_HELD))
		n += full_sockets(t) - t->orphan - t->unaccepted;
	if (ownerships & OWNERSHIP_BIT(OWNERSHIP_ORPHAN))
		n += t->orphan;
	if (ownerships & OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED))
		n += t->unaccepted;
	return n;
}

uint32_t ownership_sockets(const struct state_tally *t, ownership_set ownerships)
{
	return full_sockets_of(t, ownerships) +
	       (ownerships & OWNERSHIP_BIT(OWNERSHIP_NONE) ? t->mini + t->request : 0);
}

uint64_t ownership_memory(
	const struct state_tally *t, ownership_set ownerships, const struct prices *prices)
{
	uint64_t price = prices->object[OBJECT_TW_SOCK].bytes;
	uint32_t full = full_sockets(t);
	uint64_t mini = full ? MIN(t->memory_bytes, t->mini * price) : t->memory_bytes;
	uint64_t memory = 0;

	if (ownerships == OWNERSHIP_SET_ALL)
		return t->memory_bytes;
	if (full)
		memory = (t->memory_bytes - mini) / full * full_sockets_of(t, ownerships);
	return memory + (ownerships & OWNERSHIP_BIT(OWNERSHIP_NONE) ? mini : 0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/part.h"

#include "util.h"

static uint32_t full_sockets(const struct state_tally *t)
{
	return t->sockets - t->mini - t->request;
}

static uint32_t full_part(const struct state_tally *t, hold_set holds)
{
	uint32_t n = 0;

	if (holds & HOLD_BIT(HOLD_HELD))
		n += full_sockets(t) - t->orphan - t->unaccepted;
	if (holds & HOLD_BIT(HOLD_ORPHAN))
		n += t->orphan;
	if (holds & HOLD_BIT(HOLD_UNACCEPTED))
		n += t->unaccepted;
	return n;
}

uint32_t part_sockets(const struct state_tally *t, hold_set holds)
{
	return full_part(t, holds) + (holds & HOLD_BIT(HOLD_NONE) ? t->mini + t->request : 0);
}

uint64_t part_memory(const struct state_tally *t, hold_set holds, const struct prices *prices)
{
	uint64_t price = prices->object[OBJECT_TW_SOCK].bytes;
	uint32_t full = full_sockets(t);
	uint64_t mini = full ? MIN(t->memory_bytes, t->mini * price) : t->memory_bytes;
	uint64_t memory = 0;

	if (holds == HOLD_SET_ALL)
		return t->memory_bytes;
	if (full)
		memory = (t->memory_bytes - mini) / full * full_part(t, holds);
	return memory + (holds & HOLD_BIT(HOLD_NONE) ? mini : 0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/limits.h"

#include "basic/unknown.h"

#include <stddef.h>
#include <string.h>

static const char *const counter_list[COUNTER_COUNT] = {
	[COUNTER_ACTIVE_OPENS] = "ActiveOpens",
	[COUNTER_PASSIVE_OPENS] = "PassiveOpens",
	[COUNTER_ATTEMPT_FAILS] = "AttemptFails",
	[COUNTER_ESTAB_RESETS] = "EstabResets",
	[COUNTER_OUT_RSTS] = "OutRsts",
	[COUNTER_TW] = "TW",
	[COUNTER_TW_RECYCLED] = "TWRecycled",
	[COUNTER_TW_KILLED] = "TWKilled",
	[COUNTER_TIME_WAIT_OVERFLOW] = "TCPTimeWaitOverflow",
	[COUNTER_LISTEN_OVERFLOWS] = "ListenOverflows",
	[COUNTER_LISTEN_DROPS] = "ListenDrops",
	[COUNTER_ABORT_ON_DATA] = "TCPAbortOnData",
	[COUNTER_ABORT_ON_CLOSE] = "TCPAbortOnClose",
	[COUNTER_ABORT_ON_MEMORY] = "TCPAbortOnMemory",
	[COUNTER_ABORT_ON_TIMEOUT] = "TCPAbortOnTimeout",
	[COUNTER_ABORT_ON_LINGER] = "TCPAbortOnLinger",
	[COUNTER_ABORT_FAILED] = "TCPAbortFailed",
	[COUNTER_MEMORY_PRESSURES] = "TCPMemoryPressures",
};

const struct names counter_names = NAMES(counter_list);

double usage_percent(const struct usage *u)
{
	if (!is_known(u->used) || !is_known(u->max) || u->max == 0)
		return -1.0;
	return (double)u->used * 100.0 / (double)u->max;
}

void limits_init(struct limits *l)
{
	_Static_assert(UNKNOWN == UINT64_MAX && sizeof(*l) % sizeof(uint64_t) == 0,
		"every field is a uint64_t or a pair of them");
	memset(l, 0xff, offsetof(struct limits, reserved));
	memset(&l->reserved, 0, sizeof(l->reserved));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user wants to see: services, states, one side. */
#ifndef TCPSTATED_MODEL_FILTER_H
#define TCPSTATED_MODEL_FILTER_H

#include "model/service_set.h"
#include "model/state.h"

#include <stdbool.h>

struct filter {
	const struct service_set *ports; /* NULL: every service. Borrowed. */
	state_set states;                /* STATE_SET_ALL: every state */
	bool sides[SIDE_COUNT];
};

/* Passes everything. */
#define FILTER_ALL ((struct filter){.states = STATE_SET_ALL, .sides = {true, true}})

/* Whether sockets of the service pass, in the states that do. */
static inline bool filter_has(const struct filter *f, const struct service_key *service)
{
	return f->sides[service->side] && service_set_has(f->ports, service);
}

/* Whether it selects by address: then a port may have services that it hides. */
static inline bool filter_is_by_address(const struct filter *f)
{
	return f->ports && f->ports->ranges_count;
}

#endif

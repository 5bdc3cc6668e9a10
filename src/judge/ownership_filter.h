/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A part of a state's sockets, by who has them. */
#ifndef TCPSTATED_JUDGE_OWNERSHIP_FILTER_H
#define TCPSTATED_JUDGE_OWNERSHIP_FILTER_H

#include "model/prices.h"
#include "model/sock_record.h"
#include "model/tally.h"

#include <stdint.h>

/* A set of holds: bit N is enum sock_ownership N. OWNERSHIP_NONE are the mini sockets and the
 * requests. */
typedef uint8_t ownership_set;

#define OWNERSHIP_BIT(h)  ((ownership_set)(1U << (h)))
#define OWNERSHIP_SET_ALL ((ownership_set)((1U << OWNERSHIP_COUNT) - 1))

/* How many of them there are. */
uint32_t ownership_sockets(const struct state_tally *t, ownership_set ownerships);

/*
 * What they hold, in bytes. A tally keeps one sum a state: the mini sockets are taken out of it at
 * their price, the full ones share the rest by number.
 */
uint64_t ownership_memory(
	const struct state_tally *t, ownership_set ownerships, const struct prices *prices);

#endif

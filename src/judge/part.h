/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A part of a state's sockets, by who has them. */
#ifndef TCPSTATED_JUDGE_PART_H
#define TCPSTATED_JUDGE_PART_H

#include "model/prices.h"
#include "model/sock_record.h"
#include "model/tally.h"

#include <stdint.h>

/* A set of holds: bit N is enum sock_hold N. HOLD_NONE are the mini sockets and the requests. */
typedef uint8_t hold_set;

#define HOLD_BIT(h)  ((hold_set)(1U << (h)))
#define HOLD_SET_ALL ((hold_set)((1U << HOLD_COUNT) - 1))

/* How many of them there are. */
uint32_t part_sockets(const struct state_tally *t, hold_set holds);

/*
 * What they hold, in bytes. A tally keeps one sum a state: the mini sockets are taken out of it at
 * their price, the full ones share the rest by number.
 */
uint64_t part_memory(const struct state_tally *t, hold_set holds, const struct prices *prices);

#endif

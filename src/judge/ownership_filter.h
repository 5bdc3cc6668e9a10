/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Some of the sockets of a state, by their ownership. */
#ifndef TCPSTATED_JUDGE_OWNERSHIP_FILTER_H
#define TCPSTATED_JUDGE_OWNERSHIP_FILTER_H

#include "model/prices.h"
#include "model/sock_record.h"
#include "model/tally.h"

#include <stdint.h>

/* How many such sockets there are. */
uint32_t ownership_sockets(const struct state_tally *t, ownership_set ownerships);

/*
 * What they hold, in bytes. A tally has one sum per state: the mini sockets are taken out of it at
 * their price, and the full ones share the rest by number.
 */
uint64_t ownership_memory(
	const struct state_tally *t, ownership_set ownerships, const struct prices *prices);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose sockets are summed over many services: the one place that says what an owner is when
 * numbers are added. The cgroup identifies it while the machine runs; where it is unknown, the side
 * stands for it.
 */
#ifndef TCPSTATED_JUDGE_OWNER_KEY_H
#define TCPSTATED_JUDGE_OWNER_KEY_H

#include "model/service.h"
#include "model/tally.h"

#include <stdint.h>

/* Without padding that is not set, so that it can be hashed and compared. */
struct owner_key {
	uint64_t cgroup; /* 0: unknown, and the side stands for it */
	uint64_t side;   /* enum sock_side; SIDE_COUNT: of the services that have no row, and of any
			    side where the cgroup is known */
};

/* Of a row that is one service. */
struct owner_key owner_key_of(const struct port_tally *row);

/* Of the services that are counted in the rest together. */
extern const struct owner_key owner_key_of_rest;

/* Returns as strcmp(). */
int owner_key_compare(const struct owner_key *a, const struct owner_key *b);

/* The key as that of a service which no socket has, for what keeps numbers by service. */
struct service_key owner_key_as_service(const struct owner_key *k);

/* Numbers the owners that were added, from 0. All zero is empty; release with owner_map_release. */
struct owner_map {
	/* private */
	struct service_map *numbers; /* plus one */
	uint32_t used;
};

#define OWNER_MAP_FULL UINT32_MAX

/* The number of an owner, which is added if need be; tag tells maps within one map apart.
 * OWNER_MAP_FULL: memory is short. */
uint32_t owner_map_add(struct owner_map *m, const struct owner_key *k, uint32_t tag);
void owner_map_release(struct owner_map *m);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which services a user means: every service of some ports, and servers of single addresses. */
#ifndef TCPSTATED_MODEL_SERVICE_SET_H
#define TCPSTATED_MODEL_SERVICE_SET_H

#include "model/port_set.h"
#include "model/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The servers on some ports that listen on one address, on whichever device. */
struct service_range {
	struct sock_address address; /* none: those that listen on a wildcard */
	uint16_t first, last;
};

/* How many of them a set holds. Each socket of a scan may be compared with all of them. */
#define SERVICE_RANGES_MAX 64

/* All zero is the empty set. */
struct service_set {
	struct port_set ports; /* every service of these: both sides, whatever the address */
	struct service_range ranges[SERVICE_RANGES_MAX];
	size_t ranges_count;
};

/* Whether a range selects a service. A client's has no address: none does. */
bool service_range_has(const struct service_range *range, const struct service_key *service);

/* Whether one of the ranges does. */
bool service_set_has_range(const struct service_set *set, const struct service_key *service);

/* NULL is the set of every service. */
static inline bool service_set_has(const struct service_set *set, const struct service_key *service)
{
	return !set || port_set_has(&set->ports, service->port) ||
	       (set->ranges_count && service_set_has_range(set, service));
}

/* Whether it selects servers alone, by their addresses. */
bool service_set_is_of_servers(const struct service_set *set);

/* Adds a range that is not in the set yet. Returns 0, or -E2BIG beyond SERVICE_RANGES_MAX. */
int service_set_add(struct service_set *set, const struct service_range *range);

/*
 * Adds the services of a list such as "7777,27015-27030,192.0.2.7:80,[2001:db8::1]:80-81" to *set;
 * an address of "*", 0.0.0.0 or [::] means listeners on a wildcard. Returns 0; -EINVAL with
 * *ret_word and *ret_length set to the word within list that is neither; or -E2BIG beyond
 * SERVICE_RANGES_MAX, likewise. After a failure set is undefined.
 */
int service_set_parse(
	struct service_set *set, const char *list, const char **ret_word, size_t *ret_length);

/* The list again, ports first. The caller frees it; NULL when memory is short. */
char *service_set_format(const struct service_set *set);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key that sockets are counted under and that everything kept about them is found by: the one
 * place to extend when services are told apart by more than side and port.
 */
#ifndef TCPSTATED_MODEL_SERVICE_H
#define TCPSTATED_MODEL_SERVICE_H

#include <stdint.h>

#define SERVICE_KEY_FIELDS                                                                         \
	uint8_t side; /* enum sock_side */                                                         \
	uint16_t port;

struct service_key {
	SERVICE_KEY_FIELDS
};

/* In a structure: a key as the member service, whose fields are also members themselves. */
#define SERVICE_KEY_MEMBERS                                                                        \
	union {                                                                                    \
		struct service_key service;                                                        \
		struct {                                                                           \
			SERVICE_KEY_FIELDS                                                         \
		};                                                                                 \
	};

/* The one order of services: servers first, then by port. Returns as strcmp(). */
static inline int service_key_compare(const struct service_key *a, const struct service_key *b)
{
	if (a->side != b->side)
		return a->side < b->side ? -1 : 1;
	return (a->port > b->port) - (a->port < b->port);
}

#endif

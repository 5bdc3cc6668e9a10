/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The destination with the most local ports in use, in bounded memory. connect() fails with
 * EADDRNOTAVAIL when every port of ip_local_port_range is in use to one (source address,
 * destination address, destination port), so those are counted. Misra and Gries (1982) with
 * DESTINATIONS_MAX counters: exact up to that many destinations; beyond, the reported number is too
 * high by at most sockets / DESTINATIONS_MAX, never too low.
 */
#ifndef TCPSTATED_MODEL_DESTINATIONS_H
#define TCPSTATED_MODEL_DESTINATIONS_H

#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

#define DESTINATIONS_MAX 512

/* At least half of them stay free. */
#define DESTINATION_SLOTS (2 * DESTINATIONS_MAX)

struct destination {
	uint32_t sockets;
	uint16_t port;
	uint8_t family;
	uint8_t source[16];  /* network byte order, as in struct sock_record */
	uint8_t address[16]; /* likewise */
};

struct destinations {
	struct destination slot[DESTINATION_SLOTS]; /* open addressing; sockets == 0: free */
	uint32_t used;
	uint32_t decrements; /* of each counter so far */
};

void destinations_count(struct destinations *d, const struct sock_record *r);

/* Copies the busiest destination; its sockets are the upper bound. Returns false when there is
 * none. */
bool destinations_busiest(const struct destinations *d, struct destination *ret);

#endif

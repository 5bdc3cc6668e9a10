/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The destination that uses most local ports, in bounded memory. A connect() fails with
 * EADDRNOTAVAIL when every port of ip_local_port_range is taken towards one (source address,
 * destination address, destination port), so that is what is counted. Misra and Gries (1982) with
 * DESTINATIONS_MAX counters: exact while there are no more destinations than that; beyond, the
 * reported number is too high by at most sockets / DESTINATIONS_MAX, never too low.
 */
#ifndef TCPSTATED_MODEL_DESTINATIONS_H
#define TCPSTATED_MODEL_DESTINATIONS_H

#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

#define DESTINATIONS_MAX 512

/* Of the table: half of them stay free. */
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
	uint32_t taken_off; /* what each counter lost so far */
};

void destinations_count(struct destinations *d, const struct sock_record *r);

/* Copies the busiest destination, its sockets the upper bound. Returns false when none was counted.
 */
bool destinations_busiest(const struct destinations *d, struct destination *ret);

#endif

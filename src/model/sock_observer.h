/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket as it was counted, and who may look on. */
#ifndef TCPSTATED_MODEL_SOCK_OBSERVER_H
#define TCPSTATED_MODEL_SOCK_OBSERVER_H

#include "model/filter.h"
#include "model/sock_record.h"

#include <stdint.h>

struct sock_observation {
	struct sock_record record;
	enum sock_side side;
	uint16_t port;         /* under which it is counted */
	uint32_t age_ms;       /* in its state; UNKNOWN_U32 where nothing tells it */
	uint64_t memory_bytes; /* bind buckets are with the first socket of their port */
	const char *owner; /* whose it is, printable; NULL: not known, or not looked up. Borrowed.
			    */
};

/*
 * Somebody who looks on while sockets are counted. start is called before the first socket of each
 * scan: a scan that was disturbed is made again, and what it showed before means nothing.
 */
struct sock_observer {
	void (*start)(void *userdata); /* may be NULL */
	void (*see)(const struct sock_observation *s,
		void *userdata); /* s is valid during the call only */
	void *userdata;
};

#endif

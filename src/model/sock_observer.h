/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket as it was counted, and a way to observe the counting. */
#ifndef TCPSTATED_MODEL_SOCK_OBSERVER_H
#define TCPSTATED_MODEL_SOCK_OBSERVER_H

#include "model/owner.h"
#include "model/service.h"
#include "model/sock_record.h"

#include <stdint.h>

struct sock_observation {
	struct sock_record record;
	struct service_key service; /* under which it is counted */
	uint32_t age_ms;            /* in its state, or UNKNOWN_U32 */
	uint64_t memory_bytes;      /* bind buckets are with the first socket of their port */
	const struct owner *owner;  /* NULL: unknown, or not looked up. Borrowed. */
	char device_name[DEVICE_NAME_SIZE]; /* that it is bound to; "": none, or not looked up */
};

/*
 * Observes each socket that is counted. start is called before the first socket of each scan: a
 * disturbed scan is repeated, and what was observed before it is meaningless.
 */
struct sock_observer {
	void (*start)(void *userdata); /* may be NULL */
	void (*observe)(const struct sock_observation *s,
		void *userdata); /* s is valid during the call only */
	void *userdata;
};

#endif

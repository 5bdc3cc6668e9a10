/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which side of a connection a socket is, and under which port it is counted. */
#ifndef TCPSTATED_MODEL_SIDE_H
#define TCPSTATED_MODEL_SIDE_H

#include "model/filter.h"
#include "model/sock_record.h"

#include <stdint.h>

/* What determines the sides in a network namespace. */
struct sides {
	const struct port_set *server;  /* local ports known as a server's. Borrowed. */
	uint16_t port_first, port_last; /* ip_local_port_range; 0, 0 when unknown */
};

/*
 * A listener decides; without one, a local port outside the ephemeral range with a remote port
 * inside it is a server's. LISTEN records must have been added to sides->server before.
 */
enum sock_side sock_side(const struct sides *sides, const struct sock_record *r);

/* The local port of a server's socket, the remote port of a client's. */
static inline uint16_t sock_side_port(enum sock_side side, const struct sock_record *r)
{
	return side == SIDE_SERVER ? r->local_port : r->remote_port;
}

#endif

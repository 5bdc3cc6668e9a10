/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/side.h"

static bool is_ephemeral(const struct sides *sides, uint16_t port)
{
	return sides->port_first <= port && port <= sides->port_last;
}

enum sock_side sock_side(const struct sides *sides, const struct sock_record *r)
{
	if (port_set_has(sides->server, r->local_port))
		return SIDE_SERVER;
	if (is_ephemeral(sides, r->local_port))
		return SIDE_CLIENT;
	/* Bound to a port of its choice and not connected: only a server does that. */
	if (!r->remote_port || is_ephemeral(sides, r->remote_port))
		return SIDE_SERVER;
	return SIDE_CLIENT;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose the sockets of a row are, or some of them. Pure. */
#ifndef TCPSTATED_MODEL_WHOSE_H
#define TCPSTATED_MODEL_WHOSE_H

#include "model/creators.h"
#include "model/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many owners of a mixed group are named; the rest is counted. */
#define WHOSE_SHARES_MAX 3

/* Some of the sockets of a row. */
struct socket_group {
	state_set states;
	ownership_set ownerships;
	symptom_set symptoms; /* not 0: those that show one, in whatever state */
	/* Where the row does not have their number (those of some age): how many the row has, and
	 * how many of each entry of struct creators. NULL: as the row says. */
	const uint32_t *counted;
	uint64_t total; /* with counted */
};

struct owner_share {
	const struct owner *owner; /* NULL: unknown. Borrowed. */
	const char *user;          /* NULL: unknown. Borrowed. */
	uint64_t sockets;
};

struct whose {
	const struct owner *owner; /* of most; NULL: unknown. Borrowed. */
	const char *user;          /* of most of that owner's; NULL: unknown. Borrowed. */
	bool is_mixed;             /* the others are somebody else's */
	bool is_acceptor;          /* the owner accepts for others, who has them is unknown */
	struct owner_share shares[WHOSE_SHARES_MAX]; /* the largest first */
	size_t shares_count;     /* 0: it is not mixed, or the numbers are unknown */
	uint64_t others;         /* how many more owners there are ... */
	uint64_t others_sockets; /* ... with that many sockets */
};

/*
 * By the sockets' own creators. Sockets that have none, mini sockets and requests, are the
 * service's. c may be NULL: then each row has one creator.
 */
struct whose whose_of(
	const struct creators *c, const struct port_tally *row, const struct socket_group *group);

/* Of most of the sockets that have the local ports. */
struct whose whose_has_room(const struct port_room *p);

/* Of the service: by its listeners, which may be filtered out, else by all its sockets; mixed if
 * any of its sockets is somebody else's. */
struct whose whose_of_service(const struct creators *c, const struct port_tally *row);

#endif

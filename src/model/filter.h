/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user wants to see: ports, states, one side. */
#ifndef TCPSTATED_MODEL_FILTER_H
#define TCPSTATED_MODEL_FILTER_H

#include "model/state.h"

#include <stdbool.h>
#include <stdint.h>

enum sock_side {
	SIDE_SERVER, /* counted under its local port */
	SIDE_CLIENT, /* counted under its remote port */
	SIDE_COUNT,
};

/* "server" and "client". */
extern const struct names sock_side_names;

static inline const char *side_name(enum sock_side s)
{
	return name_of(sock_side_names, s);
}

/* Finds a side by name, in either case. Returns 0 or -EINVAL. */
int side_parse(const char *word, enum sock_side *ret);

/* A set of ports as a bitmap, 8 KiB. */
struct port_set {
	uint64_t bits[65536 / 64];
};

static inline bool port_set_has(const struct port_set *set, uint16_t port)
{
	return set->bits[port / 64] >> (port % 64) & 1;
}

static inline void port_set_add(struct port_set *set, uint16_t port)
{
	set->bits[port / 64] |= UINT64_C(1) << (port % 64);
}

/*
 * Adds the ports of a list such as "7777,27015-27030" to *set. Returns 0, or -EINVAL with *ret_word
 * and *ret_length set to the word within list that is neither a port nor a range; then set is
 * undefined.
 */
int port_set_parse(
	struct port_set *set, const char *list, const char **ret_word, size_t *ret_length);

struct filter {
	const struct port_set *ports; /* NULL: every port. Borrowed. */
	state_set states;             /* STATE_SET_ALL: every state */
	bool sides[SIDE_COUNT];
};

/* Passes everything. */
#define FILTER_ALL ((struct filter){.states = STATE_SET_ALL, .sides = {true, true}})

/* "7777,27015-27030". The caller frees it; NULL when memory is short. */
char *port_set_format(const struct port_set *set);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of ports as a bitmap, 8 KiB. All zero is the empty one. */
#ifndef TCPSTATED_MODEL_PORT_SET_H
#define TCPSTATED_MODEL_PORT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* The list again, sorted and joined. The caller frees it; NULL when memory is short. */
char *port_set_format(const struct port_set *set);

#endif

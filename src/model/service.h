/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sockets are counted under, and what everything kept about them is found by. */
#ifndef TCPSTATED_MODEL_SERVICE_H
#define TCPSTATED_MODEL_SERVICE_H

#include "basic/names.h"
#include "model/sock_record.h"

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

/* An address as it is compared and printed: an IPv4-mapped one is IPv4. All zero: none. */
struct sock_address {
	uint8_t family;    /* AF_INET or AF_INET6; 0: none */
	uint8_t bytes[16]; /* network byte order; AF_INET: the first four, the rest zero */
};

/* Of the first four bytes, or all 16, in network byte order. */
struct sock_address sock_address_of(uint8_t family, const uint8_t bytes[16]);
struct sock_address sock_address_local(const struct sock_record *r);
struct sock_address sock_address_remote(const struct sock_record *r);
bool sock_address_is_wildcard(const struct sock_address *a);
bool sock_address_equal(const struct sock_address *a, const struct sock_address *b);

/* fe80::/10: the device belongs to the address, whether or not the socket is bound to one. */
bool sock_address_is_link_local(const struct sock_address *a);

/*
 * A service: its side, the port, and what its listener is bound to, whatever else listens. A key
 * has no padding, so that it can be hashed and compared as bytes.
 */
struct service_key {
	uint32_t device; /* interface index that the listener, or the client's socket, is bound to;
			    0: none */
	uint16_t port;   /* the local port of a server, the remote port of a client */
	uint8_t side;    /* enum sock_side */
	uint8_t unused;  /* 0 */
	struct sock_address address; /* the listener's own; none for a wildcard and for a client */
	uint8_t unused_too[3];       /* 0 */
};

_Static_assert(sizeof(struct service_key) == 28, "a key must have no padding");

/*
 * What people call a device: its name, or its index where that is unknown (NULL or ""); "": there
 * is none. An index means nothing after a reboot or in another namespace.
 */
const char *device_label(char buf[DEVICE_NAME_SIZE], uint32_t index, const char *name);

uint64_t service_key_hash(const struct service_key *k);
bool service_key_equal(const struct service_key *a, const struct service_key *b);

/* Whether it is more than a side and a port. */
static inline bool service_key_is_bound(const struct service_key *k)
{
	return k->address.family || k->device;
}

/* The one order of services: servers first, then by port, address and device. Returns as strcmp().
 */
int service_key_compare(const struct service_key *a, const struct service_key *b);

/*
 * A number for each service: most are a side and a port alone, which an array finds in the time of
 * one access; the others are in a hash table. All zero is an empty map; release with
 * service_map_release. Zeroed pages of the array cost nothing until they are written to.
 */
struct service_map {
	uint32_t plain[SIDE_COUNT][65536];
	/* private */
	uint32_t *used_plain; /* what is set in plain: side << 16 | port */
	size_t used_plain_count, used_plain_allocated;
	struct service_map_slot *slots;
	uint32_t slots_count, used;
};

void service_map_release(struct service_map *m);

/* Removes every service. */
void service_map_clear(struct service_map *m);

/* The number of a service; 0: it is not in the map. */
uint32_t service_map_get(const struct service_map *m, const struct service_key *k);

/* Sets a number, which is not 0. Returns 0, or -ENOMEM with nothing changed. */
int service_map_set(struct service_map *m, const struct service_key *k, uint32_t number);

#endif

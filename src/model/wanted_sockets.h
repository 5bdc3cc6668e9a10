/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets whose processes may be searched for: those that a process has open and that are
 * closing, show a symptom, listen, or are a client's. Collected by the scan that counts, so that
 * nothing changes in between and a recording needs no second scan; bounded, 16 bytes each.
 */
#ifndef TCPSTATED_MODEL_WANTED_SOCKETS_H
#define TCPSTATED_MODEL_WANTED_SOCKETS_H

#include "model/process.h"
#include "model/sock_observer.h"
#include "model/symptom.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many are kept, a megabyte; the rest is counted. */
#define WANTED_SOCKETS_MAX 65536

/* What findings tell sockets apart by. */
struct socket_class {
	enum sock_side side;
	uint16_t port;
	uint64_t binding; /* service_binding() */
	enum tcp_state state;
	bool has_symptom;
	enum symptom symptom;
};

/* What a service is bound to, as 39 bits that two services of one port only share by chance; 0:
 * nothing. */
uint64_t service_binding(const struct service_key *k);

/* A class as the tag of a wanted socket and of the processes that hold it, and back. Recordings
 * contain tags: the numbers of sides, states and symptoms, and the hash, must stay. */
uint64_t socket_class_tag(const struct socket_class *c);
struct socket_class socket_class_of(uint64_t tag);

struct wanted_sockets {
	struct wanted_socket *list; /* tagged with their class */
	size_t count, allocated;
	uint64_t omitted; /* beyond WANTED_SOCKETS_MAX, or for lack of memory */
};

/* Empties the list; all zero is an empty one too. */
void wanted_sockets_start(struct wanted_sockets *w);
void wanted_sockets_observe(struct wanted_sockets *w, const struct sock_observation *s);
void wanted_sockets_release(struct wanted_sockets *w);

#endif

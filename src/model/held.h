/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets whose processes may be asked for: those that a process holds and that are closing,
 * show a sign, listen, or are a client's. Gathered in the scan that counts, so that nothing changed
 * in between and a recording need not hold a second one; 8 bytes each, in bounds.
 */
#ifndef TCPSTATED_MODEL_HELD_H
#define TCPSTATED_MODEL_HELD_H

#include "model/sock_observer.h"
#include "model/symptom.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is kept at most, half a megabyte; the rest is counted. */
#define HELD_MAX 65536

/* What sockets are told apart by; as a number it is the group of kernel/owners/processes.h. */
struct held_class {
	enum sock_side side;
	uint16_t port;
	enum tcp_state state;
	bool has_symptom;
	enum symptom symptom;
};

uint32_t held_group(const struct held_class *c);
struct held_class held_class_of(uint32_t group);

struct held_socket {
	uint32_t inode, group;
};

struct held {
	struct held_socket *list;
	size_t count, allocated;
	uint64_t omitted; /* beyond HELD_MAX, or for lack of memory */
};

/* Forgets all that was gathered; zeroed, it is empty. */
void held_start(struct held *h);
void held_observe(struct held *h, const struct sock_observation *s);
void held_release(struct held *h);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes what sock_diag answers (linux/inet_diag.h). No I/O: the same code reads the live kernel
 * and a recording. */
#ifndef TCPSTATED_KERNEL_SOCKETS_DIAG_MESSAGE_H
#define TCPSTATED_KERNEL_SOCKETS_DIAG_MESSAGE_H

#include "kernel/sockets/source.h"
#include "model/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One dump on its way. The caller sets the first part and zeroes the rest. */
struct diag_dump {
	sock_record_fn fn;
	void *userdata;
	state_set states;  /* records in other states are passed over */
	uint32_t sequence; /* messages with another sequence number or port are passed over; 0: take
			      any */
	uint32_t port_id;

	uint64_t sockets; /* records handed to fn */
	uint64_t unknown; /* records in a state that this program does not know */
	bool interrupted; /* the kernel flagged the dump as inconsistent (NLM_F_DUMP_INTR) */
};

/*
 * Reads one datagram, aligned as struct nlmsghdr is. Returns 1 when the dump has come to its end, 0
 * when more is to come, -EBADMSG when it is not what a kernel sends, or the negative errno that the
 * kernel ended the dump with (NLMSG_ERROR, or inside NLMSG_DONE); -ENOBUFS also for NLMSG_OVERRUN.
 */
int diag_datagram_parse(struct diag_dump *dump, const void *datagram, size_t size);

/* Sets ret->sockets, and ret->complete and ret->error by what the dump met on its way. */
void diag_dump_result(const struct diag_dump *dump, struct scan *ret);

#endif

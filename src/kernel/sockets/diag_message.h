/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes the answers of sock_diag (linux/inet_diag.h). No I/O: the same code reads the live kernel
 * and a recording. */
#ifndef TCPSTATED_KERNEL_SOCKETS_DIAG_MESSAGE_H
#define TCPSTATED_KERNEL_SOCKETS_DIAG_MESSAGE_H

#include "kernel/sockets/source.h"
#include "model/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One dump. The caller sets the first part and zeroes the rest. */
struct diag_dump {
	sock_record_fn fn;
	void *userdata;
	state_set states;  /* records in other states are skipped */
	uint32_t sequence; /* messages with another sequence number or port are skipped; 0: accept
			      any */
	uint32_t port_id;

	uint64_t sockets; /* records handed to fn */
	uint64_t unknown; /* records in a state unknown to this program */
	bool interrupted; /* the kernel flagged the dump as inconsistent (NLM_F_DUMP_INTR) */
};

/*
 * Reads one datagram, aligned like struct nlmsghdr. Returns 1 when the dump ended, 0 when more
 * follows, -EBADMSG for what no kernel sends, or the -errno with which the kernel ended the dump
 * (NLMSG_ERROR, or inside NLMSG_DONE); -ENOBUFS also for NLMSG_OVERRUN.
 */
int diag_datagram_parse(struct diag_dump *dump, const void *datagram, size_t size);

/* Sets sockets, complete and error in ret. */
void diag_dump_result(const struct diag_dump *dump, struct scan *ret);

#endif

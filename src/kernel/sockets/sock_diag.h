/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps the TCP sockets of the network namespace that this process is in, over netlink
 * (sock_diag(7)). */
#ifndef TCPSTATED_KERNEL_SOCKETS_SOCK_DIAG_H
#define TCPSTATED_KERNEL_SOCKETS_SOCK_DIAG_H

#include "kernel/sockets/source.h"
#include "model/filter.h"

/*
 * One dump for both families, or one for each if the kernel refuses that. Hands each socket to fn
 * as it is read and keeps none. tap may be NULL. Returns 0 when the dump ended, ret->complete false
 * when the kernel flagged it as inconsistent; else -errno with the reason in ret->error.
 */
int sock_diag_scan(const struct scan_request *request, const struct scan_tap *tap,
	sock_record_fn fn, void *userdata, struct scan *ret);

/*
 * The local ports of connected sockets that their programs bound to a port of their choice, which
 * only a dump with a filter tells. Not those bound to port 0, which the kernel does not tell at
 * all. Returns 0, or -errno, also -EAGAIN for an inconsistent dump.
 */
int sock_diag_chosen_ports(struct port_set *ret);

/* Whether the error means that sock_diag is unavailable: no module, or a sandbox refuses netlink.
 */
bool sock_diag_is_unavailable(int error);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps the TCP sockets of the network namespace that this process is in, over netlink
 * (sock_diag(7)). */
#ifndef TCPSTATED_KERNEL_SOCKETS_SOCK_DIAG_H
#define TCPSTATED_KERNEL_SOCKETS_SOCK_DIAG_H

#include "kernel/sockets/source.h"

/*
 * One dump for both families; one for each where the kernel refuses that. Hands each socket to fn
 * as it is read and keeps none. tap may be NULL. Returns 0 when the dump came to its end,
 * ret->complete false when the kernel said that it is inconsistent; else a negative errno with the
 * reason in ret->error.
 */
int sock_diag_scan(const struct scan_request *request, const struct scan_tap *tap,
	sock_record_fn fn, void *userdata, struct scan *ret);

/* Whether such an error means that sock_diag is not to be had here: no module, or netlink refused
 * by a sandbox. */
bool sock_diag_is_unavailable(int error);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plain sock_diag client, so that the code under test does not count what the tests make. */
#ifndef TCPSTATED_LAB_DIAG_H
#define TCPSTATED_LAB_DIAG_H

#include <linux/inet_diag.h>
#include <stdint.h>

struct mnl_socket;

typedef void (*diag_fn)(const struct inet_diag_msg *m, void *userdata);

/*
 * Opens a netlink socket of a bus, NETLINK_SOCK_DIAG or NETLINK_ROUTE, for the current namespace,
 * whatever namespace the process enters later. Returns 0 or -errno.
 */
int netlink_open(int bus, struct mnl_socket **ret);
void netlink_closep(struct mnl_socket **nl); /* for cleanup_() */

/* Calls fn for every TCP socket in one of the states (bit N: the kernel's TCP_ state N), both
 * families. Returns 0 or -errno. */
int diag_dump(struct mnl_socket *diag, uint32_t states, diag_fn fn, void *userdata);

/*
 * Removes every TCP socket of the current namespace except listeners and those in TIME_WAIT (these
 * end with the namespace, which full sockets would keep alive). Returns 0, -ETIMEDOUT when some are
 * left after some seconds, or -errno.
 */
int diag_destroy_all(void);

#endif

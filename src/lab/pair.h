/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two hosts of our own: the network namespaces "here" and "there", joined by a veth. Sockets are
 * counted and measured here; their peers live there, on addresses that can be taken away, after
 * which there swallows every packet to them.
 */
#ifndef TCPSTATED_LAB_PAIR_H
#define TCPSTATED_LAB_PAIR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

struct pair {
	int here, there;            /* file descriptors of the namespaces */
	struct mnl_socket *rtnl[2]; /* rtnetlink of here and of there */
};

/*
 * Makes both namespaces and enters here; as an ordinary user inside a user namespace of its own.
 * Call before any other thread or child exists. Everything goes when the last process in it ends.
 * Returns 0 or -errno, and in *ret_what what was tried.
 */
int pair_new(struct pair *ret, const char **ret_what);

/* Moves the calling process. Returns 0 or -errno. */
int pair_enter(const struct pair *p, bool here);

/*
 * Gives an address to here or there, or takes it away. family is AF_INET or AF_INET6; binding to an
 * IPv6 one takes IPV6_FREEBIND. Returns 0 or -errno.
 */
int pair_address(const struct pair *p, bool here, int family, const void *address, bool add);

/*
 * Plugs or pulls the cable of here or there. While it is pulled, packets vanish in both directions,
 * and neither side's kernel knows of it. Returns 0 or -errno.
 */
int pair_cable(const struct pair *p, bool here, bool plugged);

/* The addresses: of here (0 to 250), and of peers (0 to 2^22 - 1), as an IPv4 address or an IPv6
 * one. */
struct in_addr pair_here4(unsigned number);
struct in6_addr pair_here6(unsigned number);
struct in_addr pair_peer4(unsigned number);
struct in6_addr pair_peer6(unsigned number);

/*
 * Waits until the kernel has freed all that was closed before. It frees files, inodes and names
 * some time after close(), up to seconds; but before a device that was deleted is gone, it frees
 * them all (net/core/dev.c: netdev_run_todo calls rcu_barrier). Returns 0 or -errno.
 */
int pair_quiesce(const struct pair *p);

/* Raises /proc/sys/net/NAME of the current namespace to at least value. Returns 0 or -errno. */
int pair_sysctl_raise(const char *name, uint64_t value);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two hosts of our own: the network namespaces "here" and "there", joined by a veth. Sockets are
 * counted and measured here; their peers are there, on addresses that can be removed, after which
 * the host there drops every packet to them.
 */
#ifndef TCPSTATED_LAB_PAIR_H
#define TCPSTATED_LAB_PAIR_H

#include "lab/socket.h"

#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

/* The indexes of the devices, on both hosts alike. Nothing else has them in a new namespace. */
enum pair_device {
	DEVICE_ANY = 0,
	DEVICE_LOOPBACK = 1,
	DEVICE_CABLE = 100,
	DEVICE_SECOND_CABLE = 102,
};

struct pair {
	int here, there;            /* file descriptors of the namespaces */
	struct mnl_socket *rtnl[2]; /* rtnetlink of here and of there */
};

/*
 * Makes both namespaces and enters here; for an ordinary user, inside a user namespace. Call before
 * any other thread or child exists. Everything ends with the last process in it. Returns 0 or
 * -errno, and in *ret_what what failed.
 */
int pair_new(struct pair *ret, const char **ret_what);

/* Moves the calling process. Returns 0 or -errno. */
int pair_enter(const struct pair *p, bool here);

/*
 * Adds an address (its port does not count) to here or there, or removes it. To bind to an IPv6 one
 * takes IPV6_FREEBIND. Returns 0 or -errno.
 */
int pair_address(const struct pair *p, bool here, const union address *address, bool add);

/*
 * Plugs or pulls the cable of here or there. While it is pulled, packets vanish in both directions,
 * and neither side's kernel knows of it. Returns 0 or -errno.
 */
int pair_cable(const struct pair *p, bool here, bool plugged);

/*
 * Joins the hosts by a second cable, which leads to the same addresses as the first. Only sockets
 * that are bound to its device use it. Returns 0 or -errno.
 */
int pair_second_cable(const struct pair *p);

/* The name of a device here or there, as SO_BINDTODEVICE takes it. */
const char *pair_device_name(bool here, enum pair_device device);

/* Adds the address fe80::NUMBER to a device here or there. Returns 0 or -errno. */
int pair_link_local(const struct pair *p, bool here, enum pair_device device, unsigned number);

/*
 * Waits until the kernel has freed all that was closed before. It frees files, inodes and names
 * some time after close(), up to seconds; but it frees them all before a deleted device is gone
 * (net/core/dev.c: netdev_run_todo calls rcu_barrier). Returns 0 or -errno.
 */
int pair_quiesce(const struct pair *p);

/* Sets /proc/sys/net/NAME of the current namespace, or raises it to at least value. Return 0 or
 * -errno. */
int sysctl_set(const char *name, const char *value);
int sysctl_raise(const char *name, uint64_t value);

#endif

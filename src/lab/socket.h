/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of the two hosts of pair.h, and their addresses. */
#ifndef TCPSTATED_LAB_SOCKET_H
#define TCPSTATED_LAB_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/*
 * An address of the host here (numbers 0 to 250) or of a peer (0 to 2^22 - 1); family is AF_INET or
 * AF_INET6, port 0 is none.
 */
union address address_of(bool here, int family, unsigned number, unsigned port);

/* 127.0.0.1 plus number. */
union address address_loopback(unsigned number, unsigned port);

/* fe80::NUMBER of a device, by its index. */
union address address_link_local(unsigned number, unsigned port, uint32_t device);

/* The wildcard address. */
union address address_any(int family, unsigned port);

/* An IPv4 address as an IPv6 socket has it, ::ffff:a.b.c.d. */
union address address_mapped(const union address *ipv4);

/* Its size for bind() and connect(). */
socklen_t address_size(const union address *a);

/* Sets an option that is an int. Returns 0 or -errno. */
int socket_set(int fd, int level, int option, int value);

/* SO_SNDTIMEO or SO_RCVTIMEO. Returns 0 or -errno. */
int socket_set_timeout(int fd, int option, int seconds);

/*
 * Drops every segment for the socket before TCP sees it, as if it were lost on its way; the other
 * side sees silence. Returns 0 or -errno.
 */
int socket_deafen(int fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much kernel memory a socket holds. An estimate from the price list; the tests keep it within
 * 5 % of what slabinfo tells for every closing state.
 */
#ifndef TCPSTATED_MODEL_SOCK_MEMORY_H
#define TCPSTATED_MODEL_SOCK_MEMORY_H

#include "model/prices.h"
#include "model/sock_record.h"

#include <stdint.h>

/*
 * Bytes of kernel memory that one socket holds, less the bind buckets that it shares with the other
 * sockets of its local port (port_memory).
 */
uint64_t sock_memory(const struct prices *p, const struct sock_record *r);

/* Bytes of the bind buckets of one local port in use; the first socket of a scan that uses the port
 * is charged for them. */
uint64_t port_memory(const struct prices *p);

#endif

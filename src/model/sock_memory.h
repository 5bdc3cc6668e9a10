/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much kernel memory a socket holds: an estimate from the price list, which the tests keep
 * within 5 % of slabinfo for every closing state.
 */
#ifndef TCPSTATED_MODEL_SOCK_MEMORY_H
#define TCPSTATED_MODEL_SOCK_MEMORY_H

#include "model/prices.h"
#include "model/sock_record.h"

#include <stdint.h>

/*
 * Bytes of kernel memory that one socket holds, without the bind buckets that it shares with the
 * other sockets of its local port (port_memory).
 */
uint64_t sock_memory(const struct prices *p, const struct sock_record *r);

/* Bytes of the bind buckets of a local port in use, charged to the first socket of a scan that uses
 * the port. */
uint64_t port_memory(const struct prices *p);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sizes of the kernel's structures that a TCP socket consists of, for where the allocator's own
 * books are not to be had. */
#ifndef TCPSTATED_KERNEL_MEMORY_KERNEL_TYPES_H
#define TCPSTATED_KERNEL_MEMORY_KERNEL_TYPES_H

#include "kernel/memory/slub.h"
#include "kernel/sockets/source.h"
#include "model/prices.h"

#include <stdbool.h>
#include <stdint.h>

struct kernel_types {
	enum price_source source;    /* PRICES_FROM_BTF or PRICES_FROM_TABLE */
	uint32_t size[OBJECT_COUNT]; /* sizeof in bytes; 0 where the kernel has no such type */
	uint32_t max_header; /* MAX_TCP_HEADER: bytes of room for headers in an outgoing segment */
	bool has_small_head; /* there is a cache skbuff_small_head */
	bool tcp_pointer_inside; /* struct sock has a place of its own for the allocator's pointer
				  */
};

/* Reads the kernel's BTF and /proc/net/protocols through the source; what they do not tell is taken
 * from a table. */
void kernel_types_read(struct source *source, struct kernel_types *ret);

/*
 * The bytes that an object takes in its slab, 0 where the kernel has no such object. small_head
 * tells whether there is a cache skbuff_small_head; without it OBJECT_SKB_SMALL_HEAD comes from
 * kmalloc().
 */
uint32_t kernel_types_object_size(const struct kernel_types *types, const struct slub *slub,
	enum price_object o, bool small_head);

#endif

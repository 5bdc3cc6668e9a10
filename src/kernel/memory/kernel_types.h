/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sizes of the kernel structures that make up a TCP socket, for when slabinfo is unavailable.
 */
#ifndef TCPSTATED_KERNEL_MEMORY_KERNEL_TYPES_H
#define TCPSTATED_KERNEL_MEMORY_KERNEL_TYPES_H

#include "kernel/memory/slub.h"
#include "kernel/sockets/source.h"
#include "model/prices.h"

#include <stdbool.h>
#include <stdint.h>

struct kernel_types {
	enum price_source source;    /* PRICES_FROM_BTF or PRICES_FROM_TABLE */
	uint32_t size[OBJECT_COUNT]; /* sizeof in bytes; 0 when the kernel has no such type */
	uint32_t pointer_size;       /* likewise, of any pointer */
	uint32_t max_header; /* MAX_TCP_HEADER: bytes of room for headers in an outgoing segment */
	bool has_small_head; /* there is a cache skbuff_small_head */
	bool tcp_pointer_inside; /* struct sock has its own place for the allocator's pointer */
};

/* The size of a pointer without BTF: this program's on a live kernel, else that of a 64-bit one. */
uint32_t kernel_types_pointer_size(const struct source *source);

/* Reads the kernel's BTF and /proc/net/protocols through the source; what they lack comes from a
 * table. */
void kernel_types_read(struct source *source, struct kernel_types *ret);

/*
 * The bytes that an object takes in its slab, 0 when the kernel has no such object. small_head:
 * there is a cache skbuff_small_head; without it OBJECT_SKB_SMALL_HEAD comes from kmalloc().
 */
uint32_t kernel_types_object_size(const struct kernel_types *types, const struct slub *slub,
	enum price_object o, bool small_head);

#endif

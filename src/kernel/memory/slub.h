/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel's slab allocator packs objects, computed from their size as mm/slub.c does
 * (calculate_sizes and calculate_order, the same from 5.12 to 6.18 for objects below 8 KiB),
 * without its debugging options.
 */
#ifndef TCPSTATED_KERNEL_MEMORY_SLUB_H
#define TCPSTATED_KERNEL_MEMORY_SLUB_H

#include "kernel/sockets/source.h"
#include "model/prices.h"

#include <stdint.h>

/* What the packing depends on besides the object. */
struct slub {
	uint32_t page_size; /* bytes */
	uint32_t line_size; /* bytes of a cache line */
	uint32_t cpus;      /* CPUs present; if that is one, CPUs possible */
};

/* Reads them through the source; the defaults are a 64-byte line and one CPU. */
void slub_read(struct source *source, struct slub *ret);

/* How a cache was made. */
enum {
	SLUB_LINE_ALIGNED = 1,    /* SLAB_HWCACHE_ALIGN */
	SLUB_POINTER_OUTSIDE = 2, /* SLAB_TYPESAFE_BY_RCU or a constructor: the pointer of a free
				     object is behind it */
};

/* The bytes that an object of sizeof type_size takes in a slab, on a kernel with pointers of that
 * size. */
uint32_t slub_object_size(
	const struct slub *s, uint32_t pointer_size, uint32_t type_size, unsigned flags);

/* The layout of objects that take object_size bytes each; all zero for 0 and for more than a slab
 * can hold (1 MiB). */
struct object_layout slub_layout(const struct slub *s, uint32_t object_size);

#endif

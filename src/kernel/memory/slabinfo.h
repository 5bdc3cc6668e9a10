/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the allocator itself shows: /proc/slabinfo (slabinfo(5)) and the names in /sys/kernel/slab.
 */
#ifndef TCPSTATED_KERNEL_MEMORY_SLABINFO_H
#define TCPSTATED_KERNEL_MEMORY_SLABINFO_H

#include "model/prices.h"

#include <stddef.h>
#include <stdint.h>

/* The slab cache of each enum price_object, for example "tw_sock_TCP". */
extern const struct names slab_cache_names;

struct slabinfo {
	struct object_layout
		layout[OBJECT_COUNT]; /* all zero when a cache has no line of its own */
	uint64_t
		slab_bytes; /* pages that the allocator keeps for TCP's own caches, in use or not */
};

/*
 * Reads text in the format of /proc/slabinfo, version 2; page_size in bytes. Caches that were
 * merged are listed under the name of one of them. Returns 0, or -EBADMSG when it is not a slabinfo
 * or lacks the cache TCP, which is never merged.
 */
int slabinfo_parse(const char *text, size_t size, uint32_t page_size, struct slabinfo *ret);

/*
 * Finds any cache whose objects take object_size bytes: how many fit into how many pages follows
 * from that size alone (mm/slub.c: calculate_order), so it is right for a merged cache too. Returns
 * 0 or -ENOENT.
 */
int slabinfo_find_size(const char *text, size_t size, uint32_t page_size, uint32_t object_size,
	struct object_layout *ret);

/*
 * Reads the object size of a cache from its link in directory, which is /sys/kernel/slab. The files
 * there are for root, but everybody may read that a mergeable cache is a link to a name that ends
 * in the size of its objects, such as ":A-0000128". Returns 0 with that size, or with 0 for a cache
 * that is not a link; -ENOENT when the kernel has no such cache; another -errno when the directory
 * does not show it.
 */
int slab_link_size(const char *directory, const char *cache, uint32_t *ret);

#endif

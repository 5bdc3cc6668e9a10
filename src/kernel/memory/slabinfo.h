/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the allocator itself tells: /proc/slabinfo (slabinfo(5)), and the names in /sys/kernel/slab.
 */
#ifndef TCPSTATED_KERNEL_MEMORY_SLABINFO_H
#define TCPSTATED_KERNEL_MEMORY_SLABINFO_H

#include "model/prices.h"

#include <stddef.h>
#include <stdint.h>

/* The slab cache of an object, for example "tw_sock_TCP". Static storage. */
const char *slab_cache_name(enum price_object o);

struct slabinfo {
	struct object_layout
		layout[OBJECT_COUNT]; /* all zero where a cache has no line of its own */
	uint64_t
		slab_bytes; /* pages that the allocator keeps for TCP's own caches, in use or not */
};

/*
 * Reads text of the format of /proc/slabinfo, version 2; page_size in bytes. A cache that was
 * merged with others shows under the name of one of them only. Returns 0, or -EBADMSG when it is no
 * slabinfo, or one without the cache TCP, which is never merged.
 */
int slabinfo_parse(const char *text, size_t size, uint32_t page_size, struct slabinfo *ret);

/*
 * Finds a cache whose objects take object_size bytes, whichever its name: how many fit in how many
 * pages follows from that size alone (mm/slub.c: calculate_order), so it holds for a cache that was
 * merged. Returns 0 or -ENOENT.
 */
int slabinfo_find_size(const char *text, size_t size, uint32_t page_size, uint32_t object_size,
	struct object_layout *ret);

/*
 * Asks directory, which is /sys/kernel/slab, about a cache. Its files are for root, but everybody
 * may see that a cache that can be merged is a link to a name that ends in the size of its objects,
 * such as ":A-0000128". Returns 0 with that size, or with 0 for a cache that is no link; -ENOENT
 * when the kernel has no such cache; another -errno when the directory tells nothing.
 */
int slab_link_size(const char *directory, const char *cache, uint32_t *ret);

#endif

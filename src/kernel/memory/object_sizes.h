/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what this kernel's objects cost: by slabinfo, else BTF, else a compiled-in table. */
#ifndef TCPSTATED_KERNEL_MEMORY_OBJECT_SIZES_H
#define TCPSTATED_KERNEL_MEMORY_OBJECT_SIZES_H

#include "kernel/sockets/source.h"
#include "model/prices.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes the price list. slabinfo_path names a file in the format of /proc/slabinfo to use, read
 * from this machine whatever the source. NULL or "": the layout attached to a recording, the
 * credential $CREDENTIALS_DIRECTORY/slabinfo, or /proc/slabinfo, all through the source.
 * *ret_slab_bytes is what the allocator keeps for TCP's own caches, UNKNOWN without slabinfo.
 * Returns 0, or -errno when the file at slabinfo_path is unreadable (-EBADMSG: not a slabinfo);
 * without it there is always a list.
 */
int prices_read(struct source *source, const char *slabinfo_path, struct prices *ret,
	uint64_t *ret_slab_bytes);

/* What the allocator keeps for TCP's own caches now; UNKNOWN when /proc/slabinfo is unreadable.
 * Reads only that file. */
uint64_t slab_bytes_read(struct source *source);

/* What was found, before it becomes prices. */
struct object_sizes {
	enum price_source source;
	bool memcg;          /* this process's objects are charged to a memory cgroup */
	uint64_t slab_bytes; /* or UNKNOWN */
	uint32_t pointer_size;
	struct object_layout layout[OBJECT_COUNT];
};

/* Adds the text of the attachment, a line for each. */
void object_sizes_format(const struct object_sizes *sizes, struct string *ret);

/* Reads that text. Returns 0, or -EBADMSG for anything else. */
int object_sizes_parse(const char *text, size_t size, struct object_sizes *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds out what this kernel's objects cost: slabinfo, else BTF, else a compiled-in table. */
#ifndef TCPSTATED_KERNEL_MEMORY_OBJECT_SIZES_H
#define TCPSTATED_KERNEL_MEMORY_OBJECT_SIZES_H

#include "kernel/sockets/source.h"
#include "model/prices.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes the price list. slabinfo_path names a file in the format of /proc/slabinfo to use before
 * any other, read from this machine's files whatever the source ("" or NULL: the layout that a
 * recording holds, the credential $CREDENTIALS_DIRECTORY/slabinfo, then /proc/slabinfo, all through
 * the source). *ret_slab_bytes is what the allocator keeps for TCP's own caches, UNKNOWN without
 * slabinfo. Returns 0, or -errno when slabinfo_path was given and could not be read (-EBADMSG: is
 * not a slabinfo); without it there is always a list.
 */
int prices_read(struct source *source, const char *slabinfo_path, struct prices *ret,
	uint64_t *ret_slab_bytes);

/* What the allocator keeps for TCP's own caches at present; UNKNOWN where /proc/slabinfo cannot be
 * read. */
uint64_t slab_bytes_read(struct source *source);

/* What was found out, before it is made into prices. */
struct object_sizes {
	enum price_source source;
	bool memcg;          /* this process's objects are charged to a memory cgroup */
	uint64_t slab_bytes; /* or UNKNOWN */
	struct object_layout layout[OBJECT_COUNT];
};

/* The form in which a recording keeps it, a line for each. Returns 0 or -ENOMEM; the caller frees
 * *ret. */
int object_sizes_format(const struct object_sizes *sizes, char **ret);

/* Reads that form. Returns 0, or -EBADMSG for anything else. */
int object_sizes_parse(const char *text, size_t size, struct object_sizes *ret);

#endif

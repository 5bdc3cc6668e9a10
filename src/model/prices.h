/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one kernel object costs: bytes with the allocator's packing and the memory-cgroup vector
 * included. sock_memory.h computes from it what a socket holds.
 */
#ifndef TCPSTATED_MODEL_PRICES_H
#define TCPSTATED_MODEL_PRICES_H

#include "basic/names.h"

#include <stdbool.h>
#include <stdint.h>

/* The kernel objects that a TCP socket can consist of. The comment is the slab cache. */
enum price_object {
	OBJECT_TCP_SOCK,       /* TCP */
	OBJECT_TCP6_SOCK,      /* TCPv6 */
	OBJECT_TW_SOCK,        /* tw_sock_TCP */
	OBJECT_TW6_SOCK,       /* tw_sock_TCPv6 */
	OBJECT_REQUEST_SOCK,   /* request_sock_TCP */
	OBJECT_REQUEST6_SOCK,  /* request_sock_TCPv6 */
	OBJECT_SOCK_INODE,     /* sock_inode_cache */
	OBJECT_FILE,           /* filp */
	OBJECT_DENTRY,         /* dentry */
	OBJECT_LSM_INODE,      /* lsm_inode_cache */
	OBJECT_LSM_FILE,       /* lsm_file_cache */
	OBJECT_BIND_BUCKET,    /* tcp_bind_bucket */
	OBJECT_BIND2_BUCKET,   /* tcp_bind2_bucket, since Linux 6.1 */
	OBJECT_SKB,            /* skbuff_head_cache */
	OBJECT_SKB_FCLONE,     /* skbuff_fclone_cache */
	OBJECT_SKB_SMALL_HEAD, /* skbuff_small_head; before Linux 6.3 from kmalloc() */
	OBJECT_COUNT,
};

#define OBJECT_FOREACH(o) for (enum price_object o = 0; o < OBJECT_COUNT; o++)

enum price_source {
	PRICES_FROM_SLABINFO, /* the allocator's own accounting */
	PRICES_FROM_BTF,      /* sizes from the kernel's type information, packing computed */
	PRICES_FROM_TABLE,    /* compiled in, for a kernel that shows neither */
	PRICE_SOURCE_COUNT,
};

struct price {
	uint32_t bytes;       /* what one object costs; 0 when this kernel has no such object */
	uint32_t object_size; /* bytes of the object itself, as truesize counts it */
};

struct prices {
	enum price_source source;
	struct price object[OBJECT_COUNT];
};

/* How the allocator lays out one kind of object. All zero when this kernel has no such object. */
struct object_layout {
	uint32_t size;       /* bytes of one object in its slab, padding included */
	uint32_t per_slab;   /* objects in one slab */
	uint32_t slab_bytes; /* bytes of pages in one slab */
};

/* Whether the objects fit into their slab; true for an all-zero layout. */
bool object_layout_is_sound(const struct object_layout *layout);

/*
 * The bytes that kmalloc() takes for a request: powers of two from 8, and 96 and 192 between them
 * (mm/slab_common.c: kmalloc_info; the larger minimum of some architectures is not modelled).
 */
uint64_t kmalloc_bytes(uint64_t request);

/*
 * Makes the price list from the packing. charge_size: bytes for each object in the vector that the
 * kernel keeps beside each slab to charge its objects to memory cgroups (mm/slab.h: struct
 * slabobj_ext, one pointer, by kmalloc; measured on 6.18); 0 without memory cgroups.
 */
void prices_from_layout(struct prices *ret, enum price_source source,
	const struct object_layout layout[OBJECT_COUNT], uint32_t charge_size);

/* The names of objects, for example "tcp_sock", and of sources: "slabinfo", "btf", "table". */
extern const struct names price_object_names, price_source_names;

#endif

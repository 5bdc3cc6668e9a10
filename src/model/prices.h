/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one kernel object costs: bytes with the allocator's packing and the memory-cgroup vector
 * included. What a socket holds follows from it in sock_memory.h.
 */
#ifndef TCPSTATED_MODEL_PRICES_H
#define TCPSTATED_MODEL_PRICES_H

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
	PRICES_FROM_SLABINFO, /* the allocator's own books */
	PRICES_FROM_BTF,      /* sizes from the kernel's type information, packing worked out */
	PRICES_FROM_TABLE,    /* compiled in: a kernel that tells neither */
};

struct price {
	uint32_t bytes;       /* what one object costs; 0 where this kernel has no such object */
	uint32_t object_size; /* bytes of the object itself, as truesize counts it */
};

struct prices {
	enum price_source source;
	struct price object[OBJECT_COUNT];
};

/* How the allocator lays out one kind of object. All zero where this kernel has no such object. */
struct object_layout {
	uint32_t size;       /* bytes of one object in its slab, padding included */
	uint32_t per_slab;   /* objects in one slab */
	uint32_t slab_bytes; /* bytes of pages in one slab */
};

/* Whether the objects fit into their slab; true for the layout of no object. */
bool object_layout_is_sound(const struct object_layout *layout);

/*
 * The bytes that kmalloc() really takes for a request: powers of two from 8, and 96 and 192 between
 * them (mm/slab_common.c: kmalloc_info; the larger least size of some architectures is not
 * modelled).
 */
uint64_t kmalloc_bytes(uint64_t request);

/*
 * Works out the price list: packing, and with memcg the vector that the kernel keeps beside each
 * slab to charge its objects to memory cgroups (mm/slab.h: struct slabobj_ext, one pointer an
 * object, by kmalloc; measured on 6.18).
 */
void prices_from_layout(struct prices *ret, enum price_source source,
	const struct object_layout layout[OBJECT_COUNT], bool memcg);

/* The name of an object in the JSON, for example "tcp_sock". Static storage. */
const char *price_object_name(enum price_object o);

/* "slabinfo", "btf" or "table". */
const char *price_source_name(enum price_source s);

#endif

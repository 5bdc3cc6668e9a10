/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/memory/kernel_types.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/number.h"
#include "kernel/memory/btf.h"

#include <string.h>

/* include/linux/skbuff.h, with cache lines of up to 64 bytes */
#define NET_SKB_PAD 64U

/*
 * The C structure in each cache and how the kernel creates the cache (net/core/sock.c,
 * net/socket.c, net/ipv4/tcp.c, net/core/skbuff.c, fs/file_table.c, fs/dcache.c,
 * security/security.c). filp is SLAB_TYPESAFE_BY_RCU since 6.7 and has its pointer inside the
 * object since 6.12; the struct file of 232 bytes before that takes 256 with the pointer on either
 * side. The sizes are those of Debian 12's linux-image-6.1.0-56-amd64 (6.1.192-2): sizeof from its
 * BTF, blobs from its slabinfo.
 */
static const struct cache_rule {
	const char *type;
	uint32_t size;
	unsigned flags;
} rules[OBJECT_COUNT] = {
	[OBJECT_TCP_SOCK] = {"tcp_sock", 2280, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE},
	[OBJECT_TCP6_SOCK] = {"tcp6_sock", 2440, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE},
	[OBJECT_TW_SOCK] = {"tcp_timewait_sock", 264, SLUB_POINTER_OUTSIDE},
	[OBJECT_TW6_SOCK] = {"tcp_timewait_sock", 264, SLUB_POINTER_OUTSIDE},
	[OBJECT_REQUEST_SOCK] = {"tcp_request_sock", 304, SLUB_POINTER_OUTSIDE},
	[OBJECT_REQUEST6_SOCK] = {"tcp_request_sock", 304, SLUB_POINTER_OUTSIDE},
	[OBJECT_SOCK_INODE] = {"socket_alloc", 768, SLUB_LINE_ALIGNED | SLUB_POINTER_OUTSIDE},
	[OBJECT_FILE] = {"file", 232, SLUB_LINE_ALIGNED},
	[OBJECT_DENTRY] = {"dentry", 192, 0},
	[OBJECT_LSM_INODE] = {"lsm_blob_sizes", 32, 0},
	[OBJECT_LSM_FILE] = {"lsm_blob_sizes", 24, 0},
	[OBJECT_BIND_BUCKET] = {"inet_bind_bucket", 72, SLUB_LINE_ALIGNED},
	[OBJECT_BIND2_BUCKET] = {"inet_bind2_bucket", 64, SLUB_LINE_ALIGNED},
	[OBJECT_SKB] = {"sk_buff", 232, SLUB_LINE_ALIGNED},
	[OBJECT_SKB_FCLONE] = {"sk_buff_fclones", 472, SLUB_LINE_ALIGNED},
	/* The structure at the end of the buffer: linear_head_size() adds the rest. */
	[OBJECT_SKB_SMALL_HEAD] = {"skb_shared_info", 320, SLUB_LINE_ALIGNED},
};

/* The type only shows whether security modules keep blobs, not how large they are. */
static bool is_blob(enum price_object o)
{
	return o == OBJECT_LSM_INODE || o == OBJECT_LSM_FILE;
}

uint32_t kernel_types_pointer_size(const struct source *source)
{
	uint32_t size = sizeof(void *);

	if (source->replayed)
		size = 8;
	return size;
}

static void types_from_table(const struct source *source, struct kernel_types *ret)
{
	*ret = (struct kernel_types){
		.source = PRICES_FROM_TABLE,
		.pointer_size = kernel_types_pointer_size(source),
		.max_header = 320,
	};
	OBJECT_FOREACH(o)
		ret->size[o] = rules[o].size;
}

/*
 * BTF has neither the caches nor how they are created, but members that came with them: the pointer
 * to skbuff_small_head in 6.9 (the cache is older), and after 6.18 the place of the allocator's
 * pointer in a socket. A pointer is as long as a long, which gcc and clang name differently.
 */
enum { SMALL_HEAD = OBJECT_COUNT, POINTER_INSIDE, LONG_OF_GCC, LONG_OF_CLANG, TYPES };

static void types_from_btf(struct kernel_types *types, const char *btf, size_t size)
{
	struct btf_wanted wanted[TYPES] = {
		[SMALL_HEAD] = {.name = "net_hotdata", .member = "skb_small_head_cache"},
		[POINTER_INSIDE] = {.name = "proto", .member = "freeptr_offset"},
		[LONG_OF_GCC] = {.name = "long unsigned int"},
		[LONG_OF_CLANG] = {.name = "unsigned long"},
	};
	uint32_t pointer;

	OBJECT_FOREACH(o)
		wanted[o].name = rules[o].type;
	if (btf_find_types(btf, size, wanted, TYPES) < 0 || !wanted[OBJECT_TCP_SOCK].size)
		return;
	OBJECT_FOREACH(o) {
		if (!is_blob(o) || !wanted[o].size)
			types->size[o] = wanted[o].size;
	}
	pointer = MAX(wanted[LONG_OF_GCC].size, wanted[LONG_OF_CLANG].size);
	if (pointer == 4 || pointer == 8)
		types->pointer_size = pointer;
	types->has_small_head = wanted[SMALL_HEAD].has_member;
	types->tcp_pointer_inside = wanted[POINTER_INSIDE].has_member;
	types->source = PRICES_FROM_BTF;
}

/* Reads the number in a column of a line, counted from 0; *ret is untouched if there is none. */
static void read_column(const char *line, unsigned column, uint32_t *ret)
{
	const char *at = line;
	uint64_t value;

	for (; column; column--) {
		at += strcspn(at, " \n");
		at += strspn(at, " ");
	}
	if (scan_decimal(&at, at + strcspn(at, " \n"), UINT16_MAX, &value) == 0)
		*ret = (uint32_t)value;
}

/*
 * /proc/net/protocols (net/core/sock.c: proto_seq_printf) has the size of a protocol's socket in
 * its second column and the room for headers in the sixth. BTF has no constants, and not the types
 * of a module.
 */
static void types_from_protocols(struct kernel_types *types, const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, "TCP ", 4) == 0) {
			read_column(line, 1, &types->size[OBJECT_TCP_SOCK]);
			read_column(line, 5, &types->max_header);
		} else if (strncmp(line, "TCPv6 ", 6) == 0) {
			read_column(line, 1, &types->size[OBJECT_TCP6_SOCK]);
		}
	}
}

void kernel_types_read(struct source *source, struct kernel_types *ret)
{
	cleanup_(freep) char *btf = NULL, *protocols = NULL;
	size_t size;

	types_from_table(source, ret);
	if (source->ops->read_file(source, "/sys/kernel/btf/vmlinux", &btf, &size) == 0)
		types_from_btf(ret, btf, size);
	if (source->ops->read_file(source, "/proc/net/protocols", &protocols, &size) == 0)
		types_from_protocols(ret, protocols);
}

/*
 * The linear part of an outgoing segment: room for the headers, then struct skb_shared_info. Since
 * 6.3 it comes from its own cache whose objects are never a power of two (net/core/skbuff.c:
 * SKB_SMALL_HEAD_CACHE_SIZE). Since 6.14, and in stable kernels with the backport (6.12.117 has
 * it), they also have room for what GRO may pull: NET_SKB_PAD, 64 bytes. Before 6.3 kmalloc()
 * rounds up, to 1024 with most configurations.
 */
static uint32_t linear_head_size(
	const struct kernel_types *types, const struct slub *slub, bool small_head)
{
	uint32_t line = slub->line_size;
	uint32_t info = (types->size[OBJECT_SKB_SMALL_HEAD] + line - 1) / line * line;
	uint32_t head = (types->max_header + line - 1) / line * line + info;

	if (!small_head)
		return (uint32_t)kmalloc_bytes(head);
	head += NET_SKB_PAD;
	return (head & (head - 1)) ? head : head + line;
}

uint32_t kernel_types_object_size(const struct kernel_types *types, const struct slub *slub,
	enum price_object o, bool small_head)
{
	unsigned flags = rules[o].flags;

	if (o == OBJECT_SKB_SMALL_HEAD)
		return linear_head_size(types, slub, small_head);
	if (types->tcp_pointer_inside && (o == OBJECT_TCP_SOCK || o == OBJECT_TCP6_SOCK))
		flags &= ~(unsigned)SLUB_POINTER_OUTSIDE;
	return slub_object_size(slub, types->pointer_size, types->size[o], flags);
}

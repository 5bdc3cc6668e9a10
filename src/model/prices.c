/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/prices.h"

#include "basic/macro.h"

static const char *const object_list[OBJECT_COUNT] = {
	[OBJECT_TCP_SOCK] = "tcp_sock",
	[OBJECT_TCP6_SOCK] = "tcp6_sock",
	[OBJECT_TW_SOCK] = "tw_sock",
	[OBJECT_TW6_SOCK] = "tw6_sock",
	[OBJECT_REQUEST_SOCK] = "request_sock",
	[OBJECT_REQUEST6_SOCK] = "request6_sock",
	[OBJECT_SOCK_INODE] = "sock_inode",
	[OBJECT_FILE] = "file",
	[OBJECT_DENTRY] = "dentry",
	[OBJECT_LSM_INODE] = "lsm_inode",
	[OBJECT_LSM_FILE] = "lsm_file",
	[OBJECT_BIND_BUCKET] = "bind_bucket",
	[OBJECT_BIND2_BUCKET] = "bind2_bucket",
	[OBJECT_SKB] = "skb",
	[OBJECT_SKB_FCLONE] = "skb_fclone",
	[OBJECT_SKB_SMALL_HEAD] = "skb_small_head",
};

const struct names price_object_names = NAMES(object_list);

static const char *const source_list[PRICE_SOURCE_COUNT] = {
	[PRICES_FROM_SLABINFO] = "slabinfo",
	[PRICES_FROM_BTF] = "btf",
	[PRICES_FROM_TABLE] = "table",
};

const struct names price_source_names = NAMES(source_list);

/* The caches created without SLAB_ACCOUNT (6.1 to 6.18): their objects are never charged. */
static const bool is_uncharged[OBJECT_COUNT] = {
	[OBJECT_LSM_INODE] = true,
	[OBJECT_LSM_FILE] = true,
	[OBJECT_SKB] = true,
	[OBJECT_SKB_FCLONE] = true,
	[OBJECT_SKB_SMALL_HEAD] = true,
};

bool object_layout_is_sound(const struct object_layout *layout)
{
	if (!layout->size)
		return !layout->per_slab && !layout->slab_bytes;
	return layout->per_slab && (uint64_t)layout->size * layout->per_slab <= layout->slab_bytes;
}

uint64_t kmalloc_bytes(uint64_t request)
{
	uint64_t bytes = 8;

	if (request > 64 && request <= 96)
		return 96;
	if (request > 128 && request <= 192)
		return 192;
	while (bytes < request)
		bytes *= 2;
	return bytes;
}

static struct price price_of(const struct object_layout *layout, uint32_t charge_size)
{
	uint64_t vector = charge_size ? kmalloc_bytes((uint64_t)charge_size * layout->per_slab) : 0;
	uint64_t bytes;

	if (!layout->per_slab)
		return (struct price){0};
	bytes = (layout->slab_bytes + vector + layout->per_slab / 2) / layout->per_slab;
	return (struct price){
		.bytes = (uint32_t)MIN(bytes, (uint64_t)UINT32_MAX),
		.object_size = layout->size,
	};
}

void prices_from_layout(struct prices *ret, enum price_source source,
	const struct object_layout layout[OBJECT_COUNT], uint32_t charge_size)
{
	ret->source = source;
	OBJECT_FOREACH(o)
		ret->object[o] = price_of(&layout[o], is_uncharged[o] ? 0 : charge_size);
}

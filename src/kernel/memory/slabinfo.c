/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/memory/slabinfo.h"

#include "basic/macro.h"
#include "basic/number.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const cache_list[OBJECT_COUNT] = {
	[OBJECT_TCP_SOCK] = "TCP",
	[OBJECT_TCP6_SOCK] = "TCPv6",
	[OBJECT_TW_SOCK] = "tw_sock_TCP",
	[OBJECT_TW6_SOCK] = "tw_sock_TCPv6",
	[OBJECT_REQUEST_SOCK] = "request_sock_TCP",
	[OBJECT_REQUEST6_SOCK] = "request_sock_TCPv6",
	[OBJECT_SOCK_INODE] = "sock_inode_cache",
	[OBJECT_FILE] = "filp",
	[OBJECT_DENTRY] = "dentry",
	[OBJECT_LSM_INODE] = "lsm_inode_cache",
	[OBJECT_LSM_FILE] = "lsm_file_cache",
	[OBJECT_BIND_BUCKET] = "tcp_bind_bucket",
	[OBJECT_BIND2_BUCKET] = "tcp_bind2_bucket",
	[OBJECT_SKB] = "skbuff_head_cache",
	[OBJECT_SKB_FCLONE] = "skbuff_fclone_cache",
	[OBJECT_SKB_SMALL_HEAD] = "skbuff_small_head",
};

const struct names slab_cache_names = NAMES(cache_list);

/* The caches that hold only TCP's sockets; the others serve the whole system. */
static bool is_tcp_cache(enum price_object o)
{
	return o <= OBJECT_REQUEST6_SOCK;
}

struct slab_line {
	const char *name;
	size_t name_length;
	struct object_layout layout;
	uint64_t slabs;
};

/* What follows the name in a line: numbers, four of which are kept, and two words. */
enum { OBJECT_SIZE, OBJECTS_PER_SLAB, PAGES_PER_SLAB, SLABS, KEPT, SKIPPED };
static const struct column {
	unsigned kind;
	const char *word; /* NULL: a number */
} columns[] = {
	{SKIPPED, NULL}, /* active_objs */
	{SKIPPED, NULL}, /* num_objs */
	{OBJECT_SIZE, NULL},
	{OBJECTS_PER_SLAB, NULL},
	{PAGES_PER_SLAB, NULL},
	{SKIPPED, ": tunables"},
	{SKIPPED, NULL}, /* limit */
	{SKIPPED, NULL}, /* batchcount */
	{SKIPPED, NULL}, /* sharedfactor */
	{SKIPPED, ": slabdata"},
	{SKIPPED, NULL}, /* active_slabs */
	{SLABS, NULL},
};

static int scan_columns(const char *at, const char *end, uint64_t kept[])
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct column *c = &columns[i];
		uint64_t value = 0;

		scan_blanks(&at, end);
		if (c->word ? !scan_literal(&at, end, c->word)
			    : scan_decimal(&at, end, UINT64_MAX, &value) < 0)
			return -EBADMSG;
		if (c->kind != SKIPPED)
			kept[c->kind] = value;
	}
	return 0;
}

/* Sets the name also when the rest of the line is malformed. */
static int parse_line(const char *line, const char *end, uint32_t page_size, struct slab_line *ret)
{
	const char *at = line;
	uint64_t kept[KEPT];
	int r;

	while (at < end && *at != ' ' && *at != '\t')
		at++;
	*ret = (struct slab_line){.name = line, .name_length = (size_t)(at - line)};
	r = scan_columns(at, end, kept);
	if (r < 0)
		return r;
	if (kept[OBJECT_SIZE] > UINT32_MAX || kept[OBJECTS_PER_SLAB] > UINT32_MAX ||
		kept[PAGES_PER_SLAB] > UINT32_MAX / page_size || kept[SLABS] > UINT32_MAX)
		return -EBADMSG;
	ret->layout = (struct object_layout){
		.size = (uint32_t)kept[OBJECT_SIZE],
		.per_slab = (uint32_t)kept[OBJECTS_PER_SLAB],
		.slab_bytes = (uint32_t)kept[PAGES_PER_SLAB] * page_size,
	};
	ret->slabs = kept[SLABS];
	return ret->layout.size && object_layout_is_sound(&ret->layout) ? 0 : -EBADMSG;
}

int slabinfo_parse(const char *text, size_t size, uint32_t page_size, struct slabinfo *ret)
{
	const char *at = text, *end = text + size, *line_start, *line_end;
	struct slabinfo info = {0};

	if (!scan_literal(&at, end, "slabinfo - version: 2.") ||
		!scan_line(&at, end, &line_start, &line_end))
		return -EBADMSG;
	while (scan_line(&at, end, &line_start, &line_end)) {
		struct slab_line line;
		int r = parse_line(line_start, line_end, page_size, &line);
		int o = name_find(slab_cache_names, line.name, line.name_length);

		if (o < 0)
			continue;
		if (r < 0)
			return r;
		info.layout[o] = line.layout;
		if (is_tcp_cache((enum price_object)o) &&
			__builtin_add_overflow(info.slab_bytes, line.slabs * line.layout.slab_bytes,
				&info.slab_bytes))
			return -EBADMSG;
	}
	if (!info.layout[OBJECT_TCP_SOCK].size)
		return -EBADMSG;
	*ret = info;
	return 0;
}

int slabinfo_find_size(const char *text, size_t size, uint32_t page_size, uint32_t object_size,
	struct object_layout *ret)
{
	const char *at = text, *end = text + size, *line_start, *line_end;

	while (scan_line(&at, end, &line_start, &line_end)) {
		struct slab_line line;

		if (parse_line(line_start, line_end, page_size, &line) == 0 &&
			line.layout.size == object_size) {
			*ret = line.layout;
			return 0;
		}
	}
	return -ENOENT;
}

int slab_link_size(const char *directory, const char *cache, uint32_t *ret)
{
	char path[PATH_MAX], target[64];
	const char *at = target;
	uint64_t size;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", directory, cache);
	n = readlink(path, target, sizeof(target));
	if (n < 0 && errno == EINVAL) {
		*ret = 0;
		return 0;
	}
	if (n < 0 && errno == ENOENT)
		return access(directory, F_OK) == 0 ? -ENOENT : -ENOTSUP;
	if (n < 0)
		return -errno;
	/* A colon, letters for the flags and a dash if there are any, at least seven digits. */
	while (at < target + n && (*at < '0' || *at > '9'))
		at++;
	if (n == sizeof(target) || target[0] != ':' ||
		scan_decimal(&at, target + n, UINT32_MAX, &size) < 0 || at != target + n || !size)
		return -EBADMSG;
	*ret = (uint32_t)size;
	return 0;
}

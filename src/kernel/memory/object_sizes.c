/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/memory/object_sizes.h"

#include "basic/cleanup.h"
#include "basic/file.h"
#include "basic/number.h"
#include "basic/unknown.h"
#include "kernel/memory/kernel_types.h"
#include "kernel/memory/slabinfo.h"
#include "kernel/memory/slub.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define ATTACHMENT_NAME   "object-layout"
#define SLABINFO          "/proc/slabinfo"
#define SLAB_DIRECTORY    "/sys/kernel/slab"
#define SLABINFO_SIZE_MAX ((size_t)1 << 20)

/* The places that show how large the objects are in their slabs. */
struct finder {
	struct source *source;
	const char *slabinfo; /* NULL: unavailable */
	size_t slabinfo_size;
	bool is_live; /* /sys/kernel/slab is that of the same kernel */
	struct slub slub;
	struct kernel_types types; /* read when first needed: BTF is large */
	bool has_types;
};

/* A line of the attachment from a 32-bit kernel; without it pointers have 8 bytes. */
#define POINTER_SIZE_4 "pointer_size 4\n"

static uint32_t page_size(void)
{
	return (uint32_t)sysconf(_SC_PAGESIZE);
}

static const struct kernel_types *finder_types(struct finder *f)
{
	if (!f->has_types)
		kernel_types_read(f->source, &f->types);
	f->has_types = true;
	return &f->types;
}

static uint32_t finder_pointer_size(const struct finder *f)
{
	return f->has_types ? f->types.pointer_size : kernel_types_pointer_size(f->source);
}

/* The bytes that an object without a line in slabinfo takes in its slab; 0 when there is none. */
static uint32_t find_size(struct finder *f, enum price_object o)
{
	uint32_t size = 0;
	int r = f->is_live ? slab_link_size(SLAB_DIRECTORY, name_of(slab_cache_names, o), &size)
			   : -ENOTSUP;
	const struct kernel_types *types;
	bool small_head;

	if (r == 0 && size)
		return size;
	if (r == -ENOENT && o != OBJECT_SKB_SMALL_HEAD)
		return 0;
	types = finder_types(f);
	/* This cache is never merged: if slabinfo does not list it, there is none. */
	small_head = !f->slabinfo && (r == 0 || (r != -ENOENT && types->has_small_head));
	return kernel_types_object_size(types, &f->slub, o, small_head);
}

/* Completes a layout with the caches that slabinfo does not list. */
static void find_missing(struct finder *f, struct object_layout layout[OBJECT_COUNT])
{
	slub_read(f->source, &f->slub);
	OBJECT_FOREACH(o) {
		uint32_t size;

		if (layout[o].size)
			continue;
		size = find_size(f, o);
		if (!size || !f->slabinfo ||
			slabinfo_find_size(f->slabinfo, f->slabinfo_size, f->slub.page_size, size,
				&layout[o]) < 0)
			layout[o] = slub_layout(&f->slub, size);
	}
}

static int sizes_from_slabinfo(
	struct source *source, const char *text, size_t size, bool live, struct object_sizes *ret)
{
	struct finder f = {
		.source = source, .slabinfo = text, .slabinfo_size = size, .is_live = live};
	struct slabinfo info;
	int r = slabinfo_parse(text, size, page_size(), &info);

	if (r < 0)
		return r;
	memcpy(ret->layout, info.layout, sizeof(ret->layout));
	find_missing(&f, ret->layout);
	ret->source = PRICES_FROM_SLABINFO;
	ret->pointer_size = finder_pointer_size(&f);
	ret->slab_bytes = info.slab_bytes;
	return 0;
}

static int sizes_from_slabinfo_at(struct source *source, const char *path, struct object_sizes *ret)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r = source->ops->read_file(source, path, &text, &size);

	return r < 0 ? r : sizes_from_slabinfo(source, text, size, !source->replayed, ret);
}

static int sizes_from_credential(struct source *source, struct object_sizes *ret)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	if (!directory ||
		snprintf(path, sizeof(path), "%s/slabinfo", directory) >= (int)sizeof(path))
		return -ENOENT;
	return sizes_from_slabinfo_at(source, path, ret);
}

static int sizes_from_attachment(struct source *source, struct object_sizes *ret)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r = source->ops->read_file(source, ATTACHMENT_NAME, &text, &size);

	return r < 0 ? r : object_sizes_parse(text, size, ret);
}

static void sizes_from_types(struct source *source, struct object_sizes *ret)
{
	struct finder f = {.source = source, .is_live = !source->replayed};
	const struct kernel_types *types = finder_types(&f);

	memset(ret->layout, 0, sizeof(ret->layout));
	find_missing(&f, ret->layout);
	ret->source = types->source;
	ret->pointer_size = types->pointer_size;
	ret->slab_bytes = UNKNOWN;
}

/* The slabinfo may be that of another kernel, whose /sys/kernel/slab is not here. */
static int sizes_from_file(struct source *source, const char *path, struct object_sizes *ret)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r = file_read(path, SLABINFO_SIZE_MAX, &text, &size);

	return r < 0 ? r : sizes_from_slabinfo(source, text, size, false, ret);
}

/* Whether one of the comma-separated words of a list that ends at a colon is "memory". */
static bool lists_memory(const char *list)
{
	static const char memory[] = "memory";

	for (const char *at = list;; at++) {
		size_t length = strcspn(at, ",:\n");

		if (length == strlen(memory) && memcmp(at, memory, length) == 0)
			return true;
		at += length;
		if (*at != ',')
			return false;
	}
}

/*
 * Whether this process is charged for its objects: /proc/self/cgroup (cgroups(7)) names a memory
 * cgroup other than the root. Then services are charged too.
 */
static bool is_charged(struct source *source)
{
	cleanup_(freep) char *text = NULL;
	bool unified = false;
	size_t size;

	if (source->ops->read_file(source, "/proc/self/cgroup", &text, &size) < 0)
		return false;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *list = line + strcspn(line, ":\n"), *path;

		list += *list == ':';
		path = list + strcspn(list, ":\n");
		path += *path == ':';
		/* In a hybrid setup the memory controller is in a version 1 hierarchy, and only
		 * that counts. */
		if (lists_memory(list))
			return strcspn(path, "\n") > 1;
		if (strncmp(line, "0::", 3) == 0)
			unified = strcspn(path, "\n") > 1;
	}
	return unified;
}

void object_sizes_format(const struct object_sizes *sizes, struct string *ret)
{
	string_addf(ret, "source %s\nmemcg %s\n", name_of(price_source_names, sizes->source),
		sizes->memcg ? "yes" : "no");
	if (is_known(sizes->slab_bytes))
		string_addf(ret, "slab_bytes %" PRIu64 "\n", sizes->slab_bytes);
	else
		string_add(ret, "slab_bytes unknown\n");
	if (sizes->pointer_size == 4)
		string_add(ret, POINTER_SIZE_4);
	OBJECT_FOREACH(o) {
		const struct object_layout *l = &sizes->layout[o];

		string_addf(ret, "%s %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
			name_of(price_object_names, o), l->size, l->per_slab, l->slab_bytes);
	}
}

static bool take_u32(const char **at, const char *end, uint32_t *ret)
{
	uint64_t value;

	if (!scan_literal(at, end, " ") || scan_decimal(at, end, UINT32_MAX, &value) < 0)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool take_source(const char **at, const char *end, enum price_source *ret)
{
	const char *line, *line_end;
	int source;

	if (!scan_literal(at, end, "source ") || !scan_line(at, end, &line, &line_end))
		return false;
	source = name_find(price_source_names, line, (size_t)(line_end - line));
	*ret = (enum price_source)source;
	return source >= 0;
}

static bool take_memcg(const char **at, const char *end, bool *ret)
{
	*ret = scan_literal(at, end, "memcg yes\n");
	return *ret || scan_literal(at, end, "memcg no\n");
}

static bool take_slab_bytes(const char **at, const char *end, uint64_t *ret)
{
	*ret = UNKNOWN;
	return scan_literal(at, end, "slab_bytes ") &&
	       (scan_literal(at, end, "unknown") || scan_decimal(at, end, UNKNOWN - 1, ret) == 0) &&
	       scan_literal(at, end, "\n");
}

static bool take_layout(
	const char **at, const char *end, enum price_object o, struct object_layout *ret)
{
	return scan_literal(at, end, name_of(price_object_names, o)) &&
	       take_u32(at, end, &ret->size) && take_u32(at, end, &ret->per_slab) &&
	       take_u32(at, end, &ret->slab_bytes) && scan_literal(at, end, "\n") &&
	       object_layout_is_sound(ret);
}

int object_sizes_parse(const char *text, size_t size, struct object_sizes *ret)
{
	const char *at = text, *end = text + size;
	struct object_sizes sizes;

	if (!take_source(&at, end, &sizes.source) || !take_memcg(&at, end, &sizes.memcg) ||
		!take_slab_bytes(&at, end, &sizes.slab_bytes))
		return -EBADMSG;
	sizes.pointer_size = scan_literal(&at, end, POINTER_SIZE_4) ? 4 : 8;
	OBJECT_FOREACH(o) {
		if (!take_layout(&at, end, o, &sizes.layout[o]))
			return -EBADMSG;
	}
	if (at != end)
		return -EBADMSG;
	*ret = sizes;
	return 0;
}

/* Attaches what was found, so that a recording contains the answer. The recorder itself reports a
 * failure. */
static void attach(struct source *source, const struct object_sizes *sizes)
{
	struct string text = string_up_to(ATTACHMENT_MAX);

	object_sizes_format(sizes, &text);
	(void)source_attach(source, ATTACHMENT_NAME, &text);
}

int prices_read(struct source *source, const char *slabinfo_path, struct prices *ret,
	uint64_t *ret_slab_bytes)
{
	struct object_sizes sizes;

	if (slabinfo_path && slabinfo_path[0]) {
		int r = sizes_from_file(source, slabinfo_path, &sizes);

		if (r < 0)
			return r;
		sizes.memcg = is_charged(source);
	} else if (sizes_from_attachment(source, &sizes) < 0) {
		if (sizes_from_credential(source, &sizes) < 0 &&
			sizes_from_slabinfo_at(source, SLABINFO, &sizes) < 0)
			sizes_from_types(source, &sizes);
		sizes.memcg = is_charged(source);
	}
	attach(source, &sizes);
	prices_from_layout(ret, sizes.source, sizes.layout, sizes.memcg ? sizes.pointer_size : 0);
	*ret_slab_bytes = sizes.slab_bytes;
	return 0;
}

uint64_t slab_bytes_read(struct source *source)
{
	cleanup_(freep) char *text = NULL;
	struct slabinfo info;
	size_t size;

	if (source->ops->read_file(source, SLABINFO, &text, &size) < 0 ||
		slabinfo_parse(text, size, page_size(), &info) < 0)
		return UNKNOWN;
	return info.slab_bytes;
}

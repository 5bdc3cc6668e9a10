/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/memory/slub.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/number.h"

#include <string.h>
#include <unistd.h>

#define OBJECT_SIZE_MAX (1U << 20)
#define LINE_SIZE_MIN   8U
#define LINE_SIZE_MAX   4096U

/* slub_max_order: the largest slab that is tried for good packing, as a power of two of pages. */
#define ORDER_MAX 3U

static uint32_t align_up(uint32_t size, uint32_t alignment)
{
	return (size + alignment - 1) / alignment * alignment;
}

uint32_t slub_object_size(
	const struct slub *s, uint32_t pointer_size, uint32_t type_size, unsigned flags)
{
	uint32_t alignment = pointer_size, size;

	if (!type_size || type_size > OBJECT_SIZE_MAX)
		return 0;
	if (flags & SLUB_LINE_ALIGNED) {
		/* Several much smaller objects share a line. */
		for (alignment = s->line_size; type_size <= alignment / 2;)
			alignment /= 2;
		alignment = MAX(alignment, pointer_size);
	}
	size = align_up(type_size, pointer_size);
	if (flags & SLUB_POINTER_OUTSIDE)
		size += pointer_size;
	return align_up(size, alignment);
}

/* The number of bits of a number: the kernel's fls(). */
static uint32_t bit_length(uint32_t n)
{
	return n ? 32 - (uint32_t)__builtin_clz(n) : 0;
}

static uint32_t order_of(const struct slub *s, uint32_t bytes)
{
	uint32_t order = 0;

	while (s->page_size << order < bytes)
		order++;
	return order;
}

/* The smallest slab that wastes at most a sixteenth of itself, else an eighth, and so on. */
static uint32_t best_order(const struct slub *s, uint32_t object_size)
{
	uint32_t most = (s->page_size << ORDER_MAX) / object_size;
	/* More CPUs share the lists of slabs, so each slab should last longer. */
	uint32_t least = MIN(4 * (bit_length(s->cpus) + 1), MAX(most, 1U));
	uint32_t order_min = order_of(s, least * object_size);

	for (uint32_t fraction = 16; fraction > 1; fraction /= 2) {
		for (uint32_t order = order_min; order <= ORDER_MAX; order++) {
			uint32_t slab = s->page_size << order;

			if (slab % object_size <= slab / fraction)
				return order;
		}
	}
	return order_of(s, object_size);
}

struct object_layout slub_layout(const struct slub *s, uint32_t object_size)
{
	uint32_t slab;

	if (!object_size || object_size > OBJECT_SIZE_MAX)
		return (struct object_layout){0};
	slab = s->page_size << best_order(s, object_size);
	return (struct object_layout){
		.size = object_size,
		.per_slab = slab / object_size,
		.slab_bytes = slab,
	};
}

/* Reads a list such as "0-3,8". Returns false for anything else. */
static bool parse_cpu_list(
	const char *at, const char *end, uint64_t *ret_count, uint64_t *ret_highest)
{
	uint64_t count = 0, first, last;

	do {
		if (scan_range(&at, end, UINT16_MAX, &first, &last) < 0)
			return false;
		count += last - first + 1;
	} while (scan_literal(&at, end, ","));
	*ret_count = count;
	*ret_highest = last;
	return true;
}

static bool read_cpu_list(
	struct source *source, const char *path, uint64_t *ret_count, uint64_t *ret_highest)
{
	cleanup_(freep) char *text = NULL;
	size_t size;

	return source->ops->read_file(source, path, &text, &size) == 0 &&
	       parse_cpu_list(text, text + size, ret_count, ret_highest);
}

static uint32_t read_cpus(struct source *source)
{
	uint64_t count, highest;

	if (read_cpu_list(source, "/sys/devices/system/cpu/present", &count, &highest) && count > 1)
		return (uint32_t)count;
	/* Some architectures count a CPU as present only when it comes up. */
	if (read_cpu_list(source, "/sys/devices/system/cpu/possible", &count, &highest))
		return (uint32_t)highest + 1;
	return 1;
}

static uint32_t read_line_size(struct source *source)
{
	cleanup_(freep) char *text = NULL;
	const char *at;
	uint64_t line;
	size_t size;

	if (source->ops->read_file(source,
		    "/sys/devices/system/cpu/cpu0/cache/index0/coherency_line_size", &text,
		    &size) < 0)
		return 64;
	at = text;
	if (scan_decimal(&at, text + size, LINE_SIZE_MAX, &line) < 0 || line < LINE_SIZE_MIN ||
		line & (line - 1))
		return 64;
	return (uint32_t)line;
}

void slub_read(struct source *source, struct slub *ret)
{
	*ret = (struct slub){
		.page_size = (uint32_t)sysconf(_SC_PAGESIZE),
		.line_size = read_line_size(source),
		.cpus = read_cpus(source),
	};
}

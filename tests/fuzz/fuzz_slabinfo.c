/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as /proc/slabinfo, and as what a recording keeps of it. */
#include "kernel/memory/object_sizes.h"
#include "kernel/memory/slabinfo.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_slabinfo(const char *text, size_t size)
{
	struct slabinfo info;

	if (slabinfo_parse(text, size, 4096, &info) < 0)
		return;
	OBJECT_FOREACH(o) {
		struct object_layout found;

		if (!object_layout_is_sound(&info.layout[o]))
			abort();
		/* What has a line of its own is found by its size too. */
		if (info.layout[o].size &&
			slabinfo_find_size(text, size, 4096, info.layout[o].size, &found) < 0)
			abort();
	}
}

static void fuzz_attachment(const char *text, size_t size)
{
	struct object_sizes sizes, again;
	struct prices prices;
	struct string copy = string_up_to(SIZE_MAX);

	if (object_sizes_parse(text, size, &sizes) < 0)
		return;
	prices_from_layout(
		&prices, sizes.source, sizes.layout, sizes.memcg ? sizes.pointer_size : 0);
	object_sizes_format(&sizes, &copy);
	if (copy.error || object_sizes_parse(copy.text, copy.length, &again) < 0 ||
		memcmp(sizes.layout, again.layout, sizeof(sizes.layout)) != 0 ||
		sizes.slab_bytes != again.slab_bytes || sizes.pointer_size != again.pointer_size)
		abort();
	string_release(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_slabinfo((const char *)data, size);
	fuzz_attachment((const char *)data, size);
	return 0;
}

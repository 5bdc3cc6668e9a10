/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anything at all in place of a mountinfo, and of what a recording holds of cgroups. */
#include "basic/cleanup.h"
#include "kernel/owners/cgroups.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void find_mounts(const char *text, size_t size)
{
	static char point[PATH_MAX], root[PATH_MAX];
	struct cgroup_mount mount = {point, root};

	for (const char *at = text; cgroup_mount_next(&at, text + size, &mount);)
		if (!memchr(point, '\0', PATH_MAX) || !memchr(root, '\0', PATH_MAX))
			abort();
}

/* What was understood is written as it was read, but for what need not have been escaped. */
static void parse_attachment(const char *text, size_t size)
{
	struct cgroup_tree none = {.fd = -1};
	cleanup_(cgroups_freep) struct cgroups *c = NULL, *again = NULL;
	cleanup_(string_release) struct string first = string_up_to(SIZE_MAX),
					       second = string_up_to(SIZE_MAX);

	if (cgroups_new_on(&none, &c) < 0 || cgroups_new_on(&none, &again) < 0)
		abort();
	if (cgroups_parse(c, text, size) < 0)
		return;
	string_add(&first, "");
	string_add(&second, "");
	cgroups_format(c, &first);
	if (first.error || cgroups_parse(again, first.text, first.length) < 0)
		abort();
	cgroups_format(again, &second);
	if (second.error || strcmp(first.text, second.text) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	find_mounts(text, size);
	parse_attachment(text, size);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anything at all in place of every file that the limits are read from. */
#include "basic/unknown.h"
#include "kernel/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct source source;
	const uint8_t *data;
	size_t size;
};

static int read_input(struct source *s, const char *path, char **ret, size_t *ret_size)
{
	const struct input *input = (const struct input *)s;

	(void)path;
	*ret = malloc(input->size + 1);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, input->data, input->size);
	(*ret)[input->size] = '\0';
	*ret_size = input->size;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_ops ops = {.read_file = read_input};
	struct input input = {.source = {.ops = &ops}, .data = data, .size = size};
	struct limits l;

	limits_read(&input.source, &l);
	/* What others subtract from the range must not be larger than it. */
	if (l.ports_reserved != UNKNOWN && l.ports_reserved > l.port_last - l.port_first + 1)
		abort();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/replace.h"

#include "basic/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The output is its path. */
static int replace_make(const struct output_settings *settings, void **ret)
{
	*ret = strdup(settings->target);
	return *ret ? 0 : -ENOMEM;
}

static int replace(const char *path, const char *text, size_t size)
{
	char buffer[PATH_MAX];
	struct string temporary = STRING_IN(buffer);

	string_addf(&temporary, "%s.new", path);
	if (temporary.error)
		return -ENAMETOOLONG;
	return file_replace_at(AT_FDCWD, path, buffer, 0644, text, size);
}

static int replace_deliver(
	void *output, const struct item *item, int interrupt_fd, struct string *error)
{
	const char *path = output;
	int r = item->size ? replace(path, item->text, item->size)
			   : file_withdraw_at(AT_FDCWD, path);

	(void)interrupt_fd;
	return output_result(r, path, error);
}

const struct output_ops replace_ops = {
	.make = replace_make,
	.deliver = replace_deliver,
	.free = free,
};

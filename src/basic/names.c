/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/names.h"

#include <errno.h>
#include <string.h>

int name_find(struct names names, const char *word, size_t length)
{
	for (size_t i = 0; i < names.count; i++)
		if (names.list[i] && strlen(names.list[i]) == length &&
			memcmp(names.list[i], word, length) == 0)
			return (int)i;
	return -EINVAL;
}

int name_parse(struct names names, const char *word)
{
	return name_find(names, word, strlen(word));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of names: one for each value of an enumeration, starting at 0. */
#ifndef TCPSTATED_BASIC_NAMES_H
#define TCPSTATED_BASIC_NAMES_H

#include "basic/macro.h"

#include <stddef.h>

struct names {
	const char *const *list; /* NULL for a value without a name */
	size_t count;
};

/*
 * Defines a table, for example
 *
 *     static const char *const side_list[] = {[SIDE_SERVER] = "server", [SIDE_CLIENT] = "client"};
 *     const struct names side_names = NAMES(side_list);
 */
#define NAMES(array)                                                                               \
	{                                                                                          \
		(array), ARRAY_SIZE(array)                                                         \
	}

/* The name of a value; NULL when it has none. */
static inline const char *name_of(struct names names, size_t value)
{
	return value < names.count ? names.list[value] : NULL;
}

/* Finds the value whose name is the first length bytes of word. Returns it, or -EINVAL. */
int name_find(struct names names, const char *word, size_t length);

/* The same for a word that ends in a NUL. */
int name_parse(struct names names, const char *word);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of names: one for each value of an enumeration, from 0. */
#ifndef TCPSTATED_BASIC_NAMES_H
#define TCPSTATED_BASIC_NAMES_H

#include "basic/macro.h"

#include <stddef.h>

struct names {
	const char *const *list; /* NULL for a value that has no name */
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

/* The name of a value; NULL: it has none. */
static inline const char *name_of(struct names names, size_t value)
{
	return value < names.count ? names.list[value] : NULL;
}

/* Finds the value with the name that word[0..length) is. Returns it, or -EINVAL. */
int name_find(struct names names, const char *word, size_t length);

/* The same with a word that ends in a NUL. */
int name_parse(struct names names, const char *word);

#endif

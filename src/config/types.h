/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of values that the table of keys (keys.c) is made of. */
#ifndef TCPSTATED_CONFIG_TYPES_H
#define TCPSTATED_CONFIG_TYPES_H

#include "config/private.h"

#include <string.h>

extern const struct value_type type_number, type_word, type_file, type_command, type_states,
	type_ports, type_sides, type_ownerships, type_rule_names, type_measure, type_raise,
	type_clear;

/* Replaces a text by a copy of another one; NULL is none. Returns 0 or -ENOMEM. */
int config_store_text(char **place, const char *text);

/* Whether a part of a text is that word. */
static inline bool config_is_word(const char *start, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(start, word, length) == 0;
}

static inline void config_expect_quantity(
	enum quantity q, const struct range_of_quantity *range, FILE *out)
{
	char text[128];
	struct string s = STRING_IN(text);

	quantity_describe(&s, q, range);
	fputs(text, out);
}

#endif

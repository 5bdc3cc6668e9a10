/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/words.h"

#include "basic/macro.h"
#include "basic/utf8.h"

#include <string.h>

void words_name(struct string *s, const char *name, size_t max)
{
	const size_t start = s->length;
	size_t cut = start; /* where it ends when it turns out to be too long */

	while (*name && !s->error) {
		const size_t length = utf8_printable_length(name), size = MAX(length, (size_t)1);

		if (s->length - start + size > max) {
			string_cut(s, cut);
			string_add(s, "...");
			return;
		}
		string_add_bytes(s, length ? name : "?", size);
		if (s->length - start + strlen("...") <= max)
			cut = s->length;
		name += size;
	}
}

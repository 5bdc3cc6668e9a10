/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/port_set.h"

#include "basic/number.h"
#include "basic/string.h"

#include <errno.h>
#include <string.h>

int port_set_parse(
	struct port_set *set, const char *list, const char **ret_word, size_t *ret_length)
{
	for (const char *word = list;; word++) {
		const char *start = word, *end = word + strcspn(word, ",");
		uint64_t first, last;

		if (scan_range(&word, end, UINT16_MAX, &first, &last) < 0 || word != end) {
			*ret_word = start;
			*ret_length = (size_t)(end - start);
			return -EINVAL;
		}
		for (uint64_t port = first; port <= last; port++)
			port_set_add(set, (uint16_t)port);
		if (!*end)
			return 0;
	}
}

/* The longest set has every second port, 6 bytes each. */
#define PORT_SET_TEXT_MAX ((size_t)65536 / 2 * 6 + 1)

char *port_set_format(const struct port_set *set)
{
	struct string out = string_up_to(PORT_SET_TEXT_MAX);
	const char *comma = "";
	char *text;

	for (unsigned first = 0; first <= UINT16_MAX; first++) {
		unsigned last = first;

		if (!port_set_has(set, (uint16_t)first))
			continue;
		while (last < UINT16_MAX && port_set_has(set, (uint16_t)(last + 1)))
			last++;
		string_addf(&out, last > first ? "%s%u-%u" : "%s%u", comma, first, last);
		comma = ",";
		first = last;
	}
	return string_take(&out, &text, NULL) < 0 ? NULL : text;
}

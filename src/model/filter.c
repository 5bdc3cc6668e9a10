/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/filter.h"

#include "basic/string.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *const side_names[SIDE_COUNT] = {
	[SIDE_SERVER] = "server",
	[SIDE_CLIENT] = "client",
};

const char *side_name(enum sock_side s)
{
	return side_names[s];
}

int side_parse(const char *word, enum sock_side *ret)
{
	for (enum sock_side s = 0; s < SIDE_COUNT; s++) {
		if (strcasecmp(word, side_names[s]) == 0) {
			*ret = s;
			return 0;
		}
	}
	return -EINVAL;
}

/* Reads a port at *p and moves *p behind it. */
static int parse_port(const char **p, uint16_t *ret)
{
	unsigned value = 0;
	const char *s = *p;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	for (; *s >= '0' && *s <= '9'; s++) {
		value = value * 10 + (unsigned)(*s - '0');
		if (value > UINT16_MAX)
			return -EINVAL;
	}
	*p = s;
	*ret = (uint16_t)value;
	return 0;
}

/* Reads "7777" or "27015-27030" up to a comma or the end. */
static int parse_port_range(
	const char *word, const char **ret_end, uint16_t *ret_first, uint16_t *ret_last)
{
	uint16_t first, last;
	const char *p = word;

	if (parse_port(&p, &first) < 0)
		return -EINVAL;
	last = first;
	if (*p == '-') {
		p++;
		if (parse_port(&p, &last) < 0 || last < first)
			return -EINVAL;
	}
	if (*p && *p != ',')
		return -EINVAL;
	*ret_end = p;
	*ret_first = first;
	*ret_last = last;
	return 0;
}

int port_set_parse(
	struct port_set *set, const char *list, const char **ret_word, size_t *ret_length)
{
	for (const char *word = list;; word++) {
		uint16_t first, last;

		if (parse_port_range(word, &word, &first, &last) < 0) {
			*ret_word = word;
			*ret_length = strcspn(word, ",");
			return -EINVAL;
		}
		for (unsigned port = first; port <= last; port++)
			port_set_add(set, (uint16_t)port);
		if (!*word)
			return 0;
	}
}

/* Each second port is the longest set: 6 bytes each. */
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
	if (string_take(&out, &text, NULL) < 0) {
		string_release(&out);
		return NULL;
	}
	return text;
}

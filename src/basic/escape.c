/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/escape.h"

#include <stdint.h>
#include <string.h>

/* Stands for the empty text; the text "-" itself is escaped. */
#define EMPTY "-"

static bool is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '\\';
}

void escape_add(struct string *s, const char *text)
{
	bool is_dash = strcmp(text, EMPTY) == 0;

	if (!*text)
		string_add(s, EMPTY);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_plain(c) && !is_dash)
			string_add_char(s, *text);
		else
			string_addf(s, "\\%03o", c);
	}
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Reads a plain or escaped byte. Returns how many characters it takes, 0 for an invalid escape. */
static size_t take_byte(const char *at, const char *end, char *ret)
{
	unsigned byte;

	if (*at != '\\') {
		*ret = *at;
		return 1;
	}
	if (end - at < 4 || !is_octal(at[1]) || !is_octal(at[2]) || !is_octal(at[3]))
		return 0;
	byte = (unsigned)(at[1] - '0') << 6 | (unsigned)(at[2] - '0') << 3 |
	       (unsigned)(at[3] - '0');
	if (byte == 0 || byte > UINT8_MAX)
		return 0;
	*ret = (char)byte;
	return 4;
}

static bool is_end_of_word(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\0';
}

bool escape_take(const char **at, const char *end, char *ret, size_t size)
{
	const char *from = *at;
	size_t used = 0;

	while (from < end && !is_end_of_word(*from)) {
		size_t step = used + 1 < size ? take_byte(from, end, &ret[used]) : 0;

		if (!step)
			return false;
		from += step;
		used++;
	}
	if (from == *at)
		return false;
	if (from - *at == 1 && ret[0] == EMPTY[0])
		used = 0;
	ret[used] = '\0';
	*at = from;
	return true;
}

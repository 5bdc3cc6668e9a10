/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/utf8.h"

#include "basic/macro.h"
#include "basic/string.h"

#include <stdbool.h>
#include <stdint.h>

/* Characters that a terminal or viewer obeys rather than shows, beside the C0 and C1 controls. */
static bool is_formatting(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x061c, 0x061c}, /* ARABIC LETTER MARK */
		{0x200e, 0x200f}, /* LEFT-TO-RIGHT MARK, RIGHT-TO-LEFT MARK */
		{0x2028, 0x202e}, /* line and paragraph separators, embeddings and overrides */
		{0x2066, 0x2069}, /* isolates */
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

size_t utf8_printable_length(const char *text)
{
	/*
	 * The first code point that needs that many bytes. Between ASCII and U+00A0 there are only
	 * control characters.
	 */
	static const uint32_t first[] = {0, 0, 0xa0, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t length = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
	uint32_t c;

	if (*s < 0x80)
		return *s >= 0x20 && *s != 0x7f;
	if (*s < 0xc0 || *s >= 0xf8)
		return 0;
	c = *s & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fU);
	}
	if (c < first[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return is_formatting(c) ? 0 : length;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t utf8_complete_length(const char *text, size_t length)
{
	size_t last = length, size;

	/* A character has at most three continuation bytes; with more it is not UTF-8. */
	for (size_t back = 0; back < 3 && last && is_continuation(text[last - 1]); back++)
		last--;
	if (!last || (unsigned char)text[last - 1] < 0xc0)
		return length;
	last--;
	size = (unsigned char)text[last] >= 0xf0 ? 4 : (unsigned char)text[last] >= 0xe0 ? 3 : 2;
	return last + size > length ? last : length;
}

const char *utf8_printable(char *buf, size_t size, const char *text)
{
	struct string s = string_in(buf, size);

	string_add_printable(&s, text);
	return buf;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/escape.h"

#include "basic/file.h"
#include "basic/number.h"

#include <string.h>

/* The whole text "-" would read as the empty one. */
#define EMPTY_WORD "-"

static bool is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '\\';
}

void escape_put(FILE *f, const char *text)
{
	bool is_dash = strcmp(text, EMPTY_WORD) == 0;

	if (!*text)
		fputs(EMPTY_WORD, f);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_plain(c) && !is_dash)
			putc(c, f);
		else
			fprintf(f, "\\%03o", c);
	}
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Reads a byte that stands for itself, or one that is escaped. Returns how many letters that took,
 * 0 for what is neither. */
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
	if (from - *at == 1 && ret[0] == EMPTY_WORD[0])
		used = 0;
	ret[used] = '\0';
	*at = from;
	return true;
}

bool escape_pass(const char **at, const char *end, char letter)
{
	if (*at == end || **at != letter)
		return false;
	(*at)++;
	return true;
}

bool escape_number(const char **at, const char *end, uint64_t max, uint64_t *ret)
{
	return scan_decimal(at, end, max, ret) == 0;
}

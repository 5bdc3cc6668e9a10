/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/number.h"

#include <errno.h>
#include <string.h>

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return UINT8_MAX;
}

static int scan_number(
	const char **text, const char *end, unsigned base, uint64_t max, uint64_t *ret)
{
	const char *at = *text;
	uint64_t value = 0;

	for (; at < end; at++) {
		unsigned digit = digit_value(*at);

		if (digit >= base)
			break;
		if (digit > max || value > (max - digit) / base)
			return -ERANGE;
		value = value * base + digit;
	}
	if (at == *text)
		return -EINVAL;
	*text = at;
	*ret = value;
	return 0;
}

int scan_decimal(const char **text, const char *end, uint64_t max, uint64_t *ret)
{
	return scan_number(text, end, 10, max, ret);
}

int scan_hex(const char **text, const char *end, uint64_t max, uint64_t *ret)
{
	return scan_number(text, end, 16, max, ret);
}

int scan_range(
	const char **text, const char *end, uint64_t max, uint64_t *ret_first, uint64_t *ret_last)
{
	const char *at = *text;
	uint64_t first, last;
	int r;

	r = scan_decimal(&at, end, max, &first);
	last = first;
	if (r == 0 && scan_literal(&at, end, "-"))
		r = scan_decimal(&at, end, max, &last);
	if (r < 0)
		return r;
	if (last < first)
		return -EINVAL;
	*text = at;
	*ret_first = first;
	*ret_last = last;
	return 0;
}

bool scan_literal(const char **text, const char *end, const char *literal)
{
	const size_t length = strlen(literal);

	if ((size_t)(end - *text) < length || memcmp(*text, literal, length) != 0)
		return false;
	*text += length;
	return true;
}

bool scan_line(
	const char **text, const char *end, const char **ret_line, const char **ret_line_end)
{
	const char *newline;

	if (*text == end)
		return false;
	newline = memchr(*text, '\n', (size_t)(end - *text));
	*ret_line = *text;
	*ret_line_end = newline ? newline : end;
	*text = newline ? newline + 1 : end;
	return true;
}

void scan_blanks(const char **text, const char *end)
{
	while (*text < end && (**text == ' ' || **text == '\t'))
		(*text)++;
}

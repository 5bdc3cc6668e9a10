/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/number.h"

#include <errno.h>

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

void scan_blanks(const char **text, const char *end)
{
	while (*text < end && (**text == ' ' || **text == '\t'))
		(*text)++;
}

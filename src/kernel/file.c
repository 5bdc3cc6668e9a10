/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/file.h"

#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Most files of /proc and /sys fit in at once; the buffer doubles for the others. */
#define FIRST_SIZE 8192

/* Fills the buffer up to size, or to the end of the file. Returns how many bytes, or -errno. */
static ssize_t read_full(int fd, char *buffer, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, buffer + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int file_read(const char *path, size_t size_max, char **ret, size_t *ret_size)
{
	cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_(freep) char *text = NULL;
	size_t used = 0, size = MIN(size_max, (size_t)FIRST_SIZE);

	if (fd < 0)
		return -errno;
	for (;;) {
		/* One byte more than is wanted tells a file that ends here from one that goes on.
		 */
		char *larger = realloc(text, size + 1);
		ssize_t n;

		if (!larger)
			return -ENOMEM;
		text = larger;
		n = read_full(fd, text + used, size + 1 - used);
		if (n < 0)
			return (int)n;
		used += (size_t)n;
		if (used <= size)
			break;
		if (size >= size_max)
			return -EFBIG;
		size = size > size_max / 2 ? size_max : 2 * size;
	}
	text[used] = '\0';
	*ret = TAKE_PTR(text);
	*ret_size = used;
	return 0;
}

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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include "util.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char *format_count(char buf[FORMAT_SIZE], uint64_t n)
{
	char digits[24];
	size_t length, used = 0;

	if (n == UNKNOWN)
		return strcpy(buf, "?");
	length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n);
	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buf[used++] = ',';
		buf[used++] = digits[i];
	}
	buf[used] = '\0';
	return buf;
}

const char *format_bytes(char buf[FORMAT_SIZE], uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes == UNKNOWN)
		return strcpy(buf, "?");
	if (bytes < 1024) {
		snprintf(buf, FORMAT_SIZE, "%" PRIu64 " B", bytes);
		return buf;
	}
	/* Not 1024: what would be rounded up to "1024 KiB" is "1.0 MiB". */
	while (value >= 1023.5 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, FORMAT_SIZE, "%.*f %s", value < 99.95 ? 1 : 0, value, units[unit]);
	return buf;
}

const char *format_duration(char buf[FORMAT_SIZE], uint32_t ms)
{
	/* Each unit from the point on where the one below needs too many digits. */
	static const struct {
		uint32_t from_ms, unit_ms;
		const char *name;
	} units[] = {
		{48U * 3600000, 24U * 3600000, "d"},
		{120U * 60000, 3600000, "h"},
		{120U * 1000, 60000, "min"},
		{10U * 1000, 1000, "s"},
	};

	if (ms == UINT32_MAX)
		return strcpy(buf, "?");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ms >= units[i].from_ms) {
			snprintf(buf, FORMAT_SIZE, "%" PRIu32 " %s", ms / units[i].unit_ms,
				units[i].name);
			return buf;
		}
	}
	if (ms >= 1000)
		snprintf(buf, FORMAT_SIZE, "%" PRIu32 ".%" PRIu32 " s", ms / 1000, ms % 1000 / 100);
	else
		snprintf(buf, FORMAT_SIZE, "%" PRIu32 " ms", ms);
	return buf;
}

const char *format_percent(char buf[FORMAT_SIZE], double percent)
{
	if (percent < 0)
		return strcpy(buf, "?");
	snprintf(buf, FORMAT_SIZE, "%.1f %%", percent);
	return buf;
}

const char *format_number(char buf[FORMAT_SIZE], double value)
{
	char *last;

	if (!isfinite(value))
		return NULL;
	/* From here on a double has no decimals, but more digits than fit. */
	if (fabs(value) >= 1e15) {
		snprintf(buf, FORMAT_SIZE, "%.15g", value);
		return buf;
	}
	/* Without the sign of what is rounded to 0. */
	snprintf(buf, FORMAT_SIZE, "%.3f", fabs(value) < 0.0005 ? 0.0 : value);
	for (last = buf + strlen(buf) - 1; *last == '0'; last--)
		*last = '\0';
	if (*last == '.')
		*last = '\0';
	return buf;
}

const char *format_endpoint(
	char buf[FORMAT_SIZE], int family, const uint8_t address[16], uint16_t port)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char text[INET6_ADDRSTRLEN] = "?";

	if (family == AF_INET6 && memcmp(address, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		address += sizeof(mapped);
	}
	inet_ntop(family, address, text, sizeof(text));
	snprintf(buf, FORMAT_SIZE, family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, (unsigned)port);
	return buf;
}

const char *format_time(char buf[FORMAT_SIZE], const struct timespec *t)
{
	struct tm tm;
	size_t used;

	if (!gmtime_r(&t->tv_sec, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
		return NULL;
	used = strftime(buf, FORMAT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + used, FORMAT_SIZE - used, ".%03uZ",
		(unsigned)((unsigned long)t->tv_nsec / 1000000 % 1000));
	return buf;
}

/* The length of the printable character at s in UTF-8 (RFC 3629), or 0 when there is none. */
static size_t printable_length(const unsigned char *s)
{
	/*
	 * The first code point that needs so many bytes; below U+00A0 there are only control
	 * characters beside ASCII.
	 */
	static const uint32_t first[] = {0, 0, 0xa0, 0x800, 0x10000};
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
	return length;
}

const char *format_printable(char *buf, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s) {
		size_t length = printable_length(s);

		if (used + MAX(length, (size_t)1) >= size)
			break;
		if (length) {
			memcpy(buf + used, s, length);
		} else {
			length = 1;
			buf[used] = '?';
		}
		used += length;
		s += length;
	}
	buf[used] = '\0';
	return buf;
}

char *format_port_set(const struct port_set *set)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *comma = "";
	int error;

	if (!out)
		return NULL;
	for (unsigned first = 0; first <= UINT16_MAX; first++) {
		unsigned last = first;

		if (!port_set_has(set, (uint16_t)first))
			continue;
		while (last < UINT16_MAX && port_set_has(set, (uint16_t)(last + 1)))
			last++;
		fprintf(out, last > first ? "%s%u-%u" : "%s%u", comma, first, last);
		comma = ",";
		first = last;
	}
	error = ferror(out);
	if (fclose(out) == EOF || error) {
		free(text);
		return NULL;
	}
	return text;
}

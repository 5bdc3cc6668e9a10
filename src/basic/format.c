/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/format.h"

#include "basic/macro.h"
#include "basic/unknown.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char *format_count(char buf[FORMAT_SIZE], uint64_t n)
{
	char digits[24];
	size_t length, used = 0;

	if (!is_known(n))
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

	if (!is_known(bytes))
		return strcpy(buf, "?");
	if (bytes < 1024) {
		snprintf(buf, FORMAT_SIZE, "%" PRIu64 " B", bytes);
		return buf;
	}
	/* Not 1024: what would round up to "1024 KiB" is "1.0 MiB". */
	while (value >= 1023.5 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, FORMAT_SIZE, "%.*f %s", value < 99.95 ? 1 : 0, value, units[unit]);
	return buf;
}

const char *format_duration(char buf[FORMAT_SIZE], uint32_t ms)
{
	/* Each unit starts where the one below needs too many digits. */
	static const struct {
		uint32_t from_ms, unit_ms;
		const char *name;
	} units[] = {
		{48U * 3600000, 24U * 3600000, "d"},
		{120U * 60000, 3600000, "h"},
		{120U * 1000, 60000, "min"},
		{10U * 1000, 1000, "s"},
	};

	if (!is_known(ms))
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
	/* From here on a double has no decimals but more digits than fit. */
	if (fabs(value) >= 1e15) {
		snprintf(buf, FORMAT_SIZE, "%.15g", value);
		return buf;
	}
	/* What rounds to 0 has no sign. */
	snprintf(buf, FORMAT_SIZE, "%.3f", fabs(value) < 0.0005 ? 0.0 : value);
	for (last = buf + strlen(buf) - 1; *last == '0'; last--)
		*last = '\0';
	if (*last == '.')
		*last = '\0';
	return buf;
}

/* Writes an address without brackets. Returns its family, as written. */
static int write_address(char text[INET6_ADDRSTRLEN], int family, const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (family == AF_INET6 && memcmp(address, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		address += sizeof(mapped);
	}
	if (!inet_ntop(family, address, text, INET6_ADDRSTRLEN))
		memcpy(text, "?", 2);
	return family;
}

const char *format_endpoint(
	char buf[FORMAT_SIZE], int family, const uint8_t address[16], uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	family = write_address(text, family, address);
	snprintf(buf, FORMAT_SIZE, family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, (unsigned)port);
	return buf;
}

const char *format_address(
	char buf[ENDPOINT_SIZE], int family, const uint8_t address[16], const char *device)
{
	char text[INET6_ADDRSTRLEN];

	(void)write_address(text, family, address);
	snprintf(buf, ENDPOINT_SIZE, "%s%s%.32s", text, *device ? "%" : "", device);
	return buf;
}

const char *format_device_endpoint(char buf[ENDPOINT_SIZE], int family, const uint8_t address[16],
	const char *device, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	family = write_address(text, family, address);
	snprintf(buf, ENDPOINT_SIZE, family == AF_INET6 ? "[%s%s%.32s]:%u" : "%s%s%.32s:%u", text,
		*device ? "%" : "", device, (unsigned)port);
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

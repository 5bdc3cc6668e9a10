/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/values.h"

#include "basic/file.h"
#include "basic/number.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
	bool is_only_read; /* another word for the unit before it */
};

/* Largest first. KB is not among them: to some that is 1000 bytes. */
static const struct unit number_units[] = {{"", 1, false}, {NULL, 0, false}};
static const struct unit size_units[] = {
	{"T", UINT64_C(1) << 40, false},
	{"TiB", UINT64_C(1) << 40, true},
	{"G", UINT64_C(1) << 30, false},
	{"GiB", UINT64_C(1) << 30, true},
	{"M", UINT64_C(1) << 20, false},
	{"MiB", UINT64_C(1) << 20, true},
	{"K", UINT64_C(1) << 10, false},
	{"KiB", UINT64_C(1) << 10, true},
	{"", 1, false},
	{NULL, 0, false},
};
static const struct unit duration_units[] = {
	{"h", 3600000, false},
	{"min", 60000, false},
	{"s", 1000, false},
	{NULL, 0, false},
};
static const struct unit decimal_units[] = {{"", 1000, false}, {NULL, 0, false}};
static const struct unit percent_units[] = {{"%", 1000, false}, {NULL, 0, false}};

static const struct quantity_row {
	const struct unit *units;
	unsigned decimals; /* how many digits a fraction may have */
	const char *what;  /* what is expected */
	const char *such_as;
} rows[QUANTITY_COUNT] = {
	[QUANTITY_NUMBER] = {number_units, 0, "a number", ""},
	[QUANTITY_SIZE] = {size_units, 0, "a size", ", such as 512K, 50M or 2G"},
	[QUANTITY_DURATION] = {duration_units, 0, "a duration", ", such as 30s, 5min or 1h"},
	[QUANTITY_DECIMAL] = {decimal_units, 3, "a number", ", such as 5 or 0.5"},
	[QUANTITY_PERCENT] = {percent_units, 3, "a percentage", ", such as 75% or 0.5%"},
};

/* Reads up to so many digits behind a point, and adds them to *value as thousandths. */
static int parse_fraction(const char **text, const char *end, unsigned decimals, uint64_t *value)
{
	const char *digits = *text + 1;
	uint64_t fraction = 0;

	if (!decimals || *text == end || **text != '.')
		return 0;
	*text = digits;
	if (scan_decimal(text, end, UINT32_MAX, &fraction) < 0)
		return -EINVAL;
	if (*text - digits > (ptrdiff_t)decimals)
		return -EINVAL;
	for (ptrdiff_t i = *text - digits; i < (ptrdiff_t)decimals; i++)
		fraction *= 10;
	*value += fraction;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

int quantity_parse(
	enum quantity q, const char *text, const struct range_of_quantity *range, uint64_t *ret)
{
	const char *end = text + strlen(text);
	const struct unit *unit;
	uint64_t whole, value, fraction = 0;
	int r;

	r = scan_decimal(&text, end, UINT64_MAX, &whole);
	if (r < 0)
		return r;
	if (parse_fraction(&text, end, rows[q].decimals, &fraction) < 0)
		return -EINVAL;
	scan_blanks(&text, end);
	unit = find_unit(rows[q].units, text);
	if (!unit && (*text || whole || fraction))
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit ? unit->factor : 0, &value) ||
		__builtin_add_overflow(value, fraction, &value))
		return -ERANGE;
	if (value < range->min || value > range->max)
		return -ERANGE;
	*ret = value;
	return 0;
}

const char *quantity_format(char buf[QUANTITY_SIZE_MAX], enum quantity q, uint64_t value)
{
	const struct unit *unit = rows[q].units;
	int used;

	/* Of 0, the last one; a fraction is of the only one. */
	while (unit[1].name && (unit->is_only_read || value % unit->factor || !value))
		unit++;
	used = snprintf(buf, QUANTITY_SIZE_MAX, "%" PRIu64, value / unit->factor);
	if (rows[q].decimals && value % 1000) {
		used += snprintf(buf + used, QUANTITY_SIZE_MAX - (size_t)used, ".%03u",
			(unsigned)(value % 1000));
		while (buf[used - 1] == '0')
			used--;
	}
	snprintf(buf + used, QUANTITY_SIZE_MAX - (size_t)used, "%s", unit->name);
	return buf;
}

void quantity_expect(enum quantity q, const struct range_of_quantity *range, FILE *out)
{
	char min[QUANTITY_SIZE_MAX], max[QUANTITY_SIZE_MAX];

	fprintf(out, "%s from %s to %s%s", rows[q].what, quantity_format(min, q, range->min),
		quantity_format(max, q, range->max), rows[q].such_as);
}

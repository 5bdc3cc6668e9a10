/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/quantity.h"

#include "basic/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
	bool is_only_read; /* never printed */
};

/* Largest first. KB is not among them: to some that is 1000 bytes. */
static const struct unit number_units[] = {{"", 1, false}, {NULL, 0, false}};
static const struct unit size_units[] = {
	{"T", UINT64_C(1) << 40, false},
	{"t", UINT64_C(1) << 40, true},
	{"TiB", UINT64_C(1) << 40, true},
	{"G", UINT64_C(1) << 30, false},
	{"g", UINT64_C(1) << 30, true},
	{"GiB", UINT64_C(1) << 30, true},
	{"M", UINT64_C(1) << 20, false},
	{"m", UINT64_C(1) << 20, true},
	{"MiB", UINT64_C(1) << 20, true},
	{"K", UINT64_C(1) << 10, false},
	{"k", UINT64_C(1) << 10, true},
	{"KiB", UINT64_C(1) << 10, true},
	{"", 1, false},
	{NULL, 0, false},
};
/* The first one is of QUANTITY_SECONDS alone. */
static const struct unit duration_units[] = {
	{"", 1000, true},
	{"d", 86400000, true},
	{"h", 3600000, false},
	{"min", 60000, false},
	{"m", 60000, true},
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
	[QUANTITY_DURATION] = {duration_units + 1, 0, "a duration", ", such as 30s, 5min or 1h"},
	[QUANTITY_SECONDS] = {duration_units, 0, "a duration", ", such as 90s or 10min"},
	[QUANTITY_DECIMAL] = {decimal_units, 3, "a number", ", such as 5 or 0.5"},
	[QUANTITY_PERCENT] = {percent_units, 3, "a percentage", ", such as 75% or 0.5%"},
};

/* Reads a point and up to so many digits, as thousandths. */
static int parse_fraction(const char **text, const char *end, unsigned decimals, uint64_t *ret)
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
	*ret = fraction;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name, size_t length)
{
	for (; units->name; units++)
		if (strlen(units->name) == length && memcmp(units->name, name, length) == 0)
			return units;
	return NULL;
}

int quantity_parse(enum quantity q, const char *text, size_t length,
	const struct range_of_quantity *range, uint64_t *ret)
{
	const char *end = text + length, *rest;
	const struct unit *unit;
	uint64_t integer, value, fraction = 0;
	int r;

	r = scan_decimal(&text, end, UINT64_MAX, &integer);
	if (r < 0)
		return r;
	if (parse_fraction(&text, end, rows[q].decimals, &fraction) < 0)
		return -EINVAL;
	rest = text;
	scan_blanks(&text, end);
	unit = find_unit(rows[q].units, text, (size_t)(end - text));
	/* Blanks are for between a number and its unit only. */
	if ((text == end && rest < end) || (!unit && (text < end || integer || fraction)))
		return -EINVAL;
	if (__builtin_mul_overflow(integer, unit ? unit->factor : 0, &value) ||
		__builtin_add_overflow(value, fraction, &value))
		return -ERANGE;
	if (value < range->min || value > range->max)
		return -ERANGE;
	*ret = value;
	return 0;
}

const char *quantity_format(char buf[QUANTITY_SIZE_MAX], enum quantity q, uint64_t value)
{
	struct string out = string_in(buf, QUANTITY_SIZE_MAX);
	const struct unit *unit = rows[q].units;

	/* 0 has the last unit; what has a fraction has only one. */
	while (unit[1].name && (unit->is_only_read || value % unit->factor || !value))
		unit++;
	string_addf(&out, "%" PRIu64, value / unit->factor);
	if (rows[q].decimals && value % 1000) {
		string_addf(&out, ".%03u", (unsigned)(value % 1000));
		while (buf[out.length - 1] == '0')
			string_cut(&out, out.length - 1);
	}
	string_add(&out, unit->name);
	return buf;
}

void quantity_describe(struct string *out, enum quantity q, const struct range_of_quantity *range)
{
	char min[QUANTITY_SIZE_MAX], max[QUANTITY_SIZE_MAX];

	string_addf(out, "%s from %s to %s%s", rows[q].what, quantity_format(min, q, range->min),
		quantity_format(max, q, range->max), rows[q].such_as);
}

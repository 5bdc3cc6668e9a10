/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/quantity.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static const struct range_of_quantity any = {0, UINT64_MAX};

static int parse(enum quantity q, const char *text, uint64_t *ret)
{
	return quantity_parse(q, text, strlen(text), &any, ret);
}

/* What is printed reads back as the same number. */
static void test_quantity_parse_and_format(void **state)
{
	static const struct {
		enum quantity q;
		const char *text;
		uint64_t value;
		const char *printed;
	} rows[] = {
		{QUANTITY_NUMBER, "0", 0, "0"},
		{QUANTITY_NUMBER, "18446744073709551615", UINT64_MAX, "18446744073709551615"},
		{QUANTITY_SIZE, "0", 0, "0"},
		{QUANTITY_SIZE, "1000", 1000, "1000"},
		{QUANTITY_SIZE, "64 KiB", 65536, "64K"},
		{QUANTITY_SIZE, "64k", 65536, "64K"},
		{QUANTITY_SIZE, "1536M", UINT64_C(1536) << 20, "1536M"},
		{QUANTITY_SIZE, "2048MiB", UINT64_C(2) << 30, "2G"},
		{QUANTITY_SIZE, "3g", UINT64_C(3) << 30, "3G"},
		{QUANTITY_SIZE, "1T", UINT64_C(1) << 40, "1T"},
		{QUANTITY_DURATION, "0", 0, "0s"},
		{QUANTITY_DURATION, "90s", 90000, "90s"},
		{QUANTITY_DURATION, "120\t s", 120000, "2min"},
		{QUANTITY_DURATION, "5m", 300000, "5min"},
		{QUANTITY_DURATION, "60min", 3600000, "1h"},
		{QUANTITY_DURATION, "7d", UINT64_C(7) * 86400000, "168h"},
		{QUANTITY_SECONDS, "0", 0, "0s"},
		{QUANTITY_SECONDS, "90", 90000, "90s"},
		{QUANTITY_SECONDS, "2h", 7200000, "2h"},
		{QUANTITY_DECIMAL, "5", 5000, "5"},
		{QUANTITY_DECIMAL, "0.250", 250, "0.25"},
		{QUANTITY_PERCENT, "12.345 %", 12345, "12.345%"},
		{QUANTITY_PERCENT, "100%", 100000, "100%"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buf[QUANTITY_SIZE_MAX];
		uint64_t value = 1, again = 2;

		if (parse(rows[i].q, rows[i].text, &value) < 0 || value != rows[i].value)
			fail_msg("'%s' is %ju", rows[i].text, (uintmax_t)value);
		assert_string_equal(quantity_format(buf, rows[i].q, value), rows[i].printed);
		assert_int_equal(parse(rows[i].q, buf, &again), 0);
		assert_int_equal(again, value);
	}
}

static void test_quantity_parse_refusals(void **state)
{
	static const struct {
		enum quantity q;
		const char *text;
		int error;
	} rows[] = {
		{QUANTITY_NUMBER, "", -EINVAL},
		{QUANTITY_NUMBER, "-1", -EINVAL},
		{QUANTITY_NUMBER, " 1", -EINVAL},
		{QUANTITY_NUMBER, "1 ", -EINVAL},
		{QUANTITY_NUMBER, "1.5", -EINVAL},
		{QUANTITY_NUMBER, "2K", -EINVAL},
		{QUANTITY_NUMBER, "0x10", -EINVAL},
		{QUANTITY_NUMBER, "18446744073709551616", -ERANGE},
		{QUANTITY_SIZE, "5MB", -EINVAL},
		{QUANTITY_SIZE, "5kib", -EINVAL},
		{QUANTITY_SIZE, "16777216T", -ERANGE},
		{QUANTITY_DURATION, "5", -EINVAL},
		{QUANTITY_DURATION, "5ms", -EINVAL},
		{QUANTITY_DURATION, "5M", -EINVAL},
		{QUANTITY_DURATION, "1.5min", -EINVAL},
		{QUANTITY_DURATION, "5s5", -EINVAL},
		{QUANTITY_DURATION, "18446744073709551615h", -ERANGE},
		{QUANTITY_DECIMAL, "1.2345", -EINVAL},
		{QUANTITY_DECIMAL, "1.", -EINVAL},
		{QUANTITY_DECIMAL, ".5", -EINVAL},
		{QUANTITY_PERCENT, "1", -EINVAL},
		{QUANTITY_PERCENT, "18446744073709551.616%", -ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 77;
		int r = parse(rows[i].q, rows[i].text, &value);

		if (r != rows[i].error || value != 77)
			fail_msg("'%s': %d, %ju", rows[i].text, r, (uintmax_t)value);
	}
}

static void test_quantity_parse_reads_only_so_many_bytes(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(quantity_parse(QUANTITY_SIZE, "50M,7", 3, &any, &value), 0);
	assert_int_equal(value, 50 << 20);
	assert_int_equal(quantity_parse(QUANTITY_SIZE, "50M,7", 2, &any, &value), 0);
	assert_int_equal(value, 50);
}

static void test_quantity_describe_names_the_range_of_parse(void **state)
{
	static const struct range_of_quantity range = {1000, 3600000};
	char text[128];
	struct string out = STRING_IN(text);
	uint64_t value;

	(void)state;
	quantity_describe(&out, QUANTITY_DURATION, &range);
	assert_string_equal(text, "a duration from 1s to 1h, such as 30s, 5min or 1h");
	assert_int_equal(quantity_parse(QUANTITY_DURATION, "1s", 2, &range, &value), 0);
	assert_int_equal(quantity_parse(QUANTITY_DURATION, "60m", 3, &range, &value), 0);
	assert_int_equal(quantity_parse(QUANTITY_DURATION, "0", 1, &range, &value), -ERANGE);
	assert_int_equal(quantity_parse(QUANTITY_DURATION, "61m", 3, &range, &value), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantity_parse_and_format),
		cmocka_unit_test(test_quantity_parse_refusals),
		cmocka_unit_test(test_quantity_parse_reads_only_so_many_bytes),
		cmocka_unit_test(test_quantity_describe_names_the_range_of_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

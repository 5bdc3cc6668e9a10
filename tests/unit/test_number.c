/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/number.h"
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void test_scan_numbers(void **state)
{
	static const struct {
		const char *text;
		bool hex;
		uint64_t max;
		int result;
		uint64_t value;
		size_t length;
	} cases[] = {
		{"0", false, 0, 0, 0, 1},
		{"42 7", false, 100, 0, 42, 2},
		{"007", false, 7, 0, 7, 3},
		{"255", false, 255, 0, 255, 3},
		{"256", false, 255, -ERANGE, 0, 0},
		{"9", false, 5, -ERANGE, 0, 0},
		{"18446744073709551615", false, UINT64_MAX, 0, UINT64_MAX, 20},
		{"18446744073709551616", false, UINT64_MAX, -ERANGE, 0, 0},
		{"99999999999999999999999", false, UINT64_MAX, -ERANGE, 0, 0},
		{"", false, 10, -EINVAL, 0, 0},
		{"-1", false, 10, -EINVAL, 0, 0},
		{"+1", false, 10, -EINVAL, 0, 0},
		{" 1", false, 10, -EINVAL, 0, 0},
		{"1f", false, 100, 0, 1, 1},
		{"1F:a", true, 100, 0, 0x1f, 2},
		{"0x1", true, 100, 0, 0, 1},
		{"g", true, 100, -EINVAL, 0, 0},
		{"ffffffffffffffff", true, UINT64_MAX, 0, UINT64_MAX, 16},
		{"10000000000000000", true, UINT64_MAX, -ERANGE, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *at = cases[i].text, *end = at + strlen(at);
		uint64_t value = 0;
		int r = cases[i].hex ? scan_hex(&at, end, cases[i].max, &value)
				     : scan_decimal(&at, end, cases[i].max, &value);

		if (r != cases[i].result || value != cases[i].value ||
			at != cases[i].text + cases[i].length)
			fail_msg("'%s': result %d, value %" PRIu64 ", length %td", cases[i].text, r,
				value, at - cases[i].text);
	}
}

static void test_scan_decimal_stops_at_end(void **state)
{
	const char text[] = "12345", *at = text;
	uint64_t value = 0;

	(void)state;
	assert_int_equal(scan_decimal(&at, text + 3, UINT64_MAX, &value), 0);
	assert_int_equal(value, 123);
	assert_int_equal(scan_decimal(&at, text + 3, UINT64_MAX, &value), -EINVAL);
}

static void test_scan_blanks(void **state)
{
	const char text[] = " \t 1 ", *at = text;

	(void)state;
	scan_blanks(&at, text + sizeof(text) - 1);
	assert_ptr_equal(at, text + 3);
	scan_blanks(&at, text + sizeof(text) - 1);
	assert_ptr_equal(at, text + 3);
	at++;
	scan_blanks(&at, text + sizeof(text) - 1);
	assert_ptr_equal(at, text + sizeof(text) - 1);
}

static void test_scan_range(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t first, last;
		size_t length;
	} cases[] = {
		{"7", 0, 7, 7, 1},
		{"7-9", 0, 7, 9, 3},
		{"7-7,8", 0, 7, 7, 3},
		{"7,9", 0, 7, 7, 1},
		{"9-7", -EINVAL, 1, 2, 0},
		{"7-", -EINVAL, 1, 2, 0},
		{"-7", -EINVAL, 1, 2, 0},
		{"7-101", -ERANGE, 1, 2, 0},
		{"", -EINVAL, 1, 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *at = cases[i].text, *end = at + strlen(at);
		uint64_t first = 1, last = 2;

		assert_int_equal(scan_range(&at, end, 100, &first, &last), cases[i].result);
		assert_int_equal(first, cases[i].first);
		assert_int_equal(last, cases[i].last);
		assert_ptr_equal(at, cases[i].text + cases[i].length);
	}
}

static void test_scan_literal(void **state)
{
	const char text[] = "abcd", *at = text, *end = text + 3;

	(void)state;
	assert_false(scan_literal(&at, end, "ac"));
	assert_false(scan_literal(&at, end, "abcd"));
	assert_ptr_equal(at, text);
	assert_true(scan_literal(&at, end, ""));
	assert_true(scan_literal(&at, end, "ab"));
	assert_true(scan_literal(&at, end, "c"));
	assert_false(scan_literal(&at, end, "d"));
	assert_ptr_equal(at, end);
}

static void test_scan_line(void **state)
{
	const char text[] = "ab\n\nc", *at = text, *end = text + strlen(text), *line, *line_end;

	(void)state;
	assert_true(scan_line(&at, end, &line, &line_end));
	assert_ptr_equal(line, text);
	assert_ptr_equal(line_end, text + 2);
	assert_true(scan_line(&at, end, &line, &line_end));
	assert_ptr_equal(line, line_end);
	assert_true(scan_line(&at, end, &line, &line_end));
	assert_ptr_equal(line, text + 4);
	assert_ptr_equal(line_end, end);
	assert_false(scan_line(&at, end, &line, &line_end));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_numbers),
		cmocka_unit_test(test_scan_decimal_stops_at_end),
		cmocka_unit_test(test_scan_blanks),
		cmocka_unit_test(test_scan_range),
		cmocka_unit_test(test_scan_literal),
		cmocka_unit_test(test_scan_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

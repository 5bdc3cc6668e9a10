/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/utf8.h"
#include "unit.h"

#include <string.h>

static void test_utf8_printable_length(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} rows[] = {
		{"a", 1},
		{" ", 1},
		{"~", 1},
		{"\xc2\xa0", 2},         /* U+00A0 */
		{"\xc3\xa4", 2},         /* U+00E4 */
		{"\xdf\xbf", 2},         /* U+07FF */
		{"\xe0\xa0\x80", 3},     /* U+0800 */
		{"\xe2\x82\xac", 3},     /* U+20AC */
		{"\xed\x9f\xbf", 3},     /* U+D7FF */
		{"\xee\x80\x80", 3},     /* U+E000 */
		{"\xf0\x90\x80\x80", 4}, /* U+10000 */
		{"\xf4\x8f\xbf\xbf", 4}, /* U+10FFFF */
		/* control characters */
		{"", 0},
		{"\x01", 0},
		{"\033", 0},
		{"\n", 0},
		{"\x1f", 0},
		{"\x7f", 0},
		{"\xc2\x80", 0}, /* C1 */
		{"\xc2\x9b", 0}, /* CSI, like ESC [ */
		{"\xc2\x9f", 0},
		/* direction and lines */
		{"\xd8\x9c", 0},     /* U+061C ARABIC LETTER MARK */
		{"\xe2\x80\x8e", 0}, /* U+200E LEFT-TO-RIGHT MARK */
		{"\xe2\x80\x8f", 0}, /* U+200F RIGHT-TO-LEFT MARK */
		{"\xe2\x80\xa8", 0}, /* U+2028 LINE SEPARATOR */
		{"\xe2\x80\xa9", 0}, /* U+2029 PARAGRAPH SEPARATOR */
		{"\xe2\x80\xaa", 0}, /* U+202A LEFT-TO-RIGHT EMBEDDING */
		{"\xe2\x80\xae", 0}, /* U+202E RIGHT-TO-LEFT OVERRIDE */
		{"\xe2\x81\xa6", 0}, /* U+2066 LEFT-TO-RIGHT ISOLATE */
		{"\xe2\x81\xa9", 0}, /* U+2069 POP DIRECTIONAL ISOLATE */
		/* not UTF-8 */
		{"\x80", 0},
		{"\xbf", 0},
		{"\xc0\xaf", 0},         /* overlong */
		{"\xc1\xbf", 0},         /* overlong */
		{"\xe0\x9f\xbf", 0},     /* overlong */
		{"\xf0\x8f\xbf\xbf", 0}, /* overlong */
		{"\xed\xa0\x80", 0},     /* U+D800, a surrogate */
		{"\xed\xbf\xbf", 0},     /* U+DFFF, a surrogate */
		{"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
		{"\xf8\x88\x80\x80\x80", 0},
		{"\xff", 0},
		/* cut short */
		{"\xc3", 0},
		{"\xe2\x82", 0},
		{"\xe2\x82g", 0},
		{"\xf0\x90\x80", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (utf8_printable_length(rows[i].text) != rows[i].length)
			fail_msg("row %zu: %zu", i, utf8_printable_length(rows[i].text));
}

static void test_utf8_complete_length(void **state)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x90\x80\x80z";
	static const size_t complete[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};

	(void)state;
	assert_int_equal(sizeof(text), ARRAY_SIZE(complete));
	for (size_t length = 0; length < ARRAY_SIZE(complete); length++)
		assert_int_equal(utf8_complete_length(text, length), complete[length]);
}

/* What is not UTF-8 may be cut anywhere, but the end is found without a long search. */
static void test_utf8_complete_length_of_other_bytes(void **state)
{
	(void)state;
	assert_int_equal(utf8_complete_length("\x80\x80\x80\x80\x80", 5), 5);
	assert_int_equal(utf8_complete_length("\xc3\x80\x80\x80\x80", 5), 5);
	assert_int_equal(utf8_complete_length("\x80", 1), 1);
	assert_int_equal(utf8_complete_length("ab\xff", 3), 2);
}

static void test_utf8_printable(void **state)
{
	static const struct {
		size_t size;
		const char *text, *printable;
	} rows[] = {
		{1, "abc", ""},
		{4, "abc", "abc"},
		{3, "abc", "ab"},
		{16, "a\033[2J\tb", "a?[2J?b"},
		{16,
			"\xc2\x9b"
			"31m",
			"??31m"},
		{16, "x\xe2\x80\xaey", "x???y"},
		{16, "\xff\xc3", "??"},
		{4, "a\xc3\xa4", "a\xc3\xa4"},
		{3, "a\xc3\xa4", "a"},
		{3, "a\xff\xff", "a?"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buf[16];

		assert_ptr_equal(utf8_printable(buf, rows[i].size, rows[i].text), buf);
		assert_string_equal(buf, rows[i].printable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_printable_length),
		cmocka_unit_test(test_utf8_complete_length),
		cmocka_unit_test(test_utf8_complete_length_of_other_bytes),
		cmocka_unit_test(test_utf8_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

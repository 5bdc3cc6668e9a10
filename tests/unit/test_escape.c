/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/escape.h"
#include "basic/macro.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static char *written(const char *text)
{
	struct string s = string_up_to(4096);
	char *word = NULL;

	escape_add(&s, text);
	assert_int_equal(string_take(&s, &word, NULL), 0);
	return word;
}

static void test_escape_add(void **state)
{
	static const char *const rows[][2] = {
		{"", "-"},
		{"-", "\\055"},
		{"--", "--"},
		{"a-b", "a-b"},
		{"a b\tc\nd\\e", "a\\040b\\011c\\012d\\134e"},
		{"\033[2J", "\\033[2J"},
		{"\177\200\377", "\\177\\200\\377"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *word = written(rows[i][0]);

		assert_string_equal(word, rows[i][1]);
		free(word);
	}
}

static void test_escape_take_round_trip(void **state)
{
	char text[256];

	(void)state;
	/* Every byte but the NUL, also each alone. */
	for (unsigned from = 1; from < 256; from++) {
		for (unsigned size = 0; size <= 255; size += from == 1 ? 255 : 1) {
			char read[256], *word;
			const char *at;

			if (from > 1 && size > 1)
				break;
			for (unsigned i = 0; i < size; i++)
				text[i] = (char)(from + i);
			text[size] = '\0';
			word = written(text);
			at = word;
			assert_true(escape_take(&at, word + strlen(word), read, sizeof(read)));
			assert_string_equal(read, text);
			assert_int_equal(*at, '\0');
			free(word);
		}
	}
}

static void test_escape_take_stops(void **state)
{
	static const char text[] = "one two\nthree";
	const char *at = text, *end = text + strlen(text);
	char word[8];

	(void)state;
	assert_true(escape_take(&at, end, word, sizeof(word)));
	assert_string_equal(word, "one");
	/* A blank is not a word. */
	assert_false(escape_take(&at, end, word, sizeof(word)));
	at++;
	assert_true(escape_take(&at, end, word, sizeof(word)));
	assert_string_equal(word, "two");
	at++;
	assert_true(escape_take(&at, at + 2, word, sizeof(word)));
	assert_string_equal(word, "th");
	assert_true(escape_take(&at, end, word, 4));
	assert_string_equal(word, "ree");
	assert_false(escape_take(&at, end, word, sizeof(word)));
}

static void test_escape_take_refuses(void **state)
{
	static const char *const rows[] = {
		"\\", "\\04", "\\048", "\\000", "\\400", "\\777", "a\\", "\\x20", "12345678"};
	char word[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = rows[i];

		assert_false(escape_take(&at, at + strlen(at), word, sizeof(word)));
		assert_ptr_equal(at, rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape_add),
		cmocka_unit_test(test_escape_take_round_trip),
		cmocka_unit_test(test_escape_take_stops),
		cmocka_unit_test(test_escape_take_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

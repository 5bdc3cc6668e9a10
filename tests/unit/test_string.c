/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Fails allocations from now on: -Wl,--wrap=reallocarray. */
void *__real_reallocarray(void *p, size_t count, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);

static bool is_memory_short;

void *__wrap_reallocarray(void *p, size_t count, size_t size)
{
	return is_memory_short ? NULL : __real_reallocarray(p, count, size);
}

static void test_string_starts_empty(void **state)
{
	char buffer[4] = "xyz";
	struct string in = STRING_IN(buffer), up = string_up_to(4);
	char *text;
	size_t size = 1;

	(void)state;
	assert_string_equal(buffer, "");
	assert_int_equal(in.length, 0);
	assert_int_equal(string_take(&up, &text, &size), 0);
	assert_string_equal(text, "");
	assert_int_equal(size, 0);
	free(text);
}

static void test_string_adds_in_order(void **state)
{
	struct string s = string_up_to(1000);
	char *text;
	size_t size;

	(void)state;
	string_add(&s, "a");
	string_add_bytes(&s, "bcd", 2);
	string_add_char(&s, 'd');
	string_addf(&s, "%d-%s", 7, "e");
	string_add(&s, "");
	assert_int_equal(string_take(&s, &text, &size), 0);
	assert_string_equal(text, "abcd7-e");
	assert_int_equal(size, 7);
	free(text);
	/* It can be used again. */
	string_add(&s, "f");
	assert_int_equal(string_take(&s, &text, NULL), 0);
	assert_string_equal(text, "f");
	free(text);
}

/* The same text in each kind to add it, in a buffer or in growing memory of every size around it.
 */
static void add_by(unsigned kind, struct string *s, const char *text)
{
	if (kind == 0)
		string_add(s, text);
	else if (kind == 1)
		string_addf(s, "%s", text);
	else
		for (; *text; text++)
			string_add_char(s, *text);
}

static void assert_cut(unsigned kind, const char *before, const char *text, size_t size)
{
	char buffer[64], complete[64];
	struct string fixed = string_in(buffer, size), growing = string_up_to(size);
	const size_t length = strlen(before) + strlen(text);
	struct string *const both[] = {&fixed, &growing};

	strcpy(complete, before);
	strcat(complete, text);
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		struct string *s = both[i];

		string_add(s, before);
		add_by(kind, s, text);
		assert_int_equal(s->error, length < size ? 0 : -EOVERFLOW);
		assert_in_range(s->length, 0, size - 1);
		assert_int_equal(strlen(s->text), s->length);
		assert_memory_equal(s->text, complete, s->length);
		/* Each character has two bytes here. */
		assert_int_equal(s->length, MIN(length, size - 1) & ~(size_t)1);
		/* Nothing comes behind what was cut. */
		if (s->error)
			string_add_char(s, 'x');
		assert_true(!s->length || s->text[s->length - 1] != 'x');
	}
	string_release(&growing);
}

static void test_string_cuts_where_a_character_ends(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 3; kind++)
		for (size_t size = 1; size < 24; size++) {
			assert_cut(kind, "", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", size);
			assert_cut(kind, "\xc3\xa4\xc3\xb6", "\xc3\xbc\xc3\x9f\xc3\xa4", size);
			assert_cut(kind, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", "\xc3\xa4", size);
		}
}

/* Lengths at which memory grows, to the byte. */
static void test_string_fits_exactly(void **state)
{
	char longest[130];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	for (size_t length = 0; length < sizeof(longest); length++) {
		struct string by_format = string_up_to(length + 1);
		struct string by_bytes = string_up_to(length + 1);

		string_addf(&by_format, "%.*s", (int)length, longest);
		string_add_bytes(&by_bytes, longest, length);
		assert_int_equal(by_format.error, 0);
		assert_int_equal(by_format.length, length);
		assert_string_equal(by_format.text, by_bytes.text ? by_bytes.text : "");
		string_add_char(&by_format, 'b');
		string_addf(&by_bytes, "%c", 'b');
		assert_int_equal(by_format.error, -EOVERFLOW);
		assert_int_equal(by_bytes.error, -EOVERFLOW);
		assert_int_equal(by_format.length, length);
		string_release(&by_format);
		string_release(&by_bytes);
	}
}

static void test_string_error_is_kept(void **state)
{
	struct string s = string_up_to(4);
	char *text = NULL;
	size_t size = 7;

	(void)state;
	string_add(&s, "abcd");
	string_add(&s, "");
	assert_int_equal(s.error, -EOVERFLOW);
	assert_string_equal(s.text, "abc");
	assert_int_equal(string_take(&s, &text, &size), -EOVERFLOW);
	assert_null(text);
	assert_int_equal(size, 7);
	assert_int_equal(s.error, 0);
	assert_null(s.text);
	string_release(&s);
}

static void test_string_up_to_0_has_no_room(void **state)
{
	struct string s = string_up_to(0);
	char *text;

	(void)state;
	string_add(&s, "a");
	assert_int_equal(string_take(&s, &text, NULL), -EOVERFLOW);
}

static void test_string_without_memory(void **state)
{
	char *text = NULL;

	(void)state;
	for (unsigned kind = 0; kind < 3; kind++) {
		struct string s = string_up_to(1000);

		is_memory_short = true;
		add_by(kind, &s, "a");
		assert_int_equal(s.error, -ENOMEM);
		is_memory_short = false;
		add_by(kind, &s, "a");
		assert_int_equal(string_take(&s, &text, NULL), -ENOMEM);
		assert_null(text);

		/* What was there before stays. */
		string_add(&s, "before");
		is_memory_short = true;
		add_by(kind, &s, "0123456789012345678901234567890123456789");
		assert_int_equal(s.error, -ENOMEM);
		assert_memory_equal(s.text, "before", 6);
		assert_int_equal(strlen(s.text), s.length);
		is_memory_short = false;
		string_release(&s);
	}
}

static void test_string_add_printable(void **state)
{
	char buffer[8];
	struct string s = STRING_IN(buffer);

	(void)state;
	string_add_printable(&s, "a\033\xc3\xa4\xff\n");
	assert_string_equal(buffer, "a?\xc3\xa4??");
	/* A character that does not fit goes completely. */
	string_add_printable(&s, "\xe2\x82\xac");
	assert_string_equal(buffer, "a?\xc3\xa4??");
	assert_int_equal(s.error, -EOVERFLOW);
}

/* A list that keeps as many complete items as fit. */
static void test_string_cut_takes_an_item_back(void **state)
{
	char buffer[10];
	struct string s = STRING_IN(buffer);
	size_t length = 0;

	(void)state;
	for (unsigned i = 10; s.error == 0; i++) {
		length = s.length;
		string_addf(&s, "%u,", i);
	}
	string_cut(&s, length);
	assert_string_equal(buffer, "10,11,12,");
	assert_int_equal(s.error, 0);
	string_cut(&s, 100);
	assert_string_equal(buffer, "10,11,12,");
	string_cut(&s, 0);
	assert_string_equal(buffer, "");
	string_add_char(&s, 'a');
	assert_string_equal(buffer, "a");
}

static void test_string_print(void **state)
{
	char buffer[6];

	(void)state;
	STRING_PRINT(buffer, "%s", "12345");
	assert_string_equal(buffer, "12345");
	STRING_PRINT(buffer, "%d%s", 123, "\xc3\xa4\xc3\xb6");
	assert_string_equal(buffer, "123\xc3\xa4");
	STRING_PRINT(buffer, "%d%s", 1234, "\xc3\xa4\xc3\xb6");
	assert_string_equal(buffer, "1234");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_string_starts_empty),
		cmocka_unit_test(test_string_adds_in_order),
		cmocka_unit_test(test_string_cuts_where_a_character_ends),
		cmocka_unit_test(test_string_fits_exactly),
		cmocka_unit_test(test_string_error_is_kept),
		cmocka_unit_test(test_string_up_to_0_has_no_room),
		cmocka_unit_test(test_string_without_memory),
		cmocka_unit_test(test_string_add_printable),
		cmocka_unit_test(test_string_cut_takes_an_item_back),
		cmocka_unit_test(test_string_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

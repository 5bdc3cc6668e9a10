/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "model/port_set.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void test_port_set_parse_ports_and_ranges(void **state)
{
	struct port_set set = {0};
	const char *word;
	size_t length;
	unsigned count = 0;

	(void)state;
	assert_int_equal(port_set_parse(&set, "7777,27015-27030,0,65535", &word, &length), 0);
	for (unsigned port = 0; port <= UINT16_MAX; port++)
		count += port_set_has(&set, (uint16_t)port);
	assert_int_equal(count, 1 + 16 + 2);
	assert_true(port_set_has(&set, 7777));
	assert_true(port_set_has(&set, 27015));
	assert_true(port_set_has(&set, 27030));
	assert_false(port_set_has(&set, 27031));
	assert_true(port_set_has(&set, 0));
	assert_true(port_set_has(&set, 65535));
}

static void test_port_set_parse_names_the_wrong_word(void **state)
{
	static const struct {
		const char *list, *word;
	} rows[] = {
		{"", ""},
		{"80,http", "http"},
		{"65536", "65536"},
		{"99999999999999999999", "99999999999999999999"},
		{"30-20,80", "30-20"},
		{"1-", "1-"},
		{"-1", "-1"},
		{"80 ", "80 "},
		{"80,,81", ""},
		{"+80", "+80"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct port_set set = {0};
		const char *word = NULL;
		size_t length = 0;

		assert_int_equal(port_set_parse(&set, rows[i].list, &word, &length), -EINVAL);
		assert_int_equal(length, strlen(rows[i].word));
		assert_memory_equal(word, rows[i].word, length);
	}
}

static void test_port_set_format_round_trip(void **state)
{
	static const char *const lists[] = {"0", "65535", "7777,27015-27030", "0-65535", "1,3,5-6"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct port_set set = {0};
		const char *word;
		size_t length;
		char *text;

		assert_int_equal(port_set_parse(&set, lists[i], &word, &length), 0);
		text = port_set_format(&set);
		assert_string_equal(text, lists[i]);
		free(text);
	}
}

static void test_port_set_format_joins_and_sorts(void **state)
{
	struct port_set set = {0};
	char *text;

	(void)state;
	text = port_set_format(&set);
	assert_string_equal(text, "");
	free(text);
	port_set_add(&set, 81);
	port_set_add(&set, 80);
	port_set_add(&set, 22);
	text = port_set_format(&set);
	assert_string_equal(text, "22,80-81");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_set_format_round_trip),
		cmocka_unit_test(test_port_set_format_joins_and_sorts),
		cmocka_unit_test(test_port_set_parse_ports_and_ranges),
		cmocka_unit_test(test_port_set_parse_names_the_wrong_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

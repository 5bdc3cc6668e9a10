/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/state.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static enum tcp_state parsed(const char *name)
{
	enum tcp_state s = STATE_COUNT;

	assert_int_equal(state_from_name(name, strlen(name), &s), 0);
	return s;
}

static void test_state_from_name_spellings(void **state)
{
	(void)state;
	assert_int_equal(parsed("CLOSE_WAIT"), STATE_CLOSE_WAIT);
	assert_int_equal(parsed("close-wait"), STATE_CLOSE_WAIT);
	assert_int_equal(parsed("FIN_WAIT1"), STATE_FIN_WAIT_1);
	assert_int_equal(parsed("fin-wait-2"), STATE_FIN_WAIT_2);
	assert_int_equal(parsed("closing"), STATE_CLOSING);
	assert_int_equal(parsed("close"), STATE_CLOSE);
	assert_int_equal(parsed("bound-inactive"), STATE_BOUND_INACTIVE);
}

static void test_state_from_name_reads_back_every_name(void **state)
{
	(void)state;
	STATE_FOREACH(s)
		assert_int_equal(parsed(state_name(s)), s);
}

static void test_state_from_name_refuses(void **state)
{
	static const char *const wrong[] = {
		"", "_", "CLOS", "CLOSE_WAITS", "TIME WAIT", "estab", "FIN_WAIT_3"};
	enum tcp_state s;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(state_from_name(wrong[i], strlen(wrong[i]), &s), -EINVAL);
}

static void test_state_set_parse_list(void **state)
{
	state_set set;
	const char *word;
	size_t length;

	(void)state;
	assert_int_equal(state_set_parse("close_wait,FIN_WAIT_2", &set, &word, &length), 0);
	assert_int_equal(set, STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_FIN_WAIT_2));
}

static void test_state_set_parse_names_the_wrong_word(void **state)
{
	static const struct {
		const char *list, *word;
	} rows[] = {
		{"close_wait,nonsense,listen", "nonsense"},
		{"", ""},
		{"listen,", ""},
		{",listen", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		state_set set = 42;
		const char *word = NULL;
		size_t length = 0;

		assert_int_equal(state_set_parse(rows[i].list, &set, &word, &length), -EINVAL);
		assert_int_equal(length, strlen(rows[i].word));
		assert_memory_equal(word, rows[i].word, length);
		assert_int_equal(set, 42);
	}
}

static void test_state_from_kernel_numbers(void **state)
{
	enum tcp_state s;

	(void)state;
	assert_int_equal(state_from_kernel(1, &s), 0);
	assert_int_equal(s, STATE_ESTABLISHED);
	assert_int_equal(state_from_kernel(8, &s), 0);
	assert_int_equal(s, STATE_CLOSE_WAIT);
	assert_int_equal(state_from_kernel(13, &s), 0);
	assert_int_equal(s, STATE_BOUND_INACTIVE);
	assert_int_equal(state_from_kernel(0, &s), -EINVAL);
	assert_int_equal(state_from_kernel(12, &s), -EINVAL);
	assert_int_equal(state_from_kernel(14, &s), -EINVAL);
	assert_int_equal(state_from_kernel(255, &s), -EINVAL);
}

static void test_state_set_to_kernel_masks(void **state)
{
	(void)state;
	assert_int_equal(state_set_to_kernel(STATE_BIT(STATE_TIME_WAIT)), 1 << 6);
	assert_int_equal(state_set_to_kernel(STATE_SET_CLOSING), 0xb70);
	assert_int_equal(state_set_to_kernel(STATE_SET_ALL), 0x2ffe);
	/* The kernel lists sockets in CLOSE among the bound ones only. */
	assert_int_equal(state_set_to_kernel(STATE_BIT(STATE_CLOSE)), 1 << 7 | 1 << 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_from_name_spellings),
		cmocka_unit_test(test_state_from_name_reads_back_every_name),
		cmocka_unit_test(test_state_from_name_refuses),
		cmocka_unit_test(test_state_set_parse_list),
		cmocka_unit_test(test_state_set_parse_names_the_wrong_word),
		cmocka_unit_test(test_state_from_kernel_numbers),
		cmocka_unit_test(test_state_set_to_kernel_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

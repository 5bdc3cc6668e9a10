/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "unit.h"

#include "judge/threshold.h"

#include <errno.h>
#include <string.h>

static struct thresholds parse(const char *list)
{
	struct thresholds t = {0};
	const char *word;
	size_t length;

	assert_int_equal(thresholds_parse(&t, list, &word, &length), 0);
	return t;
}

static void test_range_alerts_by_the_guidelines(void **state)
{
	/* The table of the guidelines, as far as numbers cannot be negative. */
	static const struct {
		const char *range;
		uint64_t value;
		bool alerts;
	} rows[] = {
		{"10", 10, false},
		{"10", 11, true},
		{"10:", 9, true},
		{"10:", 10, false},
		{"~:10", 0, false},
		{"~:10", 11, true},
		{"10:20", 9, true},
		{"10:20", 10, false},
		{"10:20", 20, false},
		{"10:20", 21, true},
		{"@10:20", 9, false},
		{"@10:20", 10, true},
		{"@10:20", 20, true},
		{"@10:20", 21, false},
		{"@10", 0, true},
		{":10", 11, true},
		{"0", 0, false},
		{"0", 1, true},
		{"1:", 0, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct thresholds t = parse(rows[i].range);

		assert_int_equal(range_alerts(&t.closing_memory, rows[i].value), rows[i].alerts);
	}
}

static void test_range_alerts_never_when_not_set(void **state)
{
	const struct range r = {0};

	(void)state;
	assert_false(range_alerts(&r, 0));
	assert_false(range_alerts(&r, UINT64_MAX));
}

static void test_range_format_as_in_performance_data(void **state)
{
	static const struct {
		const char *range, *text;
	} rows[] = {
		{"500", "500"},
		{"0:500", "500"},
		{"~:500", "500"},
		{"10:", "10:"},
		{"10:20", "10:20"},
		{"@10:20", "@10:20"},
		{"@5", "@5"},
		{"50M", "52428800"},
		{"1K:2g", "1024:2147483648"},
		{"18446744073709551614", "18446744073709551614"},
	};
	const struct range unset = {0};
	char buf[RANGE_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct thresholds t = parse(rows[i].range);

		assert_string_equal(range_format(buf, &t.closing_memory), rows[i].text);
	}
	assert_string_equal(range_format(buf, &unset), "");
}

static void test_thresholds_parse_list_and_repetition(void **state)
{
	struct thresholds t = parse("50M,CLOSE_WAIT=500,time-wait=10:20000,CLOSE_WAIT=600");
	const char *word;
	size_t length;

	(void)state;
	assert_true(t.closing_memory.set);
	assert_int_equal(t.closing_memory.end, 50 << 20);
	assert_int_equal(t.states[STATE_CLOSE_WAIT].end, 600);
	assert_int_equal(t.states[STATE_TIME_WAIT].start, 10);
	assert_int_equal(t.states[STATE_TIME_WAIT].end, 20000);
	assert_false(t.states[STATE_FIN_WAIT_2].set);

	assert_int_equal(thresholds_parse(&t, "fin_wait_2=7", &word, &length), 0);
	assert_int_equal(t.states[STATE_FIN_WAIT_2].end, 7);
	assert_int_equal(t.states[STATE_CLOSE_WAIT].end, 600);
}

static void test_thresholds_parse_names_the_wrong_word(void **state)
{
	static const struct {
		const char *list, *word;
	} rows[] = {
		{"", ""}, {"50M,", ""}, {",50M", ""}, {"50M,bogus", "bogus"},
		{"CLOSE_WAIT", "CLOSE_WAIT"}, {"CLOSE_WAIT=", "CLOSE_WAIT="},
		{"CLOSE_WAIT=5K,1", "CLOSE_WAIT=5K"}, /* sizes are for memory */
		{"CLOSED=5", "CLOSED=5"}, {"=5", "=5"}, {"-5", "-5"}, {"+5", "+5"}, {" 5", " 5"},
		{"5 ", "5 "}, {"1.5G", "1.5G"}, {"5MB", "5MB"}, {"0x10", "0x10"}, {"@", "@"},
		{"@@5", "@@5"}, {"20:10", "20:10"}, {"~", "~"}, {"~5:10", "~5:10"}, {"5:~", "5:~"},
		{"1:2:3", "1:2:3"}, {"18446744073709551615", "18446744073709551615"},
		{"18446744073709551616", "18446744073709551616"},
		{"99999999999999999999999999", "99999999999999999999999999"},
		{"16777216T", "16777216T"}, /* 2^64 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct thresholds t = {0};
		const char *word = NULL;
		size_t length = 0;

		assert_int_equal(thresholds_parse(&t, rows[i].list, &word, &length), -EINVAL);
		assert_int_equal(length, strlen(rows[i].word));
		assert_memory_equal(word, rows[i].word, length);
		assert_true(word >= rows[i].list && word <= rows[i].list + strlen(rows[i].list));
	}
}

static void test_thresholds_any(void **state)
{
	struct thresholds t = {0};

	(void)state;
	assert_false(thresholds_any(&t));
	t.states[STATE_BOUND_INACTIVE].set = true;
	assert_true(thresholds_any(&t));
	t = parse("0");
	assert_true(thresholds_any(&t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_range_alerts_by_the_guidelines),
		cmocka_unit_test(test_range_alerts_never_when_not_set),
		cmocka_unit_test(test_range_format_as_in_performance_data),
		cmocka_unit_test(test_thresholds_parse_list_and_repetition),
		cmocka_unit_test(test_thresholds_parse_names_the_wrong_word),
		cmocka_unit_test(test_thresholds_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "unit.h"

#include "basic/utf8.h"
#include "judge/diagnosis.h"
#include "output/words.h"
#include "sample_event.h"
#include "sentence.h"

#include <string.h>
#include <sys/socket.h>

static void test_words_name_is_bounded_where_a_character_ends(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		const char *expected;
	} rows[] = {
		{"", 4, ""}, {"abcd", 4, "abcd"}, {"abcde", 4, "a..."},
		{"ab\xc3\xa9", 4, "ab\xc3\xa9"},
		{"a\xc3\xa9"
		 "bc",
			4, "a..."},
		{"\xc3\xa9"
		 "bcd",
			4, "..."},
		{"\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9", 8, "\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9"},
		{"\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9x", 8, "\xf0\x9f\x92\xa9..."},
		{"a\nb\xff", 4, "a?b?"},
		{"\xe2\x80\xae"
		 "abc",
			9, "???abc"}, /* RIGHT-TO-LEFT OVERRIDE */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buffer[64];
		struct string s = STRING_IN(buffer);

		words_name(&s, rows[i].name, rows[i].max);
		assert_string_equal(buffer, rows[i].expected);
	}
}

static void assert_printable(const char *text)
{
	while (*text) {
		size_t length = utf8_printable_length(text);

		if (!length)
			fail_msg("not printable: %s", text);
		text += length;
	}
}

/* Whatever bytes the longest name has, and wherever it is cut, the numbers are behind it. */
static void test_long_names_leave_the_numbers(void **state)
{
	static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x92\xa9", "\xff", "\x1b", "\xe2\x80\xae"};
	static struct owner owner;
	char *name = owner.name;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(characters); i++) {
		for (size_t shift = 0; shift < 4; shift++) {
			const size_t length = strlen(characters[i]);
			struct finding f = {
				.id = "fin-wait-2-held",
				.has_port = true,
				.whose.owner = &owner,
				.sockets = 60,
				.memory_bytes = 232020,
				.oldest_ms = 60000,
				.usage = {UNKNOWN, UNKNOWN},
				.cause = CAUSE_NONE,
			};
			const char *sentence;

			memset(name, 'x', shift);
			for (size_t at = shift; at + length < sizeof(owner.name); at += length)
				strcpy(name + at, characters[i]);
			sentence = sentence_of_finding(&f);
			assert_printable(sentence);
			assert_non_null(strstr(sentence, "227 KiB"));
			assert_non_null(strstr(sentence, "oldest 60 s"));
			assert_non_null(strstr(sentence, "..."));
		}
	}
}

/* The same name is shown the same by an alert, which keeps only its beginning. */
static void test_an_alert_shows_as_much_of_a_name_as_a_finding(void **state)
{
	struct alert a = sample_event.alert;
	char *name = a.owner.name;

	(void)state;
	memset(name, 'x', sizeof(a.owner.name) - 1);
	assert_true(sizeof(a.owner.name) > OWNER_SHOWN + 1);
	assert_non_null(strstr(sentence_of_alert(&a), "xxx..."));
	assert_non_null(strstr(sentence_of_alert(&a), "oldest 15 min"));
}

static void test_every_diagnosis_and_cause_has_its_words(void **state)
{
	(void)state;
	for (const struct diagnosis *d = diagnoses; d->id; d++) {
		const struct advice general = words_advice(d->id, CAUSE_NONE);

		if (!general.why || !general.fix || !general.see)
			fail_msg("%s has no words", d->id);
		for (enum symptom c = 0; c < SYMPTOM_COUNT; c++) {
			const struct advice a = words_advice(d->id, c);

			if (!(d->causes & SYMPTOM_BIT(c)))
				continue;
			if (a.why == general.why || a.fix == general.fix)
				fail_msg("%s has no words for a cause", d->id);
			assert_non_null(name_of(cause_names, c));
		}
	}
	assert_null(words_advice(NULL, CAUSE_NONE).why);
	assert_null(words_advice("unknown", CAUSE_NONE).see);
}

#define V4                                                                                         \
	{                                                                                          \
		AF_INET,                                                                           \
		{                                                                                  \
			192, 0, 2, 7                                                               \
		}                                                                                  \
	}
#define V6                                                                                         \
	{                                                                                          \
		AF_INET6,                                                                          \
		{                                                                                  \
			0xfe, 0x80, [15] = 7                                                       \
		}                                                                                  \
	}

/* The address and the device are left out where the port has no other service. */
static void test_words_service(void **state)
{
	static const struct {
		struct sock_address address;
		uint32_t index;
		const char *device;
		bool is_only;
		const char *text;
	} rows[] = {
		{{0}, 0, NULL, false, "80"},
		{{0}, 0, "", false, "80"},
		{V4, 0, NULL, false, "192.0.2.7:80"},
		{V4, 0, NULL, true, "80"},
		{V4, 4, NULL, false, "192.0.2.7%4:80"},
		{V4, 4, "eth1", false, "192.0.2.7%eth1:80"},
		{V4, 4, "eth1", true, "80"},
		{V6, 4, "eth1", false, "[fe80::7%eth1]:80"},
		{{0}, 4, "eth1", false, "*%eth1:80"},
		/* That of an alert that was read back has no index. */
		{{0}, 0, "eth1", false, "*%eth1:80"},
		{{0}, 4, "e\033\xff", false, "*%e??:80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct service_key k = {
			.address = rows[i].address, .device = rows[i].index, .port = 80};
		char text[80];
		struct string s = STRING_IN(text);

		words_service(&s, &k, rows[i].device, rows[i].is_only);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_service),
		cmocka_unit_test(test_words_name_is_bounded_where_a_character_ends),
		cmocka_unit_test(test_long_names_leave_the_numbers),
		cmocka_unit_test(test_an_alert_shows_as_much_of_a_name_as_a_finding),
		cmocka_unit_test(test_every_diagnosis_and_cause_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

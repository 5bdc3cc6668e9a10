/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/nearest.h"
#include "unit.h"

#include <string.h>

static const char *nearest_key(const char *word)
{
	static const char *const keys[] = {
		"interval", "states", "side", "keep", "for", "no", "yes", "CLOSE_WAIT", "CLOSE"};
	struct nearest n = nearest_to(word, strlen(word));

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		nearest_offer(&n, keys[i]);
	return n.candidate;
}

static void test_nearest_allows_as_many_edits_as_the_length_bears(void **state)
{
	static const struct {
		const char *word, *key;
	} rows[] = {
		{"interval", "interval"}, {"intervall", "interval"}, /* one too many */
		{"intrval", "interval"},                             /* one missing */
		{"imterval", "interval"},                            /* one wrong */
		{"intevral", "interval"},                            /* two swapped: one edit */
		{"nitevral", "interval"},                            /* twice */
		{"inter", NULL},                                     /* three missing */
		{"INTERVALS", "interval"},                           /* case does not count */
		{"stats", "states"}, {"CLOSED", "CLOSE"},            /* the closest one */
		{"CLOSEWAIT", "CLOSE_WAIT"}, {"kep", "keep"},
		{"kp", NULL},                   /* nothing for a word of two letters */
		{"on", NULL},                   /* least of all its opposite */
		{"NO", "no"}, {"sied", "side"}, /* one edit in four letters */
		{"sdies", "side"},              /* two in five */
		{"fxyr", NULL},                 /* two in four */
		{"", NULL}, {"\xc3\xa4interval", "interval"}, /* a foreign letter is two bytes */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *key = nearest_key(rows[i].word);

		if (strcmp(key ? key : "", rows[i].key ? rows[i].key : "") != 0)
			fail_msg("'%s': '%s'", rows[i].word, key ? key : "nothing");
	}
}

static void test_nearest_knows_no_word_longer_than_any_name(void **state)
{
	char word[65], longer[66];
	struct nearest n;

	(void)state;
	memset(word, 'x', 64);
	word[64] = '\0';
	memset(longer, 'x', 65);
	longer[65] = '\0';
	n = nearest_to(word, 64);
	nearest_offer(&n, longer);
	assert_null(n.candidate);
	nearest_offer(&n, word);
	assert_ptr_equal(n.candidate, word);
	n = nearest_to(longer, 65);
	nearest_offer(&n, word);
	assert_null(n.candidate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest_allows_as_many_edits_as_the_length_bears),
		cmocka_unit_test(test_nearest_knows_no_word_longer_than_any_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

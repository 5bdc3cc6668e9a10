/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each kind of value is parsed, printed and described. */
#include "config/types.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/macro.h"

#include <errno.h>
#include <string.h>

static void *place_of(const struct value *v)
{
	return (char *)v->object + v->row->place;
}

static const void *const_place_of(const struct key_row *row, const void *object)
{
	return (const char *)object + row->place;
}

/* An integer of any size, for a table that knows its size only. */
union integer {
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
};

static void store_value(const struct value *v, uint64_t value)
{
	union integer n = {.u64 = value};
	const struct key_row *row = v->row;
	void *place = place_of(v);

	if (row->store == STORE_DOUBLE) {
		*(double *)place = (double)value / 1000;
		return;
	}
	if (row->store == STORE_SIDES) {
		((bool *)place)[SIDE_SERVER] = value != SIDE_CLIENT;
		((bool *)place)[SIDE_CLIENT] = value != SIDE_SERVER;
		return;
	}
	if (row->size == sizeof(n.u32))
		n.u32 = (uint32_t)value;
	else if (row->size == sizeof(n.u16))
		n.u16 = (uint16_t)value;
	else if (row->size == sizeof(n.u8))
		n.u8 = (uint8_t)value;
	memcpy(place, &n, row->size);
}

static uint64_t stored_value(const struct key_row *row, const void *object)
{
	const void *place = const_place_of(row, object);
	const bool *sides = place;
	union integer n = {0};

	if (row->store == STORE_DOUBLE)
		return (uint64_t)(*(const double *)place * 1000 + 0.5);
	if (row->store == STORE_SIDES && sides[SIDE_SERVER] == sides[SIDE_CLIENT])
		return SIDE_COUNT;
	if (row->store == STORE_SIDES)
		return sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT;
	memcpy(&n, place, row->size);
	if (row->size == sizeof(n.u64))
		return n.u64;
	return row->size == sizeof(n.u32) ? n.u32 : row->size == sizeof(n.u16) ? n.u16 : n.u8;
}

/* -- numbers ------------------------------------------------------------------------------- */

static int number_parse(const struct value *v, char *text)
{
	const struct key_row *row = v->row;
	uint64_t value = 0;
	int r = 0;

	if (!row->zero_word || strcmp(text, row->zero_word) != 0)
		r = quantity_parse(row->quantity, text, strlen(text), &row->range, &value);
	if (r == 0)
		store_value(v, value);
	return r;
}

static void number_print(const struct key_row *row, const void *object, FILE *out)
{
	uint64_t value = stored_value(row, object);
	char buf[QUANTITY_SIZE_MAX];

	if (value == 0 && row->zero_word)
		fputs(row->zero_word, out);
	else
		fputs(quantity_format(buf, row->quantity, value), out);
}

static void number_expect(const struct key_row *row, struct expectation *e)
{
	quantity_describe(&e->text, row->quantity, &row->range);
	if (row->zero_word)
		expectation_add_word(e, ", or ", row->zero_word);
}

const struct value_type type_number = {number_parse, number_print, .expect = number_expect};

/* -- one of a few words, or a set of them -------------------------------------------------- */

static int find_word(const struct key_row *row, const char *word)
{
	int i = row->find ? row->find(word) : name_parse(*row->words, word);

	return i < (int)row->first ? -EINVAL : i;
}

static void add_words(const struct key_row *row, const char *separator, struct expectation *e)
{
	for (size_t i = row->first; i < row->words->count; i++)
		expectation_add_word(e, i > row->first ? separator : "", name_of(*row->words, i));
}

static int word_parse(const struct value *v, char *text)
{
	int i = find_word(v->row, text);

	if (i >= 0)
		store_value(v, (uint64_t)i);
	return MIN(i, 0);
}

static void word_print(const struct key_row *row, const void *object, FILE *out)
{
	fputs(name_of(*row->words, stored_value(row, object)), out);
}

static void word_expect(const struct key_row *row, struct expectation *e)
{
	add_words(row, " or ", e);
}

const struct value_type type_word = {word_parse, word_print, .expect = word_expect};

/* Takes the next word off a list, without the blanks around it; NULL after the last one. */
static char *next_word(char **list)
{
	char *word = strsep(list, ",");
	size_t length;

	if (!word)
		return NULL;
	word += strspn(word, " \t");
	for (length = strlen(word); length && strchr(" \t", word[length - 1]); length--)
		word[length - 1] = '\0';
	return word;
}

static int refuse(const struct value *v, const char *word)
{
	config_refuse_word(v, word, strlen(word), (unsigned)(v->row - config_keys));
	return -EBADMSG;
}

static int set_parse(const struct value *v, char *text)
{
	bool is_all = v->row->all_word && strcmp(text, v->row->all_word) == 0;
	uint64_t set = is_all ? v->row->all : 0;
	int r = 0;

	for (char *word; !is_all && (word = next_word(&text));) {
		int i = find_word(v->row, word);

		if (i < 0)
			r = refuse(v, word);
		else
			set |= UINT64_C(1) << i;
	}
	store_value(v, set);
	return r;
}

static void set_print(const struct key_row *row, const void *object, FILE *out)
{
	uint64_t set = stored_value(row, object);
	const char *comma = "";

	if (row->all_word && set == row->all) {
		fputs(row->all_word, out);
		return;
	}
	for (size_t i = row->first; i < row->words->count; i++) {
		if (!(set >> i & 1))
			continue;
		fprintf(out, "%s%s", comma, name_of(*row->words, i));
		comma = ", ";
	}
}

static void set_expect(const struct key_row *row, struct expectation *e)
{
	if (row->all_word)
		expectation_add_word(e, "", row->all_word);
	string_add(&e->text, row->all_word ? ", or some of " : "some of ");
	add_words(row, ", ", e);
}

const struct value_type type_set = {set_parse, set_print, set_expect, .has_long_list = true};

/* -- files and commands -------------------------------------------------------------------- */

int config_store_text(char **place, const char *text)
{
	char *copy = NULL;

	if (text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	free(*place);
	*place = copy;
	return 0;
}

static int file_parse(const struct value *v, char *text)
{
	bool is_stdout = v->row->takes_stdout && strcmp(text, "stdout") == 0;

	if (strcmp(text, "none") == 0)
		return config_store_text(place_of(v), NULL);
	if (!is_stdout && (text[0] != '/' || text[strlen(text) - 1] == '/'))
		return -EINVAL;
	return config_store_text(place_of(v), text);
}

static void text_print(const struct key_row *row, const void *object, FILE *out)
{
	const char *text = *(char *const *)const_place_of(row, object);

	fputs(text ? text : "none", out);
}

static void file_expect(const struct key_row *row, struct expectation *e)
{
	if (row->takes_stdout) {
		expectation_add_word(e, "", "stdout");
		string_add(&e->text, ", ");
	}
	string_add(&e->text, "a file by its absolute path");
	expectation_add_word(e, ", or ", "none");
}

const struct value_type type_file = {file_parse, text_print, .expect = file_expect};

static int command_parse(const struct value *v, char *text)
{
	return config_store_text(place_of(v), text);
}

const struct value_type type_command = {
	command_parse, text_print, .expected = "a command for /bin/sh"};

/* -- ports --------------------------------------------------------------------------------- */

static int ports_parse(const struct value *v, char *text)
{
	struct service_set **place = place_of(v);
	cleanup_(freep) struct service_set *set = NULL;
	bool is_all = strcmp(text, "all") == 0;
	int r = 0;

	if (!is_all) {
		set = calloc(1, sizeof(*set));
		if (!set)
			return -ENOMEM;
	}
	for (char *word; !is_all && (word = next_word(&text));) {
		const char *wrong;
		size_t length;

		int error = service_set_parse(set, word, &wrong, &length);

		if (error == -E2BIG) {
			config_errors_expected(v->errors, &v->at, word, strlen(word),
				"at most %d of ADDRESS:PORT", SERVICE_RANGES_MAX);
			r = -EBADMSG;
			break;
		}
		if (error < 0)
			r = refuse(v, word);
	}
	free(*place);
	*place = TAKE_PTR(set);
	return r;
}

static void ports_print(const struct key_row *row, const void *object, FILE *out)
{
	const struct service_set *set = *(struct service_set *const *)const_place_of(row, object);
	cleanup_(freep) char *list = set ? service_set_format(set) : NULL;

	/* Without memory it ends in an error that the reader of this sees, not in every port. */
	fputs(!set ? "all" : list ? list : "?", out);
}

static void ports_expect(const struct key_row *row, struct expectation *e)
{
	(void)row;
	expectation_add_word(e, "", "all");
	string_add(&e->text, ", or ports and ranges from 0 to 65535, such as 7777,27015-27030, "
			     "192.0.2.7:80 or [2001:db8::1]:80");
}

const struct value_type type_ports = {ports_parse, ports_print, .expect = ports_expect};

/* -- names of rules ------------------------------------------------------------------------ */

bool config_name_is_valid(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
			name[i] != '-')
			return false;
	return length > 0 && length < RULE_NAME_SIZE;
}

/* config_validate() checks that the rules exist: they may be defined after the command. */
static int rule_names_parse(const struct value *v, char *text)
{
	cleanup_(freep) char(*names)[RULE_NAME_SIZE] = NULL;
	struct exec_config *exec = v->object;
	size_t count = 0, allocated = 0;
	bool is_all = strcmp(text, "all") == 0;
	int r = 0;

	for (char *word; !is_all && (word = next_word(&text));) {
		if (!config_name_is_valid(word, strlen(word))) {
			r = refuse(v, word);
			continue;
		}
		if (ARRAY_GROW(names, allocated, count + 1) < 0)
			return -ENOMEM;
		strcpy(names[count++], word);
	}
	free(exec->alerts);
	exec->alerts = TAKE_PTR(names);
	exec->alerts_count = count;
	return r;
}

static void rule_names_print(const struct key_row *row, const void *object, FILE *out)
{
	const struct exec_config *exec = object;

	(void)row;
	if (!exec->alerts_count)
		fputs("all", out);
	for (size_t i = 0; i < exec->alerts_count; i++)
		fprintf(out, "%s%s", i ? ", " : "", exec->alerts[i]);
}

static void rule_names_expect(const struct key_row *row, struct expectation *e)
{
	(void)row;
	expectation_add_word(e, "", "all");
	string_add(
		&e->text, ", or names of [alert NAME] sections, such as close-wait-leak,tcp-mem");
	for (size_t i = 0; i < built_in_rules_count; i++)
		nearest_offer(&e->nearest, built_in_rules[i].name);
}

const struct value_type type_rule_names = {
	rule_names_parse, rule_names_print, .expect = rule_names_expect};

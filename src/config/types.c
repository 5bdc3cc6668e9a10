/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each kind of value is read, printed and asked for. */
#include "config/types.h"

#include "basic/cleanup.h"
#include "basic/format.h"

#include <errno.h>
#include <string.h>

static void *place_of(const struct key_row *row, const struct subject *s)
{
	return (char *)s->object + row->place;
}

static const void *const_place_of(const struct key_row *row, const void *object)
{
	return (const char *)object + row->place;
}

/* -- numbers ------------------------------------------------------------------------------- */

static int number_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	void *place = place_of(row, s);
	uint64_t value = 0;
	int r = 0;

	(void)bad;
	if (!row->zero_word || strcmp(text, row->zero_word) != 0)
		r = quantity_parse(row->quantity, text, strlen(text), &row->range, &value);
	if (r < 0)
		return r;
	if (row->store == STORE_DOUBLE)
		*(double *)place = (double)value / 1000;
	else if (row->store == STORE_SIZE)
		*(size_t *)place = value;
	else
		*(uint32_t *)place = (uint32_t)value;
	return 0;
}

static uint64_t number_value(const struct key_row *row, const void *place)
{
	if (row->store == STORE_DOUBLE)
		return (uint64_t)(*(const double *)place * 1000 + 0.5);
	if (row->store == STORE_SIZE)
		return *(const size_t *)place;
	return *(const uint32_t *)place;
}

static void number_print(const struct key_row *row, const void *object, FILE *out)
{
	uint64_t value = number_value(row, const_place_of(row, object));
	char buf[QUANTITY_SIZE_MAX];

	if (value == 0 && row->zero_word)
		fputs(row->zero_word, out);
	else
		fputs(quantity_format(buf, row->quantity, value), out);
}

static void number_expect(const struct key_row *row, FILE *out)
{
	config_expect_quantity(row->quantity, &row->range, out);
	if (row->zero_word)
		fprintf(out, ", or %s", row->zero_word);
}

const struct value_type type_number = {number_parse, number_print, number_expect};

/* -- one of a few words -------------------------------------------------------------------- */

static int word_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	size_t i = 0;

	(void)bad;
	while (i < row->words_count && (!row->words[i] || strcmp(row->words[i], text) != 0))
		i++;
	if (i == row->words_count)
		return -EINVAL;
	if (row->store == STORE_BOOL)
		*(bool *)place_of(row, s) = i;
	else
		*(unsigned *)place_of(row, s) = (unsigned)i;
	return 0;
}

static void word_print(const struct key_row *row, const void *object, FILE *out)
{
	const void *place = const_place_of(row, object);

	fputs(row->words[row->store == STORE_BOOL ? *(const bool *)place
						  : *(const unsigned *)place],
		out);
}

static void word_expect(const struct key_row *row, FILE *out)
{
	const char *separator = "";

	for (size_t i = 0; i < row->words_count; i++) {
		if (!row->words[i])
			continue;
		fprintf(out, "%s%s", separator, row->words[i]);
		separator = " or ";
	}
}

const struct value_type type_word = {word_parse, word_print, word_expect};

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

static int file_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	bool is_stdout = row->takes_stdout && strcmp(text, "stdout") == 0;

	(void)bad;
	if (strcmp(text, "none") == 0)
		return config_store_text(place_of(row, s), NULL);
	if (!is_stdout && (text[0] != '/' || text[strlen(text) - 1] == '/'))
		return -EINVAL;
	return config_store_text(place_of(row, s), text);
}

static void text_print(const struct key_row *row, const void *object, FILE *out)
{
	const char *text = *(char *const *)const_place_of(row, object);

	fputs(text ? text : "none", out);
}

static void file_expect(const struct key_row *row, FILE *out)
{
	fprintf(out, "%sa file by its absolute path, or none", row->takes_stdout ? "stdout, " : "");
}

const struct value_type type_file = {file_parse, text_print, file_expect};

static int command_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	(void)bad;
	return *text ? config_store_text(place_of(row, s), text) : -EINVAL;
}

static void command_expect(const struct key_row *row, FILE *out)
{
	(void)row;
	fputs("a command for /bin/sh", out);
}

const struct value_type type_command = {command_parse, text_print, command_expect};

/* -- lists --------------------------------------------------------------------------------- */

/* Removes the blanks beside the commas of a list. */
static void close_up(char *list)
{
	char *to = list;

	for (const char *from = list; *from; from++) {
		if (*from == ',') {
			while (to > list && (to[-1] == ' ' || to[-1] == '\t'))
				to--;
		} else if ((*from == ' ' || *from == '\t') && (to == list || to[-1] == ',')) {
			continue;
		}
		*to++ = *from;
	}
	*to = '\0';
}

static int states_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	state_set *states = place_of(row, s);

	close_up(text);
	if (strcmp(text, "all") == 0) {
		*states = STATE_SET_ALL;
		return 0;
	}
	return state_set_parse(text, states, &bad->start, &bad->length);
}

static void states_print(const struct key_row *row, const void *object, FILE *out)
{
	state_set states = *(const state_set *)const_place_of(row, object);
	const char *comma = "";

	if (states == STATE_SET_ALL) {
		fputs("all", out);
		return;
	}
	STATE_FOREACH(s) {
		if (!state_set_has(states, s))
			continue;
		fprintf(out, "%s%s", comma, state_name(s));
		comma = ", ";
	}
}

static void states_expect(const struct key_row *row, FILE *out)
{
	(void)row;
	fputs("all, or some of ", out);
	STATE_FOREACH(s)
		fprintf(out, "%s%s", s ? ", " : "", state_name(s));
}

const struct value_type type_states = {states_parse, states_print, states_expect};

static int ports_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	struct port_set **place = place_of(row, s);
	cleanup_(freep) struct port_set *set = NULL;
	int r;

	close_up(text);
	if (strcmp(text, "all") != 0) {
		set = calloc(1, sizeof(*set));
		if (!set)
			return -ENOMEM;
		r = port_set_parse(set, text, &bad->start, &bad->length);
		if (r < 0)
			return r;
	}
	free(*place);
	*place = TAKE_PTR(set);
	return 0;
}

static void ports_print(const struct key_row *row, const void *object, FILE *out)
{
	const struct port_set *set = *(struct port_set *const *)const_place_of(row, object);
	cleanup_(freep) char *list = set ? port_set_format(set) : NULL;

	/* Without memory it ends in an error that the reader of this sees, not in every port. */
	fputs(!set ? "all" : list ? list : "?", out);
}

static void ports_expect(const struct key_row *row, FILE *out)
{
	(void)row;
	fputs("all, or ports and ranges from 0 to 65535, such as 7777,27015-27030", out);
}

const struct value_type type_ports = {ports_parse, ports_print, ports_expect};

static int sides_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	bool *sides = place_of(row, s);
	bool is_both = strcmp(text, "both") == 0;
	enum sock_side side = SIDE_SERVER;

	(void)bad;
	if (!is_both && side_parse(text, &side) < 0)
		return -EINVAL;
	sides[SIDE_SERVER] = is_both || side == SIDE_SERVER;
	sides[SIDE_CLIENT] = is_both || side == SIDE_CLIENT;
	return 0;
}

static void sides_print(const struct key_row *row, const void *object, FILE *out)
{
	const bool *sides = const_place_of(row, object);

	if (sides[SIDE_SERVER] == sides[SIDE_CLIENT])
		fputs("both", out);
	else
		fputs(side_name(sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT), out);
}

static void sides_expect(const struct key_row *row, FILE *out)
{
	(void)row;
	fputs("server or client or both", out);
}

const struct value_type type_sides = {sides_parse, sides_print, sides_expect};

static int ownership_from_name(const char *start, size_t length, ownership_set *ownerships)
{
	for (enum sock_ownership h = OWNERSHIP_HELD; h < OWNERSHIP_COUNT; h++) {
		if (config_is_word(start, length, hold_name(h))) {
			*ownerships |= OWNERSHIP_BIT(h);
			return 0;
		}
	}
	return -EINVAL;
}

static int ownerships_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	bool is_any = strcmp(text, "any") == 0;
	ownership_set ownerships = is_any ? OWNERSHIP_SET_ALL : 0;

	close_up(text);
	for (char *word = text; !is_any; word++) {
		size_t length = strcspn(word, ",");

		if (ownership_from_name(word, length, &ownerships) < 0) {
			*bad = (struct bad_word){word, length};
			return -EINVAL;
		}
		word += length;
		if (!*word)
			break;
	}
	*(ownership_set *)place_of(row, s) = ownerships;
	return 0;
}

static void ownerships_print(const struct key_row *row, const void *object, FILE *out)
{
	ownership_set ownerships = *(const ownership_set *)const_place_of(row, object);
	const char *comma = "";

	if (ownerships == OWNERSHIP_SET_ALL) {
		fputs("any", out);
		return;
	}
	for (enum sock_ownership h = OWNERSHIP_HELD; h < OWNERSHIP_COUNT; h++) {
		if (!(ownerships & OWNERSHIP_BIT(h)))
			continue;
		fprintf(out, "%s%s", comma, hold_name(h));
		comma = ", ";
	}
}

static void ownerships_expect(const struct key_row *row, FILE *out)
{
	(void)row;
	fputs("any, or some of held, orphan, unaccepted", out);
}

const struct value_type type_ownerships = {ownerships_parse, ownerships_print, ownerships_expect};

/* Whether the rules are there is seen at the end: they may stand behind the command. */
static int rule_names_parse(
	const struct key_row *row, const struct subject *s, char *text, struct bad_word *bad)
{
	struct exec_config *exec = s->object;
	char(*names)[RULE_NAME_SIZE] = NULL;
	size_t count = 0;

	(void)row;
	close_up(text);
	for (char *word = text; strcmp(text, "all") != 0; word++) {
		size_t length = strcspn(word, ",");
		void *larger = realloc(names, (count + 1) * sizeof(*names));

		if (!larger) {
			free(names);
			return -ENOMEM;
		}
		names = larger;
		if (!config_name_is_valid(word, length)) {
			free(names);
			*bad = (struct bad_word){word, length};
			return -EINVAL;
		}
		snprintf(names[count++], RULE_NAME_SIZE, "%.*s", (int)length, word);
		word += length;
		if (!*word)
			break;
	}
	free(exec->alerts);
	exec->alerts = names;
	exec->alerts_count = count;
	return 0;
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

static void rule_names_expect(const struct key_row *row, FILE *out)
{
	(void)row;
	fputs("all, or names of [alert NAME] sections, such as close-wait-leak,tcp-mem", out);
}

const struct value_type type_rule_names = {rule_names_parse, rule_names_print, rule_names_expect};

bool config_name_is_valid(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
			name[i] != '-')
			return false;
	return length > 0 && length < RULE_NAME_SIZE;
}

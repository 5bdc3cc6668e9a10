/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/command_line.h"

#include "basic/macro.h"
#include "basic/number.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* What getopt_long() returns for row 0, above any letter. */
#define FIRST_ROW 256

#define OPTIONS_MAX 64

int command_line_refuse(struct string *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	string_addv(error, format, args);
	va_end(args);
	return -EINVAL;
}

const char *option_text(char buf[OPTION_TEXT_SIZE], const struct option_row *row)
{
	if (row->name)
		snprintf(buf, OPTION_TEXT_SIZE, "--%s", row->name);
	else
		snprintf(buf, OPTION_TEXT_SIZE, "-%c", row->letter);
	return buf;
}

int option_refuse(
	const struct option_row *row, const char *word, size_t length, struct string *error)
{
	char text[OPTION_TEXT_SIZE];

	string_addf(error, "%s: '%.*s' is not %s; expected ", option_text(text, row),
		(int)MIN(length, (size_t)INT_MAX), word, row->what ? row->what : "a number");
	if (row->expected)
		return command_line_refuse(error, "%s", row->expected);
	return command_line_refuse(error, "%" PRIu64 " to %" PRIu64, row->min, row->max);
}

int option_value(
	const struct option_row *row, const char *argument, void *target, struct string *error)
{
	(void)argument;
	(void)error;
	*(int *)(void *)((char *)target + row->offset) = row->value;
	return 0;
}

int option_word(
	const struct option_row *row, const char *argument, void *target, struct string *error)
{
	(void)error;
	*(const char **)(void *)((char *)target + row->offset) = argument;
	return 0;
}

int option_number(
	const struct option_row *row, const char *argument, void *target, struct string *error)
{
	const char *at = argument, *end = argument + strlen(argument);
	uint64_t number;

	if (scan_decimal(&at, end, row->max, &number) < 0 || at != end || number < row->min)
		return option_refuse(row, argument, strlen(argument), error);
	*(uint64_t *)(void *)((char *)target + row->offset) = number;
	return 0;
}

int option_name(
	const struct option_row *row, const char *argument, void *target, struct string *error)
{
	int i = name_parse(*row->names, argument);

	if (i < 0)
		return option_refuse(row, argument, strlen(argument), error);
	*(int *)(void *)((char *)target + row->offset) = i;
	return 0;
}

static bool may_be_omitted(const struct option_row *row)
{
	return row->argument && row->argument[0] == '[';
}

/* What getopt_long() takes. The leading "-": arguments come in their place, as option 1. */
struct getopt_table {
	char letters[2 * OPTIONS_MAX + 3];
	struct option names[OPTIONS_MAX + 1];
};

static void translate(const struct option_table *table, struct getopt_table *ret)
{
	struct string letters = STRING_IN(ret->letters);
	struct option *next = ret->names;

	string_add(&letters, "-:");
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];

		if (row->letter)
			string_addf(&letters, "%c%s", row->letter, row->argument ? ":" : "");
		if (row->name)
			*next++ = (struct option){
				.name = row->name,
				.has_arg = may_be_omitted(row) ? optional_argument
					   : row->argument     ? required_argument
							       : no_argument,
				.val = (int)(FIRST_ROW + i),
			};
	}
	*next = (struct option){0};
}

size_t option_index(const struct option_table *table, const char *name)
{
	size_t i = 0;

	while (table->rows[i].name ? strcmp(table->rows[i].name, name) != 0
				   : table->rows[i].letter != name[0])
		i++;
	return i;
}

/* The row that getopt_long() means by c. */
static size_t row_of(const struct option_table *table, int c)
{
	size_t i = 0;

	if (c >= FIRST_ROW)
		return (size_t)(c - FIRST_ROW);
	while (table->rows[i].letter != c)
		i++;
	return i;
}

/*
 * getopt_long() takes an argument that may be omitted only behind a "="; the next word is one too,
 * if it begins with a digit.
 */
static const char *find_argument(const struct option_row *row, int argc, char **argv)
{
	if (optarg || !may_be_omitted(row) || optind >= argc)
		return optarg;
	if (argv[optind][0] < '0' || argv[optind][0] > '9')
		return NULL;
	return argv[optind++];
}

static int refuse_option(const struct option_table *table, char **argv, int c, struct string *error)
{
	const char *word = argv[optind - 1];

	if (c == ':')
		return command_line_refuse(
			error, "%s needs a value; see %s --help", word, table->program);
	/* optopt is the row of a long option, or the letter of a short one that is unknown: then
	 * word may be the one before it. */
	if (optopt >= FIRST_ROW)
		return command_line_refuse(error, "'%s': this option takes no value", word);
	if (optopt)
		return command_line_refuse(
			error, "'-%c' is not an option; see %s --help", optopt, table->program);
	return command_line_refuse(
		error, "'%s' is not an option, or ambiguous; see %s --help", word, table->program);
}

static int check_choices(const struct option_table *table, const bool *given, struct string *error)
{
	char text[2][OPTION_TEXT_SIZE];

	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *a = &table->rows[i];

		for (size_t j = i + 1; given[i] && a->choice && j < table->count; j++) {
			const struct option_row *b = &table->rows[j];

			if (given[j] && b->choice && strcmp(a->choice, b->choice) == 0)
				return command_line_refuse(error,
					"%s and %s cannot be used together",
					option_text(text[0], a), option_text(text[1], b));
		}
	}
	return 0;
}

int command_line_read(const struct option_table *table, int argc, char **argv, void *target,
	bool *given, struct string *error)
{
	struct getopt_table known;
	int arguments = 0, c, r;

	translate(table, &known);
	memset(given, 0, table->count * sizeof(*given));
	optind = 0; /* start afresh, also in a process that has read another command line */
	while ((c = getopt_long(argc, argv, known.letters, known.names, NULL)) != -1) {
		const struct option_row *row;
		size_t i;

		if (c == '?' || c == ':')
			return refuse_option(table, argv, c, error);
		if (c == 1) {
			argv[++arguments] = optarg;
			continue;
		}
		i = row_of(table, c);
		row = &table->rows[i];
		given[i] = true;
		r = row->set(row, find_argument(row, argc, argv), target, error);
		if (r < 0)
			return r;
		if (row->ends)
			return 0;
	}
	/* Those behind "--". */
	while (optind < argc)
		argv[++arguments] = argv[optind++];
	r = check_choices(table, given, error);
	return r < 0 ? r : arguments;
}

void option_print_help(const struct option_row *row, FILE *out)
{
	char buf[40];
	struct string left = STRING_IN(buf);

	if (row->letter)
		string_addf(&left, "-%c", row->letter);
	if (row->name)
		string_addf(&left, "%s--%s", row->letter ? ", " : "    ", row->name);
	if (row->argument)
		string_addf(&left, "%s%s",
			!row->name            ? " "
			: may_be_omitted(row) ? ""
					      : "=",
			row->argument);
	fprintf(out, "  %-25s %s\n", left.text, row->help);
}

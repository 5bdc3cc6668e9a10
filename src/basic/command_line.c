/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/command_line.h"

#include "basic/number.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

/* What getopt_long() returns for row 0, above any letter. */
#define FIRST_ROW 256

#define OPTIONS_MAX 64

/* The option as it is written: "--port" or "-n". */
static void add_option(struct string *text, const struct option_row *row)
{
	if (row->name)
		string_addf(text, "--%s", row->name);
	else
		string_addf(text, "-%c", row->letter);
}

int option_refuse(const struct option_use *use, const char *word, size_t length)
{
	const struct option_row *row = use->row;

	add_option(use->error, row);
	string_add(use->error, ": '");
	string_add_bytes(use->error, word, length);
	string_addf(use->error, "' is not %s; expected ", row->what ? row->what : "a number");
	if (row->expected)
		return string_fail(use->error, -EINVAL, "%s", row->expected);
	return string_fail(use->error, -EINVAL, "%" PRIu64 " to %" PRIu64, row->min, row->max);
}

int option_value(const struct option_use *use)
{
	*(int *)use->place = use->row->value;
	return 0;
}

int option_word(const struct option_use *use)
{
	*(const char **)use->place = use->argument;
	return 0;
}

int option_number(const struct option_use *use)
{
	const char *at = use->argument, *end = at + strlen(at);
	uint64_t number;

	if (scan_decimal(&at, end, use->row->max, &number) < 0 || at != end ||
		number < use->row->min)
		return option_refuse(use, use->argument, strlen(use->argument));
	*(uint64_t *)use->place = number;
	return 0;
}

int option_name(const struct option_use *use)
{
	int i = name_parse(*use->row->names, use->argument);

	if (i < 0)
		return option_refuse(use, use->argument, strlen(use->argument));
	*(int *)use->place = i;
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
		return string_fail(
			error, -EINVAL, "%s needs a value; see %s --help", word, table->program);
	/* optopt is the row of a long option, or the letter of a short one that is unknown: then
	 * word may be the one before it. */
	if (optopt >= FIRST_ROW)
		return string_fail(error, -EINVAL, "'%s': this option takes no value", word);
	if (optopt)
		return string_fail(error, -EINVAL, "'-%c' is not an option; see %s --help", optopt,
			table->program);
	return string_fail(error, -EINVAL, "'%s' is not an option, or ambiguous; see %s --help",
		word, table->program);
}

static int check_choices(const struct option_table *table, const bool *given, struct string *error)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *a = &table->rows[i];

		for (size_t j = i + 1; given[i] && a->choice && j < table->count; j++) {
			const struct option_row *b = &table->rows[j];

			if (!given[j] || !b->choice || strcmp(a->choice, b->choice) != 0)
				continue;
			add_option(error, a);
			string_add(error, " and ");
			add_option(error, b);
			return string_fail(error, -EINVAL, " cannot be used together");
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
		struct option_use use = {.target = target, .error = error};
		size_t i;

		if (c == '?' || c == ':')
			return refuse_option(table, argv, c, error);
		if (c == 1) {
			argv[++arguments] = optarg;
			continue;
		}
		i = row_of(table, c);
		given[i] = true;
		use.row = &table->rows[i];
		use.argument = find_argument(use.row, argc, argv);
		use.place = (char *)target + use.row->offset;
		r = use.row->set(&use);
		if (r < 0 || use.row->ends)
			return r;
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

void option_print_table(const struct option_table *table, FILE *out)
{
	for (size_t i = 0; i < table->count; i++)
		if (!table->rows[i].ends)
			option_print_help(&table->rows[i], out);
}

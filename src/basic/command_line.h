/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines by a table of options, which drives reading, --help and error messages. An error is
 * one sentence that names the word and what was expected.
 */
#ifndef TCPSTATED_BASIC_COMMAND_LINE_H
#define TCPSTATED_BASIC_COMMAND_LINE_H

#include "basic/names.h"
#include "basic/string.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* An option that was given. */
struct option_use {
	const struct option_row *row;
	const char *argument; /* borrowed from argv; NULL where it was omitted */
	void *target;         /* the struct that is filled */
	void *place;          /* the row's field in it */
	struct string *error;
};

struct option_row {
	const char *name;     /* "port" is --port; NULL: it has only a letter */
	const char *argument; /* its name in --help; NULL: takes none; "[" first: may be omitted */
	const char *help;

	int (*set)(const struct option_use *use); /* returns 0, or -EINVAL after option_refuse() */
	size_t offset;                            /* of the field that it sets, in target */

	unsigned group;            /* the caller's */
	int value;                 /* of option_value() */
	uint64_t min, max;         /* of option_number() */
	const struct names *names; /* of option_name() */
	const char *what;          /* a refused word is not WHAT; NULL: "a number" */
	const char *expected;      /* what a refusal says is expected; NULL: "MIN to MAX" */
	const char *choice;        /* only one option of a choice may be given */
	char letter;               /* 'h' is -h; 0: it has only a name */
	bool ends;                 /* nothing else counts, as with --help */
};

/* Setters for the field at place. */
int option_value(const struct option_use *use);  /* value, in an int or enum */
int option_word(const struct option_use *use);   /* the argument, in a const char * */
int option_number(const struct option_use *use); /* from min to max, in a uint64_t */
int option_name(const struct option_use *use);   /* the index of a name, in an int or enum */

/* Adds the error "--NAME: 'WORD' is not WHAT; expected EXPECTED". Returns -EINVAL. */
int option_refuse(const struct option_use *use, const char *word, size_t length);

struct option_table {
	const struct option_row *rows;
	size_t count;
	const char *program; /* "tcpstated": errors refer to its --help */
};

/*
 * Reads a command line and fills target. given has table->count elements, and says which options
 * were there. Arguments that are no options may stand anywhere; they are moved to argv[1] and
 * following. Returns their number, or -EINVAL with a sentence in error; *target is undefined then.
 */
int command_line_read(const struct option_table *table, int argc, char **argv, void *target,
	bool *given, struct string *error);

/* The index of the row with a name or letter, which must exist: "port", "n". */
size_t option_index(const struct option_table *table, const char *name);

/* Prints a line of --help; or one for each option of a table but --help itself. */
void option_print_help(const struct option_row *row, FILE *out);
void option_print_table(const struct option_table *table, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration in force, as a file. */
#include "basic/utf8.h"
#include "config/private.h"

#include <limits.h>

static void print_origin(const struct value_origin *at, FILE *out)
{
	char name[PATH_MAX];

	if (at->file)
		fprintf(out, "; %s:%u\n", utf8_printable(name, sizeof(name), at->file->name),
			at->line);
	else
		fputs("; built in\n", out);
}

/* After a command a comment would be the shell's. */
static void print_key(
	enum config_key k, const void *object, const struct value_origin *at, FILE *out)
{
	const struct key_row *row = &config_keys[k];

	if (k == KEY_COMMAND)
		print_origin(at, out);
	fprintf(out, "%s = ", row->name);
	row->type->print(row, object, out);
	fputc(k == KEY_COMMAND ? '\n' : ' ', out);
	if (k != KEY_COMMAND)
		print_origin(at, out);
}

static void print_keys(
	enum config_section section, const void *object, const struct entry *entry, FILE *out)
{
	for (enum config_key k = 0; k < KEY_COUNT; k++) {
		const struct key_row *row = &config_keys[k];

		if (row->section != section || (row->applies && !row->applies(object)))
			continue;
		/* The default of clear follows from raise. */
		print_key(k, object,
			&entry->keys[k == KEY_CLEAR && !entry->keys[k].file ? KEY_RAISE : k], out);
	}
}

void config_print(const struct config *c, FILE *out)
{
	for (enum config_section s = SECTION_POLL; s <= SECTION_OUTPUT; s++) {
		fprintf(out, "%s[%s]\n", s ? "\n" : "", name_of(config_section_names, s));
		print_keys(s, c, &c->origins->global, out);
	}
	for (size_t i = 0; i < c->rules_count; i++) {
		fprintf(out, "\n[%s %s]\n", name_of(config_section_names, SECTION_ALERT),
			c->rules[i].name);
		print_keys(SECTION_ALERT, &c->rules[i], &c->origins->rules[i], out);
	}
	for (size_t i = 0; i < c->execs_count; i++) {
		fprintf(out, "\n[%s %s]\n", name_of(config_section_names, SECTION_EXEC),
			c->execs[i].name);
		print_keys(SECTION_EXEC, &c->execs[i], &c->origins->execs[i], out);
	}
}

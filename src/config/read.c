/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the text of a file, line by line, into the configuration. */
#include "basic/macro.h"
#include "basic/number.h"
#include "config/lines.h"
#include "config/private.h"

#include <errno.h>
#include <string.h>

/* More sections of a kind than anybody writes: each costs memory, and each rule time. */
#define RULES_MAX 256
#define EXECS_MAX 64

struct reader {
	struct config *config;
	struct config_errors *errors;
	const struct config_file *file;
	unsigned line;
	/* the section that the line is in */
	bool has_section;
	enum config_section section; /* SECTION_COUNT: an unknown one */
	size_t index;                /* of its rule or exec */
};

static struct value_origin here(const struct reader *r)
{
	return (struct value_origin){.file = r->file, .line = r->line};
}

static void expect(const struct reader *r, const char *word, size_t length, const char *expected)
{
	const struct value_origin at = here(r);

	config_errors_expected(r->errors, &at, word, length, "%s", expected);
}

/* -- sections ------------------------------------------------------------------------------ */

/* A value in the section, of no key yet. */
static struct value value_in_section(const struct reader *r)
{
	struct config *c = r->config;
	struct value v = {.at = here(r), .errors = r->errors};

	if (r->section == SECTION_ALERT) {
		v.object = &c->rules[r->index];
		v.entry = &c->origins->rules[r->index];
	} else if (r->section == SECTION_EXEC) {
		v.object = &c->execs[r->index];
		v.entry = &c->origins->execs[r->index];
	} else {
		v.object = c;
		v.entry = &c->origins->global;
	}
	return v;
}

/* Finds or adds the [alert NAME]. Returns 0, -ENOMEM, or -E2BIG when there are too many. */
static int open_rule(struct reader *r, const char *name)
{
	struct config *c = r->config;
	struct rule rule = RULE_DEFAULT;

	for (r->index = 0; r->index < c->rules_count; r->index++)
		if (strcmp(c->rules[r->index].name, name) == 0)
			return 0;
	if (*name && r->index >= RULES_MAX)
		return -E2BIG;
	snprintf(rule.name, sizeof(rule.name), "%s", name);
	return config_add_rule(c, &rule);
}

static int open_exec(struct reader *r, const char *name)
{
	struct config *c = r->config;
	struct exec_config exec = {.timeout_ms = 10000};

	for (r->index = 0; r->index < c->execs_count; r->index++)
		if (strcmp(c->execs[r->index].name, name) == 0)
			return 0;
	if (*name && r->index >= EXECS_MAX)
		return -E2BIG;
	snprintf(exec.name, sizeof(exec.name), "%s", name);
	return config_add_exec(c, &exec);
}

static const struct {
	const char *label, *too_many;
	int (*open)(struct reader *r, const char *name); /* NULL: it has no name */
} sections[SECTION_COUNT] = {
	[SECTION_POLL] = {"[poll]", NULL, NULL},
	[SECTION_OUTPUT] = {"[output]", NULL, NULL},
	[SECTION_ALERT] = {"[alert NAME]", "at most 256 [alert NAME] sections", open_rule},
	[SECTION_EXEC] = {"[exec NAME]", "at most 64 [exec NAME] sections", open_exec},
};

static void refuse_name(const struct reader *r, const char *name, size_t length)
{
	const struct value_origin at = here(r);
	const char *section = name_of(config_section_names, r->section);
	struct expectation e;

	expectation_start(&e, name, length);
	string_add(&e.text,
		"a name of lower-case letters, digits and '-', at most 43 of them, in a "
		"section such as [alert close-wait-leak]");
	for (size_t i = 0; r->section == SECTION_ALERT && i < built_in_rules_count; i++)
		nearest_offer(&e.nearest, built_in_rules[i].name);
	if (!length)
		config_errors_expectation(r->errors, &at, section, strlen(section), &e);
	else
		config_errors_expectation(r->errors, &at, name, length, &e);
}

/* Opens a section that has a name. With a mistake in that, its keys go to a section without one:
 * they are checked, too. */
static int open_named(struct reader *r, const struct config_line *line, const char *word)
{
	size_t length = (size_t)(line->name + line->name_length - word);
	char name[RULE_NAME_SIZE] = "";
	struct entry *entry;
	int error;

	if (config_name_is_valid(word, length))
		memcpy(name, word, length);
	else if (!line->expected)
		refuse_name(r, word, length);
	error = sections[r->section].open(r, name);
	if (error == -E2BIG) {
		expect(r, name, length, sections[r->section].too_many);
		*name = '\0';
		error = sections[r->section].open(r, name);
	}
	if (error < 0)
		return error;
	entry = value_in_section(r).entry;
	if (!entry->header.file)
		entry->header = here(r);
	if (!*name)
		entry->mistaken = UINT32_MAX;
	return 0;
}

/* Takes the section that was most likely meant: the keys of an unknown one cannot be checked. */
static void refuse_section(struct reader *r, const struct config_line *line, size_t kind_length)
{
	const struct value_origin at = here(r);
	struct expectation e;

	expectation_start(&e, line->name, kind_length);
	string_add(&e.text, "one of [poll], [output], [alert NAME] and [exec NAME]");
	for (size_t i = 0; i < SECTION_COUNT; i++)
		nearest_offer(&e.nearest, name_of(config_section_names, i));
	if (!line->expected)
		config_errors_expectation(r->errors, &at, line->name, line->name_length, &e);
	r->section = SECTION_COUNT;
	if (e.nearest.candidate)
		r->section =
			(enum config_section)name_parse(config_section_names, e.nearest.candidate);
}

/* The first word says which kind of section it is; what follows is its name. */
static int on_section(struct reader *r, const struct config_line *line)
{
	size_t length = MIN(strcspn(line->name, " \t"), line->name_length);
	const char *name = line->name + length;
	int section = name_find(config_section_names, line->name, length);

	scan_blanks(&name, line->name + line->name_length);
	r->has_section = true;
	r->section = (enum config_section)section;
	if (section < 0 || (!sections[section].open && length < line->name_length))
		refuse_section(r, line, length);
	if (r->section == SECTION_COUNT || !sections[r->section].open)
		return 0;
	return open_named(r, line, name);
}

/* -- keys ---------------------------------------------------------------------------------- */

static void refuse_key(struct reader *r, const struct config_line *line)
{
	const struct value_origin at = here(r);
	const char *separator = "";
	struct expectation e;
	size_t start;

	expectation_start(&e, line->name, line->name_length);
	string_addf(&e.text, "a key of %s: ", sections[r->section].label);
	start = e.text.length;
	for (enum config_key k = 0; k < KEY_COUNT; k++) {
		if (config_keys[k].section != r->section)
			continue;
		expectation_add_word(&e, separator, config_keys[k].name);
		separator = ", ";
	}
	expectation_list_once(&e, start, LIST_KEYS + r->section, r->errors);
	config_errors_expectation(r->errors, &at, line->name, line->name_length, &e);
}

static bool has_separate_semicolon(const char *command)
{
	return *command == ';' || strstr(command, " ;") || strstr(command, "\t;");
}

static int on_value(struct reader *r, enum config_key k, char *text)
{
	struct value v = value_in_section(r);
	int error;

	v.row = &config_keys[k];
	if (k == KEY_COMMAND && has_separate_semicolon(text)) {
		error = -EBADMSG;
		expect(r, ";", 1,
			"no ';' at the beginning or after a blank, where it begins a comment in "
			"other values: write 'a; b', or put the command into a script");
	} else if (!*text) {
		error = -EBADMSG;
		config_refuse_word(&v, NULL, 0, k);
	} else {
		error = v.row->type->parse(&v, text);
	}
	if (error == -ENOMEM)
		return error;
	if (error < 0 && error != -EBADMSG)
		config_refuse_word(&v, text, strlen(text), k);
	if (error < 0)
		v.entry->mistaken |= KEY_BIT(k);
	v.entry->keys[k] = v.at;
	return 0;
}

static int on_key(struct reader *r, const struct config_line *line)
{
	enum config_key k;

	if (!r->has_section) {
		if (!line->expected)
			expect(r, line->name, line->name_length,
				"a section before it, such as [poll]");
		return 0;
	}
	if (r->section == SECTION_COUNT)
		return 0;
	k = config_key_find(r->section, line->name, line->name_length);
	if (line->expected) {
		if (k < KEY_COUNT)
			value_in_section(r).entry->mistaken |= KEY_BIT(k);
		return 0;
	}
	if (k == KEY_COUNT) {
		refuse_key(r, line);
		return 0;
	}
	/* In a command the shell finds the comment: a '#' in quotes begins none. */
	if (k != KEY_COMMAND)
		line->value[line->value_length] = '\0';
	else if (*line->value == '#')
		*line->value = '\0';
	return on_value(r, k, line->value);
}

static int on_line(struct reader *r, const struct config_line *line)
{
	r->line = line->number;
	if (line->control[0])
		expect(r, line->control, strlen(line->control), line->expected);
	else if (line->expected)
		expect(r, line->text, line->length, line->expected);
	if (line->is_section)
		return on_section(r, line);
	return line->name ? on_key(r, line) : 0;
}

int config_read_text(struct config *c, const struct config_file *file, char *text, size_t size,
	struct config_errors *errors)
{
	struct reader r = {.config = c, .errors = errors, .file = file};
	struct config_lines lines = config_lines_of(text, size);
	struct config_line line;
	int error = 0;

	while (error == 0 && config_lines_next(&lines, &line))
		error = on_line(&r, &line);
	return error;
}

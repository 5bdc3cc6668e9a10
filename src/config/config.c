/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "config/lines.h"
#include "config/private.h"
#include "config/read.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_PATH SYSCONFDIR "/tcpstated/tcpstated.conf"

/* More sections of a kind than anybody writes: each costs memory, and each rule time. */
#define RULES_MAX 256
#define EXECS_MAX 64

/* -- the object ---------------------------------------------------------------------------- */

struct config *config_free(struct config *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->rules_count; i++) {
		free((struct port_set *)(uintptr_t)c->rules[i].ports);
		free(c->origins->rules[i].raise);
		free(c->origins->rules[i].clear);
	}
	for (size_t i = 0; i < c->execs_count; i++) {
		free(c->execs[i].command);
		free(c->execs[i].alerts);
	}
	if (c->origins) {
		config_paths_free(c->origins->files, c->origins->files_count);
		free(c->origins->rules);
		free(c->origins->execs);
		free(c->origins);
	}
	free(c->rules);
	free(c->execs);
	free(c->snapshots);
	free(c->snapshot_file);
	free(c->events);
	free(c);
	return NULL;
}

void config_freep(struct config **c)
{
	*c = config_free(*c);
}

/* Makes room for one more in an array and in that of what is known of it. */
static int grow(void **list, size_t size, struct entry **entries, size_t count)
{
	void *larger = realloc(*list, (count + 1) * size);
	struct entry *larger_entries;

	if (!larger)
		return -ENOMEM;
	*list = larger;
	larger_entries = realloc(*entries, (count + 1) * sizeof(**entries));
	if (!larger_entries)
		return -ENOMEM;
	*entries = larger_entries;
	memset(&larger_entries[count], 0, sizeof(**entries));
	return 0;
}

static int add_rule(struct config *c, const struct rule *rule)
{
	int r = grow((void **)&c->rules, sizeof(*c->rules), &c->origins->rules, c->rules_count);

	if (r < 0)
		return r;
	c->rules[c->rules_count++] = *rule;
	return 0;
}

static int add_exec(struct config *c, const struct exec_config *exec)
{
	int r = grow((void **)&c->execs, sizeof(*c->execs), &c->origins->execs, c->execs_count);

	if (r < 0)
		return r;
	c->execs[c->execs_count++] = *exec;
	return 0;
}

/* A built-in rule leaves out what has no meaning for its measure; with another one it may. */
static struct rule complete(const struct rule *built_in)
{
	const struct rule fresh = RULE_DEFAULT;
	struct rule r = *built_in;

	if (!rule_selects_sockets(&r)) {
		r.states = fresh.states;
		r.ownerships = fresh.ownerships;
		memcpy(r.sides, fresh.sides, sizeof(r.sides));
	}
	if (!r.window_ms)
		r.window_ms = fresh.window_ms;
	return r;
}

/* The configuration without any file. */
static int config_new(struct config **ret)
{
	cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->origins = calloc(1, sizeof(*c->origins));
	if (!c->origins)
		return -ENOMEM;
	c->interval_ms = 5000;
	c->cpu_budget_percent = 1;
	c->tracked_max = 262144;
	c->ports_max = 50;
	c->journal = true;
	for (size_t i = 0; i < built_in_rules_count; i++) {
		const struct rule rule = complete(&built_in_rules[i]);

		if (add_rule(c, &rule) < 0)
			return -ENOMEM;
	}
	*ret = TAKE_PTR(c);
	return 0;
}

/* -- one file ------------------------------------------------------------------------------ */

struct loader {
	struct config *config;
	struct config_errors *errors;
	const char *file; /* that is being read */
	/* the section that its lines stand in */
	bool has_section, is_unknown;
	enum config_section section;
	size_t index; /* of its rule or exec */
};

static struct value_origin here(const struct loader *l, unsigned line)
{
	return (struct value_origin){.file = l->file, .line = line};
}

static int expect(const struct loader *l, unsigned line, const char *word, const char *expected)
{
	const struct value_origin at = here(l, line);

	return config_errors_expected(l->errors, &at, word, strlen(word), "%s", expected);
}

/* Finds or adds an [alert NAME]. */
static int open_rule(struct loader *l, unsigned line, const char *name)
{
	struct config *c = l->config;
	struct rule fresh = RULE_DEFAULT;

	for (l->index = 0; l->index < c->rules_count; l->index++)
		if (strcmp(c->rules[l->index].name, name) == 0)
			return 0;
	if (c->rules_count == RULES_MAX) {
		l->is_unknown = true;
		return expect(l, line, name, "at most 256 [alert NAME] sections");
	}
	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	return add_rule(c, &fresh);
}

static int open_exec(struct loader *l, unsigned line, const char *name)
{
	struct config *c = l->config;
	struct exec_config fresh = {.timeout_ms = 10000};

	for (l->index = 0; l->index < c->execs_count; l->index++)
		if (strcmp(c->execs[l->index].name, name) == 0)
			return 0;
	if (c->execs_count == EXECS_MAX) {
		l->is_unknown = true;
		return expect(l, line, name, "at most 64 [exec NAME] sections");
	}
	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	return add_exec(c, &fresh);
}

static const struct {
	int (*open)(struct loader *l, unsigned line, const char *name); /* NULL: it has no name */
} sections[SECTION_COUNT] = {
	[SECTION_ALERT] = {open_rule},
	[SECTION_EXEC] = {open_exec},
};

static struct subject subject_of(const struct loader *l)
{
	struct config *c = l->config;

	if (l->section == SECTION_ALERT)
		return (struct subject){&c->rules[l->index], &c->origins->rules[l->index]};
	if (l->section == SECTION_EXEC)
		return (struct subject){&c->execs[l->index], &c->origins->execs[l->index]};
	return (struct subject){c, &c->origins->global};
}

/* Opens a section that is known by its first word; name is what follows. */
static int open_section(struct loader *l, unsigned line, const char *name)
{
	struct entry *entry;
	int r;

	if (!sections[l->section].open)
		return 0;
	if (!config_name_is_valid(name, strlen(name))) {
		l->is_unknown = true;
		return expect(l, line, *name ? name : config_section_name(l->section),
			"a name of lower-case letters, digits and '-', at most 43 of them, in a "
			"section such as [alert close-wait-leak]");
	}
	r = sections[l->section].open(l, line, name);
	if (r < 0 || l->is_unknown)
		return r;
	entry = subject_of(l).entry;
	if (!entry->header.file)
		entry->header = here(l, line);
	return 0;
}

/* Finds the section, whose name, where it has one, is the second word of the text. */
static int on_section(struct loader *l, const struct config_line *line)
{
	cleanup_(freep) char *text = strndup(line->name, line->name_length);
	size_t length;
	const char *name;

	if (!text)
		return -ENOMEM;
	length = strcspn(text, " \t");
	name = text + length + strspn(text + length, " \t");
	l->has_section = true;
	l->is_unknown = false;
	for (l->section = 0; l->section < SECTION_COUNT; l->section++) {
		const char *known = config_section_name(l->section);

		if (strlen(known) == length && memcmp(known, text, length) == 0 &&
			(sections[l->section].open || !*name))
			return open_section(l, line->number, name);
	}
	l->is_unknown = true;
	return expect(
		l, line->number, text, "one of [poll], [output], [alert NAME] and [exec NAME]");
}

static int refuse_key(const struct loader *l, unsigned line, const char *key)
{
	cleanup_(freep) char *expected = NULL;
	const char *comma = "a key of this section: ";
	size_t size;
	FILE *out = open_memstream(&expected, &size);

	if (!out)
		return -ENOMEM;
	for (enum config_key k = 0; k < KEY_COUNT; k++) {
		if (config_keys[k].section != l->section)
			continue;
		fprintf(out, "%s%s", comma, config_keys[k].name);
		comma = ", ";
	}
	if (fclose(out) == EOF)
		return -ENOMEM;
	return expect(l, line, key, expected);
}

static int refuse_value(const struct loader *l, unsigned line, const struct key_row *row,
	const char *value, const struct bad_word *bad)
{
	const struct value_origin at = here(l, line);
	cleanup_(freep) char *expected = NULL;
	size_t size;
	FILE *out = open_memstream(&expected, &size);

	if (!out)
		return -ENOMEM;
	row->type->expect(row, out);
	if (fclose(out) == EOF)
		return -ENOMEM;
	/* An empty word would name nothing. */
	if (bad->length == 0)
		return config_errors_expected(l->errors, &at, row->name, strlen(row->name),
			"%s: %s", *value ? "no empty part in its list" : "a value", expected);
	return config_errors_expected(
		l->errors, &at, bad->start, bad->length, "for %s: %s", row->name, expected);
}

static int on_value(struct loader *l, unsigned line, enum config_key k, char *value)
{
	struct bad_word bad = {value, strlen(value)};
	struct subject s = subject_of(l);
	int r;

	if (k == KEY_COMMAND && (*value == ';' || strstr(value, " ;") || strstr(value, "\t;"))) {
		s.entry->is_broken = true;
		return expect(l, line, ";",
			"no ';' at the beginning or after a blank: write 'a; b', or put the "
			"command into a script");
	}
	r = config_keys[k].type->parse(&config_keys[k], &s, value, &bad);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		s.entry->is_broken = true;
		return refuse_value(l, line, &config_keys[k], value, &bad);
	}
	s.entry->keys[k] = here(l, line);
	return 0;
}

static int on_key(struct loader *l, const struct config_line *line)
{
	cleanup_(freep) char *key = strndup(line->name, line->name_length);
	enum config_key k;

	if (!key)
		return -ENOMEM;
	if (!l->has_section)
		return expect(l, line->number, key, "a section before it, such as [poll]");
	if (l->is_unknown)
		return 0;
	k = config_key_find(l->section, key);
	if (k == KEY_COUNT)
		return refuse_key(l, line->number, key);
	/* The shell knows best what is a comment in its command: a '#' in quotes is none. */
	if (k != KEY_COMMAND || *line->value == '#')
		line->value[line->value_length] = '\0';
	return on_value(l, line->number, k, line->value);
}

static int on_mistake(struct loader *l, const struct config_line *line)
{
	const struct value_origin at = here(l, line->number);

	/* Whose keys would follow is not known. */
	if (line->is_section)
		l->has_section = l->is_unknown = true;
	if (line->control[0])
		return expect(l, line->number, line->control, line->expected);
	return config_errors_expected(
		l->errors, &at, line->text, line->length, "%s", line->expected);
}

/* Keeps the name, which every origin in that file borrows. */
static int add_file(struct config_origins *o, const char *name)
{
	char **larger = realloc(o->files, (o->files_count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	o->files = larger;
	larger[o->files_count] = strdup(name);
	if (!larger[o->files_count])
		return -ENOMEM;
	o->files_count++;
	return 0;
}

/* Reads a text, which is written to. */
static int load_text(
	struct config *c, const char *name, char *text, size_t size, struct config_errors *errors)
{
	struct loader l = {.config = c, .errors = errors};
	struct config_lines lines = config_lines_of(text, size);
	struct config_line line;
	int r = add_file(c->origins, name);

	if (r < 0)
		return r;
	l.file = c->origins->files[c->origins->files_count - 1];
	while (r == 0 && config_lines_next(&lines, &line)) {
		if (line.expected)
			r = on_mistake(&l, &line);
		else
			r = line.is_section ? on_section(&l, &line) : on_key(&l, &line);
	}
	return r;
}

/* -- all files ------------------------------------------------------------------------------- */

static int add_file_error(struct config_errors *errors, const char *path, const char *suffix, int r)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{-EBADF, "this is no regular file"},
		{-EISDIR, "this is a directory; expected a file"},
		{-EFBIG, "the file is larger than 1 MiB"},
		{-E2BIG, "there are more than 1000 drop-ins"},
	};
	const char *text = strerror(-r);
	char *sentence;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].error == r)
			text = texts[i].text;
	return config_errors_add(
		errors, asprintf(&sentence, "%s%s: %s", path, suffix, text) < 0 ? NULL : sentence);
}

/* Reads one file into the configuration. Returns 0, also with mistakes in it, -ENOMEM, or, having
 * told it, -errno of the file. */
static int load_file(
	struct config *c, const char *path, bool must_exist, struct config_errors *errors)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r = config_file_read(path, &text, &size);

	if (r == -ENOENT && !must_exist)
		return 0;
	if (r == 0)
		return load_text(c, path, text, size, errors);
	return add_file_error(errors, path, "", r) < 0 ? -ENOMEM : r;
}

/* Reads the drop-ins. Returns as load_file(), of the first one that could not be read. */
static int load_drop_ins(struct config *c, const char *path, struct config_errors *errors)
{
	char **paths;
	size_t count;
	int r = config_drop_ins(path, &paths, &count), first = 0;

	if (r < 0)
		return add_file_error(errors, path, ".d", r) < 0 ? -ENOMEM : r;
	for (size_t i = 0; i < count && first != -ENOMEM; i++) {
		r = load_file(c, paths[i], true, errors);
		if (r < 0 && (first == 0 || r == -ENOMEM))
			first = r;
	}
	config_paths_free(paths, count);
	return first;
}

/* Settles what was read. */
static int finish(struct config **c, struct config_errors *errors, struct config **ret)
{
	int r = config_validate(*c, errors);

	if (r < 0)
		return r;
	if (errors->count)
		return -EINVAL;
	*ret = TAKE_PTR(*c);
	return 0;
}

int config_load(const char *path, struct config **ret, struct config_errors *errors)
{
	cleanup_(config_freep) struct config *c = NULL;
	int r, r_drop_ins, r_finish;

	r = config_new(&c);
	if (r < 0)
		return r;
	r = load_file(c, path ? path : DEFAULT_PATH, path, errors);
	if (r == -ENOMEM)
		return r;
	r_drop_ins = load_drop_ins(c, path ? path : DEFAULT_PATH, errors);
	if (r_drop_ins == -ENOMEM)
		return r_drop_ins;
	r_finish = finish(&c, errors, ret);
	return r < 0 ? r : r_drop_ins < 0 ? r_drop_ins : r_finish;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What depends on several keys: settled and checked once every file is read. */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "config/private.h"

#include <errno.h>
#include <string.h>

static const struct rule *find_built_in(const char *name)
{
	for (size_t i = 0; i < built_in_rules_count; i++)
		if (strcmp(built_in_rules[i].name, name) == 0)
			return &built_in_rules[i];
	return NULL;
}

/* A rule that is being settled. */
struct draft {
	struct rule *rule;
	struct entry *entry;
	const struct rule *built_in; /* NULL: a rule of one's own */
	struct config_errors *errors;
};

static bool is_given(const struct draft *d, enum config_key k)
{
	return d->entry->keys[k].file;
}

/* The place to name when either of two keys is wrong for the other: one that somebody wrote. */
static const struct value_origin *origin_of(
	const struct draft *d, enum config_key k, enum config_key other)
{
	return &d->entry->keys[is_given(d, k) ? k : other];
}

static int expect_word(const struct draft *d, enum config_key k, enum config_key other,
	const char *word, const char *expected)
{
	return config_errors_expected(
		d->errors, origin_of(d, k, other), word, strlen(word), "%s", expected);
}

/* Of a built-in rule that measures something else now, what was left has no meaning any more. */
static void drop_meaningless(struct rule *r)
{
	const struct rule fresh = RULE_DEFAULT;

	if (!rule_selects_sockets(r)) {
		r->states = fresh.states;
		r->ownerships = fresh.ownerships;
	}
	if (!config_keys[KEY_SIDE].applies(r))
		memcpy(r->sides, fresh.sides, sizeof(r->sides));
	if (!config_keys[KEY_OLDER_THAN].applies(r))
		r->older_than_ms = 0;
}

static int check_meaning(const struct draft *d)
{
	int r = 0;

	for (enum config_key k = 0; k < KEY_COUNT && r == 0; k++) {
		const struct key_row *row = &config_keys[k];

		if (row->applies && is_given(d, k) && !row->applies(d->rule))
			r = config_errors_expected(d->errors, &d->entry->keys[k], row->name,
				strlen(row->name), "it only with %s", row->only_with);
	}
	return r;
}

/* A limit of the machine has one number. */
static int validate_scope(const struct draft *d)
{
	if (rule_can_be_per_port(d->rule) || d->rule->scope == SCOPE_TOTAL)
		return 0;
	if (is_given(d, KEY_SCOPE))
		return expect_word(d, KEY_SCOPE, KEY_SCOPE, "port",
			"total, since this measure has one number for all ports");
	d->rule->scope = SCOPE_TOTAL;
	return 0;
}

static int check_ages(const struct draft *d)
{
	const struct rule *r = d->rule;

	if (r->older_than_ms && config_keys[KEY_OLDER_THAN].applies(r) &&
		(r->states & ~STATE_SET_AGED))
		return expect_word(d, KEY_OLDER_THAN, KEY_STATES, "older_than",
			"it only with states among FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, LAST_ACK "
			"and CLOSING, whose age is kept");
	if (r->measure == MEASURE_OLDEST && !(r->states & STATE_SET_CLOSING))
		return expect_word(d, KEY_STATES, KEY_MEASURE, "oldest",
			"a closing state among its states, since the age of others is not known");
	return 0;
}

/* Reads raise or clear in the unit of the measure. Returns 1 when it was a mistake. */
static int validate_amount(const struct draft *d, enum config_key k, const char *text, double *ret)
{
	bool is_raise = k == KEY_RAISE;
	cleanup_(freep) char *expected = NULL;
	size_t size;
	FILE *out;
	int r;

	if (amount_parse(d->rule->measure, is_raise, text, ret) == 0)
		return 0;
	out = open_memstream(&expected, &size);
	if (!out)
		return -ENOMEM;
	fprintf(out, "for %s, with measure = %s: ", config_keys[k].name,
		measure_name(d->rule->measure));
	amount_expect(d->rule->measure, is_raise, out);
	if (fclose(out) == EOF)
		return -ENOMEM;
	r = expect_word(d, k, k, text, expected);
	return r < 0 ? r : 1;
}

/* Whether raise must be there, and is not. Returns 1 when that was a mistake. */
static int check_raise_is_given(const struct draft *d)
{
	const char *name = d->rule->name;
	int r;

	if (d->entry->raise || (d->built_in && d->built_in->measure == d->rule->measure))
		return 0;
	if (d->built_in)
		r = expect_word(d, KEY_MEASURE, KEY_MEASURE, "measure",
			"raise in the same section, since that of the built-in rule is in another "
			"unit");
	else
		r = config_errors_expected(d->errors, &d->entry->header, name, strlen(name),
			"raise in its section, since it is no built-in rule");
	return r < 0 ? r : 1;
}

/* Without a clear of its own: half of raise, or the built-in rule's part of it. */
static double default_clear(const struct draft *d)
{
	const struct rule *b = d->built_in;
	double clear = d->rule->raise / 2;

	if (b && b->measure == d->rule->measure)
		clear = d->rule->raise * b->clear / b->raise;
	return amount_round_down(d->rule->measure, clear);
}

static int validate_amounts(const struct draft *d)
{
	struct rule *rule = d->rule;
	int r = check_raise_is_given(d), r_clear = 0;

	if (r == 0 && d->entry->raise)
		r = validate_amount(d, KEY_RAISE, d->entry->raise, &rule->raise);
	if (r >= 0 && d->entry->clear)
		r_clear = validate_amount(d, KEY_CLEAR, d->entry->clear, &rule->clear);
	else if (r == 0 && d->entry->raise)
		rule->clear = default_clear(d);
	if (r || r_clear)
		return MIN(MIN(r, r_clear), 0);
	if (rule->clear >= rule->raise)
		return expect_word(d, KEY_CLEAR, KEY_RAISE,
			d->entry->clear ? d->entry->clear : d->entry->raise, "clear below raise");
	return 0;
}

/* What a diagnosis says is true of certain sockets, or of a certain limit. */
static bool is_about_the_same(const struct rule *a, const struct rule *b)
{
	if (rule_selects_sockets(a) && rule_selects_sockets(b))
		return a->states == b->states && a->ownerships == b->ownerships;
	if (a->measure != b->measure)
		return false;
	return a->measure == MEASURE_RATE ? a->counter == b->counter : a->limit == b->limit;
}

static int validate_rule(struct config *c, size_t i, struct config_errors *errors)
{
	const struct draft d = {
		.rule = &c->rules[i],
		.entry = &c->origins->rules[i],
		.built_in = find_built_in(c->rules[i].name),
		.errors = errors,
	};
	int r;

	if (d.entry->is_broken)
		return 0;
	r = check_meaning(&d);
	if (r == 0)
		r = validate_scope(&d);
	if (r == 0)
		r = validate_amounts(&d);
	drop_meaningless(d.rule);
	if (r == 0)
		r = check_ages(&d);
	if (d.built_in && !is_about_the_same(d.rule, d.built_in))
		d.rule->diagnosis = NULL;
	return r;
}

static bool has_rule(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->rules_count; i++)
		if (strcmp(c->rules[i].name, name) == 0)
			return true;
	return false;
}

static int validate_exec(struct config *c, size_t i, struct config_errors *errors)
{
	const struct exec_config *exec = &c->execs[i];
	const struct entry *e = &c->origins->execs[i];
	int r = 0;

	if (e->is_broken)
		return 0;
	if (!exec->command)
		r = config_errors_expected(errors, &e->header, exec->name, strlen(exec->name),
			"command in its section");
	for (size_t k = 0; k < exec->alerts_count && r == 0; k++)
		if (!has_rule(c, exec->alerts[k]))
			r = config_errors_expected(errors, &e->keys[KEY_ALERTS], exec->alerts[k],
				strlen(exec->alerts[k]),
				"names of built-in rules or of [alert NAME] sections");
	return r;
}

/* A file that is replaced as a whole would throw away what is appended to it. */
static int validate_files(struct config *c, struct config_errors *errors)
{
	const struct entry *e = &c->origins->global;
	const char *path = c->snapshot_file;

	if (!path || e->is_broken)
		return 0;
	if ((!c->snapshots || strcmp(c->snapshots, path) != 0) &&
		(!c->events || strcmp(c->events, path) != 0))
		return 0;
	return config_errors_expected(errors, &e->keys[KEY_SNAPSHOT_FILE], path, strlen(path),
		"another file for snapshot_file than for snapshots and events");
}

int config_validate(struct config *c, struct config_errors *errors)
{
	int r = validate_files(c, errors);

	for (size_t i = 0; i < c->rules_count && r == 0; i++)
		r = validate_rule(c, i, errors);
	for (size_t i = 0; i < c->execs_count && r == 0; i++)
		r = validate_exec(c, i, errors);
	return r;
}

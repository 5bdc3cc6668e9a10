/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks what depends on several keys, and works out what follows from them, once every file is
 * read. A key with a mistake in it takes part in no check. */
#include "config/private.h"

#include <string.h>

/* A rule that is being validated. */
struct draft {
	struct rule *rule;
	const struct entry *entry;
	const struct rule *built_in; /* NULL: a rule of the operator's own */
	struct config_errors *errors;
};

static const struct rule *find_rule(const struct rule *rules, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	return NULL;
}

static bool is_given(const struct draft *d, enum config_key k)
{
	return d->entry->keys[k].file;
}

/* Names the place of either of two keys that do not fit: one that a file has. */
static void expect(const struct draft *d, enum config_key k, enum config_key other,
	const char *word, const char *expected)
{
	config_errors_expected(d->errors, &d->entry->keys[is_given(d, k) ? k : other], word,
		strlen(word), "%s", expected);
}

/* Of a built-in rule that measures something else now, what else it selects has no meaning. */
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

static void check_meaning(const struct draft *d)
{
	for (enum config_key k = 0; k < KEY_COUNT; k++) {
		const struct key_row *row = &config_keys[k];

		if (row->applies && is_given(d, k) && !row->applies(d->rule))
			config_errors_expected(d->errors, &d->entry->keys[k], row->name,
				strlen(row->name), "only with %s", row->only_with);
	}
}

/* A limit of the machine has one value, and so has the accept queue of a port. */
static void validate_scope(const struct draft *d)
{
	const scope_set possible = rule_possible_scopes(d->rule);
	const scope_set wrong = d->rule->scopes & (scope_set)~possible;

	if (!wrong)
		return;
	if (is_given(d, KEY_SCOPE))
		expect(d, KEY_SCOPE, KEY_SCOPE, name_of(scope_names, (size_t)__builtin_ctz(wrong)),
			possible == SCOPE_BIT(SCOPE_PORT)
				? "port, since every port has an accept queue of its own"
				: "total, since this measure has one value for all ports");
	d->rule->scopes = possible;
}

static void check_ages(const struct draft *d)
{
	const struct rule *r = d->rule;

	if (r->older_than_ms && config_keys[KEY_OLDER_THAN].applies(r) &&
		(r->states & ~STATE_SET_AGED))
		expect(d, KEY_OLDER_THAN, KEY_STATES, "older_than",
			"only with states among FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, LAST_ACK and "
			"CLOSING, whose ages are tracked");
	else if (r->measure == MEASURE_OLDEST && !(r->states & STATE_SET_CLOSING))
		expect(d, KEY_STATES, KEY_MEASURE, "oldest",
			"a closing state among its states, since the age of others is unknown");
}

/* An address is a server's. */
static void check_side(const struct draft *d)
{
	const struct rule *r = d->rule;

	if (r->ports && !r->sides[SIDE_SERVER] && service_set_is_of_servers(r->ports))
		expect(d, KEY_SIDE, KEY_PORTS, "client",
			"server or both with an address in ports, since the address is a server's");
}

/* Reads raise or clear in the unit of the measure. Returns false after a mistake. */
static bool validate_amount(const struct draft *d, enum config_key k, const char *text, double *ret)
{
	struct expectation e;

	if (amount_parse(d->rule->measure, k == KEY_RAISE, text, ret) == 0)
		return true;
	expectation_start(&e, "", 0);
	amount_describe(d->rule->measure, k == KEY_RAISE, &e.text);
	config_errors_expected(d->errors, &d->entry->keys[k], text, strlen(text),
		"for %s, with measure = %s: %s", config_keys[k].name,
		name_of(measure_names, d->rule->measure), e.buffer);
	return false;
}

/* Says that a rule needs a raise. A name that is nearly a built-in rule's was meant to be that. */
static void refuse_without_raise(const struct draft *d)
{
	const char *name = d->rule->name;
	struct expectation e;

	if (d->built_in) {
		expect(d, KEY_MEASURE, KEY_MEASURE, "measure",
			"raise in the same section, since that of the built-in rule is in another "
			"unit");
		return;
	}
	expectation_start(&e, name, strlen(name));
	string_add(&e.text, "raise in its section, since it is not a built-in rule");
	for (size_t i = 0; i < built_in_rules_count; i++)
		nearest_offer(&e.nearest, built_in_rules[i].name);
	config_errors_expectation(d->errors, &d->entry->header, name, strlen(name), &e);
}

/* Without a clear of its own: half of raise, or the same fraction of raise as built in. */
static double default_clear(const struct draft *d)
{
	const struct rule *b = d->built_in;
	double clear = d->rule->raise / 2;

	if (b && b->measure == d->rule->measure)
		clear = d->rule->raise * b->clear / b->raise;
	return amount_round_down(d->rule->measure, clear);
}

static void validate_amounts(const struct draft *d)
{
	const char *raise = d->entry->raise, *clear = d->entry->clear;
	bool has_unit = !(d->entry->mistaken & KEY_BIT(KEY_MEASURE));
	bool is_built_in = has_unit && d->built_in && d->built_in->measure == d->rule->measure;
	bool is_valid =
		has_unit && !(d->entry->mistaken & (KEY_BIT(KEY_RAISE) | KEY_BIT(KEY_CLEAR)));

	if (!raise && !is_built_in && !(d->entry->mistaken & KEY_BIT(KEY_RAISE)) &&
		(has_unit || !d->built_in)) {
		refuse_without_raise(d);
		is_valid = false;
	}
	if (!has_unit)
		return;
	if (raise && !validate_amount(d, KEY_RAISE, raise, &d->rule->raise))
		is_valid = false;
	if (clear && !validate_amount(d, KEY_CLEAR, clear, &d->rule->clear))
		is_valid = false;
	if (!is_valid)
		return;
	if (!clear && raise)
		d->rule->clear = default_clear(d);
	if (d->rule->clear >= d->rule->raise)
		expect(d, KEY_CLEAR, KEY_RAISE, clear ? clear : raise, "clear below raise");
}

/* A diagnosis is true of certain sockets, or of a certain limit. */
static bool is_about_the_same(const struct rule *a, const struct rule *b)
{
	if (rule_selects_sockets(a) && rule_selects_sockets(b))
		return a->states == b->states && a->ownerships == b->ownerships;
	if (a->measure != b->measure)
		return false;
	return a->measure == MEASURE_RATE ? a->counter == b->counter : a->limit == b->limit;
}

static void validate_rule(struct config *c, size_t i, struct config_errors *errors)
{
	const struct draft d = {
		.rule = &c->rules[i],
		.entry = &c->origins->rules[i],
		.built_in = find_rule(built_in_rules, built_in_rules_count, c->rules[i].name),
		.errors = errors,
	};

	if (!*d.rule->name)
		return;
	validate_amounts(&d);
	if (d.entry->mistaken & KEY_BIT(KEY_MEASURE))
		return;
	check_meaning(&d);
	if (!(d.entry->mistaken & KEY_BIT(KEY_SCOPE)))
		validate_scope(&d);
	drop_meaningless(d.rule);
	if (!(d.entry->mistaken & (KEY_BIT(KEY_STATES) | KEY_BIT(KEY_OLDER_THAN))))
		check_ages(&d);
	if (!(d.entry->mistaken & (KEY_BIT(KEY_PORTS) | KEY_BIT(KEY_SIDE))))
		check_side(&d);
	if (d.built_in && !is_about_the_same(d.rule, d.built_in))
		d.rule->diagnosis = NULL;
}

static void validate_exec(struct config *c, size_t i, struct config_errors *errors)
{
	const struct exec_config *exec = &c->execs[i];
	const struct entry *entry = &c->origins->execs[i];
	struct expectation e;

	if (!*exec->name)
		return;
	if (!exec->command && !(entry->mistaken & KEY_BIT(KEY_COMMAND)))
		config_errors_expected(errors, &entry->header, exec->name, strlen(exec->name),
			"command in its section");
	for (size_t k = 0; k < exec->alerts_count; k++) {
		const char *name = exec->alerts[k];

		if (find_rule(c->rules, c->rules_count, name))
			continue;
		expectation_start(&e, name, strlen(name));
		string_add(&e.text, "names of built-in rules or of [alert NAME] sections");
		for (size_t rule = 0; rule < c->rules_count; rule++)
			nearest_offer(&e.nearest, c->rules[rule].name);
		config_errors_expectation(errors, &entry->keys[KEY_ALERTS], name, strlen(name), &e);
	}
}

/* A file that is replaced as a whole would throw away what is appended to it. */
static void check_files(const struct config *c, struct config_errors *errors)
{
	const char *path = c->snapshot_file;

	if (path && ((c->snapshots && strcmp(c->snapshots, path) == 0) ||
			    (c->events && strcmp(c->events, path) == 0)))
		config_errors_expected(errors, &c->origins->global.keys[KEY_SNAPSHOT_FILE], path,
			strlen(path),
			"another file for snapshot_file than for snapshots and events");
}

void config_validate(struct config *c, struct config_errors *errors)
{
	check_files(c, errors);
	for (size_t i = 0; i < c->rules_count; i++)
		validate_rule(c, i, errors);
	for (size_t i = 0; i < c->execs_count; i++)
		validate_exec(c, i, errors);
}

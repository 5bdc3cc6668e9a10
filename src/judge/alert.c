/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/alert.h"

#include "basic/array.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "basic/unknown.h"
#include "judge/diagnosis.h"
#include "judge/history.h"
#include "judge/measurement.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A rule in force, and what it needs to know of the past. */
struct rule_run {
	const struct rule *rule;
	struct history history;
};

struct alerts {
	struct rule_run *runs;
	size_t runs_count;
	struct alert *list; /* sorted by rule name and key */
	size_t count, allocated;
	const struct alert **order; /* the same, as they are told; room for allocated */
	size_t order_allocated;
	uint64_t omitted, sequence;
};

static const char *const state_list[] = {
	[ALERT_INACTIVE] = "inactive",
	[ALERT_PENDING] = "pending",
	[ALERT_RAISED] = "raised",
	[ALERT_CLEARING] = "clearing",
};

static const char *const event_list[] = {
	[EVENT_RAISED] = "raised",
	[EVENT_REPEATED] = "repeated",
	[EVENT_CLEARED] = "cleared",
};

const struct names alert_state_names = NAMES(state_list);
const struct names event_kind_names = NAMES(event_list);

int alerts_new(struct alerts **ret)
{
	struct alerts *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	*ret = a;
	return 0;
}

static void free_runs(struct rule_run *runs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		history_release(&runs[i].history);
	free(runs);
}

struct alerts *alerts_free(struct alerts *a)
{
	if (a) {
		free_runs(a->runs, a->runs_count);
		free(a->list);
		free(a->order);
		free(a);
	}
	return NULL;
}

void alerts_freep(struct alerts **a)
{
	*a = alerts_free(*a);
}

static struct rule_run *find_run(const struct alerts *a, const char *name)
{
	for (size_t i = 0; i < a->runs_count; i++)
		if (strcmp(a->runs[i].rule->name, name) == 0)
			return &a->runs[i];
	return NULL;
}

/* What a history was made of; with another of these it means nothing to the rule any more. */
static bool measures_the_same(const struct rule *a, const struct rule *b)
{
	return a->measure == b->measure && a->counter == b->counter &&
	       a->window_ms == b->window_ms && a->states == b->states &&
	       a->ownerships == b->ownerships && a->scope == b->scope &&
	       memcmp(a->sides, b->sides, sizeof(a->sides)) == 0;
}

int alerts_set_rules(struct alerts *a, const struct rule *rules, size_t count)
{
	struct rule_run *runs = calloc(MAX(count, (size_t)1), sizeof(*runs));
	size_t used = 0;

	if (!runs)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct rule_run *old = find_run(a, rules[i].name);

		if (!rules[i].enabled)
			continue;
		runs[used].rule = &rules[i];
		if (old && measures_the_same(old->rule, &rules[i])) {
			runs[used].history = old->history;
			old->history = (struct history){0};
		}
		used++;
	}
	free_runs(a->runs, a->runs_count);
	a->runs = runs;
	a->runs_count = used;
	return 0;
}

bool alert_is_in_force(const struct alert *a)
{
	return a->state == ALERT_RAISED || a->state == ALERT_CLEARING;
}

static int compare_alerts(const struct alert *a, const char *name, const struct alert_key *key)
{
	int order = strcmp(a->rule.name, name);

	if (order)
		return order;
	if (a->key.has_port != key->has_port)
		return a->key.has_port ? 1 : -1;
	if (a->key.side != key->side)
		return a->key.side < key->side ? -1 : 1;
	return (a->key.port > key->port) - (a->key.port < key->port);
}

/* Where the alert is, or where it would go. */
static size_t find_place(
	const struct alerts *a, const char *name, const struct alert_key *key, bool *ret_found)
{
	size_t low = 0, high = a->count;

	*ret_found = false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare_alerts(&a->list[middle], name, key);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct alert *find_alert(
	const struct alerts *a, const char *name, const struct alert_key *key)
{
	bool found;
	size_t place = find_place(a, name, key, &found);

	return found ? &a->list[place] : NULL;
}

static int grow(struct alerts *a)
{
	int r = ARRAY_GROW(a->list, a->allocated, a->count + 1);

	return r == 0 ? ARRAY_GROW(a->order, a->order_allocated, a->allocated) : r;
}

/* Makes room for an alert that is not there yet. Returns 0, -ENOSPC or -ENOMEM. */
static int add_alert(
	struct alerts *a, const struct rule *r, const struct alert_key *key, struct alert **ret)
{
	bool found;
	size_t place = find_place(a, r->name, key, &found);
	int error;

	if (found)
		return -EEXIST;
	if (a->count == ALERTS_MAX)
		return -ENOSPC;
	error = grow(a);
	if (error < 0)
		return error;
	memmove(&a->list[place + 1], &a->list[place], (a->count - place) * sizeof(*a->list));
	a->count++;
	a->list[place] = (struct alert){.rule = *r, .key = *key};
	a->list[place].rule.ports = NULL;
	*ret = &a->list[place];
	return 0;
}

/* One judgement under way. */
struct judging {
	struct alerts *alerts;
	const struct snapshot *snapshot;
	uint64_t now_ms;
	alert_event_fn fn;
	void *userdata;
	struct rule_run *run;
};

/* Explained by what the sockets of its port show now; where there are none, by the rule alone. */
static struct explanation explain(const struct snapshot *s, const struct alert *alert)
{
	const char *id = alert->rule.diagnosis;
	const struct diagnosis *d = id ? diagnosis_find(id) : NULL;

	for (size_t i = 0; d && alert->key.has_port && i < s->rows_count; i++)
		if (s->rows[i].side == alert->key.side && s->rows[i].port == alert->key.port)
			return diagnosis_explain(d, &s->rows[i]);
	return (struct explanation){.id = d ? d->id : NULL, .cause = CAUSE_NONE};
}

static void copy_text(char *to, size_t size, const char *from)
{
	struct string s = string_in(to, size);

	string_add(&s, from);
}

static void report_event(struct judging *j, struct alert *alert, enum event_kind kind)
{
	struct alert_event e = {
		.sequence = ++j->alerts->sequence,
		.kind = kind,
		.time = j->snapshot->origin.time,
		.alert = *alert,
		.explanation = explain(j->snapshot, alert),
	};

	copy_text(e.host, sizeof(e.host), j->snapshot->origin.host);
	copy_text(e.netns, sizeof(e.netns), j->snapshot->origin.netns);
	alert->reported_ms = j->now_ms;
	j->fn(&e, j->userdata);
}

static void enter(struct judging *j, struct alert *alert, enum alert_state state)
{
	alert->state = state;
	alert->changed_ms = j->now_ms;
}

static bool has_lasted(const struct judging *j, const struct alert *alert, uint32_t ms)
{
	/* A file of another boot could bring a time to come. */
	return j->now_ms >= alert->changed_ms && j->now_ms - alert->changed_ms >= ms;
}

static void step_inactive(struct judging *j, struct alert *alert, double value)
{
	if (value < alert->rule.raise)
		return;
	alert->since = j->snapshot->origin.time;
	enter(j, alert, ALERT_PENDING);
	if (alert->rule.for_ms)
		return;
	enter(j, alert, ALERT_RAISED);
	report_event(j, alert, EVENT_RAISED);
}

static void step_pending(struct judging *j, struct alert *alert, double value)
{
	if (value < alert->rule.raise) {
		enter(j, alert, ALERT_INACTIVE);
	} else if (has_lasted(j, alert, alert->rule.for_ms)) {
		enter(j, alert, ALERT_RAISED);
		report_event(j, alert, EVENT_RAISED);
	}
}

static void end_alert(struct judging *j, struct alert *alert)
{
	enter(j, alert, ALERT_INACTIVE);
	report_event(j, alert, EVENT_CLEARED);
}

static void step_raised(struct judging *j, struct alert *alert, double value)
{
	const struct rule *r = &alert->rule;

	if (value <= r->clear) {
		enter(j, alert, ALERT_CLEARING);
		if (!r->keep_ms)
			end_alert(j, alert);
	} else if (r->repeat_ms && j->now_ms - alert->reported_ms >= r->repeat_ms) {
		report_event(j, alert, EVENT_REPEATED);
	}
}

static void step_clearing(struct judging *j, struct alert *alert, double value)
{
	if (value > alert->rule.clear)
		enter(j, alert, ALERT_RAISED);
	else if (has_lasted(j, alert, alert->rule.keep_ms))
		end_alert(j, alert);
}

static void step(struct judging *j, struct alert *alert, double value)
{
	static void (*const steps[ALERT_STATE_COUNT])(struct judging *, struct alert *, double) = {
		[ALERT_INACTIVE] = step_inactive,
		[ALERT_PENDING] = step_pending,
		[ALERT_RAISED] = step_raised,
		[ALERT_CLEARING] = step_clearing,
	};

	steps[alert->state](j, alert, value);
}

/* The speed of what was measured, for the rules that ask for it. */
static double value_of(struct judging *j, const struct measurement *m)
{
	const struct rule *r = j->run->rule;

	if (r->measure == MEASURE_GROWTH)
		return history_growth(&j->run->history, &m->key, m->numbers.value);
	if (r->measure == MEASURE_RATE)
		return history_rate(&j->run->history, &m->key, m->numbers.value, r->window_ms);
	return m->numbers.value;
}

/* Leaves what a file keeps of the numbers. */
static struct alert_numbers rounded(const struct alert_numbers *n)
{
	struct alert_numbers r = *n;

	r.value = round(n->value * 1000) / 1000;
	if (is_known(n->oldest_ms))
		r.oldest_ms = (MIN(n->oldest_ms, UNKNOWN_U32 - 100) + 50) / 100 * 100;
	return r;
}

static void set_owner(struct alert *alert, const struct measurement *m)
{
	struct string owner = STRING_IN(alert->owner);

	if (m->owner)
		string_add_printable(&owner, m->owner);
	alert->owner_is_mixed = m->owner_is_mixed;
}

/* Takes what was measured into an alert that is there, or into a new one when it is worth one. */
static int judge_measurement(const struct measurement *measured, void *userdata)
{
	struct judging *j = userdata;
	const struct rule *r = j->run->rule;
	struct measurement m = *measured;
	struct alert *alert = find_alert(j->alerts, r->name, &m.key);
	int error;

	m.numbers.value = value_of(j, &m);
	if (!alert) {
		/* Also when it is not known. */
		if (!(m.numbers.value >= r->raise))
			return 0;
		error = add_alert(j->alerts, r, &m.key, &alert);
		if (error == -ENOSPC)
			j->alerts->omitted++;
		if (error < 0)
			return error == -ENOSPC ? 0 : error;
	}
	alert->seen = true;
	if (isnan(m.numbers.value))
		return 0;
	alert->rule = *r;
	alert->rule.ports = NULL;
	alert->numbers = rounded(&m.numbers);
	set_owner(alert, &m);
	step(j, alert, m.numbers.value);
	return 0;
}

/* An alert on a port that is not there any more: nothing is there. */
static void judge_absent(struct judging *j, struct alert *alert)
{
	alert->rule = *j->run->rule;
	alert->rule.ports = NULL;
	alert->numbers = (struct alert_numbers){.oldest_ms = UNKNOWN_U32};
	alert->owner[0] = '\0';
	step(j, alert, 0);
}

static bool is_same_kind(const struct alert *alert, const struct rule *r)
{
	return strcmp(alert->rule.name, r->name) == 0 &&
	       alert->key.has_port == (r->scope == SCOPE_PORT);
}

static int judge_rule(struct judging *j)
{
	struct alerts *a = j->alerts;
	const struct rule *r = j->run->rule;
	int error;

	if (!measurement_is_known(r, j->snapshot))
		return 0;
	for (size_t i = 0; i < a->count; i++)
		a->list[i].seen = false;
	history_start(&j->run->history, j->now_ms, r->window_ms);
	error = measure(r, j->snapshot, judge_measurement, j);
	if (error < 0)
		return error;
	history_finish(&j->run->history);
	for (size_t i = 0; i < a->count; i++)
		if (!a->list[i].seen && is_same_kind(&a->list[i], r))
			judge_absent(j, &a->list[i]);
	return 0;
}

/* Alerts whose rule is gone, switched off, or of another scope now. */
static void end_ruleless(struct judging *j)
{
	struct alerts *a = j->alerts;

	for (size_t i = 0; i < a->count; i++) {
		struct alert *alert = &a->list[i];
		const struct rule_run *run = find_run(a, alert->rule.name);

		if (run && is_same_kind(alert, run->rule))
			continue;
		alert->is_ruleless = true;
		if (alert_is_in_force(alert))
			end_alert(j, alert);
		enter(j, alert, ALERT_INACTIVE);
	}
}

static void drop_inactive(struct alerts *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->count; i++) {
		if (a->list[i].state == ALERT_INACTIVE)
			continue;
		if (kept != i)
			a->list[kept] = a->list[i];
		kept++;
	}
	a->count = kept;
}

/* What is in force goes first, then what is worse, then what is larger. */
static int compare_for_report(const void *x, const void *y)
{
	const struct alert *a = *(const struct alert *const *)x,
			   *b = *(const struct alert *const *)y;

	if (alert_is_in_force(a) != alert_is_in_force(b))
		return alert_is_in_force(a) ? -1 : 1;
	if (a->rule.severity != b->rule.severity)
		return a->rule.severity > b->rule.severity ? -1 : 1;
	if (a->numbers.memory_bytes != b->numbers.memory_bytes)
		return a->numbers.memory_bytes > b->numbers.memory_bytes ? -1 : 1;
	return compare_alerts(a, b->rule.name, &b->key);
}

static void put_in_order(struct alerts *a)
{
	for (size_t i = 0; i < a->count; i++)
		a->order[i] = &a->list[i];
	if (a->count)
		qsort(a->order, a->count, sizeof(void *), compare_for_report);
}

int alerts_judge(struct alerts *a, const struct snapshot *s, uint64_t now_ms, alert_event_fn fn,
	void *userdata)
{
	struct judging j = {
		.alerts = a,
		.snapshot = s,
		.now_ms = now_ms,
		.fn = fn,
		.userdata = userdata,
	};
	int error = 0;

	if (!s->scan.complete)
		return 0;
	a->omitted = 0;
	for (size_t i = 0; i < a->runs_count && error >= 0; i++) {
		j.run = &a->runs[i];
		error = judge_rule(&j);
	}
	end_ruleless(&j);
	drop_inactive(a);
	put_in_order(a);
	return error;
}

size_t alerts_count(const struct alerts *a)
{
	return a->count;
}

const struct alert *alerts_get(const struct alerts *a, size_t index)
{
	return a->order[index];
}

size_t alerts_in_force(const struct alerts *a)
{
	size_t count = 0;

	while (count < a->count && alert_is_in_force(a->order[count]))
		count++;
	return count;
}

uint64_t alerts_omitted(const struct alerts *a)
{
	return a->omitted;
}

uint64_t alerts_sequence(const struct alerts *a)
{
	return a->sequence;
}

void alerts_set_sequence(struct alerts *a, uint64_t sequence)
{
	a->sequence = sequence;
}

int alerts_restore(struct alerts *a, const struct alert *alert)
{
	struct alert *place = NULL;
	int error;

	if (alert->state == ALERT_INACTIVE)
		return -EINVAL;
	error = add_alert(a, &alert->rule, &alert->key, &place);
	if (error < 0)
		return error;
	*place = *alert;
	place->rule.ports = NULL;
	put_in_order(a);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/alert.h"

#include "basic/macro.h"
#include "basic/string.h"
#include "basic/unknown.h"
#include "judge/alert_private.h"
#include "judge/diagnosis.h"
#include "judge/measurement.h"

#include <errno.h>
#include <math.h>
#include <string.h>

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

bool alert_is_in_force(const struct alert *a)
{
	return a->state == ALERT_RAISED || a->state == ALERT_CLEARING;
}

/* The judgement of one snapshot. */
struct judging {
	struct alerts *alerts;
	const struct snapshot *snapshot;
	uint64_t now_ms;
	alert_event_fn fn;
	void *userdata;
	struct rule_run *run;
};

/* Whether a row has what an alert is about. */
static bool is_about(const struct alert_key *key, const struct port_tally *row)
{
	struct owner_key of_row;

	if (key->scope == SCOPE_PORT)
		return service_key_equal(&row->service, &key->service);
	of_row = owner_key_of(row);
	return owner_key_compare(&of_row, &key->owner_key) == 0;
}

/* By what the sockets of its service, or its owner's, show now; without any, by the rule alone. */
struct explanation alert_explain(const struct snapshot *s, const struct alert *alert)
{
	const char *id = alert->rule.diagnosis;
	const struct diagnosis *d = id ? diagnosis_find(id) : NULL;
	struct port_tally sum = {0};
	bool any = false;

	for (size_t i = 0; d && alert->key.scope != SCOPE_TOTAL && i < s->rows_count; i++) {
		if (!is_about(&alert->key, &s->rows[i]))
			continue;
		if (alert->key.scope == SCOPE_PORT)
			return diagnosis_explain(d, &s->rows[i]);
		any = true;
		STATE_FOREACH(state)
			state_tally_add(&sum.states[state], &s->rows[i].states[state]);
		for (enum symptom c = 0; c < SYMPTOM_COUNT; c++)
			sum.symptoms[c].sockets += s->rows[i].symptoms[c].sockets;
	}
	return any ? diagnosis_explain(d, &sum)
		   : (struct explanation){.id = d ? d->id : NULL, .cause = CAUSE_NONE};
}

static void report_event(struct judging *j, struct alert *alert, enum event_kind kind)
{
	struct alert_event e = {
		.sequence = ++j->alerts->sequence,
		.kind = kind,
		.time = j->snapshot->origin.time,
		.alert = *alert,
		.explanation = alert_explain(j->snapshot, alert),
	};
	struct string host = STRING_IN(e.host), netns = STRING_IN(e.netns);

	string_add(&host, j->snapshot->origin.host);
	string_add(&netns, j->snapshot->origin.netns);
	alert->reported_ms = j->now_ms;
	if (j->fn)
		j->fn(&e, j->userdata);
}

static void enter(struct judging *j, struct alert *alert, enum alert_state state)
{
	alert->state = state;
	alert->changed_ms = j->now_ms;
}

static bool has_lasted(const struct judging *j, const struct alert *alert, uint32_t ms)
{
	/* A restored alert may have a time that is still to come. */
	return j->now_ms >= alert->changed_ms && j->now_ms - alert->changed_ms >= ms;
}

static void end_alert(struct judging *j, struct alert *alert)
{
	enter(j, alert, ALERT_INACTIVE);
	report_event(j, alert, EVENT_CLEARED);
}

/* Of an alert that is not in force. */
static void step_up(struct judging *j, struct alert *alert, double value)
{
	const struct rule *r = &alert->rule;

	if (value < r->raise) {
		enter(j, alert, ALERT_INACTIVE);
		return;
	}
	if (alert->state == ALERT_INACTIVE) {
		alert->since = j->snapshot->origin.time;
		enter(j, alert, ALERT_PENDING);
	}
	if (has_lasted(j, alert, r->for_ms)) {
		enter(j, alert, ALERT_RAISED);
		report_event(j, alert, EVENT_RAISED);
	}
}

static void step_down(struct judging *j, struct alert *alert, double value)
{
	const struct rule *r = &alert->rule;

	if (value > r->clear) {
		if (alert->state == ALERT_CLEARING)
			enter(j, alert, ALERT_RAISED);
		else if (r->repeat_ms && j->now_ms - alert->reported_ms >= r->repeat_ms)
			report_event(j, alert, EVENT_REPEATED);
		return;
	}
	if (alert->state == ALERT_RAISED)
		enter(j, alert, ALERT_CLEARING);
	if (has_lasted(j, alert, r->keep_ms))
		end_alert(j, alert);
}

static void step(struct judging *j, struct alert *alert, double value)
{
	if (alert_is_in_force(alert))
		step_down(j, alert, value);
	else
		step_up(j, alert, value);
}

/* For rules of growth and rates, the speed of what was measured. */
static double value_of(struct judging *j, const struct measurement *m)
{
	const struct rule *r = j->run->rule;

	if (r->measure == MEASURE_GROWTH)
		return history_growth(&j->run->history, &m->key, m->numbers.value);
	if (r->measure == MEASURE_RATE)
		return history_rate(&j->run->history, &m->key, m->numbers.value, r->window_ms);
	return m->numbers.value;
}

/* As precise as a file keeps them. */
static struct alert_numbers rounded(const struct alert_numbers *n)
{
	struct alert_numbers r = *n;

	r.value = round(n->value * 1000) / 1000;
	if (is_known(n->oldest_ms))
		r.oldest_ms = (MIN(n->oldest_ms, UNKNOWN_U32 - 100) + 50) / 100 * 100;
	return r;
}

static void set_device(struct alert *alert, const struct measurement *m)
{
	struct string device = STRING_IN(alert->device);
	char text[DEVICE_NAME_SIZE];

	string_add_printable(&device, device_label(text, m->key.service.device, m->device));
}

static void set_owner(struct alert *alert, const struct measurement *m)
{
	const struct whose *w = &m->whose;

	owner_copy(w->owner, w->user, &alert->owner);
	alert->owner.is_mixed = w->is_mixed && owner_is_known(&alert->owner);
	alert->is_only = m->is_only;
}

/* Updates the alert of what was measured, or adds one if the value reaches raise. */
static int judge_measurement(const struct measurement *measured, void *userdata)
{
	struct judging *j = userdata;
	const struct rule *r = j->run->rule;
	struct measurement m = *measured;
	struct alert *alert = alerts_find(j->alerts, r->name, &m.key);
	int error;

	m.numbers.value = value_of(j, &m);
	if (!alert) {
		/* An unknown value does not, either. */
		if (!(m.numbers.value >= r->raise))
			return 0;
		error = alerts_add(j->alerts, r, &m.key, &alert);
		if (error == -ENOSPC)
			j->alerts->omitted++;
		if (error < 0)
			return error == -ENOSPC ? 0 : error;
		set_device(alert, &m);
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

/* The port of an alert is gone: it has no sockets. */
static void judge_absent(struct judging *j, struct alert *alert)
{
	alert->rule = *j->run->rule;
	alert->rule.ports = NULL;
	alert->numbers = (struct alert_numbers){
		.oldest_ms = UNKNOWN_U32,
		.ports = alert->key.scope == SCOPE_OWNER ? 0 : UNKNOWN,
		.listeners = UNKNOWN,
		.usage = {0, UNKNOWN},
	};
	step(j, alert, 0);
}

static bool is_same_kind(const struct alert *alert, const struct rule *r)
{
	return strcmp(alert->rule.name, r->name) == 0 && r->scopes & SCOPE_BIT(alert->key.scope);
}

/* Whether a service has an alert of the rule itself. */
static bool has_own_alert(const struct service_key *service, void *userdata)
{
	const struct judging *j = userdata;
	const struct alert_key key = {.scope = SCOPE_PORT, .service = *service};
	const struct alert *alert = alerts_find(j->alerts, j->run->rule->name, &key);

	return alert && alert->state != ALERT_INACTIVE;
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
	error = history_start(&j->run->history, j->now_ms, r->window_ms);
	if (error < 0)
		return error;
	error = measure(r, j->snapshot, &(struct measuring){judge_measurement, has_own_alert, j});
	if (error < 0)
		return error;
	history_finish(&j->run->history);
	for (size_t i = 0; i < a->count; i++)
		if (!a->list[i].seen && is_same_kind(&a->list[i], r))
			judge_absent(j, &a->list[i]);
	return 0;
}

/* Ends alerts whose rule is gone, switched off, or of another scope now. */
static void end_ruleless(struct judging *j)
{
	struct alerts *a = j->alerts;

	for (size_t i = 0; i < a->count; i++) {
		struct alert *alert = &a->list[i];
		const struct rule_run *run = alerts_find_run(a, alert->rule.name);

		if (run && is_same_kind(alert, run->rule))
			continue;
		alert->is_ruleless = true;
		if (alert_is_in_force(alert))
			end_alert(j, alert);
		enter(j, alert, ALERT_INACTIVE);
	}
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
	alerts_drop_inactive(a);
	alerts_put_in_order(a);
	return error;
}

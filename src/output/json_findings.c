/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/json_private.h"

#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/match.h"
#include "output/diagnosis_json.h"
#include "output/event_table.h"
#include "output/words.h"

/* What its event would say, and its state. */
static struct json_object *alert(struct builder *b, const struct document *d, const struct alert *a,
	struct json_object *explained)
{
	struct alert_event e = {.alert = *a, .explanation = alert_explain(d->snapshot, a)};
	struct string netns = STRING_IN(e.netns);
	struct json_object *o = build_object(b);

	string_add(&netns, d->snapshot->origin.netns);
	diagnosis_json_put(b, explained, e.explanation.id);
	build_put(b, o, "state", build_string(b, name_of(alert_state_names, a->state)));
	for (size_t i = 0; i < event_keys_count; i++)
		if (!event_keys[i].is_of_event)
			build_put(b, o, event_keys[i].name, event_value(b, &event_keys[i], &e));
	return o;
}

/* A single poll gives no rule a state. */
static struct json_object *alerts(
	struct builder *b, const struct document *d, struct json_object *explained)
{
	struct json_object *array = build_array(b);

	for (size_t i = 0; d->extras->alerts && i < alerts_count(d->extras->alerts); i++)
		build_append(b, array, alert(b, d, alerts_get(d->extras->alerts, i), explained));
	return array;
}

static struct json_object *process(struct builder *b, const struct process *p)
{
	const size_t known = MIN(p->descriptors_count, (uint32_t)PROCESS_DESCRIPTORS_MAX);
	struct json_object *o = build_object(b), *descriptors = build_array(b);

	for (size_t i = 0; i < known; i++)
		build_append(b, descriptors, build_number(b, p->descriptors[i]));
	build_put(b, o, "pid", build_number(b, p->pid));
	build_put(b, o, "uid", build_number(b, p->uid));
	build_put(b, o, "cgroup", build_string(b, p->cgroup));
	build_put(b, o, "comm", build_string(b, p->comm));
	build_put(b, o, "command", build_string(b, p->command));
	build_put(b, o, "descriptors_count", build_number(b, p->descriptors_count));
	build_put(b, o, "descriptors", descriptors);
	return o;
}

/* The processes that hold the sockets of one finding. */
static struct json_object *holders_of(struct builder *b, const struct document *d, size_t index)
{
	const struct processes *p = d->extras->processes;
	struct json_object *array = build_array(b);

	for (size_t i = 0; i < p->count; i++)
		if (finding_matches(d->findings, index, p->list[i].tag))
			build_append(b, array, process(b, &p->list[i]));
	return array;
}

static void put_owner(struct builder *b, struct json_object *o, const struct finding *f)
{
	const struct whose *w = &f->whose;
	struct json_object *split = w->shares_count ? build_array(b) : NULL;

	for (size_t i = 0; i < w->shares_count; i++) {
		const struct owner_share *share = &w->shares[i];
		struct json_object *element = build_object(b);

		build_put(b, element, "owner", build_owner(b, share->owner, share->user, false));
		build_put(b, element, "sockets", build_number(b, share->sockets));
		build_append(b, split, element);
	}
	build_put(b, o, "owner", build_owner(b, w->owner, w->user, w->is_mixed));
	build_put(b, o, "accepted_by", build_owner(b, f->accepted_by, NULL, false));
	build_put(b, o, "split", split);
}

/* The services of an owner have no key in common, but a side. */
static void put_subject(struct builder *b, struct json_object *o, const struct finding *f)
{
	static const char *const unset[] = {"address", "device", "port"};

	if (f->scope != SCOPE_OWNER) {
		build_put_service(b, o, f->netns, f->has_port ? &f->service : NULL, f->device);
		return;
	}
	build_put(b, o, "netns", build_string(b, f->netns));
	build_put(b, o, "side",
		f->service.side < SIDE_COUNT
			? build_string(b, side_name((enum sock_side)f->service.side))
			: NULL);
	for (size_t i = 0; i < ARRAY_SIZE(unset); i++)
		build_put(b, o, unset[i], NULL);
}

static struct json_object *finding(
	struct builder *b, const struct document *d, size_t index, struct json_object *explained)
{
	const struct finding *f = &d->findings->list[index];
	struct json_object *o = build_object(b);
	char sentence[SENTENCE_SIZE];
	struct string what = STRING_IN(sentence);

	diagnosis_json_put(b, explained, f->id);
	build_put(b, o, "id", build_string(b, f->id));
	build_put(b, o, "cause", build_string(b, name_of(cause_names, f->cause)));
	build_put(b, o, "severity", build_string(b, name_of(severity_names, f->severity)));
	build_put(b, o, "scope", build_string(b, name_of(scope_names, f->scope)));
	put_subject(b, o, f);
	build_put(b, o, "ports", build_number(b, f->scope == SCOPE_OWNER ? f->ports : UNKNOWN));
	build_put(b, o, "sockets", build_number(b, f->sockets));
	build_put(b, o, "memory_bytes", build_number(b, f->memory_bytes));
	build_put(b, o, "oldest_seconds", build_seconds(b, f->oldest_ms));
	put_owner(b, o, f);
	build_put(b, o, "destination", build_destination(b, &f->destination));
	if (d->extras->processes)
		build_put(b, o, "processes", holders_of(b, d, index));
	words_finding(&what, f);
	build_put(b, o, "what", build_string(b, sentence));
	return o;
}

static struct json_object *findings(
	struct builder *b, const struct document *d, struct json_object *explained)
{
	struct json_object *array = build_array(b);

	for (size_t i = 0; i < d->findings->count; i++)
		build_append(b, array, finding(b, d, i, explained));
	return array;
}

/* What the lists of processes lack. */
static struct json_object *processes(struct builder *b, const struct document *d)
{
	const struct processes *p = d->extras->processes;
	struct json_object *o = build_object(b);

	build_put(b, o, "refused", build_number(b, p->refused));
	build_put(b, o, "unheld", build_number(b, p->unheld));
	build_put(b, o, "omitted", build_number(b, p->omitted));
	return o;
}

void json_put_findings(struct builder *b, struct json_object *o, const struct document *d)
{
	const struct alerts *a = d->extras->alerts;
	struct json_object *explained = build_object(b); /* that these refer to */

	build_put(b, o, "alerts", alerts(b, d, explained));
	build_put(b, o, "alerts_omitted", build_number(b, a ? alerts_omitted(a) : 0));
	build_put(b, o, "findings", findings(b, d, explained));
	build_put(b, o, "diagnoses", explained);
	if (d->extras->processes)
		build_put(b, o, "processes", processes(b, d));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/alert_private.h"

#include "basic/array.h"
#include "basic/macro.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int alerts_new(struct alerts **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
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

struct rule_run *alerts_find_run(const struct alerts *a, const char *name)
{
	for (size_t i = 0; i < a->runs_count; i++)
		if (strcmp(a->runs[i].rule->name, name) == 0)
			return &a->runs[i];
	return NULL;
}

/* Whether the history of one rule means the same to the other. */
static bool measures_the_same(const struct rule *a, const struct rule *b)
{
	return a->measure == b->measure && a->counter == b->counter &&
	       a->window_ms == b->window_ms && a->states == b->states &&
	       a->ownerships == b->ownerships && a->scopes == b->scopes &&
	       memcmp(a->sides, b->sides, sizeof(a->sides)) == 0;
}

int alerts_set_rules(struct alerts *a, const struct rule *rules, size_t count)
{
	struct rule_run *runs = calloc(MAX(count, (size_t)1), sizeof(*runs));
	size_t used = 0;

	if (!runs)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct rule_run *old = alerts_find_run(a, rules[i].name);

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

static int compare_alerts(const struct alert *a, const char *name, const struct alert_key *key)
{
	int order = strcmp(a->rule.name, name);

	if (order)
		return order;
	if (a->key.scope != key->scope)
		return a->key.scope < key->scope ? -1 : 1;
	order = owner_key_compare(&a->key.owner_key, &key->owner_key);
	return order ? order : service_key_compare(&a->key.service, &key->service);
}

/* The place of the alert, or where it would go. */
static size_t find_place(
	const struct alerts *a, const char *name, const struct alert_key *key, bool *ret_found)
{
	size_t low = 0, high = a->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_alerts(&a->list[middle], name, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = low < a->count && compare_alerts(&a->list[low], name, key) == 0;
	return low;
}

struct alert *alerts_find(const struct alerts *a, const char *name, const struct alert_key *key)
{
	bool found;
	size_t place = find_place(a, name, key, &found);

	return found ? &a->list[place] : NULL;
}

int alerts_add(
	struct alerts *a, const struct rule *r, const struct alert_key *key, struct alert **ret)
{
	bool found;
	size_t place = find_place(a, r->name, key, &found);
	int error;

	if (found)
		return -EEXIST;
	if (a->count == ALERTS_MAX)
		return -ENOSPC;
	error = ARRAY_GROW(a->list, a->allocated, a->count + 1);
	if (error == 0)
		error = ARRAY_GROW(a->order, a->order_allocated, a->allocated);
	if (error < 0)
		return error;
	memmove(&a->list[place + 1], &a->list[place], (a->count - place) * sizeof(*a->list));
	a->count++;
	a->list[place] = (struct alert){.rule = *r, .key = *key};
	a->list[place].rule.ports = NULL;
	*ret = &a->list[place];
	return 0;
}

void alerts_drop_inactive(struct alerts *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].state != ALERT_INACTIVE)
			a->list[kept++] = a->list[i];
	a->count = kept;
}

/* In force first, then the most severe, then the largest. */
static int compare_for_report(const void *x, const void *y)
{
	const struct alert *a = ((const struct alert_place *)x)->alert,
			   *b = ((const struct alert_place *)y)->alert;

	if (alert_is_in_force(a) != alert_is_in_force(b))
		return alert_is_in_force(a) ? -1 : 1;
	if (a->rule.severity != b->rule.severity)
		return a->rule.severity > b->rule.severity ? -1 : 1;
	if (a->numbers.memory_bytes != b->numbers.memory_bytes)
		return a->numbers.memory_bytes > b->numbers.memory_bytes ? -1 : 1;
	return compare_alerts(a, b->rule.name, &b->key);
}

void alerts_put_in_order(struct alerts *a)
{
	for (size_t i = 0; i < a->count; i++)
		a->order[i].alert = &a->list[i];
	if (a->count)
		qsort(a->order, a->count, sizeof(*a->order), compare_for_report);
}

size_t alerts_count(const struct alerts *a)
{
	return a->count;
}

const struct alert *alerts_get(const struct alerts *a, size_t index)
{
	return a->order[index].alert;
}

size_t alerts_in_force(const struct alerts *a)
{
	size_t count = 0;

	while (count < a->count && alert_is_in_force(a->order[count].alert))
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
	error = alerts_add(a, &alert->rule, &alert->key, &place);
	if (error < 0)
		return error;
	*place = *alert;
	place->rule.ports = NULL;
	alerts_put_in_order(a);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/measurement.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/unknown.h"

#include <errno.h>
#include <stdlib.h>

/* What the table of ages has of one row. */
struct aged_row {
	uint32_t sockets; /* old enough */
	uint32_t oldest_ms;
};

struct aged {
	const struct rule *rule;
	const struct creators *creators; /* may be NULL */
	struct aged_row *rows;
	size_t rows_count;
	uint32_t *by_creator; /* old enough, for each entry of creators */
};

/* Whether the rule needs what only the table of ages has. */
static bool needs_ages(const struct rule *r)
{
	return r->older_than_ms ||
	       (r->measure == MEASURE_OLDEST && r->ownerships != OWNERSHIP_SET_ALL);
}

static void count_age(const struct age *age, void *userdata)
{
	struct aged *aged = userdata;
	const struct rule *r = aged->rule;
	const struct creator_tally *t = tally_creator_of_age(aged->creators, age->row);
	const uint32_t number = t ? t->row : age->row;
	struct aged_row *row;

	if (number >= aged->rows_count || age->age_ms < r->older_than_ms ||
		!state_set_has(r->states, age->state) ||
		!(r->ownerships & OWNERSHIP_BIT(age->ownership)))
		return;
	row = &aged->rows[number];
	row->sockets++;
	if (t)
		aged->by_creator[t - aged->creators->list]++;
	row->oldest_ms = MAX(row->oldest_ms, age->age_ms);
}

static void aged_release(struct aged *a)
{
	free(a->rows);
	free(a->by_creator);
}

/* *ret has a row for each of the snapshot; release it with aged_release. */
static int count_ages(const struct rule *r, const struct snapshot *s, struct aged *ret)
{
	const size_t creators = s->creators ? s->creators->used : 0;
	const uint32_t weight = ages_weight(s->ages);
	struct aged aged = {.rule = r, .creators = s->creators, .rows_count = s->rows_count};

	aged.rows = calloc(MAX(aged.rows_count, (size_t)1), sizeof(*aged.rows));
	aged.by_creator = calloc(MAX(creators, (size_t)1), sizeof(*aged.by_creator));
	if (!aged.rows || !aged.by_creator) {
		aged_release(&aged);
		return -ENOMEM;
	}
	ages_foreach(s->ages, count_age, &aged);
	for (size_t i = 0; i < aged.rows_count; i++)
		aged.rows[i].sockets *= weight;
	for (size_t i = 0; i < creators; i++)
		aged.by_creator[i] *= weight;
	*ret = aged;
	return 0;
}

static const struct alert_numbers no_numbers = {
	.value = UNKNOWN_DOUBLE,
	.sockets = UNKNOWN,
	.memory_bytes = UNKNOWN,
	.oldest_ms = UNKNOWN_U32,
	.ports = UNKNOWN,
	.listeners = UNKNOWN,
	.usage = {UNKNOWN, UNKNOWN},
};

/* Before the sockets are counted. */
static const struct alert_numbers zero_numbers = {
	.value = UNKNOWN_DOUBLE,
	.oldest_ms = UNKNOWN_U32,
	.ports = UNKNOWN,
	.listeners = UNKNOWN,
	.usage = {UNKNOWN, UNKNOWN},
};

static bool selects_row(const struct rule *r, const struct port_tally *row)
{
	return r->sides[row->service.side] && service_set_has(r->ports, &row->service);
}

/* Adds what the rule selects of one row. aged may be NULL. */
static void add_row(struct alert_numbers *n, const struct rule *r, const struct snapshot *s,
	const struct port_tally *row, const struct aged_row *aged)
{
	uint64_t sockets = 0, memory = 0;

	STATE_FOREACH(i) {
		const struct state_tally *t = &row->states[i];

		if (!state_set_has(r->states, i) || !t->sockets)
			continue;
		sockets += ownership_sockets(t, r->ownerships);
		memory += ownership_memory(t, r->ownerships, &s->prices);
		/* An age of the state says nothing about some of its sockets. */
		if (!aged && (r->ownerships == OWNERSHIP_SET_ALL || !t->mini))
			n->oldest_ms = known_max(n->oldest_ms, t->oldest_ms);
	}
	if (aged && sockets) {
		uint64_t old = MIN(sockets, (uint64_t)aged->sockets);

		/* As far as is known, sockets of all ages hold the same memory. */
		memory = (uint64_t)((double)memory / (double)sockets * (double)old);
		sockets = old;
		if (old)
			n->oldest_ms = known_max(n->oldest_ms, aged->oldest_ms);
	}
	n->sockets += sockets;
	n->memory_bytes += memory;
}

static void set_value(struct measurement *m, const struct rule *r, const struct snapshot *s)
{
	struct alert_numbers *n = &m->numbers;

	switch (r->measure) {
	case MEASURE_SOCKETS:
	case MEASURE_GROWTH:
		n->value = (double)n->sockets;
		break;
	case MEASURE_MEMORY:
		n->value = (double)n->memory_bytes;
		break;
	case MEASURE_OLDEST:
		/* With no sockets the age is 0; with sockets of unknown age it is unknown. */
		if (n->oldest_ms != UNKNOWN_U32)
			n->value = n->oldest_ms / 1000.0;
		else if (!n->sockets)
			n->value = 0;
		break;
	case MEASURE_PERCENT:
		n->usage = (struct usage){n->memory_bytes, s->limits.mem_total_bytes};
		if (usage_percent(&n->usage) >= 0)
			n->value = usage_percent(&n->usage);
		break;
	case MEASURE_RATE:
	case MEASURE_COUNT:
		break;
	}
}

/* Those of some age, where the rule is about these. */
static struct socket_group group_of(const struct rule *r, const struct aged *aged, size_t row)
{
	struct socket_group g = {.states = r->states, .ownerships = r->ownerships};

	if (aged->rows) {
		g.counted = aged->by_creator;
		g.total = aged->rows[row].sockets;
	}
	return g;
}

static struct measurement measurement_of(
	const struct port_tally *row, const struct alert_numbers *numbers)
{
	return (struct measurement){
		.key = {.scope = SCOPE_PORT, .service = row->service},
		.numbers = *numbers,
		.device = row->device,
		.is_only = row->is_only,
	};
}

/* The sums of owners under way. */
struct owner_sums {
	struct owner_map map;
	struct measurement *list;
	size_t count, allocated;
};

static void owner_sums_release(struct owner_sums *o)
{
	owner_map_release(&o->map);
	free(o->list);
}

static int add_to_owner(struct owner_sums *o, const struct port_tally *row,
	const struct alert_numbers *n, const struct whose *whose)
{
	const struct owner_key key = owner_key_of(row);
	const uint32_t i = owner_map_add(&o->map, &key, 0);
	struct alert_numbers *sum;

	if (i == OWNER_MAP_FULL || ARRAY_GROW(o->list, o->allocated, i + 1U) < 0)
		return -ENOMEM;
	sum = &o->list[i].numbers;
	if (i == o->count) {
		o->count++;
		o->list[i] = (struct measurement){
			.key = {.scope = SCOPE_OWNER, .owner_key = key},
			.numbers = zero_numbers,
			.whose = {.owner = whose->owner, .is_mixed = whose->is_mixed},
		};
		sum->ports = 0;
	}
	if (o->list[i].whose.owner != whose->owner || whose->is_mixed)
		o->list[i].whose.is_mixed = true;
	sum->ports++;
	sum->sockets += n->sockets;
	sum->memory_bytes += n->memory_bytes;
	sum->oldest_ms = known_max(sum->oldest_ms, n->oldest_ms);
	return 0;
}

/* Each service, and what has no alert of its own for its owner. */
static int measure_port(const struct rule *r, const struct snapshot *s, const struct measuring *m,
	const struct port_tally *row, const struct alert_numbers *n,
	const struct socket_group *group, struct owner_sums *owners)
{
	struct measurement one = measurement_of(row, n);
	int error = 0;

	one.whose = whose_of(s->creators, row, group);
	if (r->scopes & SCOPE_BIT(SCOPE_PORT)) {
		set_value(&one, r, s);
		error = m->take(&one, m->userdata);
		if (error < 0 || m->has_own_alert(&row->service, m->userdata))
			return error;
	}
	return r->scopes & SCOPE_BIT(SCOPE_OWNER) ? add_to_owner(owners, row, n, &one.whose) : 0;
}

static int measure_services(const struct rule *r, const struct snapshot *s, const struct aged *aged,
	const struct measuring *m)
{
	cleanup_(owner_sums_release) struct owner_sums owners = {0};
	int error = 0;

	for (size_t i = 0; i < s->rows_count && error >= 0; i++) {
		struct alert_numbers n = zero_numbers;

		if (!selects_row(r, &s->rows[i]))
			continue;
		add_row(&n, r, s, &s->rows[i], aged->rows ? &aged->rows[i] : NULL);
		if (n.sockets) {
			const struct socket_group group = group_of(r, aged, i);

			error = measure_port(r, s, m, &s->rows[i], &n, &group, &owners);
		}
	}
	for (size_t i = 0; i < owners.count && error >= 0; i++) {
		set_value(&owners.list[i], r, s);
		error = m->take(&owners.list[i], m->userdata);
	}
	return error;
}

static int measure_total(const struct rule *r, const struct snapshot *s, const struct aged *aged,
	const struct measuring *measuring)
{
	struct measurement m = {.key.scope = SCOPE_TOTAL, .numbers = zero_numbers};

	for (size_t i = 0; i < s->rows_count; i++)
		if (selects_row(r, &s->rows[i]))
			add_row(&m.numbers, r, s, &s->rows[i], aged->rows ? &aged->rows[i] : NULL);
	/* The side and port of these are unknown. */
	if (s->rest && !aged->rows && !r->ports && r->sides[SIDE_SERVER] && r->sides[SIDE_CLIENT])
		add_row(&m.numbers, r, s, s->rest, NULL);
	set_value(&m, r, s);
	return measuring->take(&m, measuring->userdata);
}

static int measure_sockets(
	const struct rule *r, const struct snapshot *s, const struct measuring *m)
{
	cleanup_(aged_release) struct aged aged = {0};
	int error = needs_ages(r) ? count_ages(r, s, &aged) : 0;

	if (error >= 0 && r->scopes & (SCOPE_BIT(SCOPE_PORT) | SCOPE_BIT(SCOPE_OWNER)))
		error = measure_services(r, s, &aged, m);
	if (error >= 0 && r->scopes & SCOPE_BIT(SCOPE_TOTAL))
		error = measure_total(r, s, &aged, m);
	return error;
}

/* Connections that wait for accept() at the fullest listener of each service. */
static int measure_accept_queues(
	const struct rule *r, const struct snapshot *s, const struct measuring *measuring)
{
	int error = 0;

	for (size_t i = 0; i < s->rows_count && error >= 0; i++) {
		const struct port_tally *row = &s->rows[i];
		const struct usage u = limit_accept_queue(row);
		struct measurement m;

		if (!is_known(u.max) || !selects_row(r, row))
			continue;
		m = measurement_of(row, &no_numbers);
		m.whose = whose_of_service(s->creators, row);
		m.numbers.sockets = u.used;
		m.numbers.usage = u;
		m.numbers.listeners = row->listeners;
		m.numbers.value = limit_accept_queue_percent(&u);
		error = measuring->take(&m, measuring->userdata);
	}
	return error;
}

/* A limit or a counter of the machine. */
static int measure_machine(
	const struct rule *r, const struct snapshot *s, const struct measuring *measuring)
{
	struct measurement m = {.key.scope = SCOPE_TOTAL, .numbers = no_numbers};
	struct alert_numbers *n = &m.numbers;

	if (r->measure == MEASURE_RATE) {
		n->value = (double)s->limits.counters[r->counter];
		return measuring->take(&m, measuring->userdata);
	}
	n->usage = limit_usage(r->limit, s);
	n->value = usage_percent(&n->usage);
	if (limit_counts_sockets(r->limit))
		n->sockets = n->usage.used;
	if (r->limit == LIMIT_CLIENT_PORTS) {
		n->destination = s->busiest;
		m.whose = whose_has_room(&s->port_room);
	}
	return measuring->take(&m, measuring->userdata);
}

/*
 * The counter of ESTABLISHED has neither ports nor memory; /proc has neither the cookies that ages
 * are kept by, nor cgroups. A state that this kernel never lists (BOUND_INACTIVE) would be unknown
 * for ever: it counts as empty.
 */
static bool are_sockets_known(const struct rule *r, const struct snapshot *s)
{
	const bool is_from_proc = scan_is_of_proc(&s->scan);

	if (state_set_has(r->states, STATE_ESTABLISHED) &&
		!state_set_has(s->scanned, STATE_ESTABLISHED))
		return false;
	if (needs_ages(r) && (!s->ages || is_from_proc))
		return false;
	return !is_from_proc || !(r->scopes & SCOPE_BIT(SCOPE_OWNER));
}

bool measurement_is_known(const struct rule *r, const struct snapshot *s)
{
	const struct usage usage = limit_usage(r->limit, s);

	if (rule_selects_sockets(r))
		return are_sockets_known(r, s);
	if (r->measure == MEASURE_RATE)
		return s->limits.counters[r->counter] != UNKNOWN;
	return r->limit == LIMIT_ACCEPT_QUEUE || usage_percent(&usage) >= 0;
}

int measure(const struct rule *r, const struct snapshot *s, const struct measuring *m)
{
	if (rule_selects_sockets(r))
		return measure_sockets(r, s, m);
	if (r->measure == MEASURE_PERCENT && r->limit == LIMIT_ACCEPT_QUEUE)
		return measure_accept_queues(r, s, m);
	return measure_machine(r, s, m);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/json_private.h"

#include "basic/unknown.h"
#include "model/growth.h"
#include "model/whose.h"

#include <string.h>

/* Of the full sockets of a state; null: nothing is known. */
static struct json_object *age(struct builder *b, const struct age_stats *a, uint64_t sockets)
{
	static const char *const older[AGE_MARK_COUNT] = {
		[AGE_MARK_1_MINUTE] = "older_than_1_minute",
		[AGE_MARK_10_MINUTES] = "older_than_10_minutes",
		[AGE_MARK_60_MINUTES] = "older_than_60_minutes",
	};
	struct json_object *o;

	/* The table of ages has no mini sockets; without any sockets, none is old. */
	if (!a || (!a->tracked && sockets))
		return NULL;
	o = build_object(b);
	build_put(
		b, o, "median_seconds", build_seconds(b, a->tracked ? a->median_ms : UNKNOWN_U32));
	build_put(b, o, "p90_seconds", build_seconds(b, a->tracked ? a->p90_ms : UNKNOWN_U32));
	for (enum age_mark m = 0; m < AGE_MARK_COUNT; m++)
		build_put(b, o, older[m], build_number(b, a->older[m]));
	build_put(b, o, "added_last_minute",
		build_number(b, a->added != UNKNOWN_U32 ? a->added : UNKNOWN));
	return o;
}

struct state_numbers {
	uint64_t sockets, memory_bytes;
	uint32_t oldest_ms;
	const struct age_stats *ages; /* NULL: nothing is known of them */
	double growth;                /* or UNKNOWN_DOUBLE */
};

static const struct state_numbers unknown_numbers = {
	.sockets = UNKNOWN,
	.memory_bytes = UNKNOWN,
	.oldest_ms = UNKNOWN_U32,
	.growth = UNKNOWN_DOUBLE,
};

static struct json_object *state(struct builder *b, const struct state_numbers *n)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "sockets", build_number(b, n->sockets));
	build_put(b, o, "memory_bytes", build_number(b, n->memory_bytes));
	build_put(b, o, "oldest_seconds", build_seconds(b, n->oldest_ms));
	build_put(b, o, "age", age(b, n->ages, n->sockets));
	build_put(b, o, "growth_per_minute", build_quantity(b, n->growth));
	return o;
}

/* A state that was not scanned is unknown, but for the kernel's own count of ESTABLISHED. */
static struct json_object *total_of_state(
	struct builder *b, const struct document *d, enum tcp_state s)
{
	const struct snapshot *snapshot = d->snapshot;
	const struct state_tally *t = &snapshot->totals.states[s];

	struct state_numbers n = unknown_numbers;

	if (state_set_has(snapshot->scanned, s))
		n = (struct state_numbers){
			.sockets = t->sockets,
			.memory_bytes = t->memory_bytes,
			.oldest_ms = t->oldest_ms,
			.ages = age_stats_of_all(&snapshot->age_table, s),
			.growth = growth_of_all(snapshot, s),
		};
	else if (s == STATE_ESTABLISHED && snapshot->established_from_counter)
		n.sockets = t->sockets;
	return state(b, &n);
}

static struct json_object *totals(struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;
	bool closing_known = s->scanned & STATE_SET_CLOSING;
	struct json_object *o = build_object(b), *closing = build_object(b),
			   *states = build_object(b);

	build_put(b, closing, "sockets",
		build_number(b, closing_known ? s->totals.closing_sockets : UNKNOWN));
	build_put(b, closing, "memory_bytes",
		build_number(b, closing_known ? s->totals.closing_memory_bytes : UNKNOWN));
	STATE_FOREACH(i)
		build_put(b, states, state_name(i), total_of_state(b, d, i));

	build_put(b, o, "sockets", build_number(b, s->totals.sockets));
	build_put(b, o, "memory_bytes", build_number(b, s->totals.memory_bytes));
	build_put(b, o, "closing", closing);
	build_put(b, o, "states", states);
	return o;
}

static struct json_object *fin_wait_2_kinds(struct builder *b, const struct state_tally *t)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "mini", build_number(b, t ? t->mini : UNKNOWN));
	build_put(b, o, "orphan", build_number(b, t ? t->orphan : UNKNOWN));
	build_put(b, o, "held", build_number(b, t ? t->sockets - t->mini - t->orphan : UNKNOWN));
	return o;
}

static struct json_object *close_rates_range(struct builder *b, const struct close_rates_range *r)
{
	struct json_object *o;

	if (isnan(r->value))
		return NULL;
	o = build_object(b);
	build_put(b, o, "estimate", build_decimal(b, r->value));
	build_put(b, o, "low", build_decimal(b, r->low));
	build_put(b, o, "high", build_decimal(b, r->high));
	return o;
}

static struct json_object *close_rates_estimate(
	struct builder *b, const struct close_rates_estimate *e)
{
	static const char *const keys[INITIATOR_COUNT] = {
		[CLOSED_ALL] = "closed_per_minute",
		[CLOSED_LOCAL] = "we_first_per_minute",
		[CLOSED_PEER] = "peer_first_per_minute",
		[CLOSED_RESET] = "reset_per_minute",
	};
	struct json_object *o = build_object(b);

	build_put(b, o, "estimate", build_boolean(b, true));
	for (enum close_initiator i = 0; i < INITIATOR_COUNT; i++)
		build_put(b, o, keys[i], close_rates_range(b, &e->by_initiator[i]));
	return o;
}

/* Those of a port, or with NULL of the namespace. */
static struct json_object *close_rates(
	struct builder *b, const struct document *d, const struct port_tally *port)
{
	const struct close_rates *c = d->extras->close_rates;
	struct close_rates_estimate e;
	struct json_object *o;

	/* It takes two polls. The port of a client's connections is the peer's. */
	if (!c || !close_rates_known(c) || (port && port->service.side != SIDE_SERVER))
		return NULL;
	if (port) {
		close_rates_of_port(c, &port->service, &e);
		return close_rates_estimate(b, &e);
	}
	close_rates_of_namespace(c, &e);
	o = close_rates_estimate(b, &e);
	build_put(b, o, "watched_seconds", build_decimal(b, (double)c->watched_ms / 1000));
	return o;
}

void json_put_totals(struct builder *b, struct json_object *o, const struct document *d)
{
	const struct snapshot *s = d->snapshot;
	const bool known = state_set_has(s->scanned, STATE_FIN_WAIT_2);

	build_put(b, o, "totals", totals(b, d));
	build_put(b, o, "fin_wait_2",
		fin_wait_2_kinds(b, known ? &s->totals.states[STATE_FIN_WAIT_2] : NULL));
	build_put(b, o, "closes", close_rates(b, d, NULL));
}

struct json_object *json_port(struct builder *b, const struct document *d, size_t index)
{
	const struct snapshot *s = d->snapshot;
	const struct port_tally *p = s->ports[index];
	const struct whose whose = whose_of_service(s->creators, p);
	const bool has_backlog = p->listening && is_known(p->backlog);
	struct json_object *o = build_object(b), *states = build_object(b);
	uint64_t unaccepted = 0, orphans = 0;

	STATE_FOREACH(i) {
		const struct state_tally *t = &p->states[i];
		/* One that was read before, and not now, is unknown. */
		const bool known = state_set_has(s->scanned, i);
		const struct state_numbers n = {
			.sockets = t->sockets,
			.memory_bytes = t->memory_bytes,
			.oldest_ms = t->oldest_ms,
			.ages = age_stats_of_port(&s->age_table, index, i),
			.growth = growth_of_port(s, p, i),
		};

		unaccepted += t->unaccepted;
		orphans += t->orphan;
		if (t->sockets || state_set_has(p->states_had, i))
			build_put(
				b, states, state_name(i), state(b, known ? &n : &unknown_numbers));
	}
	build_put_service(b, o, s->origin.netns, &p->service, p->device);
	build_put(b, o, "owner", build_owner(b, whose.owner, whose.user, whose.is_mixed));
	build_put(b, o, "listening", build_boolean(b, p->listening));
	build_put(b, o, "listeners", build_number(b, p->listeners));
	build_put(b, o, "sockets", build_number(b, port_tally_sum(p, STATE_SET_ALL).sockets));
	build_put(b, o, "memory_bytes",
		build_number(b, port_tally_sum(p, STATE_SET_ALL).memory_bytes));
	build_put(b, o, "accept_queue", build_number(b, p->listening ? p->accept_queue : UNKNOWN));
	build_put(b, o, "backlog", build_number(b, has_backlog ? p->backlog : UNKNOWN));
	build_put(b, o, "unaccepted", build_number(b, unaccepted));
	build_put(b, o, "orphans", build_number(b, orphans));
	if (p->states[STATE_FIN_WAIT_2].sockets)
		build_put(b, o, "fin_wait_2", fin_wait_2_kinds(b, &p->states[STATE_FIN_WAIT_2]));
	build_put(b, o, "states", states);
	build_put(b, o, "closes", close_rates(b, d, p));
	return o;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/json.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "config.h"
#include "judge/match.h"
#include "model/growth.h"
#include "output/json_builder.h"
#include "output/sock_table.h"
#include "output/stream.h"
#include "output/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the values are made from. */
struct document {
	const struct snapshot *snapshot;
	const struct findings *findings;
	const struct json_extras *extras;
};

static struct json_object *scan_time(struct builder *b, const struct document *d)
{
	return build_time(b, &d->snapshot->origin.time);
}

static struct json_object *host(struct builder *b, const struct document *d)
{
	return build_string(b, d->snapshot->origin.host);
}

static struct json_object *boot_id(struct builder *b, const struct document *d)
{
	return build_string(b, d->snapshot->origin.boot_id);
}

static struct json_object *kernel(struct builder *b, const struct document *d)
{
	return build_string(b, d->snapshot->origin.kernel);
}

static struct json_object *netns(struct builder *b, const struct document *d)
{
	return build_string(b, d->snapshot->origin.netns);
}

static struct json_object *scan(struct builder *b, const struct document *d)
{
	const struct scan *scan = &d->snapshot->scan;
	struct json_object *o = build_object(b);

	build_put(b, o, "source", build_string(b, scan->source));
	build_put(b, o, "note", build_string(b, scan->note));
	build_put(b, o, "replayed", build_boolean(b, d->snapshot->origin.replayed));
	build_put(b, o, "complete", build_boolean(b, scan->complete));
	build_put(b, o, "error", build_string(b, scan->error));
	build_put(b, o, "sockets", build_number(b, scan->sockets));
	build_put(b, o, "wall_us", build_number(b, scan->wall_us));
	build_put(b, o, "cpu_us", build_number(b, scan->cpu_us));
	return o;
}

static struct json_object *port_list(struct builder *b, const struct port_set *ports)
{
	cleanup_(freep) char *text = ports ? port_set_format(ports) : NULL;

	if (!ports)
		return NULL;
	/* Not through string(): a list of ports can be longer than any name. */
	return build_checked(b, text ? json_object_new_string(text) : NULL);
}

/* What the user asked to see; null: everything. */
/* How often there is a look; null for a single one. */
static struct json_object *poll(struct builder *b, const struct document *d)
{
	const struct polling *p = &d->snapshot->polling;
	struct json_object *o;

	if (!p->interval_ms)
		return NULL;
	o = build_object(b);
	build_put(b, o, "interval_seconds", build_seconds(b, p->interval_ms));
	build_put(b, o, "effective_interval_seconds", build_seconds(b, p->effective_ms));
	build_put(b, o, "interval_stretched", build_boolean(b, p->effective_ms > p->interval_ms));
	build_put(b, o, "established_masked", build_boolean(b, p->established_masked));
	build_put(b, o, "cpu_budget_percent", build_quantity(b, p->cpu_budget_percent));
	build_put(
		b, o, "cpu_percent", p->cpu_percent < 0 ? NULL : build_quantity(b, p->cpu_percent));
	return o;
}

static struct json_object *filter(struct builder *b, const struct document *d)
{
	const struct filter *f = &d->snapshot->filter;
	bool one_side = f->sides[SIDE_SERVER] != f->sides[SIDE_CLIENT];
	struct json_object *o;

	if (!f->ports && f->states == STATE_SET_ALL && !one_side)
		return NULL;
	o = build_object(b);
	build_put(b, o, "ports", port_list(b, f->ports));
	build_put(b, o, "states", f->states == STATE_SET_ALL ? NULL : build_states(b, f->states));
	build_put(b, o, "side",
		one_side ? build_string(
				   b, side_name(f->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT))
			 : NULL);
	return o;
}

/* What the ages of sockets were made from; null where none are kept. */
static struct json_object *ages(struct builder *b, const struct document *d)
{
	const struct age_table *t = &d->snapshot->age_table;
	struct json_object *o;

	if (!t->groups)
		return NULL;
	o = build_object(b);
	build_put(b, o, "tracked", build_number(b, t->tracked));
	build_put(b, o, "sampled", build_boolean(b, t->weight > 1));
	build_put(b, o, "weight", build_number(b, t->weight));
	build_put(b, o, "watched_seconds", build_seconds(b, t->watched_ms));
	return o;
}

static void put_ages(
	struct builder *b, struct json_object *o, const struct age_stats *a, uint64_t sockets)
{
	static const char *const older[AGE_MARK_COUNT] = {
		[AGE_MARK_1_MINUTE] = "older_than_1_minute",
		[AGE_MARK_10_MINUTES] = "older_than_10_minutes",
		[AGE_MARK_60_MINUTES] = "older_than_60_minutes",
	};
	static const struct age_stats nothing;
	const struct age_stats *stats = a ? a : &nothing;
	/* Of mini sockets alone the table of ages knows nothing; where there are none, none is
	 * old. */
	const bool known = a && (stats->tracked || !sockets);
	const bool any = stats->tracked;

	build_put(b, o, "median_seconds", build_seconds(b, any ? stats->median_ms : UNKNOWN_U32));
	build_put(b, o, "p90_seconds", build_seconds(b, any ? stats->p90_ms : UNKNOWN_U32));
	for (enum age_mark m = 0; m < AGE_MARK_COUNT; m++)
		build_put(b, o, older[m], build_number(b, known ? stats->older[m] : UNKNOWN));
	build_put(b, o, "added_last_minute",
		build_number(b, known && stats->added != UNKNOWN_U32 ? stats->added : UNKNOWN));
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
	put_ages(b, o, n->ages, n->sockets);
	build_put(b, o, "growth_per_minute", build_quantity(b, n->growth));
	return o;
}

/* Of a state that was not looked at nothing is known, but the kernel's own count of ESTABLISHED. */
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

static struct json_object *fin_wait_2(struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;

	return fin_wait_2_kinds(b, state_set_has(s->scanned, STATE_FIN_WAIT_2)
					   ? &s->totals.states[STATE_FIN_WAIT_2]
					   : NULL);
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

/* It takes two looks. */
static struct json_object *close_rates(struct builder *b, const struct document *d)
{
	struct close_rates_estimate e;
	struct json_object *o;

	if (!d->extras->close_rates || !close_rates_known(d->extras->close_rates))
		return NULL;
	close_rates_of_namespace(d->extras->close_rates, &e);
	o = close_rates_estimate(b, &e);
	build_put(b, o, "watched_seconds",
		build_decimal(b, (double)d->extras->close_rates->watched_ms / 1000));
	return o;
}

/* Of a client's connections, the port is the peer's. */
static struct json_object *port_close_rates(
	struct builder *b, const struct document *d, const struct port_tally *p)
{
	struct close_rates_estimate e;

	if (!d->extras->close_rates || !close_rates_known(d->extras->close_rates) ||
		p->side != SIDE_SERVER)
		return NULL;
	close_rates_of_port(d->extras->close_rates, p->port, &e);
	return close_rates_estimate(b, &e);
}

static struct json_object *port(struct builder *b, const struct document *d, size_t index)
{
	const struct snapshot *s = d->snapshot;
	const struct port_tally *p = s->ports[index];
	bool backlog_known = p->listening && strcmp(s->scan.source, "proc") != 0;
	struct json_object *o = build_object(b), *states = build_object(b);
	uint64_t unaccepted = 0, orphans = 0;

	STATE_FOREACH(i) {
		const struct state_tally *t = &p->states[i];
		const struct state_numbers n = {
			.sockets = t->sockets,
			.memory_bytes = t->memory_bytes,
			.oldest_ms = t->oldest_ms,
			.ages = age_stats_of_port(&s->age_table, index, i),
			.growth = growth_of_port(s, p, i),
		};

		unaccepted += t->unaccepted;
		orphans += t->orphan;
		if (t->sockets)
			build_put(b, states, state_name(i), state(b, &n));
	}
	build_put(b, o, "netns", netns(b, d));
	build_put(b, o, "side", build_string(b, side_name((enum sock_side)p->side)));
	build_put(b, o, "port", build_number(b, p->port));
	build_put(b, o, "owner", build_string(b, p->owner));
	build_put(b, o, "listening", build_boolean(b, p->listening));
	build_put(b, o, "sockets", build_number(b, port_tally_sockets(p, STATE_SET_ALL)));
	build_put(b, o, "memory_bytes", build_number(b, port_tally_memory(p, STATE_SET_ALL)));
	build_put(b, o, "accept_queue", build_number(b, p->listening ? p->accept_queue : UNKNOWN));
	build_put(b, o, "backlog", build_number(b, backlog_known ? p->backlog : UNKNOWN));
	build_put(b, o, "unaccepted", build_number(b, unaccepted));
	build_put(b, o, "orphans", build_number(b, orphans));
	if (p->states[STATE_FIN_WAIT_2].sockets)
		build_put(b, o, "fin_wait_2", fin_wait_2_kinds(b, &p->states[STATE_FIN_WAIT_2]));
	build_put(b, o, "states", states);
	build_put(b, o, "closes", port_close_rates(b, d, p));
	return o;
}

static struct json_object *ports_omitted(struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;
	struct json_object *o = build_object(b);

	build_put(b, o, "ports", build_number(b, s->omitted.ports));
	build_put(b, o, "sockets", build_number(b, s->omitted.sockets));
	build_put(b, o, "memory_bytes", build_number(b, s->omitted.memory_bytes));
	return o;
}

static struct json_object *prices(struct builder *b, const struct document *d)
{
	const struct prices *p = &d->snapshot->prices;
	struct json_object *o = build_object(b);

	build_put(b, o, "source", build_string(b, price_source_name(p->source)));
	OBJECT_FOREACH(i)
		build_put(b, o, price_object_name(i), build_number(b, p->object[i].bytes));
	return o;
}

static struct json_object *slab(struct builder *b, const struct document *d)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "slab_bytes", build_number(b, d->snapshot->slab_bytes));
	return o;
}

static struct json_object *usage(struct builder *b, uint64_t used, uint64_t max)
{
	const struct usage u = {used, max};
	struct json_object *o = build_object(b);

	build_put(b, o, "used", build_number(b, used));
	build_put(b, o, "max", build_number(b, max));
	build_put(b, o, "percent", build_decimal(b, usage_percent(&u)));
	return o;
}

static struct json_object *tcp_mem(struct builder *b, const struct document *d)
{
	const struct limits *l = &d->snapshot->limits;
	struct json_object *o = usage(b, l->tcp_mem_pages.used, l->tcp_mem_pages.max);

	build_put(b, o, "low", build_number(b, l->tcp_mem_low_pages));
	build_put(b, o, "pressure", build_number(b, l->tcp_mem_pressure_pages));
	return o;
}

static struct json_object *client_ports(struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;
	const struct destination *busiest = &s->busiest;
	struct json_object *o = usage(b, s->client_ports.used, s->client_ports.max);
	char text[FORMAT_SIZE];

	build_put(b, o, "destination",
		busiest->sockets ? build_string(b, format_endpoint(text, busiest->family,
							   busiest->address, busiest->port))
				 : NULL);
	return o;
}

static struct json_object *limits(struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;
	const struct limits *l = &s->limits;
	struct json_object *o = build_object(b);

	build_put(b, o, "tw_buckets", usage(b, l->tw_buckets.used, l->tw_buckets.max));
	build_put(b, o, "orphans", usage(b, l->orphans.used, l->orphans.max));
	build_put(b, o, "tcp_mem_pages", tcp_mem(b, d));
	build_put(b, o, "conntrack", usage(b, l->conntrack.used, l->conntrack.max));
	build_put(b, o, "client_ports", client_ports(b, d));
	build_put(b, o, "memory", usage(b, s->totals.memory_bytes, l->mem_total_bytes));
	return o;
}

static struct json_object *counters(struct builder *b, const struct document *d)
{
	struct json_object *o = build_object(b);

	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++)
		build_put(b, o, counter_name(c), build_number(b, d->snapshot->limits.counters[c]));
	return o;
}

static struct json_object *sockstat(struct builder *b, const struct document *d)
{
	const struct limits *l = &d->snapshot->limits;
	struct json_object *o = build_object(b);

	build_put(b, o, "tcp_inuse", build_number(b, l->inuse));
	build_put(b, o, "tcp6_inuse", build_number(b, l->inuse6));
	build_put(b, o, "orphan", build_number(b, l->orphans.used));
	build_put(b, o, "tw", build_number(b, l->tw_buckets.used));
	build_put(b, o, "alloc", build_number(b, l->allocated));
	build_put(b, o, "mem_pages", build_number(b, l->tcp_mem_pages.used));
	return o;
}

static struct json_object *alert(struct builder *b, const struct document *d, const struct alert *a)
{
	const struct alert_numbers *n = &a->numbers;
	struct json_object *o = build_object(b);
	char sentence[SENTENCE_SIZE];
	struct string text = STRING_IN(sentence);

	build_put(b, o, "name", build_string(b, a->rule.name));
	build_put(b, o, "state", build_string(b, name_of(alert_state_names, a->state)));
	build_put(b, o, "since", build_time(b, &a->since));
	build_put(b, o, "severity", build_string(b, name_of(severity_names, a->rule.severity)));
	build_put(b, o, "measure", build_string(b, name_of(measure_names, a->rule.measure)));
	build_put(b, o, "value", build_quantity(b, n->value));
	build_put(b, o, "raise", build_quantity(b, a->rule.raise));
	build_put(b, o, "clear", build_quantity(b, a->rule.clear));
	build_put(b, o, "netns", netns(b, d));
	build_put(b, o, "side",
		a->key.has_port ? build_string(b, side_name((enum sock_side)a->key.side)) : NULL);
	build_put(b, o, "port", build_number(b, a->key.has_port ? a->key.port : UNKNOWN));
	build_put(b, o, "sockets", build_number(b, n->sockets));
	build_put(b, o, "memory_bytes", build_number(b, n->memory_bytes));
	build_put(b, o, "oldest_seconds", build_seconds(b, n->oldest_ms));
	words_alert(&text, a);
	build_put(b, o, "text", build_string(b, sentence));
	return o;
}

/* In a single look no rule has a state. */
static struct json_object *alerts(struct builder *b, const struct document *d)
{
	struct json_object *array = build_array(b);

	for (size_t i = 0; d->extras->alerts && i < alerts_count(d->extras->alerts); i++)
		build_append(b, array, alert(b, d, alerts_get(d->extras->alerts, i)));
	return array;
}

static struct json_object *omitted_alerts(struct builder *b, const struct document *d)
{
	return build_number(b, d->extras->alerts ? alerts_omitted(d->extras->alerts) : 0);
}

static struct json_object *process(struct builder *b, const struct process *p)
{
	const size_t known = MIN(p->descriptors_count, (uint32_t)PROCESS_DESCRIPTORS_MAX);
	struct json_object *o = build_object(b), *descriptors = build_array(b);

	for (size_t i = 0; i < known; i++)
		build_append(b, descriptors, build_number(b, p->descriptors[i]));
	build_put(b, o, "pid", build_number(b, p->pid));
	build_put(b, o, "uid", build_number(b, p->uid));
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
		if (finding_matches(d->findings, index, p->list[i].group))
			build_append(b, array, process(b, &p->list[i]));
	return array;
}

static struct json_object *finding(struct builder *b, const struct document *d, size_t index)
{
	const struct finding *f = &d->findings->list[index];
	const struct advice advice = words_advice(f->id, f->cause);
	struct json_object *o = build_object(b);
	char sentence[SENTENCE_SIZE];
	struct string what = STRING_IN(sentence);

	build_put(b, o, "id", build_string(b, f->id));
	build_put(b, o, "severity", build_string(b, name_of(severity_names, f->severity)));
	build_put(b, o, "netns", build_string(b, f->netns));
	build_put(b, o, "side", f->has_port ? build_string(b, side_name(f->side)) : NULL);
	build_put(b, o, "port", build_number(b, f->has_port ? f->port : UNKNOWN));
	build_put(b, o, "sockets", build_number(b, f->sockets));
	build_put(b, o, "memory_bytes", build_number(b, f->memory_bytes));
	build_put(b, o, "oldest_seconds", build_seconds(b, f->oldest_ms));
	build_put(b, o, "owner", build_string(b, f->owner));
	if (d->extras->processes)
		build_put(b, o, "processes", holders_of(b, d, index));
	words_finding(&what, f);
	build_put(b, o, "what", build_string(b, sentence));
	build_put(b, o, "why", build_string(b, advice.why));
	build_put(b, o, "do", build_string(b, advice.what_to_do));
	build_put(b, o, "see", build_string(b, advice.see));
	return o;
}

static struct json_object *findings(struct builder *b, const struct document *d)
{
	struct json_object *array = build_array(b);

	for (size_t i = 0; i < d->findings->count; i++)
		build_append(b, array, finding(b, d, i));
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

static struct json_object *endpoint(
	struct builder *b, int family, const uint8_t address[16], uint16_t port)
{
	char text[FORMAT_SIZE];

	return build_string(b, format_endpoint(text, family, address, port));
}

static struct json_object *single_socket(struct builder *b, const struct sock_observation *s)
{
	const struct sock_record *r = &s->record;
	const bool has_timer = r->timer != TIMER_NONE, has_peer = r->state != STATE_LISTEN;
	struct json_object *o = build_object(b);

	build_put(b, o, "side", build_string(b, side_name(s->side)));
	build_put(b, o, "port", build_number(b, s->port));
	build_put(b, o, "state", build_string(b, state_name((enum tcp_state)r->state)));
	build_put(b, o, "local", endpoint(b, r->family, r->local_address, r->local_port));
	build_put(b, o, "remote",
		has_peer ? endpoint(b, r->family, r->remote_address, r->remote_port) : NULL);
	build_put(b, o, "age_seconds", build_seconds(b, s->age_ms));
	build_put(b, o, "memory_bytes", build_number(b, s->memory_bytes));
	build_put(b, o, "receive_queue", build_number(b, r->receive_queue));
	build_put(b, o, "send_queue", build_number(b, r->send_queue));
	build_put(
		b, o, "timer", has_timer ? build_string(b, name_of(timer_names, r->timer)) : NULL);
	build_put(b, o, "timer_seconds", has_timer ? build_seconds(b, r->expires_ms) : NULL);
	build_put(b, o, "owner", build_string(b, s->owner));
	return o;
}

/* Where a document goes, and how. */
struct layout {
	FILE *out;
	bool pretty;
};

static void new_line(const struct layout *l, unsigned depth)
{
	if (l->pretty)
		fprintf(l->out, "\n%*s", (int)(2 * depth), "");
}

/*
 * Prints a value and releases it; json-c indents it from the margin, so its lines are moved to
 * where it stands.
 */
static void print_value(
	const struct layout *l, struct builder *b, struct json_object *value, unsigned depth)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE |
		    (l->pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0);
	const char *text = b->error ? NULL : json_object_to_json_string_ext(value, flags);

	if (!text)
		b->error = -ENOMEM;
	for (; text && *text; text++) {
		if (*text == '\n')
			new_line(l, depth);
		else
			fputc(*text, l->out);
	}
	json_object_put(value);
}

/* One port at a time: with every port of a busy machine the tree of them all would be large. */
static void print_ports(const struct layout *l, struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;

	fputc('[', l->out);
	for (size_t i = 0; i < s->ports_count && !b->error; i++) {
		if (i)
			fputc(',', l->out);
		new_line(l, 2);
		print_value(l, b, port(b, d, i), 2);
	}
	if (s->ports_count)
		new_line(l, 1);
	fputc(']', l->out);
}

/* One at a time as well. */
static void print_sockets(const struct layout *l, struct builder *b, const struct document *d)
{
	const struct sock_list *sockets = d->extras->sockets;

	fputc('[', l->out);
	for (size_t i = 0; i < sockets->count && !b->error; i++) {
		if (i)
			fputc(',', l->out);
		new_line(l, 2);
		print_value(l, b, single_socket(b, &sockets->list[i]), 2);
	}
	if (sockets->count)
		new_line(l, 1);
	fputc(']', l->out);
}

#define EXTRA(member) (offsetof(struct json_extras, member) + 1)

/* The document, in its order. */
static const struct {
	const char *key;
	/* Either the value, or what makes it, or what prints it. */
	const char *text;
	struct json_object *(*build)(struct builder *b, const struct document *d);
	void (*print)(const struct layout *l, struct builder *b, const struct document *d);
	size_t extra; /* with a pointer of struct json_extras only: its place, plus one */
} sections[] = {
	{.key = "schema", .text = JSON_SCHEMA_ID},
	{.key = "version", .text = PACKAGE_VERSION},
	{.key = "time", .build = scan_time},
	{.key = "host", .build = host},
	{.key = "boot_id", .build = boot_id},
	{.key = "kernel", .build = kernel},
	{.key = "netns", .build = netns},
	{.key = "scan", .build = scan},
	{.key = "poll", .build = poll},
	{.key = "ages", .build = ages},
	{.key = "filter", .build = filter},
	{.key = "totals", .build = totals},
	{.key = "fin_wait_2", .build = fin_wait_2},
	{.key = "closes", .build = close_rates},
	{.key = "ports", .print = print_ports},
	{.key = "ports_omitted", .build = ports_omitted},
	{.key = "prices", .build = prices},
	{.key = "slab", .build = slab},
	{.key = "limits", .build = limits},
	{.key = "counters", .build = counters},
	{.key = "sockstat", .build = sockstat},
	{.key = "alerts", .build = alerts},
	{.key = "alerts_omitted", .build = omitted_alerts},
	{.key = "findings", .build = findings},
	{.key = "processes", .build = processes, .extra = EXTRA(processes)},
	{.key = "sockets", .print = print_sockets, .extra = EXTRA(sockets)},
};

static bool is_explicit(const struct document *d, size_t i)
{
	const void *place = (const char *)d->extras + sections[i].extra - 1;

	return !sections[i].extra || *(const void *const *)place;
}

static void print_section(
	const struct layout *l, struct builder *b, const struct document *d, size_t i)
{
	fprintf(l->out, l->pretty ? "\"%s\": " : "\"%s\":", sections[i].key);
	if (sections[i].text)
		print_value(l, b, build_string(b, sections[i].text), 1);
	else if (sections[i].build)
		print_value(l, b, sections[i].build(b, d), 1);
	else
		sections[i].print(l, b, d);
}

int json_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct json_extras *extras, bool pretty)
{
	const struct layout layout = {.out = out, .pretty = pretty};
	const struct document document = {.snapshot = s, .findings = f, .extras = extras};
	struct builder b = {0};

	fputc('{', out);
	for (size_t i = 0; i < ARRAY_SIZE(sections) && !b.error; i++) {
		if (!is_explicit(&document, i))
			continue;
		if (i)
			fputc(',', out);
		new_line(&layout, 1);
		print_section(&layout, &b, &document, i);
	}
	if (b.error)
		return b.error;
	new_line(&layout, 0);
	fputs("}\n", out);
	return stream_finish(out);
}

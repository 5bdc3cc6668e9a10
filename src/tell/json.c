/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tell/json.h"

#include "config.h"
#include "format.h"
#include "tell/json_builder.h"
#include "tell/stream.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>

/* What the values are made from. */
struct document {
	const struct snapshot *snapshot;
	const struct findings *findings;
	const struct alerts *alerts; /* NULL: none */
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
	cleanup_(freep) char *text = ports ? format_port_set(ports) : NULL;

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

static struct json_object *state(
	struct builder *b, uint64_t sockets, uint64_t memory_bytes, uint32_t oldest_ms)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "sockets", build_number(b, sockets));
	build_put(b, o, "memory_bytes", build_number(b, memory_bytes));
	build_put(b, o, "oldest_seconds", build_seconds(b, oldest_ms));
	return o;
}

/* Of a state that was not looked at nothing is known, but the kernel's own count of ESTABLISHED. */
static struct json_object *total_of_state(
	struct builder *b, const struct document *d, enum tcp_state s)
{
	const struct snapshot *snapshot = d->snapshot;
	const struct state_tally *t = &snapshot->totals.states[s];

	if (state_set_has(snapshot->scanned, s))
		return state(b, t->sockets, t->memory_bytes, t->oldest_ms);
	if (s == STATE_ESTABLISHED && snapshot->established_from_counter)
		return state(b, t->sockets, UNKNOWN, AGE_UNKNOWN);
	return state(b, UNKNOWN, UNKNOWN, AGE_UNKNOWN);
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

static struct json_object *port(
	struct builder *b, const struct document *d, const struct port_tally *p)
{
	const struct snapshot *s = d->snapshot;
	bool backlog_known = p->listening && strcmp(s->scan.source, "proc") != 0;
	struct json_object *o = build_object(b), *states = build_object(b);
	uint64_t unaccepted = 0, orphans = 0;

	STATE_FOREACH(i) {
		const struct state_tally *t = &p->states[i];

		unaccepted += t->unaccepted;
		orphans += t->orphan;
		if (t->sockets)
			build_put(b, states, state_name(i),
				state(b, t->sockets, t->memory_bytes, t->oldest_ms));
	}
	build_put(b, o, "netns", netns(b, d));
	build_put(b, o, "side", build_string(b, side_name((enum sock_side)p->side)));
	build_put(b, o, "port", build_number(b, p->port));
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

	build_put(b, o, "name", build_string(b, a->rule.name));
	build_put(b, o, "state", build_string(b, alert_state_name(a->state)));
	build_put(b, o, "since", build_time(b, &a->since));
	build_put(b, o, "severity", build_string(b, severity_name(a->rule.severity)));
	build_put(b, o, "measure", build_string(b, measure_name(a->rule.measure)));
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
	build_put(b, o, "text", build_string(b, a->text));
	return o;
}

/* In a single look no rule has a state. */
static struct json_object *alerts(struct builder *b, const struct document *d)
{
	struct json_object *array = build_array(b);

	for (size_t i = 0; d->alerts && i < alerts_count(d->alerts); i++)
		build_append(b, array, alert(b, d, alerts_get(d->alerts, i)));
	return array;
}

static struct json_object *omitted_alerts(struct builder *b, const struct document *d)
{
	return build_number(b, d->alerts ? alerts_omitted(d->alerts) : 0);
}

static struct json_object *finding(struct builder *b, const struct finding *f)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "id", build_string(b, f->id));
	build_put(b, o, "severity", build_string(b, severity_name(f->severity)));
	build_put(b, o, "netns", build_string(b, f->netns));
	build_put(b, o, "side", f->has_port ? build_string(b, side_name(f->side)) : NULL);
	build_put(b, o, "port", build_number(b, f->has_port ? f->port : UNKNOWN));
	build_put(b, o, "sockets", build_number(b, f->sockets));
	build_put(b, o, "memory_bytes", build_number(b, f->memory_bytes));
	build_put(b, o, "oldest_seconds", build_seconds(b, f->oldest_ms));
	build_put(b, o, "owner", NULL);
	build_put(b, o, "what", build_string(b, f->what));
	build_put(b, o, "why", build_string(b, f->why));
	build_put(b, o, "do", build_string(b, f->advice));
	return o;
}

static struct json_object *findings(struct builder *b, const struct document *d)
{
	struct json_object *array = build_array(b);

	for (size_t i = 0; i < d->findings->count; i++)
		build_append(b, array, finding(b, &d->findings->list[i]));
	return array;
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
		print_value(l, b, port(b, d, s->ports[i]), 2);
	}
	if (s->ports_count)
		new_line(l, 1);
	fputc(']', l->out);
}

/* The document, in its order. */
static const struct {
	const char *key;
	/* Either the value, or what makes it; neither is for the ports. */
	const char *text;
	struct json_object *(*build)(struct builder *b, const struct document *d);
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
	{.key = "filter", .build = filter},
	{.key = "totals", .build = totals},
	{.key = "fin_wait_2", .build = fin_wait_2},
	{.key = "ports"},
	{.key = "ports_omitted", .build = ports_omitted},
	{.key = "prices", .build = prices},
	{.key = "slab", .build = slab},
	{.key = "limits", .build = limits},
	{.key = "counters", .build = counters},
	{.key = "sockstat", .build = sockstat},
	{.key = "alerts", .build = alerts},
	{.key = "alerts_omitted", .build = omitted_alerts},
	{.key = "findings", .build = findings},
};

static void print_section(
	const struct layout *l, struct builder *b, const struct document *d, size_t i)
{
	fprintf(l->out, l->pretty ? "\"%s\": " : "\"%s\":", sections[i].key);
	if (sections[i].text)
		print_value(l, b, build_string(b, sections[i].text), 1);
	else if (sections[i].build)
		print_value(l, b, sections[i].build(b, d), 1);
	else
		print_ports(l, b, d);
}

int tell_json(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct alerts *alert_list, bool pretty)
{
	const struct layout layout = {.out = out, .pretty = pretty};
	const struct document document = {.snapshot = s, .findings = f, .alerts = alert_list};
	struct builder b = {0};

	fputc('{', out);
	for (size_t i = 0; i < ARRAY_SIZE(sections) && !b.error; i++) {
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tell/json.h"

#include "config.h"
#include "format.h"
#include "tell/stream.h"
#include "util.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* What the values are made from. A failure sticks; from then on nothing is added any more. */
struct builder {
	const struct snapshot *snapshot;
	const struct findings *findings;
	int error;
};

static struct json_object *checked(struct builder *b, struct json_object *value)
{
	if (!value)
		b->error = -ENOMEM;
	return value;
}

static struct json_object *new_object(struct builder *b)
{
	return checked(b, json_object_new_object());
}

/* Adds a value under a key of static storage and takes it over. NULL is null. */
static void put(
	struct builder *b, struct json_object *o, const char *key, struct json_object *value)
{
	const unsigned options = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY;

	if (!b->error && json_object_object_add_ex(o, key, value, options) < 0)
		b->error = -ENOMEM;
	if (b->error)
		json_object_put(value);
}

static void append(struct builder *b, struct json_object *array, struct json_object *value)
{
	if (!b->error && json_object_array_add(array, value) < 0)
		b->error = -ENOMEM;
	if (b->error)
		json_object_put(value);
}

static struct json_object *number(struct builder *b, uint64_t n)
{
	return n == UNKNOWN ? NULL : checked(b, json_object_new_uint64(n));
}

static struct json_object *boolean(struct builder *b, bool value)
{
	return checked(b, json_object_new_boolean(value));
}

/* With one decimal; what is negative is unknown. */
static struct json_object *decimal(struct builder *b, double value)
{
	char text[FORMAT_SIZE];

	if (value < 0)
		return NULL;
	snprintf(text, sizeof(text), "%.1f", value);
	return checked(b, json_object_new_double_s(value, text));
}

static struct json_object *seconds(struct builder *b, uint32_t ms)
{
	return decimal(b, ms == AGE_UNKNOWN ? -1.0 : ms / 1000.0);
}

/* An empty text is unknown. */
static struct json_object *string(struct builder *b, const char *text)
{
	char printable[1024];

	if (!text || !*text)
		return NULL;
	return checked(
		b, json_object_new_string(format_printable(printable, sizeof(printable), text)));
}

static struct json_object *state_list(struct builder *b, state_set states)
{
	struct json_object *array = checked(b, json_object_new_array());

	STATE_FOREACH(s)
		if (state_set_has(states, s))
			append(b, array, string(b, state_name(s)));
	return array;
}

static struct json_object *schema(struct builder *b)
{
	return string(b, JSON_SCHEMA_ID);
}

static struct json_object *version(struct builder *b)
{
	return string(b, PACKAGE_VERSION);
}

static struct json_object *scan_time(struct builder *b)
{
	char text[FORMAT_SIZE];

	return string(b, format_time(text, &b->snapshot->origin.time));
}

static struct json_object *host(struct builder *b)
{
	return string(b, b->snapshot->origin.host);
}

static struct json_object *boot_id(struct builder *b)
{
	return string(b, b->snapshot->origin.boot_id);
}

static struct json_object *kernel(struct builder *b)
{
	return string(b, b->snapshot->origin.kernel);
}

static struct json_object *netns(struct builder *b)
{
	return string(b, b->snapshot->origin.netns);
}

static struct json_object *scan(struct builder *b)
{
	const struct scan *scan = &b->snapshot->scan;
	struct json_object *o = new_object(b);

	put(b, o, "source", string(b, scan->source));
	put(b, o, "note", string(b, scan->note));
	put(b, o, "replayed", boolean(b, b->snapshot->origin.replayed));
	put(b, o, "complete", boolean(b, scan->complete));
	put(b, o, "error", string(b, scan->error));
	put(b, o, "sockets", number(b, scan->sockets));
	put(b, o, "wall_us", number(b, scan->wall_us));
	put(b, o, "cpu_us", number(b, scan->cpu_us));
	return o;
}

static struct json_object *port_list(struct builder *b, const struct port_set *ports)
{
	cleanup_(freep) char *text = ports ? format_port_set(ports) : NULL;

	if (!ports)
		return NULL;
	/* Not through string(): a list of ports can be longer than any name. */
	return checked(b, text ? json_object_new_string(text) : NULL);
}

/* What the user asked to see; null: everything. */
static struct json_object *filter(struct builder *b)
{
	const struct filter *f = &b->snapshot->filter;
	bool one_side = f->sides[SIDE_SERVER] != f->sides[SIDE_CLIENT];
	struct json_object *o;

	if (!f->ports && f->states == STATE_SET_ALL && !one_side)
		return NULL;
	o = new_object(b);
	put(b, o, "ports", port_list(b, f->ports));
	put(b, o, "states", f->states == STATE_SET_ALL ? NULL : state_list(b, f->states));
	put(b, o, "side",
		one_side ? string(b, side_name(f->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT))
			 : NULL);
	return o;
}

static struct json_object *state(
	struct builder *b, uint64_t sockets, uint64_t memory_bytes, uint32_t oldest_ms)
{
	struct json_object *o = new_object(b);

	put(b, o, "sockets", number(b, sockets));
	put(b, o, "memory_bytes", number(b, memory_bytes));
	put(b, o, "oldest_seconds", seconds(b, oldest_ms));
	return o;
}

/* Of a state that was not looked at nothing is known, but the kernel's own count of ESTABLISHED. */
static struct json_object *total_of_state(struct builder *b, enum tcp_state s)
{
	const struct snapshot *snapshot = b->snapshot;
	const struct state_tally *t = &snapshot->totals.states[s];

	if (state_set_has(snapshot->scanned, s))
		return state(b, t->sockets, t->memory_bytes, t->oldest_ms);
	if (s == STATE_ESTABLISHED && snapshot->established_from_counter)
		return state(b, t->sockets, UNKNOWN, AGE_UNKNOWN);
	return state(b, UNKNOWN, UNKNOWN, AGE_UNKNOWN);
}

static struct json_object *totals(struct builder *b)
{
	const struct snapshot *s = b->snapshot;
	bool closing_known = s->scanned & STATE_SET_CLOSING;
	struct json_object *o = new_object(b), *closing = new_object(b), *states = new_object(b);

	put(b, closing, "sockets", number(b, closing_known ? s->totals.closing_sockets : UNKNOWN));
	put(b, closing, "memory_bytes",
		number(b, closing_known ? s->totals.closing_memory_bytes : UNKNOWN));
	STATE_FOREACH(i)
		put(b, states, state_name(i), total_of_state(b, i));

	put(b, o, "sockets", number(b, s->totals.sockets));
	put(b, o, "memory_bytes", number(b, s->totals.memory_bytes));
	put(b, o, "closing", closing);
	put(b, o, "states", states);
	return o;
}

static struct json_object *fin_wait_2_kinds(struct builder *b, const struct state_tally *t)
{
	struct json_object *o = new_object(b);

	put(b, o, "mini", number(b, t ? t->mini : UNKNOWN));
	put(b, o, "orphan", number(b, t ? t->orphan : UNKNOWN));
	put(b, o, "held", number(b, t ? t->sockets - t->mini - t->orphan : UNKNOWN));
	return o;
}

static struct json_object *fin_wait_2(struct builder *b)
{
	const struct snapshot *s = b->snapshot;

	return fin_wait_2_kinds(b, state_set_has(s->scanned, STATE_FIN_WAIT_2)
					   ? &s->totals.states[STATE_FIN_WAIT_2]
					   : NULL);
}

static struct json_object *port(struct builder *b, const struct port_tally *p)
{
	const struct snapshot *s = b->snapshot;
	bool backlog_known = p->listening && strcmp(s->scan.source, "proc") != 0;
	struct json_object *o = new_object(b), *states = new_object(b);
	uint64_t unaccepted = 0, orphans = 0;

	STATE_FOREACH(i) {
		const struct state_tally *t = &p->states[i];

		unaccepted += t->unaccepted;
		orphans += t->orphan;
		if (t->sockets)
			put(b, states, state_name(i),
				state(b, t->sockets, t->memory_bytes, t->oldest_ms));
	}
	put(b, o, "netns", netns(b));
	put(b, o, "side", string(b, side_name((enum sock_side)p->side)));
	put(b, o, "port", number(b, p->port));
	put(b, o, "listening", boolean(b, p->listening));
	put(b, o, "sockets", number(b, port_tally_sockets(p, STATE_SET_ALL)));
	put(b, o, "memory_bytes", number(b, port_tally_memory(p, STATE_SET_ALL)));
	put(b, o, "accept_queue", number(b, p->listening ? p->accept_queue : UNKNOWN));
	put(b, o, "backlog", number(b, backlog_known ? p->backlog : UNKNOWN));
	put(b, o, "unaccepted", number(b, unaccepted));
	put(b, o, "orphans", number(b, orphans));
	if (p->states[STATE_FIN_WAIT_2].sockets)
		put(b, o, "fin_wait_2", fin_wait_2_kinds(b, &p->states[STATE_FIN_WAIT_2]));
	put(b, o, "states", states);
	return o;
}

static struct json_object *ports_omitted(struct builder *b)
{
	const struct snapshot *s = b->snapshot;
	struct json_object *o = new_object(b);

	put(b, o, "ports", number(b, s->omitted.ports));
	put(b, o, "sockets", number(b, s->omitted.sockets));
	put(b, o, "memory_bytes", number(b, s->omitted.memory_bytes));
	return o;
}

static struct json_object *prices(struct builder *b)
{
	const struct prices *p = &b->snapshot->prices;
	struct json_object *o = new_object(b);

	put(b, o, "source", string(b, price_source_name(p->source)));
	OBJECT_FOREACH(i)
		put(b, o, price_object_name(i), number(b, p->object[i].bytes));
	return o;
}

static struct json_object *slab(struct builder *b)
{
	struct json_object *o = new_object(b);

	put(b, o, "slab_bytes", number(b, b->snapshot->slab_bytes));
	return o;
}

static struct json_object *usage(struct builder *b, uint64_t used, uint64_t max)
{
	const struct usage u = {used, max};
	struct json_object *o = new_object(b);

	put(b, o, "used", number(b, used));
	put(b, o, "max", number(b, max));
	put(b, o, "percent", decimal(b, usage_percent(&u)));
	return o;
}

static struct json_object *tcp_mem(struct builder *b)
{
	const struct limits *l = &b->snapshot->limits;
	struct json_object *o = usage(b, l->tcp_mem_pages.used, l->tcp_mem_pages.max);

	put(b, o, "low", number(b, l->tcp_mem_low_pages));
	put(b, o, "pressure", number(b, l->tcp_mem_pressure_pages));
	return o;
}

static struct json_object *client_ports(struct builder *b)
{
	const struct snapshot *s = b->snapshot;
	const struct destination *d = &s->busiest;
	struct json_object *o = usage(b, s->client_ports.used, s->client_ports.max);
	char text[FORMAT_SIZE];

	put(b, o, "destination",
		d->sockets ? string(b, format_endpoint(text, d->family, d->address, d->port))
			   : NULL);
	return o;
}

static struct json_object *limits(struct builder *b)
{
	const struct snapshot *s = b->snapshot;
	const struct limits *l = &s->limits;
	struct json_object *o = new_object(b);

	put(b, o, "tw_buckets", usage(b, l->tw_buckets.used, l->tw_buckets.max));
	put(b, o, "orphans", usage(b, l->orphans.used, l->orphans.max));
	put(b, o, "tcp_mem_pages", tcp_mem(b));
	put(b, o, "conntrack", usage(b, l->conntrack.used, l->conntrack.max));
	put(b, o, "client_ports", client_ports(b));
	put(b, o, "memory", usage(b, s->totals.memory_bytes, l->mem_total_bytes));
	return o;
}

static struct json_object *counters(struct builder *b)
{
	struct json_object *o = new_object(b);

	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++)
		put(b, o, counter_name(c), number(b, b->snapshot->limits.counters[c]));
	return o;
}

static struct json_object *sockstat(struct builder *b)
{
	const struct limits *l = &b->snapshot->limits;
	struct json_object *o = new_object(b);

	put(b, o, "tcp_inuse", number(b, l->inuse));
	put(b, o, "tcp6_inuse", number(b, l->inuse6));
	put(b, o, "orphan", number(b, l->orphans.used));
	put(b, o, "tw", number(b, l->tw_buckets.used));
	put(b, o, "alloc", number(b, l->allocated));
	put(b, o, "mem_pages", number(b, l->tcp_mem_pages.used));
	return o;
}

/* Rules have no state in a single look. */
static struct json_object *alerts(struct builder *b)
{
	return checked(b, json_object_new_array());
}

static struct json_object *finding(struct builder *b, const struct finding *f)
{
	struct json_object *o = new_object(b);

	put(b, o, "id", string(b, f->id));
	put(b, o, "severity", string(b, severity_name(f->severity)));
	put(b, o, "netns", string(b, f->netns));
	put(b, o, "side", f->has_port ? string(b, side_name(f->side)) : NULL);
	put(b, o, "port", number(b, f->has_port ? f->port : UNKNOWN));
	put(b, o, "sockets", number(b, f->sockets));
	put(b, o, "memory_bytes", number(b, f->memory_bytes));
	put(b, o, "oldest_seconds", seconds(b, f->oldest_ms));
	put(b, o, "owner", NULL);
	put(b, o, "what", string(b, f->what));
	put(b, o, "why", string(b, f->why));
	put(b, o, "do", string(b, f->advice));
	return o;
}

static struct json_object *findings(struct builder *b)
{
	struct json_object *array = checked(b, json_object_new_array());

	for (size_t i = 0; i < b->findings->count; i++)
		append(b, array, finding(b, &b->findings->list[i]));
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
static void print_ports(const struct layout *l, struct builder *b)
{
	const struct snapshot *s = b->snapshot;

	fputc('[', l->out);
	for (size_t i = 0; i < s->ports_count && !b->error; i++) {
		if (i)
			fputc(',', l->out);
		new_line(l, 2);
		print_value(l, b, port(b, s->ports[i]), 2);
	}
	if (s->ports_count)
		new_line(l, 1);
	fputc(']', l->out);
}

/* The document, in its order. */
static const struct {
	const char *key;
	struct json_object *(*build)(struct builder *b); /* NULL: the ports */
} sections[] = {
	{"schema", schema},
	{"version", version},
	{"time", scan_time},
	{"host", host},
	{"boot_id", boot_id},
	{"kernel", kernel},
	{"netns", netns},
	{"scan", scan},
	{"filter", filter},
	{"totals", totals},
	{"fin_wait_2", fin_wait_2},
	{"ports", NULL},
	{"ports_omitted", ports_omitted},
	{"prices", prices},
	{"slab", slab},
	{"limits", limits},
	{"counters", counters},
	{"sockstat", sockstat},
	{"alerts", alerts},
	{"findings", findings},
};

int tell_json(FILE *out, const struct snapshot *s, const struct findings *f, bool pretty)
{
	const struct layout layout = {.out = out, .pretty = pretty};
	struct builder b = {.snapshot = s, .findings = f};

	fputc('{', out);
	for (size_t i = 0; i < ARRAY_SIZE(sections) && !b.error; i++) {
		if (i)
			fputc(',', out);
		new_line(&layout, 1);
		fprintf(out, pretty ? "\"%s\": " : "\"%s\":", sections[i].key);
		if (sections[i].build)
			print_value(&layout, &b, sections[i].build(&b), 1);
		else
			print_ports(&layout, &b);
	}
	if (b.error)
		return b.error;
	new_line(&layout, 0);
	fputs("}\n", out);
	return stream_finish(out);
}

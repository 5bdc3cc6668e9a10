/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/json_private.h"

#include "basic/unknown.h"

static struct json_object *prices(struct builder *b, const struct document *d)
{
	const struct prices *p = &d->snapshot->prices;
	struct json_object *o = build_object(b);

	build_put(b, o, "source", build_string(b, name_of(price_source_names, p->source)));
	OBJECT_FOREACH(i)
		build_put(
			b, o, name_of(price_object_names, i), build_number(b, p->object[i].bytes));
	return o;
}

static struct json_object *usage(struct builder *b, const struct usage *u)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "used", build_number(b, u->used));
	build_put(b, o, "max", build_number(b, u->max));
	build_put(b, o, "percent", build_decimal(b, usage_percent(u)));
	return o;
}

static struct json_object *tcp_mem(struct builder *b, const struct document *d)
{
	const struct limits *l = &d->snapshot->limits;
	struct json_object *o = usage(b, &l->tcp_mem_pages);

	build_put(b, o, "low", build_number(b, l->tcp_mem_low_pages));
	build_put(b, o, "pressure", build_number(b, l->tcp_mem_pressure_pages));
	return o;
}

static struct json_object *client_ports(struct builder *b, const struct document *d)
{
	const struct usage *u = &d->snapshot->client_ports;
	const struct port_room *room = &d->snapshot->port_room;
	struct json_object *o = usage(b, u);

	build_put(b, o, "usable",
		build_number(
			b, is_known(u->used) && is_known(u->max) ? u->max - u->used : UNKNOWN));
	build_put(b, o, "usable_min", build_number(b, room->usable_min));
	build_put(b, o, "usable_max", build_number(b, room->usable_max));
	build_put(b, o, "destination", build_destination(b, &d->snapshot->busiest));
	build_put(b, o, "owner", build_owner(b, room->owner, room->user, room->cgroup.mixed));
	return o;
}

static struct json_object *limits(struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;
	const struct limits *l = &s->limits;
	const struct usage memory = limit_usage(LIMIT_MEMORY, s);
	struct json_object *o = build_object(b);

	build_put(b, o, "tw_buckets", usage(b, &l->tw_buckets));
	build_put(b, o, "orphans", usage(b, &l->orphans));
	build_put(b, o, "tcp_mem_pages", tcp_mem(b, d));
	build_put(b, o, "conntrack", usage(b, &l->conntrack));
	build_put(b, o, "client_ports", client_ports(b, d));
	build_put(b, o, "memory", usage(b, &memory));
	return o;
}

static struct json_object *counters(struct builder *b, const struct document *d)
{
	struct json_object *o = build_object(b);

	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++)
		build_put(b, o, name_of(counter_names, c),
			build_number(b, d->snapshot->limits.counters[c]));
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

void json_put_limits(struct builder *b, struct json_object *o, const struct document *d)
{
	struct json_object *slab = build_object(b);

	build_put(b, slab, "slab_bytes", build_number(b, d->snapshot->slab_bytes));
	build_put(b, o, "prices", prices(b, d));
	build_put(b, o, "slab", slab);
	build_put(b, o, "limits", limits(b, d));
	build_put(b, o, "counters", counters(b, d));
	build_put(b, o, "sockstat", sockstat(b, d));
}

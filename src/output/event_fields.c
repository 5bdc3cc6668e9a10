/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/event_fields.h"

#include "basic/format.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "model/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Adds a field; NULL and "" are unknown. */
static void add(struct event_fields *f, const char *name, const char *value)
{
	char *field = f->list[f->count];
	int used;

	if (!value || !*value)
		return;
	used = snprintf(field, EVENT_FIELD_SIZE, "TCPSTATED_%s=", name);
	utf8_printable(field + used, EVENT_FIELD_SIZE - (size_t)used, value);
	f->count++;
}

static void add_number(struct event_fields *f, const char *name, uint64_t n)
{
	char text[24];

	if (n == UNKNOWN)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, n);
	add(f, name, text);
}

static void add_quantity(struct event_fields *f, const char *name, double value)
{
	char text[FORMAT_SIZE];

	add(f, name, format_number(text, value));
}

static void add_time(struct event_fields *f, const char *name, const struct timespec *t)
{
	char text[FORMAT_SIZE];

	add(f, name, format_time(text, t));
}

static void add_states(struct event_fields *f, state_set states)
{
	char text[EVENT_FIELD_SIZE] = "";
	size_t used = 0;

	STATE_FOREACH(s)
		if (state_set_has(states, s))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
				used ? "," : "", state_name(s));
	add(f, "STATE", text);
}

static void add_oldest(struct event_fields *f, uint32_t ms)
{
	char text[24];

	if (ms == UNKNOWN_U32)
		return;
	snprintf(text, sizeof(text), "%.1f", ms / 1000.0);
	add(f, "OLDEST_SECONDS", text);
}

void event_fields(const struct alert_event *e, struct event_fields *ret)
{
	const struct alert_key *k = &e->key;

	ret->count = 0;
	add(ret, "EVENT", event_kind_name(e->kind));
	add(ret, "ALERT", e->alert);
	add(ret, "SEVERITY", severity_name(e->severity));
	add(ret, "HOST", e->host);
	add(ret, "NETNS", e->netns);
	add(ret, "SIDE", k->has_port ? side_name((enum sock_side)k->side) : NULL);
	add_number(ret, "PORT", k->has_port ? k->port : UNKNOWN);
	add_states(ret, e->states);
	add(ret, "MEASURE", measure_name(e->measure));
	add_quantity(ret, "VALUE", e->numbers.value);
	add_quantity(ret, "THRESHOLD", e->raise);
	add_quantity(ret, "CLEAR", e->clear);
	add_number(ret, "SOCKETS", e->numbers.sockets);
	add_number(ret, "MEMORY_BYTES", e->numbers.memory_bytes);
	add_oldest(ret, e->numbers.oldest_ms);
	add_time(ret, "TIME", &e->time);
	add_time(ret, "SINCE", &e->since);
	add_number(ret, "SEQUENCE", e->sequence);
	add(ret, "TEXT", e->text);
}

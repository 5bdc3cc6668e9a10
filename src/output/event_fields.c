/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/event_fields.h"

#include "basic/format.h"
#include "basic/unknown.h"
#include "output/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A list under way: each field ends in a NUL. */
struct list {
	struct event_fields *fields;
	struct string text;
};

/* Adds a field; NULL and "" are unknown. */
static void add(struct list *l, const char *name, const char *value)
{
	struct event_fields *f = l->fields;

	if (!value || !*value)
		return;
	f->list[f->count++] = l->text.text + l->text.length;
	string_addf(&l->text, "TCPSTATED_%s=", name);
	string_add_printable(&l->text, value);
	string_add_char(&l->text, '\0');
}

static void add_number(struct list *l, const char *name, uint64_t n)
{
	char text[24];

	if (n == UNKNOWN)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, n);
	add(l, name, text);
}

static void add_quantity(struct list *l, const char *name, double value)
{
	char text[FORMAT_SIZE];

	add(l, name, format_number(text, value));
}

static void add_time(struct list *l, const char *name, const struct timespec *t)
{
	char text[FORMAT_SIZE];

	add(l, name, format_time(text, t));
}

static void add_states(struct list *l, state_set states)
{
	char buffer[128];
	struct string text = STRING_IN(buffer);

	STATE_FOREACH(s)
		if (state_set_has(states, s))
			string_addf(&text, "%s%s", text.length ? "," : "", state_name(s));
	add(l, "STATE", buffer);
}

static void add_oldest(struct list *l, uint32_t ms)
{
	char text[24];

	if (ms == UNKNOWN_U32)
		return;
	snprintf(text, sizeof(text), "%.1f", ms / 1000.0);
	add(l, "OLDEST_SECONDS", text);
}

void event_fields(const struct alert_event *e, struct event_fields *ret)
{
	const struct alert *a = &e->alert;
	const struct alert_key *k = &a->key;
	struct list list = {.fields = ret, .text = STRING_IN(ret->text)}, *l = &list;
	char sentence[SENTENCE_SIZE];
	struct string text = STRING_IN(sentence);

	ret->count = 0;
	add(l, "EVENT", name_of(event_kind_names, e->kind));
	add(l, "ALERT", a->rule.name);
	add(l, "SEVERITY", name_of(severity_names, a->rule.severity));
	add(l, "HOST", e->host);
	add(l, "NETNS", e->netns);
	add(l, "SIDE", k->has_port ? side_name((enum sock_side)k->side) : NULL);
	add_number(l, "PORT", k->has_port ? k->port : UNKNOWN);
	add_states(l, rule_selects_sockets(&a->rule) ? a->rule.states : 0);
	add(l, "MEASURE", name_of(measure_names, a->rule.measure));
	add_quantity(l, "VALUE", a->numbers.value);
	add_quantity(l, "THRESHOLD", a->rule.raise);
	add_quantity(l, "CLEAR", a->rule.clear);
	add_number(l, "SOCKETS", a->numbers.sockets);
	add_number(l, "MEMORY_BYTES", a->numbers.memory_bytes);
	add_oldest(l, a->numbers.oldest_ms);
	add_time(l, "TIME", &e->time);
	add_time(l, "SINCE", &a->since);
	add_number(l, "SEQUENCE", e->sequence);
	words_alert(&text, a);
	add(l, "TEXT", sentence);
}

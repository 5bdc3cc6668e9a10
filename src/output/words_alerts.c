/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/words.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/words_private.h"

static void add_states(struct string *s, state_set states)
{
	const char *separator = "";

	if (states == STATE_SET_ALL || states == STATE_SET_CLOSING) {
		string_add(s, states == STATE_SET_ALL ? "sockets" : "closing sockets");
		return;
	}
	STATE_FOREACH(i) {
		if (!state_set_has(states, i))
			continue;
		string_addf(s, "%s%s", separator, state_name(i));
		separator = "/";
	}
}

/* What the diagnosis says of such sockets, else who has them. */
static void add_ownership(struct string *s, const struct rule *r)
{
	static const struct {
		ownership_set ownerships;
		const char *words;
	} all_words[] = {
		{OWNERSHIP_BIT(OWNERSHIP_HELD), ", held by a program"},
		{OWNERSHIP_BIT(OWNERSHIP_ORPHAN), ", closed by the program"},
		{OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED), ", not accepted by the program"},
	};
	const char *words = words_of_diagnosis(r->diagnosis);

	for (size_t i = 0; i < ARRAY_SIZE(all_words) && !words; i++)
		if (r->ownerships == all_words[i].ownerships)
			words = all_words[i].words;
	string_add(s, words ? words : "");
}

static void add_sockets(struct string *s, const struct alert *a)
{
	const struct rule *r = &a->rule;
	char number[FORMAT_SIZE];

	string_addf(s, "%s ", format_count(number, a->numbers.sockets));
	add_states(s, r->states);
	if (r->older_than_ms)
		string_addf(s, " for %s or longer", format_duration(number, r->older_than_ms));
	if (a->key.scope == SCOPE_OWNER)
		words_over_ports(s, a->numbers.ports, false);
	add_ownership(s, r);
	words_memory_and_age(s, a->numbers.memory_bytes, a->numbers.oldest_ms);
}

static void add_speed(struct string *s, const struct alert *a, const char *words)
{
	char window[FORMAT_SIZE];

	if (is_known(a->numbers.value))
		string_addf(s, "%.1f%s per minute over %s", a->numbers.value, words,
			format_duration(window, a->rule.window_ms));
	else
		string_add(s, "unknown");
}

static void add_growth(struct string *s, const struct alert *a)
{
	add_sockets(s, a);
	string_add(s, ", ");
	add_speed(s, a, " more");
}

static void add_rate(struct string *s, const struct alert *a)
{
	string_addf(s, "%s: ", name_of(counter_names, a->rule.counter));
	add_speed(s, a, "");
}

static void add_limit(struct string *s, const struct alert *a)
{
	const struct usage *u = &a->numbers.usage;
	char percent[FORMAT_SIZE], memory[FORMAT_SIZE];

	if (a->rule.limit != LIMIT_MEMORY) {
		words_usage(s, limit_nouns[a->rule.limit], u);
		words_listeners(s, a->numbers.listeners);
		return;
	}
	add_sockets(s, a);
	if (usage_percent(u) >= 0)
		string_addf(s, ", %s of %s RAM", format_percent(percent, usage_percent(u)),
			format_bytes(memory, u->max));
}

void words_alert(struct string *s, const struct alert *a)
{
	static void (*const adders[MEASURE_COUNT])(struct string *, const struct alert *) = {
		[MEASURE_SOCKETS] = add_sockets,
		[MEASURE_MEMORY] = add_sockets,
		[MEASURE_OLDEST] = add_sockets,
		[MEASURE_GROWTH] = add_growth,
		[MEASURE_PERCENT] = add_limit,
		[MEASURE_RATE] = add_rate,
	};

	const struct whose whose = {
		.owner = owner_is_known(&a->owner) ? &a->owner : NULL,
		.is_mixed = a->owner.is_mixed,
		.is_acceptor = owner_is_acceptor(&a->owner),
	};

	if (a->numbers.destination.sockets)
		words_destination(s, &a->numbers.destination, &whose);
	else if (a->key.scope == SCOPE_PORT)
		words_port(s, &a->key.service, a->device, a->is_only, &whose);
	else if (a->key.scope == SCOPE_OWNER)
		words_owner_subject(s, &a->key.owner_key, &whose);
	adders[a->rule.measure](s, a);
	if (a->is_ruleless)
		string_add(s, "; its rule was switched off");
}

void words_event(struct string *s, const struct alert_event *e)
{
	string_addf(s, "%s %s: ", name_of(event_kind_names, e->kind), e->alert.rule.name);
	words_alert(s, &e->alert);
}

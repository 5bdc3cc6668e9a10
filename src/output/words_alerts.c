/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/words.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/words_private.h"

static void add_where(struct string *s, const struct alert_key *key)
{
	if (key->has_port)
		string_addf(s, key->side == SIDE_SERVER ? "port %u: " : "to port %u: ",
			(unsigned)key->port);
}

static void add_states(struct string *s, state_set states)
{
	const char *separator = "";

	if (states == STATE_SET_ALL) {
		string_add(s, "sockets");
		return;
	}
	if (states == STATE_SET_CLOSING) {
		string_add(s, "closing sockets");
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
		{OWNERSHIP_BIT(OWNERSHIP_HELD), "held by a program"},
		{OWNERSHIP_BIT(OWNERSHIP_ORPHAN), "closed by their program"},
		{OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED), "not accepted by a program"},
	};
	const char *words = words_of_diagnosis(r->diagnosis);

	for (size_t i = 0; i < ARRAY_SIZE(all_words) && !words; i++)
		if (r->ownerships == all_words[i].ownerships)
			words = all_words[i].words;
	if (words)
		string_addf(s, " %s", words);
}

static void add_sockets(struct string *s, const struct alert *a)
{
	const struct alert_numbers *n = &a->numbers;
	char number[FORMAT_SIZE];

	string_addf(s, "%s ", format_count(number, n->sockets));
	add_states(s, a->rule.states);
	add_ownership(s, &a->rule);
	if (a->rule.older_than_ms)
		string_addf(s, " for %s or longer", format_duration(number, a->rule.older_than_ms));
	if (is_known(n->memory_bytes))
		string_addf(s, ", %s", format_bytes(number, n->memory_bytes));
	if (is_known(n->oldest_ms))
		string_addf(s, ", oldest %s", format_duration(number, n->oldest_ms));
}

static void add_growth(struct string *s, const struct alert *a)
{
	char window[FORMAT_SIZE];

	add_sockets(s, a);
	if (is_known(a->numbers.value))
		string_addf(s, ", %.1f more a minute over %s", a->numbers.value,
			format_duration(window, a->rule.window_ms));
}

/* The limits of the machine: what is used of them. */
static void add_limit(struct string *s, const struct alert *a)
{
	static const char *const words[LIMIT_COUNT] = {
		[LIMIT_TW_BUCKETS] = "TIME_WAIT and mini FIN_WAIT_2",
		[LIMIT_ORPHANS] = "orphaned sockets",
		[LIMIT_TCP_MEM] = "pages of TCP buffers",
		[LIMIT_CONNTRACK] = "connection tracking entries",
		[LIMIT_CLIENT_PORTS] = "local ports in use",
		[LIMIT_ACCEPT_QUEUE] = "connections that wait for accept()",
	};
	const struct destination *to = &a->numbers.destination;
	const struct usage *u = &a->numbers.usage;
	char used[FORMAT_SIZE], max[FORMAT_SIZE], percent[FORMAT_SIZE];

	if (to->sockets)
		string_addf(s, "to %s: ", format_endpoint(used, to->family, to->address, to->port));
	string_addf(s, "%s: %s of %s (%s)", words[a->rule.limit], format_count(used, u->used),
		format_count(max, u->max), format_percent(percent, usage_percent(u)));
}

static void add_share_of_memory(struct string *s, const struct alert *a)
{
	const struct usage *u = &a->numbers.usage;
	char percent[FORMAT_SIZE], memory[FORMAT_SIZE];

	add_sockets(s, a);
	string_addf(s, ", %s of the machine's %s", format_percent(percent, usage_percent(u)),
		format_bytes(memory, u->max));
}

static void add_rate(struct string *s, const struct alert *a)
{
	char window[FORMAT_SIZE];

	string_addf(s, "%s: %.1f a minute over %s", counter_name(a->rule.counter),
		is_known(a->numbers.value) ? a->numbers.value : 0,
		format_duration(window, a->rule.window_ms));
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

	add_where(s, &a->key);
	if (a->rule.measure == MEASURE_PERCENT && a->rule.limit == LIMIT_MEMORY)
		add_share_of_memory(s, a);
	else
		adders[a->rule.measure](s, a);
	if (*a->owner) {
		string_add(s, a->owner_is_mixed ? ", owner mostly " : ", owner ");
		words_name(s, a->owner, OWNER_SHOWN);
	}
	if (a->is_ruleless)
		string_add(s, "; its rule was switched off");
}

void words_event(struct string *s, const struct alert_event *e)
{
	string_addf(s, "%s %s: ", name_of(event_kind_names, e->kind), e->alert.rule.name);
	words_alert(s, &e->alert);
}

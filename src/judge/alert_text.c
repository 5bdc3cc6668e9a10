/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/alert_text.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/diagnosis.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of an owner's name that is longer, the sentence has the beginning. */
#define OWNER_SHOWN 64

/* Appends to the sentence; what does not fit is cut. */
__attribute__((format(printf, 2, 3))) static void say(
	char text[ALERT_TEXT_SIZE], const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, ALERT_TEXT_SIZE - used, format, args);
	va_end(args);
}

static void say_where(char text[ALERT_TEXT_SIZE], const struct alert_key *key)
{
	if (key->has_port)
		say(text, key->side == SIDE_SERVER ? "port %u: " : "to port %u: ",
			(unsigned)key->port);
}

static void say_states(char text[ALERT_TEXT_SIZE], state_set states)
{
	const char *separator = "";

	if (states == STATE_SET_ALL) {
		say(text, "sockets");
		return;
	}
	if (states == STATE_SET_CLOSING) {
		say(text, "closing sockets");
		return;
	}
	STATE_FOREACH(s) {
		if (!state_set_has(states, s))
			continue;
		say(text, "%s%s", separator, state_name(s));
		separator = "/";
	}
}

/* What the diagnosis says of such sockets, else who has them. */
static void say_holds(char text[ALERT_TEXT_SIZE], const struct rule *r)
{
	static const struct {
		ownership_set ownerships;
		const char *words;
	} all_words[] = {
		{OWNERSHIP_BIT(OWNERSHIP_HELD), "held by a program"},
		{OWNERSHIP_BIT(OWNERSHIP_ORPHAN), "closed by their program"},
		{OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED), "not accepted by a program"},
	};
	const struct diagnosis *d = r->diagnosis ? diagnosis_find(r->diagnosis) : NULL;

	if (d && d->words) {
		say(text, " %s", d->words);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(all_words); i++)
		if (r->ownerships == all_words[i].ownerships)
			say(text, " %s", all_words[i].words);
}

static void say_older_than(char text[ALERT_TEXT_SIZE], const struct rule *r)
{
	char age[FORMAT_SIZE];

	if (r->older_than_ms)
		say(text, " for %s or longer", format_duration(age, r->older_than_ms));
}

static void say_memory(char text[ALERT_TEXT_SIZE], const struct alert_numbers *n)
{
	char number[FORMAT_SIZE];

	if (n->memory_bytes != UNKNOWN)
		say(text, ", %s", format_bytes(number, n->memory_bytes));
	if (n->oldest_ms != UNKNOWN_U32)
		say(text, ", oldest %s", format_duration(number, n->oldest_ms));
}

static void say_sockets(
	char text[ALERT_TEXT_SIZE], const struct rule *r, const struct measurement *m)
{
	char number[FORMAT_SIZE];

	say(text, "%s ", format_count(number, m->numbers.sockets));
	say_states(text, r->states);
	say_holds(text, r);
	say_older_than(text, r);
	say_memory(text, &m->numbers);
}

static void say_growth(
	char text[ALERT_TEXT_SIZE], const struct rule *r, const struct measurement *m)
{
	char window[FORMAT_SIZE];

	say_sockets(text, r, m);
	if (isnan(m->numbers.value))
		return;
	say(text, ", %.1f more a minute over %s", m->numbers.value,
		format_duration(window, r->window_ms));
}

/* The limits of the machine: what is used of them. */
static void say_limit(char text[ALERT_TEXT_SIZE], const struct rule *r, const struct measurement *m,
	const struct destination *busiest)
{
	static const char *const words[LIMIT_COUNT] = {
		[LIMIT_TW_BUCKETS] = "TIME_WAIT and mini FIN_WAIT_2",
		[LIMIT_ORPHANS] = "orphaned sockets",
		[LIMIT_TCP_MEM] = "pages of TCP buffers",
		[LIMIT_CONNTRACK] = "connection tracking entries",
		[LIMIT_CLIENT_PORTS] = "local ports in use",
		[LIMIT_ACCEPT_QUEUE] = "connections that wait for accept()",
	};
	char used[FORMAT_SIZE], max[FORMAT_SIZE], percent[FORMAT_SIZE];

	if (r->limit == LIMIT_CLIENT_PORTS && busiest->sockets)
		say(text, "to %s: ",
			format_endpoint(used, busiest->family, busiest->address, busiest->port));
	say(text, "%s: %s of %s (%s)", words[r->limit], format_count(used, m->usage.used),
		format_count(max, m->usage.max), format_percent(percent, usage_percent(&m->usage)));
}

static void say_share_of_memory(
	char text[ALERT_TEXT_SIZE], const struct rule *r, const struct measurement *m)
{
	char percent[FORMAT_SIZE], memory[FORMAT_SIZE];

	say_sockets(text, r, m);
	say(text, ", %s of the machine's %s", format_percent(percent, usage_percent(&m->usage)),
		format_bytes(memory, m->usage.max));
}

static void say_rate(char text[ALERT_TEXT_SIZE], const struct rule *r, const struct measurement *m)
{
	char window[FORMAT_SIZE];

	say(text, "%s: %.1f a minute over %s", counter_name(r->counter),
		isnan(m->numbers.value) ? 0 : m->numbers.value,
		format_duration(window, r->window_ms));
}

void alert_text(char text[ALERT_TEXT_SIZE], const struct rule *r, const struct measurement *m,
	const struct destination *busiest)
{
	text[0] = '\0';
	say_where(text, &m->key);
	switch (r->measure) {
	case MEASURE_SOCKETS:
	case MEASURE_MEMORY:
	case MEASURE_OLDEST:
		say_sockets(text, r, m);
		break;
	case MEASURE_GROWTH:
		say_growth(text, r, m);
		break;
	case MEASURE_PERCENT:
		if (r->limit == LIMIT_MEMORY)
			say_share_of_memory(text, r, m);
		else
			say_limit(text, r, m, busiest);
		break;
	case MEASURE_RATE:
		say_rate(text, r, m);
		break;
	case MEASURE_COUNT:
		break;
	}
	if (m->owner)
		say(text, ", owner %s%.*s", m->owner_is_mixed ? "mostly " : "", OWNER_SHOWN,
			m->owner);
}

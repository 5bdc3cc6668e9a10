/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/growth.h"

#include "basic/unknown.h"
#include "model/changes.h"

static const struct port_history_shape shape = {
	COUNTS_NUMBERS, .polls = GROWTH_POLLS, .services_max = GROWTH_PORTS_MAX};

void growth_release(struct growth *g)
{
	port_history_release(&g->history);
	*g = (struct growth){0};
}

int growth_take(struct growth *g, struct snapshot *s, uint64_t now_ms)
{
	struct port_history *h = &g->history;

	/* A part of the table would show changes that never were. */
	if (!s->scan.complete)
		return 0;
	/* Polls older than the youngest one that is old enough are of no use any more. */
	while (h->polls >= 2 && now_ms - h->times_ms[1] >= GROWTH_SPAN_MS)
		port_history_forget(h);
	g->known = h->polls && now_ms - h->times_ms[0] >= GROWTH_SPAN_MS;
	g->now_ms = now_ms;
	s->growth = g;
	if (h->polls == GROWTH_POLLS ||
		(h->polls && now_ms - h->times_ms[h->polls - 1] < GROWTH_STEP_MS))
		return 0;
	return counts_record(h, &shape, s, now_ms);
}

static double growth(const struct snapshot *s, const struct service_key *key,
	const struct state_tally states[STATE_COUNT], enum tcp_state state)
{
	const struct growth *g = s->growth;
	uint64_t before;

	if (!g || !g->known || !state_set_has(STATE_SET_CLOSING & s->scanned, state))
		return UNKNOWN_DOUBLE;
	before = counts_at(&g->history, 0, key)->states[state];
	if (!is_known(before))
		return UNKNOWN_DOUBLE;
	return ((double)states[state].sockets - (double)before) /
	       ((double)(g->now_ms - g->history.times_ms[0]) / 60000);
}

double growth_of_port(const struct snapshot *s, const struct port_tally *p, enum tcp_state state)
{
	return growth(s, &p->service, p->states, state);
}

double growth_of_all(const struct snapshot *s, enum tcp_state state)
{
	return growth(s, NULL, s->totals.states, state);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/growth.h"

#include "basic/macro.h"
#include "basic/unknown.h"

static const struct port_history_shape shape = {
	.numbers = STATE_COUNT,
	.polls = GROWTH_POLLS,
	.services_max = GROWTH_PORTS_MAX,
};

void growth_release(struct growth *g)
{
	port_history_release(&g->history);
	*g = (struct growth){0};
}

/* The sockets in each state; UNKNOWN in one that was not scanned. states NULL: none. */
static void count_states(
	uint64_t *ret, const struct snapshot *s, const struct state_tally states[STATE_COUNT])
{
	STATE_FOREACH(i) {
		ret[i] = states ? states[i].sockets : 0;
		if (!state_set_has(s->scanned, i))
			ret[i] = UNKNOWN;
	}
}

static int record_poll(struct port_history *h, const struct snapshot *s, uint64_t now_ms)
{
	const size_t count = MIN(s->ports_count, (size_t)GROWTH_PORTS_MAX);
	uint64_t absent[STATE_COUNT];
	int r = port_history_start(h, &shape, now_ms, false, count);

	if (r < 0)
		return r;
	count_states(port_history_add(h, NULL), s, s->totals.states);
	for (size_t i = 0; i < count; i++) {
		uint64_t *numbers = port_history_add(h, &s->ports[i]->service);

		if (numbers)
			count_states(numbers, s, s->ports[i]->states);
	}
	count_states(absent, s, NULL);
	/* A port that is not listed may be among those that were left out. */
	for (size_t i = 0; (s->omitted.ports || count < s->ports_count) && i < STATE_COUNT; i++)
		absent[i] = UNKNOWN;
	port_history_finish(h, absent);
	return 0;
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
	return record_poll(h, s, now_ms);
}

static double growth(const struct snapshot *s, const struct service_key *key,
	const struct state_tally states[STATE_COUNT], enum tcp_state state)
{
	const struct growth *g = s->growth;
	uint64_t before;

	if (!g || !g->known || !state_set_has(STATE_SET_CLOSING & s->scanned, state))
		return UNKNOWN_DOUBLE;
	before = port_history_at(&g->history, 0, key)[state];
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

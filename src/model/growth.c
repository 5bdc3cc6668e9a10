/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/growth.h"

#include "basic/macro.h"
#include "basic/unknown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void release_poll(struct growth_poll *l)
{
	free(l->ports);
	*l = (struct growth_poll){0};
}

void growth_release(struct growth *g)
{
	for (unsigned i = 0; i < g->used; i++)
		release_poll(&g->polls[i]);
	*g = (struct growth){0};
}

static int compare_ports(const void *a, const void *b)
{
	const struct growth_port *x = a, *y = b;

	if (x->side != y->side)
		return x->side < y->side ? -1 : 1;
	return (x->port > y->port) - (x->port < y->port);
}

static void count_states(uint32_t ret[STATE_COUNT], const struct state_tally states[STATE_COUNT])
{
	STATE_FOREACH(i)
		ret[i] = states[i].sockets;
}

static int record_poll(struct growth_poll *ret, const struct snapshot *s, uint64_t now_ms)
{
	const size_t count = MIN(s->ports_count, (size_t)GROWTH_PORTS_MAX);
	struct growth_port *ports = calloc(MAX(count, (size_t)1), sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		ports[i].side = s->ports[i]->side;
		ports[i].port = s->ports[i]->port;
		count_states(ports[i].sockets, s->ports[i]->states);
	}
	qsort(ports, count, sizeof(*ports), compare_ports);
	*ret = (struct growth_poll){
		.time_ms = now_ms,
		.ports = ports,
		.ports_count = count,
		.whole = !s->omitted.ports && count == s->ports_count,
		.scanned = s->scanned,
	};
	count_states(ret->totals.sockets, s->totals.states);
	return 0;
}

/* Older ones than the youngest that is old enough are of no use any more. */
static void forget(struct growth *g, uint64_t now_ms)
{
	while (g->used >= 2 && now_ms - g->polls[1].time_ms >= GROWTH_SPAN_MS) {
		release_poll(&g->polls[0]);
		g->used--;
		memmove(g->polls, g->polls + 1, g->used * sizeof(g->polls[0]));
	}
	g->known = g->used && now_ms - g->polls[0].time_ms >= GROWTH_SPAN_MS;
}

int growth_take(struct growth *g, struct snapshot *s, uint64_t now_ms)
{
	int r = 0;

	/* Half a table would show changes that never were. */
	if (!s->scan.complete)
		return 0;
	forget(g, now_ms);
	g->now_ms = now_ms;
	s->growth = g;
	if (g->used == GROWTH_POLLS ||
		(g->used && now_ms - g->polls[g->used - 1].time_ms < GROWTH_STEP_MS))
		return 0;
	r = record_poll(&g->polls[g->used], s, now_ms);
	g->used += r == 0;
	return r;
}

/* before may be NULL: it is not known what there was. */
static double growth(const struct snapshot *s, const struct growth_port *before,
	const struct state_tally states[STATE_COUNT], enum tcp_state state)
{
	const struct growth *g = s->growth;
	double minutes;

	if (!before || !state_set_has(STATE_SET_CLOSING & s->scanned, state) ||
		!state_set_has(g->polls[0].scanned, state))
		return UNKNOWN_DOUBLE;
	minutes = (double)(g->now_ms - g->polls[0].time_ms) / 60000;
	return ((double)states[state].sockets - (double)before->sockets[state]) / minutes;
}

double growth_of_port(const struct snapshot *s, const struct port_tally *p, enum tcp_state state)
{
	static const struct growth_port none;
	const struct growth_port key = {.side = p->side, .port = p->port};
	const struct growth_port *before;
	const struct growth_poll *l;

	if (!s->growth || !s->growth->known)
		return UNKNOWN_DOUBLE;
	l = &s->growth->polls[0];
	before = bsearch(&key, l->ports, l->ports_count, sizeof(key), compare_ports);
	if (!before && l->whole)
		before = &none;
	return growth(s, before, p->states, state);
}

double growth_of_all(const struct snapshot *s, enum tcp_state state)
{
	if (!s->growth || !s->growth->known)
		return UNKNOWN_DOUBLE;
	return growth(s, &s->growth->polls[0].totals, s->totals.states, state);
}

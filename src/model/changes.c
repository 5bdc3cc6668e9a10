/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/changes.h"

#include "basic/macro.h"
#include "basic/unknown.h"

#include <errno.h>
#include <stdlib.h>

int64_t change_of(uint64_t now, uint64_t before)
{
	if (now == UNKNOWN || before == UNKNOWN)
		return UNKNOWN_I64;
	return (int64_t)(now - before);
}

/* Of a state that was not read, a port's number is not known, whatever the kernel counts in all. */
static void counts_of_states(
	struct counts *ret, const struct snapshot *s, const struct state_tally states[STATE_COUNT])
{
	STATE_FOREACH(i)
		ret->states[i] = state_set_has(s->scanned, i) ? states[i].sockets : UNKNOWN;
}

void counts_of_port(struct counts *ret, const struct snapshot *s, const struct port_tally *p)
{
	ret->sockets = port_tally_sockets(p, STATE_SET_ALL);
	ret->memory_bytes = port_tally_memory(p, STATE_SET_ALL);
	counts_of_states(ret, s, p->states);
}

void counts_of_totals(struct counts *ret, const struct snapshot *s)
{
	ret->sockets = s->totals.sockets;
	ret->memory_bytes = s->totals.memory_bytes;
	counts_of_states(ret, s, s->totals.states);
	if (s->established_from_counter)
		ret->states[STATE_ESTABLISHED] = s->totals.states[STATE_ESTABLISHED].sockets;
}

static int compare_ports(const void *a, const void *b)
{
	const struct port_counts *x = a, *y = b;

	if (x->side != y->side)
		return x->side < y->side ? -1 : 1;
	return (x->port > y->port) - (x->port < y->port);
}

/* Most sockets first; then by side and port, so that equal looks are told equally. */
static int compare_gone(const void *a, const void *b)
{
	const struct port_counts *x = *(const struct port_counts *const *)a;
	const struct port_counts *y = *(const struct port_counts *const *)b;

	if (x->counts.sockets != y->counts.sockets)
		return x->counts.sockets > y->counts.sockets ? -1 : 1;
	return compare_ports(x, y);
}

static int count(struct counted *ret, const struct snapshot *s)
{
	struct port_counts *ports = calloc(MAX(s->ports_count, (size_t)1), sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	for (size_t i = 0; i < s->ports_count; i++) {
		ports[i].side = s->ports[i]->side;
		ports[i].port = s->ports[i]->port;
		counts_of_port(&ports[i].counts, s, s->ports[i]);
	}
	qsort(ports, s->ports_count, sizeof(*ports), compare_ports);
	ret->ports = ports;
	ret->ports_count = s->ports_count;
	ret->whole = !s->omitted.ports;
	counts_of_totals(&ret->totals, s);
	return 0;
}

/* Both lists are in the same order, so that one walk finds what is only in the first. */
static void find_gone(const struct port_counts **gone, size_t *ret_count,
	const struct counted *before, const struct counted *now)
{
	size_t j = 0;

	*ret_count = 0;
	/* A port that is not listed may be among those that were left out. */
	for (size_t i = 0; now->whole && i < before->ports_count; i++) {
		const struct port_counts *p = &before->ports[i];

		while (j < now->ports_count && compare_ports(&now->ports[j], p) < 0)
			j++;
		if (j == now->ports_count || compare_ports(&now->ports[j], p) != 0)
			gone[(*ret_count)++] = p;
	}
	qsort(gone, *ret_count, sizeof(void *), compare_gone);
}

int changes_take(struct changes *c, const struct snapshot *s)
{
	const struct port_counts **gone =
		calloc(MAX(c->now.ports_count, (size_t)1), sizeof(void *));
	bool known = c->now.ports;
	struct counted now = {0};

	if (!gone || count(&now, s) < 0) {
		free(gone);
		return -ENOMEM;
	}
	free(c->before.ports);
	free(c->gone);
	c->before = c->now;
	c->now = now;
	c->known = known;
	c->gone = gone;
	find_gone(c->gone, &c->gone_count, &c->before, &c->now);
	return 0;
}

void changes_release(struct changes *c)
{
	free(c->before.ports);
	free(c->now.ports);
	free(c->gone);
	*c = (struct changes){0};
}

const struct counts *changes_before(const struct changes *c, enum sock_side side, uint16_t port)
{
	static const struct counts none;
	const struct port_counts key = {.side = (uint8_t)side, .port = port};
	const struct port_counts *found;

	if (!c->known)
		return NULL;
	found = bsearch(&key, c->before.ports, c->before.ports_count, sizeof(key), compare_ports);
	if (found)
		return &found->counts;
	return c->before.whole ? &none : NULL;
}

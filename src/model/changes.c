/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/changes.h"

#include "basic/array.h"
#include "basic/macro.h"
#include "basic/unknown.h"

#include <stdlib.h>
#include <string.h>

/* The tally bounds the ports. */
static const struct port_history_shape shape = {
	COUNTS_NUMBERS, .polls = 2, .services_max = SIZE_MAX};

int64_t change_of(uint64_t now, uint64_t before)
{
	if (!is_known(now) || !is_known(before))
		return UNKNOWN_I64;
	return (int64_t)(now - before);
}

/* In a state that was not scanned, a port's number is unknown, whatever the kernel counts in all.
 */
static void counts_of_states(
	struct counts *ret, const struct snapshot *s, const struct state_tally states[STATE_COUNT])
{
	STATE_FOREACH(i)
		ret->states[i] = state_set_has(s->scanned, i) ? states[i].sockets : UNKNOWN;
}

void counts_of_port(struct counts *ret, const struct snapshot *s, const struct port_tally *p)
{
	ret->sockets = port_tally_sum(p, STATE_SET_ALL).sockets;
	ret->memory_bytes = port_tally_sum(p, STATE_SET_ALL).memory_bytes;
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

static const struct counts *as_counts(const uint64_t *numbers)
{
	return (const struct counts *)(const void *)numbers;
}

static struct counts *add_counts(struct port_history *h, const struct service_key *key)
{
	return (struct counts *)(void *)port_history_add(h, key);
}

int counts_record(struct port_history *h, const struct port_history_shape *of,
	const struct snapshot *s, uint64_t now_ms)
{
	const size_t listed = MIN(s->ports_count, of->services_max);
	struct counts absent;
	int r = port_history_start(h, of, now_ms, false, listed);

	if (r < 0)
		return r;
	counts_of_totals(add_counts(h, NULL), s);
	for (size_t i = 0; i < listed; i++) {
		struct counts *counts = add_counts(h, &s->ports[i]->service);

		if (counts)
			counts_of_port(counts, s, s->ports[i]);
	}
	counts_of_port(&absent, s, &(struct port_tally){0});
	/* A port that is not listed may be among those that were left out. */
	if (s->omitted.ports || listed < s->ports_count)
		memset(&absent, 0xff, sizeof(absent));
	port_history_finish(h, (const uint64_t *)(const void *)&absent);
	return 0;
}

const struct counts *counts_at(
	const struct port_history *h, unsigned poll, const struct service_key *key)
{
	return as_counts(port_history_at(h, poll, key));
}

/* Most sockets first; then by key, so that equal polls look equal. */
static int compare_gone(const void *a, const void *b)
{
	const struct gone_port *x = a, *y = b;

	if (x->sockets != y->sockets)
		return x->sockets > y->sockets ? -1 : 1;
	return service_key_compare(&x->service, &y->service);
}

static void add_gone(const struct service_key *key, const uint64_t *numbers, void *userdata)
{
	const struct counts *before = as_counts(numbers), *now = before + 1;
	struct changes *c = userdata;

	if (now->sockets == 0 && before->sockets > 0 && is_known(before->sockets))
		c->gone[c->gone_count++] =
			(struct gone_port){.service = *key, .sockets = before->sockets};
}

int changes_take(struct changes *c, const struct snapshot *s)
{
	struct port_history *h = &c->history;
	/* Ports that are gone are among the known ones. */
	int r = ARRAY_GROW(c->gone, c->gone_allocated, h->rows_count);

	if (r == 0)
		r = counts_record(h, &shape, s, 0);
	if (r < 0)
		return r;
	c->gone_count = 0;
	if (h->polls == 2)
		port_history_foreach(h, add_gone, c);
	if (c->gone_count)
		qsort(c->gone, c->gone_count, sizeof(*c->gone), compare_gone);
	return 0;
}

void changes_release(struct changes *c)
{
	port_history_release(&c->history);
	free(c->gone);
	*c = (struct changes){0};
}

const struct counts *changes_before(const struct changes *c, const struct service_key *key)
{
	return c->history.polls == 2 ? counts_at(&c->history, 0, key) : NULL;
}

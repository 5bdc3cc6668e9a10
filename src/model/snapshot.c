/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/snapshot.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/unknown.h"

#include <errno.h>
#include <stdlib.h>

/* The states that occupy a local port; how many ports are in use is known if all of them were
 * scanned.
 */
#define STATES_WITH_PORT                                                                           \
	((state_set)(STATE_SET_ALL & ~(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_CLOSE) |          \
					     STATE_BIT(STATE_BOUND_INACTIVE))))

struct ranked_row {
	const struct port_tally *row;
	uint64_t memory_bytes;
	uint64_t sockets;
};

/* Heaviest first; then by number; then by key, so that equal snapshots look equal. */
static int compare_rows(const void *a, const void *b)
{
	const struct ranked_row *x = a, *y = b;

	if (x->memory_bytes != y->memory_bytes)
		return x->memory_bytes > y->memory_bytes ? -1 : 1;
	if (x->sockets != y->sockets)
		return x->sockets > y->sockets ? -1 : 1;
	return service_key_compare(&x->row->service, &y->row->service);
}

static void add_row(struct snapshot_totals *totals, const struct port_tally *row)
{
	STATE_FOREACH(s)
		state_tally_add(&totals->states[s], &row->states[s]);
	for (enum symptom s = 0; s < SYMPTOM_COUNT; s++) {
		totals->symptoms[s].sockets += row->symptoms[s].sockets;
		totals->symptoms[s].memory_bytes += row->symptoms[s].memory_bytes;
	}
}

static void sum_totals(struct snapshot_totals *totals)
{
	STATE_FOREACH(s) {
		const struct state_tally *st = &totals->states[s];

		totals->sockets += st->sockets;
		totals->memory_bytes += st->memory_bytes;
		if (state_set_has(STATE_SET_CLOSING, s)) {
			totals->closing_sockets += st->sockets;
			totals->closing_memory_bytes += st->memory_bytes;
		}
	}
}

/* Ranks the rows that have sockets. The caller frees *ret. */
static int rank_rows(const struct tally *t, struct ranked_row **ret, size_t *ret_count)
{
	struct ranked_row *ranked = calloc(MAX(t->rows_used, (size_t)1), sizeof(*ranked));
	size_t count = 0;

	if (!ranked)
		return -ENOMEM;
	for (size_t i = 0; i < t->rows_used; i++) {
		struct ranked_row *r = &ranked[count];

		r->row = &t->rows[i];
		r->sockets = port_tally_sum(r->row, STATE_SET_ALL).sockets;
		r->memory_bytes = port_tally_sum(r->row, STATE_SET_ALL).memory_bytes;
		/* The row of a listener that the filter hides has no sockets. */
		if (r->sockets)
			count++;
	}
	qsort(ranked, count, sizeof(*ranked), compare_rows);
	*ret = ranked;
	*ret_count = count;
	return 0;
}

/* Summarizes the ages of the listed rows. places has room for every row, and is zero. */
static int take_ages(struct snapshot *s, uint32_t *places)
{
	const struct age_rows rows = {.places = places,
		.rows = s->rows_count,
		.ports = s->ports_count,
		.creators = s->creators};

	age_table_release(&s->age_table);
	if (!s->ages)
		return 0;
	for (size_t i = 0; i < s->ports_count; i++)
		places[s->ports[i] - s->rows] = (uint32_t)i + 1;
	return age_table_take(&s->age_table, s->ages, &rows);
}

void snapshot_judge_ports(struct snapshot *s, const struct tally *t, const struct port_set *chosen)
{
	client_ports_judge(&t->netns.client_ports, &s->limits, chosen, &s->client_ports,
		&s->busiest, &s->port_room);
	if ((s->scanned & STATES_WITH_PORT) == STATES_WITH_PORT)
		return;
	s->client_ports.used = UNKNOWN;
	s->busiest = (struct destination){0};
	s->port_room = (struct port_room){.usable_min = UNKNOWN, .usable_max = UNKNOWN};
}

int snapshot_take(struct snapshot *s, const struct tally *t)
{
	cleanup_(freep) struct ranked_row *ranked = NULL;
	cleanup_(freep) const struct port_tally **ports = NULL;
	size_t count;
	int r;

	r = rank_rows(t, &ranked, &count);
	if (r < 0)
		return r;
	ports = calloc(MAX(count, (size_t)1), sizeof(void *));
	if (!ports)
		return -ENOMEM;

	s->totals = (struct snapshot_totals){0};
	STATE_FOREACH(state)
		s->totals.states[state].oldest_ms = UNKNOWN_U32;
	for (size_t i = 0; i < count; i++) {
		ports[i] = ranked[i].row;
		add_row(&s->totals, ports[i]);
	}
	add_row(&s->totals, &t->rest);
	sum_totals(&s->totals);
	s->omitted.ports = t->rest_ports;
	s->omitted.sockets = port_tally_sum(&t->rest, STATE_SET_ALL).sockets;
	s->omitted.memory_bytes = port_tally_sum(&t->rest, STATE_SET_ALL).memory_bytes;

	s->rows = t->rows;
	s->rows_count = t->rows_used;
	s->rest = &t->rest;
	s->creators = &t->creators;
	s->rest_ports = t->rest_ports;
	s->ages = t->context.ages;
	s->age_table = (struct age_table){0};
	s->growth = NULL;
	s->filter = t->context.filter;
	s->prices = t->context.prices;
	s->established_from_counter = false;
	snapshot_judge_ports(s, t, NULL);
	s->ports_count = count;
	s->ports = TAKE_PTR(ports);
	return 0;
}

void snapshot_omit(struct snapshot *s, const struct port_tally *port)
{
	s->omitted.ports++;
	s->omitted.sockets += port_tally_sum(port, STATE_SET_ALL).sockets;
	s->omitted.memory_bytes += port_tally_sum(port, STATE_SET_ALL).memory_bytes;
}

int snapshot_list(struct snapshot *s, size_t ports_max, const uint32_t *wanted, size_t wanted_count)
{
	/* First 1 for each row that is wanted, then its place. */
	cleanup_(freep) uint32_t *rows = calloc(MAX(s->rows_count, (size_t)1), sizeof(*rows));
	size_t kept = 0;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < wanted_count; i++)
		rows[wanted[i]] = 1;
	for (size_t i = 0; i < s->ports_count; i++) {
		if (!ports_max || i < ports_max || rows[s->ports[i] - s->rows])
			s->ports[kept++] = s->ports[i];
		else
			snapshot_omit(s, s->ports[i]);
	}
	s->ports_count = kept;
	for (size_t i = 0; i < wanted_count; i++)
		rows[wanted[i]] = 0;
	return take_ages(s, rows);
}

void snapshot_release(struct snapshot *s)
{
	age_table_release(&s->age_table);
	free(s->ports);
	s->ports = NULL;
	s->ports_count = 0;
}

void snapshot_established_from_counter(struct snapshot *s)
{
	uint64_t close_wait = s->totals.states[STATE_CLOSE_WAIT].sockets;

	/* The memory of sockets that were not scanned is unknown, and so is every sum with it. */
	s->totals.memory_bytes = UNKNOWN;
	if (!is_known(s->limits.curr_estab)) {
		s->totals.sockets = UNKNOWN;
		return;
	}
	s->established_from_counter = true;
	/* The counter was not read at the same moment as the sockets. */
	s->totals.states[STATE_ESTABLISHED].sockets =
		(uint32_t)(s->limits.curr_estab > close_wait ? s->limits.curr_estab - close_wait
							     : 0);
	s->totals.sockets += s->totals.states[STATE_ESTABLISHED].sockets;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/tally.h"

#include "basic/array.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/age_bound.h"
#include "model/sock_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void port_tally_init(struct port_tally *p)
{
	*p = (struct port_tally){0};
	STATE_FOREACH(s)
		p->states[s].oldest_ms = UNKNOWN_U32;
}

int tally_new(struct tally **ret)
{
	/* Zeroed pages cost nothing: only what a scan touches becomes resident. */
	cleanup_(tally_freep) struct tally *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	r = attribution_new(&t->netns.attribution);
	if (r < 0)
		return r;
	port_tally_init(&t->rest);
	*ret = TAKE_PTR(t);
	return 0;
}

struct tally *tally_free(struct tally *t)
{
	if (t) {
		free(t->rows);
		creators_release(&t->creators);
		free(t->had);
		service_map_release(&t->netns.row);
		attribution_free(t->netns.attribution);
		free(t);
	}
	return NULL;
}

static uint8_t *services_of_port(struct tally *t, const struct service_key *service)
{
	return &t->netns.services[service->side][service->port];
}

static void forget_counts(struct tally *t)
{
	struct tally_netns *ns = &t->netns;

	memset(&ns->charged, 0, sizeof(ns->charged));
	client_ports_start(&ns->client_ports, t->context.port_first, t->context.port_last,
		t->context.reuse_delay_ms);
	service_map_clear(&ns->row);
	for (size_t i = 0; i < t->rows_used; i++)
		*services_of_port(t, &t->rows[i].service) = 0;
	t->rows_used = 0;
	creators_clear(&t->creators);
	t->rest_ports = 0;
	port_tally_init(&t->rest);
	if (t->context.observer.start)
		t->context.observer.start(t->context.observer.userdata);
}

void tally_start(struct tally *t, const struct tally_context *context)
{
	t->context = *context;
	forget_counts(t);
	attribution_start(t->netns.attribution, context->port_first, context->port_last);
}

void tally_start_again(struct tally *t)
{
	forget_counts(t);
	attribution_start_again(t->netns.attribution);
}

/* Makes room for one more row. Returns false when there are too many, or memory is short. */
static bool grow_rows(struct tally *t)
{
	return t->rows_used < TALLY_ROWS_MAX &&
	       ARRAY_GROW(t->rows, t->rows_allocated, t->rows_used + 1) == 0;
}

const struct port_tally *tally_row(const struct tally *t, const struct service_key *service)
{
	const uint32_t index = service_map_get(&t->netns.row, service);

	return index && index != TALLY_ROW_REST ? &t->rows[index - 1] : NULL;
}

static struct port_tally *row_of(struct tally *t, const struct service_key *service)
{
	struct service_map *map = &t->netns.row;
	const uint32_t index = service_map_get(map, service);
	struct port_tally *row;

	if (index == TALLY_ROW_REST)
		return &t->rest;
	if (index)
		return &t->rows[index - 1];
	if (!grow_rows(t) || service_map_set(map, service, (uint32_t)t->rows_used + 1) < 0) {
		t->rest_ports++;
		/* Without memory for that, its next socket is taken for another service's. */
		(void)service_map_set(map, service, TALLY_ROW_REST);
		return &t->rest;
	}
	row = &t->rows[t->rows_used++];
	port_tally_init(row);
	row->service = *service;
	if (*services_of_port(t, service) < 2)
		++*services_of_port(t, service);
	return row;
}

/* How long a mini socket has been in its state: its timer counts down from a known time. */
static uint32_t mini_age_ms(const struct tally_context *context, const struct sock_record *r)
{
	uint32_t life = r->state == STATE_TIME_WAIT ? TIME_WAIT_MS : context->fin_timeout_ms;

	if (!is_known(life))
		return UNKNOWN_U32;
	if (r->expires_ms <= life)
		return life - r->expires_ms;
	/* Above it by a timer tick the socket just started; by more it has its own TCP_LINGER2, and
	 * its start is unknown. */
	return r->state == STATE_TIME_WAIT ? 0 : UNKNOWN_U32;
}

static uint32_t age_row(
	const struct tally *t, const struct port_tally *row, const struct creator_tally *creator)
{
	if (creator)
		return TALLY_AGE_ROW_CREATORS + (uint32_t)(creator - t->creators.list);
	return row == &t->rest ? TALLY_AGE_ROW_REST : (uint32_t)(row - t->rows);
}

static uint32_t age_ms(struct tally *t, const struct sock_record *r, uint32_t number)
{
	uint32_t least;

	if (r->kind == KIND_MINI)
		return mini_age_ms(&t->context, r);
	if (t->context.ages)
		return ages_observe(t->context.ages, r, number);
	least = age_bound_ms(r);
	return least ? least : UNKNOWN_U32;
}

static uint64_t memory_of(struct tally *t, const struct sock_record *r)
{
	uint64_t memory = sock_memory(&t->context.prices, r);

	if (!port_set_has(&t->netns.charged, r->local_port)) {
		port_set_add(&t->netns.charged, r->local_port);
		memory += port_memory(&t->context.prices);
	}
	return memory;
}

/* Whether a listener is fuller: it is full with one connection more than its backlog. Of two that
 * are equally full, the one with the shorter backlog is full first. */
static bool is_fuller(const struct port_tally *than, uint32_t accept_queue, uint32_t backlog)
{
	const uint64_t it = accept_queue * ((uint64_t)than->backlog + 1);
	const uint64_t other = than->accept_queue * ((uint64_t)backlog + 1);

	return it != other ? it > other : backlog < than->backlog;
}

static void record_listener(struct port_tally *row, const struct sock_record *r)
{
	const uint32_t backlog = r->has_backlog ? r->send_queue : UNKNOWN_U32;

	if (!row->listeners || is_fuller(row, r->receive_queue, backlog)) {
		row->accept_queue = r->receive_queue;
		row->backlog = backlog;
	}
	if (!r->has_backlog)
		row->backlogs = UNKNOWN;
	else if (is_known(row->backlogs))
		row->backlogs += backlog;
	row->listening = true;
	row->listeners++;
}

/* Returns NULL for the first creator of a row, and for none. */
static struct creator_tally *record_creator(
	struct tally *t, struct port_tally *row, const struct sock_record *r)
{
	if (row == &t->rest)
		return NULL;
	return creators_record(&t->creators, &row->creators, (uint32_t)(row - t->rows), r);
}

static void count_in_state(struct state_tally *st, const struct tally_context *context,
	const struct sock_record *r, uint64_t memory, uint32_t age)
{
	st->sockets++;
	st->memory_bytes += memory;
	st->mini += r->kind == KIND_MINI;
	st->request += r->kind == KIND_REQUEST;
	st->orphan += r->ownership == OWNERSHIP_ORPHAN;
	st->unaccepted += r->ownership == OWNERSHIP_UNACCEPTED;
	/* tcp_info shows no age below its resolution, and no age table has it without a sample. */
	st->dated += is_known(age) || (r->has_info && !context->ages);
	st->aged += is_known(age) && age >= AGED_MS;
	st->oldest_ms = known_max(st->oldest_ms, age);
}

/* A socket that is as old as the last poll was counted by it. */
static void count_fresh(
	const struct tally *t, struct port_tally *row, const struct sock_record *r, uint32_t age)
{
	if (r->kind != KIND_MINI || age >= t->context.since_ms)
		return;
	row->fresh_time_wait += r->state == STATE_TIME_WAIT;
	row->fresh_fin_wait_2 += r->state == STATE_FIN_WAIT_2;
}

static void count_symptom(struct port_tally *row, struct creator_tally *creator,
	const struct sock_record *r, uint64_t memory)
{
	const enum symptom symptom = symptom_of(r);

	if (creator)
		creator->sockets[r->state][r->ownership]++;
	if (symptom == SYMPTOM_COUNT)
		return;
	row->symptoms[symptom].sockets++;
	row->symptoms[symptom].memory_bytes += memory;
	if (creator)
		creator->symptoms[symptom]++;
}

/* Counts a socket of a service. */
static void count(const struct sock_record *r, const struct service_key *service, void *userdata)
{
	struct tally *t = userdata;
	const struct tally_context *context = &t->context;
	struct creator_tally *creator;
	struct port_tally *row;
	uint64_t memory;
	uint32_t age;

	/* Before the filter: neither the price of a port's buckets nor the ports in use depend on
	 * it. */
	memory = memory_of(t, r);
	client_ports_count(&t->netns.client_ports, r, (enum sock_side)service->side);

	if (!filter_has(&context->filter, service))
		return;
	row = row_of(t, service);
	if (r->state == STATE_LISTEN)
		record_listener(row, r);
	else if (!state_set_has(context->filter.states, r->state))
		return;
	creator = record_creator(t, row, r);
	if (!state_set_has(context->filter.states, r->state))
		return;
	age = age_ms(t, r, age_row(t, row, creator));
	count_in_state(&row->states[r->state], context, r, memory, age);
	count_fresh(t, row, r, age);
	count_symptom(row, creator, r, memory);
	if (context->observer.observe)
		context->observer.observe(
			&(struct sock_observation){*r, *service, age, memory, NULL, ""},
			context->observer.userdata);
}

void tally_count(struct tally *t, const struct sock_record *r)
{
	struct service_key service;

	if (r->state == STATE_LISTEN)
		attribution_add_listener(t->netns.attribution, r, &service);
	else if (!attribution_place(t->netns.attribution, r, &service))
		return;
	count(r, &service, t);
}

static int compare_services(const void *a, const void *b)
{
	const struct service_past *x = a, *y = b;

	return service_key_compare(&x->service, &y->service);
}

/* Of a service that an earlier scan has seen; or NULL. */
static const struct service_past *past_of(const struct tally *t, const struct port_tally *row)
{
	const struct service_past key = {.service = row->service};

	return t->had_count ? bsearch(&key, t->had, t->had_count, sizeof(key), compare_services)
			    : NULL;
}

/*
 * Adds what earlier scans have shown. A row without any cgroup has only sockets that carry none
 * (TIME_WAIT, SYN_RECV), or comes from a source that has none: whose it was is whose it is.
 */
static void add_past(const struct tally *t, struct port_tally *row)
{
	const struct service_past *past = past_of(t, row);
	struct creator *first = &row->creators.first;

	STATE_FOREACH(s)
		if (row->states[s].sockets)
			row->states_had |= STATE_BIT(s);
	if (!past)
		return;
	row->states_had |= past->states;
	if (!first->cgroup && !row->creators.others && past->cgroup) {
		first->cgroup = past->cgroup;
		first->reported = true;
		first->by_user = false;
	}
}

static struct service_past past_to_be(const struct port_tally *row)
{
	const bool is_mixed = row->creators.others || row->creators.uncounted;

	return (struct service_past){
		.service = row->service,
		.states = row->states_had,
		.cgroup = is_mixed ? 0 : row->creators.first.cgroup,
	};
}

/* Remembers the rows, and unless forget the services that have no row this time. Without memory
 * it stays as it was. */
static void remember_rows(struct tally *t, bool forget)
{
	const size_t room = t->rows_used + (forget ? 0 : t->had_count);
	struct service_past *had = calloc(MAX(room, (size_t)1), sizeof(*had));
	size_t count = 0;

	if (!had)
		return;
	for (size_t i = 0; i < t->rows_used; i++)
		had[count++] = past_to_be(&t->rows[i]);
	for (size_t i = 0; i < t->had_count && !forget && count < TALLY_ROWS_MAX; i++)
		if (!tally_row(t, &t->had[i].service))
			had[count++] = t->had[i];
	qsort(had, count, sizeof(*had), compare_services);
	free(t->had);
	t->had = had;
	t->had_count = count;
}

bool tally_finish(struct tally *t, bool complete)
{
	const bool again = attribution_finish(t->netns.attribution, complete, count, t);
	const bool by_address = filter_is_by_address(&t->context.filter);

	for (size_t i = 0; i < t->rows_used; i++) {
		struct port_tally *row = &t->rows[i];

		row->is_only = !by_address && *services_of_port(t, &row->service) == 1;
		add_past(t, row);
	}
	/* What the second pass attributes otherwise was never a service. */
	if (!again)
		remember_rows(t, complete);
	return again;
}

void state_tally_add(struct state_tally *sum, const struct state_tally *s)
{
	sum->sockets += s->sockets;
	sum->memory_bytes += s->memory_bytes;
	sum->mini += s->mini;
	sum->request += s->request;
	sum->orphan += s->orphan;
	sum->unaccepted += s->unaccepted;
	sum->dated += s->dated;
	sum->aged += s->aged;
	sum->oldest_ms = known_max(sum->oldest_ms, s->oldest_ms);
}

struct state_tally port_tally_sum(const struct port_tally *p, state_set states)
{
	struct state_tally sum = {.oldest_ms = UNKNOWN_U32};

	STATE_FOREACH(s)
		if (state_set_has(states, s))
			state_tally_add(&sum, &p->states[s]);
	return sum;
}

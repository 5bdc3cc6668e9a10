/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/heartbeat.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/attribution.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The row of a service that is counted in the rest. */
#define ROW_REST UINT32_MAX

struct heartbeat {
	struct heartbeat_context context;
	struct attribution *attribution;
	struct service_map row; /* index into ports, plus one, or ROW_REST */
	struct heartbeat_port *ports[HEARTBEAT_PORTS_MAX];
	size_t ports_count;
	struct idle_times *idle_times; /* NULL: without watching */
	uint64_t first_ms, now_ms;
	struct heartbeat_numbers numbers;
};

int heartbeat_new(const struct heartbeat_context *context, struct heartbeat **ret)
{
	cleanup_(heartbeat_freep) struct heartbeat *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->context = *context;
	r = attribution_new(&h->attribution);
	if (r == 0 && context->watch)
		r = idle_times_new(context->watched_max, &h->idle_times);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(h);
	return 0;
}

struct heartbeat *heartbeat_free(struct heartbeat *h)
{
	if (h) {
		for (size_t i = 0; i < h->ports_count; i++)
			free(h->ports[i]);
		idle_times_free(h->idle_times);
		service_map_release(&h->row);
		attribution_free(h->attribution);
		free(h);
	}
	return NULL;
}

static void forget_counts(struct heartbeat *h)
{
	struct heartbeat_numbers *n = &h->numbers;

	for (size_t i = 0; i < h->ports_count; i++)
		*h->ports[i] = (struct heartbeat_port){.service = h->ports[i]->service};
	n->sockets = n->without_info = n->rest_sockets = 0;
}

void heartbeat_start(struct heartbeat *h, uint64_t now_ms)
{
	struct heartbeat_numbers *n = &h->numbers;

	forget_counts(h);
	if (!n->polls)
		h->first_ms = now_ms;
	h->now_ms = now_ms;
	n->polls++;
	n->watched_ms = now_ms - h->first_ms;
	attribution_start(h->attribution, h->context.port_first, h->context.port_last);
}

void heartbeat_start_again(struct heartbeat *h)
{
	forget_counts(h);
	attribution_start_again(h->attribution);
}

/* The place of a service among the ports; ROW_REST: it is in the rest. */
static uint32_t row_of(struct heartbeat *h, const struct service_key *service)
{
	const uint32_t index = service_map_get(&h->row, service);
	struct heartbeat_port *p;

	if (index)
		return index == ROW_REST ? ROW_REST : index - 1;
	p = h->ports_count < HEARTBEAT_PORTS_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (!p || service_map_set(&h->row, service, (uint32_t)h->ports_count + 1) < 0) {
		free(p);
		h->numbers.rest_ports++;
		/* Without memory for that, its next connection is taken for another service's. */
		(void)service_map_set(&h->row, service, ROW_REST);
		return ROW_REST;
	}
	p->service = *service;
	h->ports[h->ports_count] = p;
	return (uint32_t)h->ports_count++;
}

static void add_known(struct histogram *h, uint32_t value, uint32_t weight)
{
	if (is_known(value))
		histogram_add(h, value, weight);
}

static void count_timer(struct heartbeat_port *p, const struct sock_record *r)
{
	enum sock_keepalive keepalive = sock_record_keepalive(r->timer);

	p->keepalive[keepalive]++;
	if (keepalive == KEEPALIVE_ON)
		p->keepalive_next_ms = MAX(p->keepalive_next_ms, r->expires_ms);
	p->unacknowledged += keepalive == KEEPALIVE_UNKNOWN;
}

static void count_info(struct heartbeat_port *p, const struct sock_record *r)
{
	for (enum idle_kind k = 0; k < IDLE_KINDS; k++)
		add_known(&p->idle_ms[k], idle_time_of(r, k), 1);
	add_known(&p->sent_ms, r->info.last_data_sent_ms, 1);
	p->mute += !r->info.data_segments_in;
	if (r->info.rtt_us)
		add_known(&p->rtt_us, r->info.rtt_us, 1);
}

static void count_established(
	const struct sock_record *r, const struct service_key *service, void *userdata)
{
	struct heartbeat *h = userdata;
	struct heartbeat_port *p;
	uint32_t row;

	if (!filter_has(&h->context.filter, service))
		return;
	row = row_of(h, service);
	h->numbers.sockets++;
	h->numbers.without_info += !r->has_info;
	if (row == ROW_REST) {
		h->numbers.rest_sockets++;
		return;
	}
	p = h->ports[row];
	p->sockets++;
	count_timer(p, r);
	if (r->has_info)
		count_info(p, r);
	if (h->idle_times)
		idle_times_observe(h->idle_times, r, (uint16_t)row, h->now_ms);
}

void heartbeat_count(struct heartbeat *h, const struct sock_record *r)
{
	struct service_key service;

	if (r->state == STATE_LISTEN)
		attribution_add_listener(h->attribution, r, &service);
	else if (r->state == STATE_ESTABLISHED && attribution_place(h->attribution, r, &service))
		count_established(r, &service, h);
}

/* The other states are not read, so no service is forgotten. */
bool heartbeat_end(struct heartbeat *h)
{
	return attribution_finish(h->attribution, false, count_established, h);
}

static void add_idle_time(const struct idle_time *idle_time, void *userdata)
{
	struct heartbeat *h = userdata;
	struct heartbeat_port *p = h->ports[idle_time->row];

	for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
		add_known(&p->longest_ms[k], idle_time->longest_ms[k], h->numbers.weight);
		add_known(&p->ended_ms[k], idle_time->ended_ms[k], h->numbers.weight);
	}
}

static bool is_only(const struct heartbeat *h, const struct service_key *service)
{
	size_t services = 0;

	for (size_t i = 0; i < h->ports_count; i++)
		services += h->ports[i]->service.side == service->side &&
			    h->ports[i]->service.port == service->port;
	return services == 1 && !filter_is_by_address(&h->context.filter);
}

void heartbeat_finish(struct heartbeat *h)
{
	for (size_t i = 0; i < h->ports_count; i++)
		h->ports[i]->is_only = is_only(h, &h->ports[i]->service);
	h->numbers.weight = 1;
	if (h->idle_times) {
		h->numbers.watched = idle_times_watched(h->idle_times);
		h->numbers.weight = idle_times_weight(h->idle_times);
		idle_times_foreach(h->idle_times, add_idle_time, h);
		return;
	}
	for (size_t i = 0; i < h->ports_count; i++)
		memcpy(h->ports[i]->longest_ms, h->ports[i]->idle_ms,
			sizeof(h->ports[i]->longest_ms));
}

struct heartbeat_port *heartbeat_port(struct heartbeat *h, size_t index)
{
	return index < h->ports_count ? h->ports[index] : NULL;
}

const struct heartbeat_port *const *heartbeat_ports(const struct heartbeat *h, size_t *ret_count)
{
	*ret_count = h->ports_count;
	return (const struct heartbeat_port *const *)h->ports;
}

struct heartbeat_numbers heartbeat_numbers(const struct heartbeat *h)
{
	return h->numbers;
}

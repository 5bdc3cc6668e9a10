/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/heartbeat.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The row of a port that is counted in the rest. */
#define ROW_REST UINT16_MAX

struct heartbeat {
	struct heartbeat_context context;
	struct port_set server;          /* local ports with a listener at any poll */
	uint16_t row[SIDE_COUNT][65536]; /* index into ports, plus one; 0: none yet */
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
	if (context->watch) {
		r = idle_times_new(context->watched_max, &h->idle_times);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(h);
	return 0;
}

struct heartbeat *heartbeat_free(struct heartbeat *h)
{
	if (h) {
		for (size_t i = 0; i < h->ports_count; i++)
			free(h->ports[i]);
		idle_times_free(h->idle_times);
		free(h);
	}
	return NULL;
}

void heartbeat_start(struct heartbeat *h, uint64_t now_ms)
{
	struct heartbeat_numbers *n = &h->numbers;

	for (size_t i = 0; i < h->ports_count; i++)
		*h->ports[i] = (struct heartbeat_port){
			.side = h->ports[i]->side,
			.port = h->ports[i]->port,
		};
	if (!n->polls)
		h->first_ms = now_ms;
	h->now_ms = now_ms;
	n->polls++;
	n->sockets = n->without_info = n->rest_sockets = 0;
	n->watched_ms = now_ms - h->first_ms;
}

/* The row of a port; NULL: it is in the rest. */
static struct heartbeat_port *port_of(struct heartbeat *h, enum sock_side side, uint16_t port)
{
	uint16_t *row = &h->row[side][port];
	struct heartbeat_port *p;

	if (*row == ROW_REST)
		return NULL;
	if (*row)
		return h->ports[*row - 1];
	p = h->ports_count < HEARTBEAT_PORTS_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (!p) {
		*row = ROW_REST;
		h->numbers.rest_ports++;
		return NULL;
	}
	p->side = (uint8_t)side;
	p->port = port;
	h->ports[h->ports_count++] = p;
	*row = (uint16_t)h->ports_count;
	return p;
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
	struct heartbeat *h, const struct sock_record *r, enum sock_side side, uint16_t port)
{
	struct heartbeat_port *p = port_of(h, side, port);

	h->numbers.sockets++;
	h->numbers.without_info += !r->has_info;
	if (!p) {
		h->numbers.rest_sockets++;
		return;
	}
	p->sockets++;
	count_timer(p, r);
	if (r->has_info)
		count_info(p, r);
	if (h->idle_times)
		idle_times_observe(h->idle_times, r, (uint16_t)(h->row[side][port] - 1), h->now_ms);
}

void heartbeat_count(struct heartbeat *h, const struct sock_record *r)
{
	const struct sides sides = {&h->server, h->context.port_first, h->context.port_last};
	const struct filter *f = &h->context.filter;
	enum sock_side side;
	uint16_t port;

	if (r->state == STATE_LISTEN)
		port_set_add(&h->server, r->local_port);
	if (r->state != STATE_ESTABLISHED)
		return;
	side = sock_side(&sides, r);
	port = sock_side_port(side, r);
	if (f->sides[side] && (!f->ports || port_set_has(f->ports, port)))
		count_established(h, r, side, port);
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

void heartbeat_finish(struct heartbeat *h)
{
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

const struct heartbeat_port *const *heartbeat_ports(const struct heartbeat *h, size_t *ret_count)
{
	*ret_count = h->ports_count;
	return (const struct heartbeat_port *const *)h->ports;
}

struct heartbeat_numbers heartbeat_numbers(const struct heartbeat *h)
{
	return h->numbers;
}

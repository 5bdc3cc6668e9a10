/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of both hosts as tcpstated itself reads them. */
#include "basic/macro.h"
#include "lab/stage_private.h"
#include "model/port_set.h"
#include "model/sock_memory.h"

#include <string.h>

/* One observation of both hosts. */
struct observation {
	struct stage *stage;
	struct question *question; /* or NULL */
	enum host host;            /* which is read at present */
	struct port_set ports;     /* of that host, whose bind buckets are counted */
	struct sighting followed[FOLLOWED_MAX][2]; /* by side */
	uint64_t crowd[2][STATE_COUNT];
	uint64_t memory;
};

/* An address of a record as an IPv6 socket has it. */
static struct in6_addr address_wide(const uint8_t bytes[16], int family)
{
	struct in6_addr a = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	memcpy(family == AF_INET ? &a.s6_addr[12] : a.s6_addr, bytes, family == AF_INET ? 4 : 16);
	return a;
}

static bool is_end(const struct end *e, enum host host, const struct sock_record *r)
{
	const struct in6_addr client =
		address_wide(e->side == SERVER ? r->remote_address : r->local_address, r->family);

	return e->host == host && e->local_port == r->local_port &&
	       e->remote_port == r->remote_port && e->device == r->device &&
	       memcmp(&client, e->client_address, sizeof(client)) == 0;
}

/* Whether it is bound, or connected, to what the listener is bound to. */
static bool has_own_place(const struct question *q, const struct sock_record *r)
{
	const bool is_server = q->side == SERVER;
	const enum stage_device device = is_server ? q->of->server_device : q->of->client_device;
	const union address target = options_target(q->of);
	const union address mapped =
		target.any.sa_family == AF_INET ? address_mapped(&target) : target;
	const struct in6_addr server =
		address_wide(is_server ? r->local_address : r->remote_address, r->family);

	if (q->of->own_address && memcmp(&server, &mapped.in6.sin6_addr, sizeof(server)) != 0)
		return false;
	return device == ANY_DEVICE || r->device == stage_device_index(device);
}

static bool is_of_service(const struct question *q, enum host host, const struct sock_record *r)
{
	return q->of && host == (q->side == SERVER ? SERVER : options_client_host(q->of)) &&
	       (q->side == SERVER ? r->local_port : r->remote_port) == q->of->port &&
	       has_own_place(q, r);
}

static void answer(struct question *q, enum host host, const struct sock_record *r)
{
	if (q->end && is_end(q->end, host, r)) {
		q->seen = true;
		q->record = *r;
	}
	if (!is_of_service(q, host, r))
		return;
	q->count += r->state == q->state;
	if (q->fn)
		q->fn(r, q->userdata);
}

static struct sighting *find_followed(struct observation *o, const struct sock_record *r)
{
	const struct stage *s = o->stage;

	for (size_t i = 0; i < s->followed_count; i++)
		for (enum host side = SERVER; side <= CLIENT; side++)
			if (is_end(&s->followed[i].end[side], o->host, r))
				return &o->followed[i][side];
	return NULL;
}

static void observe_record(const struct sock_record *r, void *userdata)
{
	struct observation *o = userdata;
	struct sighting *sighting;

	o->memory += sock_memory(o->stage->prices, r);
	if (!port_set_has(&o->ports, r->local_port)) {
		port_set_add(&o->ports, r->local_port);
		o->memory += port_memory(o->stage->prices);
	}
	if (o->question)
		answer(o->question, o->host, r);
	if (r->state == STATE_LISTEN)
		return;
	sighting = find_followed(o, r);
	if (sighting)
		*sighting = (struct sighting){true, *r};
	else
		o->crowd[o->host][r->state]++;
}

static void observe_host(struct observation *o, enum host host)
{
	const struct scan_request request = {
		.states = STATE_SET_ALL & (state_set)~STATE_BIT(STATE_BOUND_INACTIVE),
		.buffers = true,
	};
	struct stage *s = o->stage;
	struct scan scan = {0};
	int r;

	o->host = host;
	o->ports = (struct port_set){{0}};
	stage_enter(s, host);
	r = s->source->ops->scan(s->source, &request, observe_record, o, &scan);
	stage_enter(s, SERVER);
	if (r < 0)
		stage_give_up(s, "cannot read the sockets: %s", scan.error);
}

static bool has_changed(const struct sighting *before, const struct sighting *now, bool closely)
{
	const struct sock_record *a = &before->record, *b = &now->record;

	if (before->seen != now->seen || !now->seen)
		return before->seen != now->seen;
	if (a->state != b->state || a->kind != b->kind || a->ownership != b->ownership)
		return true;
	return closely && (a->receive_queue != b->receive_queue || a->send_queue != b->send_queue ||
				  a->timer != b->timer);
}

static void report_changes(struct stage *s, const struct observation *o, bool closely)
{
	for (size_t i = 0; i < s->followed_count; i++) {
		for (enum host host = SERVER; host <= CLIENT; host++) {
			struct sighting *reported = &s->followed[i].reported[host];
			const struct sighting *now = &o->followed[i][host];

			if (!has_changed(reported, now, closely))
				continue;
			timeline_state(&s->timeline, host,
				s->followed_count > 1 ? (unsigned)i + 1 : 0, reported, now);
			*reported = *now;
		}
	}
	for (enum host host = SERVER; closely && host <= CLIENT; host++) {
		if (memcmp(s->crowd[host], o->crowd[host], sizeof(s->crowd[host])) == 0)
			continue;
		memcpy(s->crowd[host], o->crowd[host], sizeof(s->crowd[host]));
		timeline_crowd(&s->timeline, host, s->crowd[host]);
	}
}

void stage_records(struct stage *s, enum host side, const struct connect_options *o,
	stage_record_fn fn, void *userdata)
{
	const struct connect_options of = options_complete(o);
	struct question q = {.of = &of, .side = side, .fn = fn, .userdata = userdata};

	stage_observe(s, &q, false);
}

void stage_observe(struct stage *s, struct question *q, bool closely)
{
	struct observation o = {.stage = s, .question = q};
	struct outcome *outcome = s->outcome;

	if (q) {
		q->seen = false;
		q->count = 0;
	}
	for (enum host host = SERVER; host <= CLIENT; host++)
		observe_host(&o, host);
	outcome->memory.after = o.memory;
	outcome->memory.most = MAX(outcome->memory.most, o.memory);
	report_changes(s, &o, closely);
}

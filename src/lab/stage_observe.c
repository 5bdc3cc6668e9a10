/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of both hosts as tcpstated itself reads them. */
#include "basic/macro.h"
#include "lab/stage_private.h"
#include "model/filter.h"
#include "model/sock_memory.h"

#include <string.h>

/* One observation of both hosts. */
struct observation {
	struct stage *stage;
	struct question *question; /* or NULL */
	enum host host;            /* which is read at present */
	struct port_set ports;     /* of that host, whose bind buckets are counted */
	struct sighting followed[FOLLOWED_MAX][2];
	uint64_t crowd[2][STATE_COUNT];
	uint64_t memory;
};

/* Whether an address of a record is that of a client, as an IPv4 or mapped one. */
static bool is_client_address(const uint8_t bytes[16], int family, unsigned number)
{
	const union address ipv4 = address_of(false, AF_INET, number, 0);
	const union address mapped = address_mapped(&ipv4);

	if (family == AF_INET)
		return memcmp(bytes, &ipv4.in.sin_addr, sizeof(ipv4.in.sin_addr)) == 0;
	return memcmp(bytes, &mapped.in6.sin6_addr, sizeof(mapped.in6.sin6_addr)) == 0;
}

static bool is_end(const struct end *e, enum host host, const struct sock_record *r)
{
	return e->host == host && e->local_port == r->local_port &&
	       e->remote_port == r->remote_port &&
	       is_client_address(host == SERVER ? r->remote_address : r->local_address, r->family,
		       e->client_address);
}

static void answer(struct question *q, enum host host, const struct sock_record *r)
{
	if (q->end && is_end(q->end, host, r)) {
		q->seen = true;
		q->record = *r;
	}
	if (!q->end && q->host == host && r->state == q->state &&
		(host == SERVER ? r->local_port : r->remote_port) == STAGE_PORT)
		q->count++;
}

static struct sighting *find_followed(struct observation *o, const struct sock_record *r)
{
	const struct stage *s = o->stage;

	for (size_t i = 0; i < s->followed_count; i++)
		if (is_end(&s->followed[i].end[o->host], o->host, r))
			return &o->followed[i][o->host];
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
	if (r->state == STATE_LISTEN)
		return;
	if (o->question)
		answer(o->question, o->host, r);
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

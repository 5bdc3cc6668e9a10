/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both hosts' sockets are doing, as tcpstated itself sees it. */
#include "basic/macro.h"
#include "lab/stage_private.h"

#include "model/filter.h"
#include "model/sock_memory.h"

#include <string.h>

/* What one look at both hosts brings. */
struct poll {
	struct stage *stage;
	struct question *question; /* or NULL */
	enum host host;            /* that is being looked at */
	struct sighting followed[FOLLOWED_MAX][2];
	uint64_t crowd[2][STATE_COUNT];
	uint64_t memory;
	struct port_set
		ports; /* of the host that is being looked at, whose bind buckets are counted */
};

static bool is_client_address(const uint8_t address[16], uint8_t family, unsigned number)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct in_addr v4 = pair_peer4(number);
	const struct in6_addr v6 = pair_peer6(number);

	if (family == AF_INET)
		return memcmp(address, &v4, sizeof(v4)) == 0;
	if (memcmp(address, mapped, sizeof(mapped)) == 0)
		return memcmp(address + sizeof(mapped), &v4, sizeof(v4)) == 0;
	return memcmp(address, &v6, sizeof(v6)) == 0;
}

static bool is_end(const struct end *e, enum host host, const struct sock_record *r)
{
	return e->host == host && e->local_port == r->local_port &&
	       e->remote_port == r->remote_port &&
	       is_client_address(host == SERVER ? r->remote_address : r->local_address, r->family,
		       e->client_address);
}

static void ask(struct question *q, enum host host, const struct sock_record *r)
{
	if (q->end && is_end(q->end, host, r)) {
		q->seen = true;
		q->record = *r;
	}
	if (!q->end && q->host == host && r->state == q->state &&
		(host == SERVER ? r->local_port : r->remote_port) == q->port)
		q->count++;
}

static struct sighting *find_followed(struct poll *l, const struct sock_record *r)
{
	const struct stage *s = l->stage;

	for (size_t i = 0; i < s->followed_count; i++)
		if (is_end(&s->followed[i].end[l->host], l->host, r))
			return &l->followed[i][l->host];
	return NULL;
}

static void see(const struct sock_record *r, void *userdata)
{
	struct poll *l = userdata;
	struct sighting *sighting;

	l->memory += sock_memory(l->stage->prices, r);
	if (!port_set_has(&l->ports, r->local_port)) {
		port_set_add(&l->ports, r->local_port);
		l->memory += port_memory(l->stage->prices);
	}
	if (r->state == STATE_LISTEN)
		return;
	if (l->question)
		ask(l->question, l->host, r);
	sighting = find_followed(l, r);
	if (sighting)
		*sighting = (struct sighting){true, *r};
	else
		l->crowd[l->host][r->state]++;
}

static void observe_one(struct poll *l, enum host host)
{
	const struct scan_request request = {
		.states = STATE_SET_ALL & (state_set)~STATE_BIT(STATE_BOUND_INACTIVE),
		.buffers = true,
	};
	struct stage *s = l->stage;
	struct scan scan = {0};
	int r;

	l->host = host;
	l->ports = (struct port_set){{0}};
	stage_enter(s, host);
	r = s->source->ops->scan(s->source, &request, see, l, &scan);
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

static void report_changes(struct stage *s, const struct poll *l, bool closely)
{
	for (size_t i = 0; i < s->followed_count; i++) {
		for (enum host host = SERVER; host <= CLIENT; host++) {
			struct sighting *reported = &s->followed[i].reported[host];
			const struct sighting *now = &l->followed[i][host];

			if (!has_changed(reported, now, closely))
				continue;
			timeline_state(&s->timeline, host,
				s->followed_count > 1 ? (unsigned)i + 1 : 0, reported, now);
			*reported = *now;
		}
	}
	for (enum host host = SERVER; closely && host <= CLIENT; host++) {
		if (memcmp(s->crowd[host], l->crowd[host], sizeof(s->crowd[host])) == 0)
			continue;
		memcpy(s->crowd[host], l->crowd[host], sizeof(s->crowd[host]));
		timeline_crowd(&s->timeline, host, s->crowd[host]);
	}
}

void stage_observe(struct stage *s, struct question *q, bool closely)
{
	struct poll l = {.stage = s, .question = q};
	struct outcome *o = s->outcome;

	if (q) {
		q->seen = false;
		q->count = 0;
	}
	for (enum host host = SERVER; host <= CLIENT; host++)
		observe_one(&l, host);
	o->memory.after = l.memory;
	o->memory.most = MAX(o->memory.most, l.memory);
	report_changes(s, &l, closely);
}

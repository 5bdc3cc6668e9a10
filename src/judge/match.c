/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/match.h"

#include "judge/diagnosis.h"

static bool is_listener(const struct socket_class *c)
{
	return c->side == SIDE_SERVER && c->state == STATE_LISTEN;
}

/* Whether a diagnosis is about sockets of that state and symptom, on any port. */
static bool diagnosis_matches(const struct diagnosis *d, const struct socket_class *c)
{
	if (d->judge == judge_limits && d->limit == LIMIT_CLIENT_PORTS)
		return c->state != STATE_LISTEN;
	if (d->judge == judge_limits)
		return false;
	if (d->by_symptom)
		return c->state == d->state && c->has_symptom && c->symptom == d->symptom;
	if (d->judge == judge_groups && !d->servers_only &&
		d->ownership & OWNERSHIP_BIT(OWNERSHIP_HELD))
		return c->state == d->state;
	return is_listener(c);
}

static bool is_port_of(const struct finding *f, const struct socket_class *c)
{
	return f->has_port && f->service.side == c->side && f->service.port == c->port &&
	       service_binding(&f->service) == c->binding;
}

bool finding_matches(const struct findings *f, size_t i, uint64_t tag)
{
	const struct socket_class class = socket_class_of(tag);
	const struct diagnosis *d = diagnosis_find(f->list[i].id);

	if (!d || !diagnosis_matches(d, &class))
		return false;
	if (f->list[i].has_port)
		return is_port_of(&f->list[i], &class);
	return f->list[i].scope == SCOPE_OWNER &&
	       findings_have_member(f, &f->list[i], class.side, class.port, class.binding);
}

bool findings_match(const struct findings *f, uint64_t tag)
{
	for (size_t i = 0; i < f->count; i++)
		if (finding_matches(f, i, tag))
			return true;
	return false;
}

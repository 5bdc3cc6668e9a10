/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/port_row.h"

#include "basic/unknown.h"
#include "output/words.h"

#include <stdio.h>
#include <string.h>

/* The number of a state that was not scanned is unknown, even if the kernel counts it in total. */
static void fill_states(
	struct port_row *r, const struct snapshot *s, const struct state_tally states[STATE_COUNT])
{
	r->oldest_ms = UNKNOWN_U32;
	STATE_FOREACH(i) {
		r->states[i] = state_set_has(s->scanned, i) ? states[i].sockets : UNKNOWN;
		r->oldest_ms = known_max(r->oldest_ms, states[i].oldest_ms);
	}
}

static void fill_changes(struct port_row *r, const struct counts *now, const struct counts *before)
{
	r->change = before ? change_of(now->sockets, before->sockets) : UNKNOWN_I64;
	r->memory_change =
		before ? change_of(now->memory_bytes, before->memory_bytes) : UNKNOWN_I64;
	STATE_FOREACH(i)
		r->state_changes[i] =
			before ? change_of(now->states[i], before->states[i]) : UNKNOWN_I64;
}

static void label_port(struct port_row *r, const struct service_key *service, const char *device,
	bool is_only, bool listening)
{
	struct string label = STRING_IN(r->label);

	if (service->side == SIDE_CLIENT && !service->port) {
		string_add(&label, "no peer");
		return;
	}
	string_add(&label, service->side == SIDE_SERVER ? "" : "to ");
	words_service(&label, service, device, is_only);
	string_add(&label, service->side == SIDE_CLIENT || listening ? "" : "*");
}

struct port_row port_row_of(
	const struct snapshot *s, const struct port_tally *p, const struct changes *c)
{
	struct counts now;
	struct port_row r = {
		.sockets = port_tally_sum(p, STATE_SET_ALL).sockets,
		.memory_bytes = port_tally_sum(p, STATE_SET_ALL).memory_bytes,
		.listening = p->listening,
		.accept_queue = p->accept_queue,
		.backlog = p->backlog,
	};

	fill_states(&r, s, p->states);
	counts_of_port(&now, s, p);
	fill_changes(&r, &now, c ? changes_before(c, &p->service) : NULL);
	label_port(&r, &p->service, p->device, p->is_only, p->listening);
	return r;
}

struct port_row port_row_gone(const struct changes *c, size_t i)
{
	const struct gone_port *p = &c->gone[i];
	static const struct counts none;
	struct port_row r = {.gone = true, .oldest_ms = UNKNOWN_U32};

	/* A star would mean that nothing listens, which is unknown. */
	label_port(&r, &p->service, NULL, false, true);
	fill_changes(&r, &none, changes_before(c, &p->service));
	return r;
}

struct port_row port_row_total(const struct snapshot *s, const struct changes *c)
{
	struct counts now;
	struct port_row r = {
		.label = "TOTAL",
		.sockets = s->totals.sockets,
		.memory_bytes = s->totals.memory_bytes,
	};

	fill_states(&r, s, s->totals.states);
	if (s->established_from_counter)
		r.states[STATE_ESTABLISHED] = s->totals.states[STATE_ESTABLISHED].sockets;
	counts_of_totals(&now, s);
	fill_changes(&r, &now, c ? changes_before(c, NULL) : NULL);
	return r;
}

struct port_row port_row_changes(const struct port_row *total)
{
	struct port_row r = *total;

	strcpy(r.label, "change");
	r.is_changes = true;
	r.oldest_ms = UNKNOWN_U32;
	return r;
}

static void take_off(int64_t *sum, int64_t change)
{
	if (is_known(*sum) && is_known(change))
		*sum -= change;
	else
		*sum = UNKNOWN_I64;
}

struct port_row port_row_others(const struct snapshot *s, const struct changes *c, size_t gone,
	const struct port_row *total)
{
	struct port_row r = {
		.label = "others",
		.sockets = s->omitted.sockets,
		.memory_bytes = s->omitted.memory_bytes,
		.change = total->change,
	};

	fill_states(&r, s, s->totals.states);
	for (size_t i = 0; i < s->ports_count; i++) {
		STATE_FOREACH(j)
			if (is_known(r.states[j]))
				r.states[j] -= s->ports[i]->states[j].sockets;
		take_off(&r.change, port_row_of(s, s->ports[i], c).change);
	}
	for (size_t i = 0; i < gone; i++)
		take_off(&r.change, port_row_gone(c, i).change);
	r.oldest_ms = UNKNOWN_U32;
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/array.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/diagnosis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* With these shares of MemTotal a group of sockets is a finding whatever its number, and critical.
 */
#define MEMORY_WARNING_PERCENT  1
#define MEMORY_CRITICAL_PERCENT 5

static const char *const severity_list[] = {
	[SEVERITY_OK] = "ok",
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_CRITICAL] = "critical",
};

const struct names severity_names = NAMES(severity_list);

/* Adds a finding and returns it to be filled in, or NULL when no memory is left. */
static struct finding *add_finding(
	struct judgement *j, const struct diagnosis *d, enum severity severity)
{
	struct finding *f;

	if (ARRAY_GROW(j->found.list, j->allocated, j->found.count + 1) < 0) {
		j->error = -ENOMEM;
		return NULL;
	}
	f = &j->found.list[j->found.count++];
	*f = (struct finding){
		.id = d->id,
		.severity = severity,
		.netns = j->snapshot->origin.netns,
		.sockets = UNKNOWN,
		.memory_bytes = UNKNOWN,
		.oldest_ms = UNKNOWN_U32,
		.usage = USAGE_UNKNOWN,
		.cause = CAUSE_NONE,
	};
	return f;
}

static void set_port(struct finding *f, const struct port_tally *row, const struct whose *whose)
{
	f->has_port = true;
	f->service = row->service;
	f->device = row->device;
	f->is_only = row->is_only;
	f->whose = *whose;
}

static uint64_t percent_of_memory(const struct judgement *j, unsigned percent)
{
	uint64_t total = j->snapshot->limits.mem_total_bytes;

	return total == UNKNOWN ? UNKNOWN : total / 100 * percent;
}

/*
 * The connections that this side closed first and that have not ended yet: an answered close shows
 * as TIME_WAIT for a minute, an unanswered one stays in the other states, so that a share of them
 * distinguishes a fault from mere traffic.
 */
static uint64_t closed_first(const struct port_tally *row)
{
	return port_tally_sum(row, STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2) |
					   STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_TIME_WAIT))
		.sockets;
}

/* The sockets that a diagnosis is about, on one row. */
struct group {
	uint64_t sockets, memory_bytes;
	uint32_t oldest_ms;
	uint64_t together; /* with those of the other symptoms of the same fault */
};

static struct group group_by_symptom(const struct diagnosis *d, const struct port_tally *row)
{
	const struct state_tally *t = &row->states[d->state];
	struct group g = {
		.sockets = row->symptoms[d->symptom].sockets,
		.memory_bytes = row->symptoms[d->symptom].memory_bytes,
		.oldest_ms = UNKNOWN_U32,
	};

	/* There is one age per state: if some show another symptom, it may be theirs. */
	if (g.sockets == t->sockets)
		g.oldest_ms = t->oldest_ms;
	for (enum symptom s = 0; s < SYMPTOM_COUNT; s++)
		g.together += d->together & SYMPTOM_BIT(s) ? row->symptoms[s].sockets : 0;
	/* One in ten of them may be about to show another symptom. */
	if (g.sockets * 10 < g.together)
		g.together = 0;
	return g;
}

static struct group group_of(
	const struct diagnosis *d, const struct judgement *j, const struct port_tally *row)
{
	const struct state_tally *t = &row->states[d->state];
	struct group g = {.oldest_ms = UNKNOWN_U32};

	if (d->by_symptom)
		return group_by_symptom(d, row);
	g.sockets = g.together = ownership_sockets(t, d->ownership);
	g.memory_bytes = ownership_memory(t, d->ownership, &j->snapshot->prices);
	/* There is one age per state: that of a mini socket says nothing about full ones. */
	if (d->ownership & OWNERSHIP_BIT(OWNERSHIP_NONE) || !t->mini)
		g.oldest_ms = t->oldest_ms;
	return g;
}

static enum severity judge_group(const struct diagnosis *d, const struct judgement *j,
	const struct port_tally *row, const struct group *g)
{
	if (!g->sockets)
		return SEVERITY_OK;
	if (d->is_note)
		return g->sockets >= d->floor || j->explicit ? SEVERITY_NOTE : SEVERITY_OK;
	if (g->memory_bytes >= percent_of_memory(j, MEMORY_CRITICAL_PERCENT))
		return SEVERITY_CRITICAL;
	if (g->memory_bytes >= percent_of_memory(j, MEMORY_WARNING_PERCENT))
		return SEVERITY_WARNING;
	if (g->together < d->floor && j->explicit && g->together)
		return SEVERITY_NOTE;
	if (g->together < d->floor || g->sockets * 100 < closed_first(row) * d->share_percent ||
		g->oldest_ms < d->age_ms)
		return SEVERITY_OK;
	return SEVERITY_WARNING;
}

/* All ports without a finding of their own together. */
#define MANY_PORTS SIZE_MAX

/* port: the row's place among the listed ports, or MANY_PORTS. Returns whether it is a finding. */
static bool judge_row(
	const struct diagnosis *d, struct judgement *j, const struct port_tally *row, size_t port)
{
	const struct group g = group_of(d, j, row);
	const enum severity severity = judge_group(d, j, row, &g);
	struct finding *f = severity == SEVERITY_OK ? NULL : add_finding(j, d, severity);

	if (!f)
		return false;
	f->sockets = g.sockets;
	f->memory_bytes = g.memory_bytes;
	for (enum symptom c = 0; c < SYMPTOM_COUNT; c++)
		f->causes[c] = d->causes & SYMPTOM_BIT(c) ? row->symptoms[c].sockets : 0;
	f->cause = diagnosis_cause(d, row, f->sockets);
	if (port != MANY_PORTS) {
		const struct socket_group sockets = diagnosis_group(d);
		struct whose whose = whose_of(j->snapshot->creators, row, &sockets);

		/* Whoever has them now, it is not a cgroup that was removed. */
		if (whose.owner && whose.owner->is_gone && diagnosis_is_of_held(d))
			whose.is_acceptor = true;
		set_port(f, row, &whose);
		f->oldest_ms = g.oldest_ms;
		f->ages = age_stats_of_port(&j->snapshot->age_table, port, d->state);
	}
	return true;
}

/* Takes a row that has a finding of its own out of the sum of all rows. */
static void subtract_row(struct port_tally *sum, const struct port_tally *row)
{
	STATE_FOREACH(s) {
		struct state_tally *a = &sum->states[s];
		const struct state_tally *b = &row->states[s];

		a->sockets -= MIN(a->sockets, b->sockets);
		a->memory_bytes -= MIN(a->memory_bytes, b->memory_bytes);
		a->mini -= MIN(a->mini, b->mini);
		a->request -= MIN(a->request, b->request);
		a->orphan -= MIN(a->orphan, b->orphan);
		a->unaccepted -= MIN(a->unaccepted, b->unaccepted);
	}
	for (enum symptom s = 0; s < SYMPTOM_COUNT; s++) {
		struct symptom_tally *a = &sum->symptoms[s];
		const struct symptom_tally *b = &row->symptoms[s];

		a->sockets -= MIN(a->sockets, b->sockets);
		a->memory_bytes -= MIN(a->memory_bytes, b->memory_bytes);
	}
}

void judge_groups(const struct diagnosis *d, struct judgement *j)
{
	const struct snapshot *s = j->snapshot;
	struct port_tally others = {0};

	memcpy(others.states, s->totals.states, sizeof(others.states));
	memcpy(others.symptoms, s->totals.symptoms, sizeof(others.symptoms));
	for (size_t i = 0; i < s->ports_count; i++) {
		if (d->servers_only && s->ports[i]->service.side != SIDE_SERVER)
			continue;
		if (judge_row(d, j, s->ports[i], i))
			subtract_row(&others, s->ports[i]);
	}
	if (!d->servers_only)
		(void)judge_row(d, j, &others, MANY_PORTS);
}

static enum severity judge_percent(double percent, double warning, double critical)
{
	if (percent >= critical)
		return SEVERITY_CRITICAL;
	return percent >= warning ? SEVERITY_WARNING : SEVERITY_OK;
}

void judge_limits(const struct diagnosis *d, struct judgement *j)
{
	const struct usage u = limit_usage(d->limit, j->snapshot);
	enum severity severity = judge_percent(usage_percent(&u), d->warning, d->critical);
	struct finding *f;

	/* From there on, another diagnosis says more. */
	if (d->is_note)
		severity = severity == SEVERITY_WARNING ? SEVERITY_NOTE : SEVERITY_OK;
	f = severity == SEVERITY_OK ? NULL : add_finding(j, d, severity);

	if (!f)
		return;
	f->usage = u;
	if (limit_counts_sockets(d->limit))
		f->sockets = u.used;
	if (d->limit == LIMIT_CLIENT_PORTS) {
		const struct snapshot *s = j->snapshot;

		f->destination = s->busiest;
		f->port_room = s->port_room;
		f->whose = whose_has_room(&s->port_room);
		f->has_port = s->busiest.port != 0;
		f->service = (struct service_key){.side = SIDE_CLIENT, .port = s->busiest.port};
	}
}

/*
 * The kernel drops new connections once more wait than the backlog allows (include/net/sock.h:
 * sk_acceptq_is_full).
 */
void judge_accept_queues(const struct diagnosis *d, struct judgement *j)
{
	const struct snapshot *s = j->snapshot;

	for (size_t i = 0; i < s->ports_count; i++) {
		const struct port_tally *row = s->ports[i];
		bool full = row->accept_queue > row->backlog;
		struct whose whose;
		struct finding *f;

		/* The fallback source has no backlogs. */
		if (!row->listening || !row->backlog)
			continue;
		if (!full && (row->accept_queue < d->floor ||
				     (double)row->accept_queue <
					     d->warning / 100 * (double)row->backlog))
			continue;
		f = add_finding(j, d, full ? SEVERITY_CRITICAL : SEVERITY_WARNING);
		if (!f)
			return;
		whose = whose_of_service(s->creators, row);
		set_port(f, row, &whose);
		f->sockets = row->accept_queue;
		f->usage = (struct usage){row->accept_queue, row->backlog};
	}
}

/* SYN_RECV counts against the backlog as well; if that is unknown, against more than any burst. */
void judge_syn_recv(const struct diagnosis *d, struct judgement *j)
{
	const struct snapshot *s = j->snapshot;

	for (size_t i = 0; i < s->ports_count; i++) {
		const struct port_tally *row = s->ports[i];
		const struct state_tally *t = &row->states[STATE_SYN_RECV];
		double backlog = row->backlog ? (double)row->backlog : 10 * (double)d->floor;
		enum severity severity =
			judge_percent((double)t->sockets * 100 / backlog, d->warning, d->critical);
		struct whose whose;
		struct finding *f;

		if (t->sockets < d->floor || severity == SEVERITY_OK)
			continue;
		f = add_finding(j, d, severity);
		if (!f)
			return;
		whose = whose_of_service(s->creators, row);
		set_port(f, row, &whose);
		f->sockets = t->sockets;
		f->memory_bytes = t->memory_bytes;
		if (row->backlog)
			f->usage = (struct usage){t->sockets, row->backlog};
	}
}

/* Worst first. What has no memory of its own is a limit of the machine and goes before the ports.
 */
static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->memory_bytes != y->memory_bytes)
		return x->memory_bytes > y->memory_bytes ? -1 : 1;
	if (!service_key_equal(&x->service, &y->service))
		return service_key_compare(&x->service, &y->service);
	return strcmp(x->id, y->id);
}

int diagnose(const struct snapshot *s, bool explicit, struct findings *ret)
{
	struct judgement j = {.snapshot = s, .explicit = explicit};

	for (const struct diagnosis *d = diagnoses; d->id && !j.error; d++)
		d->judge(d, &j);
	if (j.error) {
		findings_release(&j.found);
		return j.error;
	}
	if (j.found.count)
		qsort(j.found.list, j.found.count, sizeof(*j.found.list), compare_findings);
	*ret = j.found;
	return 0;
}

void findings_release(struct findings *f)
{
	free(f->list);
	*f = (struct findings){0};
}

struct findings findings_faults(const struct findings *f)
{
	struct findings faults = *f;

	while (faults.count && faults.list[faults.count - 1].severity == SEVERITY_NOTE)
		faults.count--;
	return faults;
}

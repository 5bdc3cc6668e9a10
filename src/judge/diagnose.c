/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/array.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/diagnosis.h"
#include "model/wanted_sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* With these shares of MemTotal a group of sockets is a finding whatever its number, and critical.
 */
#define MEMORY_WARNING_PERCENT  1
#define MEMORY_CRITICAL_PERCENT 5

/* Over many services something always closes: a sum has a higher floor. */
#define SUM_FLOORS 2

/* So many findings are kept until the worst of them are known. */
#define FINDINGS_KEPT ((size_t)4 * FINDINGS_OF_PORTS_MAX)

/* The states of which the kernel tells since when at the latest they last, in one poll
 * (model/age_bound.h). */
#define STATES_DATED                                                                               \
	((state_set)(STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_FIN_WAIT_2) |                   \
		     STATE_BIT(STATE_CLOSING)))

static const char *const severity_list[] = {
	[SEVERITY_OK] = "ok",
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_CRITICAL] = "critical",
};

const struct names severity_names = NAMES(severity_list);

static const char *const scope_list[] = {
	[SCOPE_PORT] = "port",
	[SCOPE_OWNER] = "owner",
	[SCOPE_TOTAL] = "total",
};

const struct names scope_names = NAMES(scope_list);

/* The sockets that a diagnosis is about, on one row or on several together. */
struct group {
	uint64_t sockets, memory_bytes;
	uint64_t together; /* with those of the other symptoms of the same fault */
	uint64_t closed_first;
	uint32_t oldest_ms;
	uint32_t causes[SYMPTOM_COUNT]; /* those of them that show each cause */
};

/* What one diagnosis finds over the services of one owner. */
struct sum {
	const struct diagnosis *diagnosis;
	struct owner_key owner_key;
	const struct owner *owner;
	bool is_mixed; /* some of them are another owner's */
	bool is_rest;  /* of services that have a finding each */
	bool is_found;
	bool is_one_side;
	uint8_t side;
	uint64_t ports;
	struct group all;
	/* of all, by the ages that are known */
	uint64_t dated, aged, aged_together;
	enum severity severity; /* with is_rest */
};

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
		.scope = SCOPE_TOTAL,
		.netns = j->snapshot->origin.netns,
		.sockets = UNKNOWN,
		.memory_bytes = UNKNOWN,
		.oldest_ms = UNKNOWN_U32,
		.usage = USAGE_UNKNOWN,
		.cause = CAUSE_NONE,
	};
	return f;
}

static void fold_findings(struct judgement *j);

/* The same, about one service. */
static struct finding *add_finding_of_port(struct judgement *j, const struct diagnosis *d,
	enum severity severity, const struct port_tally *row, const struct whose *whose)
{
	struct finding *f;

	if (j->found.count >= FINDINGS_KEPT)
		fold_findings(j);
	f = add_finding(j, d, severity);
	if (!f)
		return NULL;
	f->scope = SCOPE_PORT;
	f->has_port = true;
	f->service = row->service;
	f->device = row->device;
	f->row = (uint32_t)(row - j->snapshot->rows);
	f->owner_key = owner_key_of(row);
	f->is_only = row->is_only;
	f->whose = *whose;
	return f;
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
	return g;
}

static struct group group_by_ownership(
	const struct diagnosis *d, const struct judgement *j, const struct port_tally *row)
{
	const struct state_tally *t = &row->states[d->state];
	struct group g = {.oldest_ms = UNKNOWN_U32};

	g.sockets = g.together = ownership_sockets(t, d->ownership);
	g.memory_bytes = ownership_memory(t, d->ownership, &j->snapshot->prices);
	/* There is one age per state: that of a mini socket says nothing about full ones. */
	if (d->ownership & OWNERSHIP_BIT(OWNERSHIP_NONE) || !t->mini)
		g.oldest_ms = t->oldest_ms;
	return g;
}

static struct group group_of(
	const struct diagnosis *d, const struct judgement *j, const struct port_tally *row)
{
	struct group g = d->by_symptom ? group_by_symptom(d, row) : group_by_ownership(d, j, row);

	diagnosis_causes(d, row, g.causes);
	if (d->share_percent)
		g.closed_first = closed_first(row);
	return g;
}

static enum severity judge_memory(const struct judgement *j, uint64_t memory_bytes)
{
	if (memory_bytes >= percent_of_memory(j, MEMORY_CRITICAL_PERCENT))
		return SEVERITY_CRITICAL;
	return memory_bytes >= percent_of_memory(j, MEMORY_WARNING_PERCENT) ? SEVERITY_WARNING
									    : SEVERITY_OK;
}

/* Whether there are so many that they are no mere traffic. */
static bool are_many(const struct diagnosis *d, uint64_t floor, const struct group *g)
{
	/* Of those of one fault, one in ten may be about to show another symptom. */
	return g->sockets && g->sockets * 10 >= g->together && g->together >= floor &&
	       g->sockets * 100 >= g->closed_first * d->share_percent;
}

static enum severity judge_group(
	const struct diagnosis *d, const struct judgement *j, const struct group *g)
{
	const enum severity by_memory = judge_memory(j, g->memory_bytes);

	if (!g->sockets)
		return SEVERITY_OK;
	if (d->is_note)
		return g->sockets >= d->floor || j->explicit ? SEVERITY_NOTE : SEVERITY_OK;
	if (by_memory != SEVERITY_OK)
		return by_memory;
	if (are_many(d, d->floor, g) && g->oldest_ms >= d->age_ms)
		return SEVERITY_WARNING;
	return j->explicit && g->together < d->floor && g->sockets * 10 >= g->together
		       ? SEVERITY_NOTE
		       : SEVERITY_OK;
}

/* The sum of a diagnosis over an owner's services, or NULL when no memory is left. */
static struct sum *sum_of(
	struct judgement *j, const struct diagnosis *d, const struct owner_key *key, bool is_rest)
{
	const uint32_t tag = (uint32_t)(d - diagnoses) << 1 | is_rest;
	const uint32_t i = owner_map_add(&j->owners, key, tag);

	if (i == OWNER_MAP_FULL || ARRAY_GROW(j->sums, j->sums_allocated, i + 1U) < 0) {
		j->error = -ENOMEM;
		return NULL;
	}
	if (i < j->sums_count)
		return &j->sums[i];
	j->sums_count++;
	j->sums[i] = (struct sum){.diagnosis = d,
		.owner_key = *key,
		.is_rest = is_rest,
		.all.oldest_ms = UNKNOWN_U32};
	return &j->sums[i];
}

static void add_member(
	struct judgement *j, const struct sum *sum, const struct service_key *service)
{
	if (ARRAY_GROW(j->found.members, j->members_allocated, j->found.members_count + 1) < 0) {
		j->error = -ENOMEM;
		return;
	}
	j->found.members[j->found.members_count++] = (struct finding_member){
		.group = (uint32_t)(sum - j->sums),
		.port = service->port,
		.side = service->side,
		.binding = service_binding(service),
	};
}

/* Adds a service; it is one of the sum's members if it has any of the sockets. */
static void add_service(struct judgement *j, struct sum *sum, const struct service_key *service,
	const struct whose *whose)
{
	sum->is_one_side = sum->ports ? sum->is_one_side && sum->side == service->side : true;
	sum->side = service->side;
	sum->is_mixed =
		sum->is_mixed || whose->is_mixed || (sum->ports && sum->owner != whose->owner);
	sum->owner = sum->owner ? sum->owner : whose->owner;
	sum->ports++;
	add_member(j, sum, service);
}

static void add_group(struct group *sum, const struct group *g)
{
	sum->sockets += g->sockets;
	sum->memory_bytes += g->memory_bytes;
	sum->together += g->together;
	sum->closed_first += g->closed_first;
	sum->oldest_ms = known_max(sum->oldest_ms, g->oldest_ms);
	for (enum symptom c = 0; c < SYMPTOM_COUNT; c++)
		sum->causes[c] += g->causes[c];
}

/* Ages are of the state: at most so many of its sockets may be those of the group. */
static void add_ages(struct sum *sum, const struct state_tally *t, const struct group *g)
{
	sum->dated += MIN(g->sockets, (uint64_t)t->dated);
	sum->aged += MIN(g->sockets, (uint64_t)t->aged);
	sum->aged_together += MIN(g->together, (uint64_t)t->aged);
}

/* Whose the sockets of a row are that a diagnosis is about. */
static struct whose whose_of_group(
	const struct diagnosis *d, const struct judgement *j, const struct port_tally *row)
{
	const struct socket_group sockets = diagnosis_group(d);
	struct whose whose = whose_of(j->snapshot->creators, row, &sockets);

	/* Whoever has them now, it is not a cgroup that was removed. */
	if (whose.owner && whose.owner->is_gone && diagnosis_is_of_held(d))
		whose.is_acceptor = true;
	return whose;
}

/* Adds a row without a finding of its own to the sum of its owner. */
static void add_to_sum(struct judgement *j, const struct diagnosis *d, const struct port_tally *row,
	const struct group *g)
{
	const struct owner_key key = owner_key_of(row);
	struct sum *sum = sum_of(j, d, &key, false);

	if (!sum)
		return;
	add_group(&sum->all, g);
	add_ages(sum, &row->states[d->state], g);
	if (g->sockets) {
		const struct whose whose = whose_of_group(d, j, row);

		add_service(j, sum, &row->service, &whose);
	}
}

void judge_groups(const struct diagnosis *d, struct judgement *j, const struct port_tally *row)
{
	struct finding *f = NULL;
	enum severity severity;
	struct group g;

	if ((d->servers_only && row->service.side != SIDE_SERVER) ||
		(!row->states[d->state].sockets && !d->share_percent))
		return;
	g = group_of(d, j, row);
	severity = judge_group(d, j, &g);
	if (severity != SEVERITY_OK) {
		const struct whose whose = whose_of_group(d, j, row);

		f = add_finding_of_port(j, d, severity, row, &whose);
	}
	if (f) {
		f->sockets = g.sockets;
		f->memory_bytes = g.memory_bytes;
		f->oldest_ms = g.oldest_ms;
		memcpy(f->causes, g.causes, sizeof(f->causes));
		f->cause = diagnosis_cause(d, g.causes, g.sockets);
	}
	/* What is as many as a finding and is none is healthy traffic, and is not summed. */
	if (severity < SEVERITY_WARNING && !d->servers_only && g.together < d->floor &&
		(g.sockets || g.closed_first))
		add_to_sum(j, d, row, &g);
}

/* What of a sum is older than any healthy close; where only a sample has ages, the same share of
 * all. Some of it is dated. */
static struct group aged_group(const struct sum *sum)
{
	const double weight = (double)sum->all.sockets / (double)sum->dated;
	struct group g = sum->all;

	g.sockets = (uint64_t)((double)sum->aged * weight + 0.5);
	g.together = (uint64_t)((double)sum->aged_together * weight + 0.5);
	g.memory_bytes =
		(uint64_t)((double)g.memory_bytes / (double)sum->dated * (double)sum->aged);
	return g;
}

static void judge_sum(struct judgement *j, uint32_t index)
{
	struct sum *const sum = &j->sums[index];
	const struct diagnosis *d = sum->diagnosis;
	const bool has_ages = state_set_has(STATES_DATED, d->state) && sum->dated;
	const struct group g = has_ages && !sum->is_rest ? aged_group(sum) : sum->all;
	enum severity severity = sum->severity;
	struct finding *f;

	if (!sum->is_rest) {
		severity = judge_memory(j, sum->all.memory_bytes);
		if (severity == SEVERITY_OK && are_many(d, (uint64_t)SUM_FLOORS * d->floor, &g))
			severity = has_ages || !state_set_has(STATES_DATED, d->state)
					   ? SEVERITY_WARNING
					   : SEVERITY_NOTE;
	}
	f = severity == SEVERITY_OK || !g.sockets ? NULL : add_finding(j, d, severity);
	if (!f)
		return;
	sum->is_found = true;
	f->scope = SCOPE_OWNER;
	f->group = index;
	f->owner_key = sum->owner_key;
	f->whose = (struct whose){.owner = sum->owner, .is_mixed = sum->is_mixed};
	f->service.side = sum->is_one_side ? sum->side : SIDE_COUNT;
	f->ports = sum->ports;
	f->is_rest = sum->is_rest;
	f->sockets = g.sockets;
	f->memory_bytes = g.memory_bytes;
	f->oldest_ms = g.oldest_ms;
	if (g.sockets == sum->all.sockets)
		memcpy(f->causes, g.causes, sizeof(f->causes));
	f->cause = diagnosis_cause(d, g.causes, sum->all.sockets);
}

/* The services that have no row of their own. */
static void sum_rest(const struct diagnosis *d, struct judgement *j)
{
	const struct port_tally *rest = j->snapshot->rest;
	const struct group g = group_of(d, j, rest);
	struct sum *sum = g.sockets ? sum_of(j, d, &owner_key_of_rest, false) : NULL;

	if (!sum)
		return;
	add_group(&sum->all, &g);
	add_ages(sum, &rest->states[d->state], &g);
	sum->ports += j->snapshot->rest_ports;
	sum->side = SIDE_COUNT;
	sum->is_one_side = true;
}

static enum severity judge_percent(double percent, double warning, double critical)
{
	if (percent >= critical)
		return SEVERITY_CRITICAL;
	return percent >= warning ? SEVERITY_WARNING : SEVERITY_OK;
}

void judge_limits(const struct diagnosis *d, struct judgement *j, const struct port_tally *row)
{
	const struct usage u = limit_usage(d->limit, j->snapshot);
	enum severity severity = judge_percent(usage_percent(&u), d->warning, d->critical);
	struct finding *f;

	/* From there on, another diagnosis says more. */
	if (d->is_note)
		severity = severity == SEVERITY_WARNING ? SEVERITY_NOTE : SEVERITY_OK;
	f = severity == SEVERITY_OK ? NULL : add_finding(j, d, severity);

	(void)row;
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

void judge_accept_queues(
	const struct diagnosis *d, struct judgement *j, const struct port_tally *row)
{
	const struct usage u = limit_accept_queue(row);
	const bool is_full = limit_accept_queue_is_full(&u);
	struct whose whose;
	struct finding *f;

	if (!is_full && (!is_known(u.max) || u.used < d->floor ||
				limit_accept_queue_percent(&u) < d->warning))
		return;
	whose = whose_of_service(j->snapshot->creators, row);
	f = add_finding_of_port(j, d, is_full ? SEVERITY_CRITICAL : SEVERITY_WARNING, row, &whose);
	if (!f)
		return;
	f->sockets = u.used;
	f->usage = u;
	f->listeners = row->listeners;
}

/* SYN_RECV counts against the backlog of its listener, and does not show which that is; if that is
 * unknown, against more than any burst. */
void judge_syn_recv(const struct diagnosis *d, struct judgement *j, const struct port_tally *row)
{
	const struct state_tally *t = &row->states[STATE_SYN_RECV];
	const bool is_limited = row->listening && is_known(row->backlogs) && row->backlogs;
	const struct usage u = {t->sockets, is_limited ? row->backlogs : UNKNOWN};
	const struct usage burst = {
		t->sockets, is_limited ? row->backlogs : UINT64_C(10) * d->floor};
	enum severity severity;
	struct whose whose;
	struct finding *f;

	if (t->sockets < d->floor)
		return;
	severity = judge_percent(usage_percent(&burst), d->warning, d->critical);
	if (severity == SEVERITY_OK)
		return;
	whose = whose_of_service(j->snapshot->creators, row);
	f = add_finding_of_port(j, d, severity, row, &whose);
	if (!f)
		return;
	f->sockets = t->sockets;
	f->memory_bytes = t->memory_bytes;
	if (is_limited)
		f->usage = u;
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
	if (x->scope != y->scope)
		return x->scope > y->scope ? -1 : 1;
	if (!service_key_equal(&x->service, &y->service))
		return service_key_compare(&x->service, &y->service);
	if (strcmp(x->id, y->id) != 0)
		return strcmp(x->id, y->id);
	return owner_key_compare(&x->owner_key, &y->owner_key);
}

static void sort_findings(struct findings *f)
{
	if (f->count)
		qsort(f->list, f->count, sizeof(*f->list), compare_findings);
}

/* Adds a finding about one service to those that are summed by owner. */
static void fold(struct judgement *j, const struct finding *f)
{
	struct sum *sum = sum_of(j, diagnosis_find(f->id), &f->owner_key, true);
	struct group g = {
		.sockets = f->sockets,
		.memory_bytes = is_known(f->memory_bytes) ? f->memory_bytes : 0,
		.oldest_ms = f->oldest_ms,
	};

	if (!sum)
		return;
	memcpy(g.causes, f->causes, sizeof(g.causes));
	add_group(&sum->all, &g);
	sum->severity = MAX(sum->severity, f->severity);
	add_service(j, sum, &f->service, &f->whose);
}

/* Keeps the worst findings about one service. */
static void fold_findings(struct judgement *j)
{
	struct findings *all = &j->found;
	size_t kept = 0, of_ports = 0;

	sort_findings(all);
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].scope == SCOPE_PORT && ++of_ports > FINDINGS_OF_PORTS_MAX)
			fold(j, &all->list[i]);
		else
			all->list[kept++] = all->list[i];
	}
	all->count = kept;
}

/* By service, then by finding. */
static int compare_members(const void *a, const void *b)
{
	const struct finding_member *x = a, *y = b;

	if (x->side != y->side)
		return x->side < y->side ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->binding != y->binding)
		return x->binding < y->binding ? -1 : 1;
	return (x->group > y->group) - (x->group < y->group);
}

/* Keeps the members of the sums that are a finding. */
static void finish_members(struct judgement *j)
{
	struct findings *f = &j->found;
	size_t kept = 0;

	for (size_t i = 0; i < f->members_count; i++)
		if (j->sums[f->members[i].group].is_found)
			f->members[kept++] = f->members[i];
	f->members_count = kept;
	if (kept)
		qsort(f->members, kept, sizeof(*f->members), compare_members);
}

/* Whether some row may have such sockets: the totals have every row's. */
static bool may_be_found(const struct diagnosis *d, const struct judgement *j)
{
	const struct snapshot_totals *t = &j->snapshot->totals;

	if (d->judge == judge_groups)
		return d->by_symptom ? t->symptoms[d->symptom].sockets
				     : ownership_sockets(&t->states[d->state], d->ownership);
	return d->judge != judge_limits;
}

/* Row by row, since each is far from the next: every row is read once, whatever is wanted of it. */
static void judge_rows(struct judgement *j)
{
	const struct snapshot *s = j->snapshot;
	const struct diagnosis *wanted[DIAGNOSES_MAX];
	size_t count = 0;

	for (const struct diagnosis *d = diagnoses; d->id; d++)
		if (may_be_found(d, j))
			wanted[count++] = d;
	for (size_t i = 0; i < s->rows_count && !j->error; i++)
		for (size_t k = 0; k < count; k++)
			wanted[k]->judge(wanted[k], j, &s->rows[i]);
	for (size_t k = 0; k < count && s->rest; k++)
		if (wanted[k]->judge == judge_groups && !wanted[k]->servers_only)
			sum_rest(wanted[k], j);
}

int diagnose(const struct snapshot *s, bool explicit, struct findings *ret)
{
	struct judgement j = {.snapshot = s, .explicit = explicit};

	judge_rows(&j);
	fold_findings(&j);
	for (const struct diagnosis *d = diagnoses; d->id; d++)
		if (d->judge == judge_limits)
			d->judge(d, &j, NULL);
	for (size_t i = 0; i < j.sums_count; i++)
		judge_sum(&j, (uint32_t)i);
	finish_members(&j);
	sort_findings(&j.found);
	owner_map_release(&j.owners);
	free(j.sums);
	if (j.error)
		findings_release(&j.found);
	else
		*ret = j.found;
	return j.error;
}

void findings_release(struct findings *f)
{
	free(f->list);
	free(f->members);
	*f = (struct findings){0};
}

struct findings findings_faults(const struct findings *f)
{
	struct findings faults = *f;

	while (faults.count && faults.list[faults.count - 1].severity == SEVERITY_NOTE)
		faults.count--;
	return faults;
}

int findings_list(struct findings *f, struct snapshot *s, size_t ports_max)
{
	uint32_t wanted[FINDINGS_OF_PORTS_MAX];
	size_t count = 0;
	int r;

	for (size_t i = 0; i < f->count; i++)
		if (f->list[i].scope == SCOPE_PORT)
			wanted[count++] = f->list[i].row;
	r = snapshot_list(s, ports_max, wanted, count);
	for (size_t i = 0; i < f->count && r == 0; i++) {
		struct finding *finding = &f->list[i];

		for (size_t p = 0; p < s->ports_count && finding->scope == SCOPE_PORT; p++)
			if (s->ports[p] == &s->rows[finding->row])
				finding->ages = age_stats_of_port(
					&s->age_table, p, diagnosis_find(finding->id)->state);
	}
	return r;
}

enum severity findings_severity(const struct findings *f, const struct service_key *service)
{
	const uint64_t binding = service_binding(service);
	enum severity worst = SEVERITY_OK;

	for (size_t i = 0; i < f->count; i++) {
		const struct finding *finding = &f->list[i];

		if (finding->scope == SCOPE_PORT && service_key_equal(&finding->service, service))
			worst = MAX(worst, finding->severity);
		else if (finding->is_rest && finding->severity > worst &&
			 findings_have_member(
				 f, finding, (enum sock_side)service->side, service->port, binding))
			worst = finding->severity;
	}
	return worst;
}

bool findings_have_member(const struct findings *f, const struct finding *finding,
	enum sock_side side, uint16_t port, uint64_t binding)
{
	const struct finding_member key = {
		.group = finding->group, .port = port, .side = (uint8_t)side, .binding = binding};

	return f->members_count &&
	       bsearch(&key, f->members, f->members_count, sizeof(key), compare_members);
}

uint64_t findings_total(const struct findings *f)
{
	uint64_t total = 0;

	for (size_t i = 0; i < f->count; i++)
		total += f->list[i].is_rest ? f->list[i].ports : 1;
	return total;
}

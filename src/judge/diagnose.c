/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/array.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/diagnosis.h"

#include "basic/format.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Shares of MemTotal from which on a group of sockets is told whatever its number, and from which
 * on it is critical.
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

const char *severity_name(enum severity s)
{
	return severity_list[s];
}

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
		.why = d->why,
		.advice = d->advice,
		.see = d->see,
	};
	return f;
}

static void set_port(struct finding *f, const struct port_tally *row)
{
	f->has_port = true;
	f->side = (enum sock_side)row->side;
	f->port = row->port;
	f->owner = row->owner;
	f->user = row->user;
	f->owner_is_mixed = row->cgroup.mixed;
}

/* Appends to the sentence; what does not fit is cut. */
__attribute__((format(printf, 2, 3))) static void say(struct finding *f, const char *format, ...)
{
	size_t used = strlen(f->what);
	va_list args;

	va_start(args, format);
	vsnprintf(f->what + used, sizeof(f->what) - used, format, args);
	va_end(args);
}

/* Begins the sentence with its subject. */
static void say_where(struct finding *f)
{
	if (!f->has_port)
		say(f, "many ports: ");
	else
		say(f, f->side == SIDE_SERVER ? "port %u: " : "to port %u: ", (unsigned)f->port);
}

/* Of a name that is longer, the sentence has the beginning. */
#define OWNER_SHOWN 120

/* Ends a sentence that does not name the owner with who that is. */
static void say_owner(struct finding *f)
{
	if (f->owner)
		say(f, ", owner %s%.*s", f->owner_is_mixed ? "mostly " : "", OWNER_SHOWN, f->owner);
}

/* Says of what a program did whose it is. Returns false where the words do not speak of one. */
static bool say_words(struct finding *f, const char *words)
{
	static const char program[] = "the program";
	const char *at = f->owner && !f->owner_is_mixed ? strstr(words, program) : NULL;
	const size_t before = at ? (size_t)(at - words) + strlen(program) : strlen(words);

	say(f, " %.*s", (int)before, words);
	if (at)
		say(f, " of %.*s%s", OWNER_SHOWN, f->owner, words + before);
	return at;
}

static uint64_t percent_of_memory(const struct judgement *j, unsigned percent)
{
	uint64_t total = j->snapshot->limits.mem_total_bytes;

	return total == UNKNOWN ? UNKNOWN : total / 100 * percent;
}

/*
 * The connections that this side closed first and that are not through yet: an answered close shows
 * as TIME_WAIT for a minute, an unanswered one stays in the others, so that a share of them tells a
 * fault from mere traffic.
 */
static uint64_t closed_first(const struct port_tally *row)
{
	return port_tally_sockets(row, STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2) |
					       STATE_BIT(STATE_CLOSING) |
					       STATE_BIT(STATE_TIME_WAIT));
}

/* The sockets that a diagnosis is about, on one row. */
struct group {
	uint64_t sockets, memory_bytes;
	uint32_t oldest_ms;
	uint64_t together; /* with those of the other signs of the same fault */
};

static struct group group_by_symptom(const struct diagnosis *d, const struct port_tally *row)
{
	const struct state_tally *t = &row->states[d->state];
	struct group g = {
		.sockets = row->symptoms[d->symptom].sockets,
		.memory_bytes = row->symptoms[d->symptom].memory_bytes,
		.oldest_ms = UNKNOWN_U32,
	};

	/* One age a state: where some show another sign, it may be theirs. */
	if (g.sockets == t->sockets)
		g.oldest_ms = t->oldest_ms;
	for (enum symptom s = 0; s < SYMPTOM_COUNT; s++)
		g.together += d->together & SYMPTOM_BIT(s) ? row->symptoms[s].sockets : 0;
	/* One in ten of them may well be on its way to another sign. */
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
	/* One age a state: that of a mini socket says nothing of the full ones. */
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

/* Says how many show each cause, and explains them by the one that nearly all of them show. */
static void say_causes(struct finding *f, const struct diagnosis *d, const struct port_tally *row)
{
	const struct cause *cause = diagnosis_cause(d, row, f->sockets);
	const char *separator = " (";
	char number[FORMAT_SIZE];

	for (const struct cause *c = d->causes; c && c->words; c++) {
		uint64_t sockets = row->symptoms[c->symptom].sockets;

		if (!sockets)
			continue;
		say(f, "%s%s %s", separator, format_count(number, sockets), c->words);
		separator = ", ";
	}
	if (*separator == ',')
		say(f, ")");
	if (cause) {
		f->why = cause->why;
		f->advice = cause->advice;
	}
}

/* The ports that are not told by themselves, all together. */
#define MANY_PORTS SIZE_MAX

/* port: the place of the row among the listed ports, or MANY_PORTS. */
static void report_group(const struct diagnosis *d, struct judgement *j,
	const struct port_tally *row, const struct group *g, size_t port, enum severity severity)
{
	struct finding *f = add_finding(j, d, severity);
	char number[FORMAT_SIZE];
	bool reported;

	if (!f)
		return;
	f->sockets = g->sockets;
	f->memory_bytes = g->memory_bytes;
	if (port != MANY_PORTS) {
		set_port(f, row);
		f->oldest_ms = g->oldest_ms;
		f->ages = age_stats_of_port(&j->snapshot->age_table, port, d->state);
	}
	say_where(f);
	say(f, "%s %s", format_count(number, f->sockets), state_name(d->state));
	reported = say_words(f, d->words);
	say_causes(f, d, row);
	say(f, ", %s", format_bytes(number, f->memory_bytes));
	/* At first sight of all, 0 is as much as is known. */
	if (f->oldest_ms != UNKNOWN_U32 && f->oldest_ms)
		say(f, ", oldest %s", format_duration(number, f->oldest_ms));
	if (!reported)
		say_owner(f);
}

/* Takes a row that was told by itself out of the sum of all rows. */
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
	enum severity severity;
	struct group g;

	memcpy(others.states, s->totals.states, sizeof(others.states));
	memcpy(others.symptoms, s->totals.symptoms, sizeof(others.symptoms));
	for (size_t i = 0; i < s->ports_count; i++) {
		g = group_of(d, j, s->ports[i]);
		severity = judge_group(d, j, s->ports[i], &g);
		if (severity == SEVERITY_OK)
			continue;
		report_group(d, j, s->ports[i], &g, i, severity);
		subtract_row(&others, s->ports[i]);
	}
	g = group_of(d, j, &others);
	severity = judge_group(d, j, &others, &g);
	if (severity != SEVERITY_OK)
		report_group(d, j, &others, &g, MANY_PORTS, severity);
}

void judge_time_wait_server(const struct diagnosis *d, struct judgement *j)
{
	const struct snapshot *s = j->snapshot;

	for (size_t i = 0; i < s->ports_count; i++) {
		const struct port_tally *row = s->ports[i];
		const struct group g = group_of(d, j, row);
		enum severity severity = judge_group(d, j, row, &g);

		if (row->side == SIDE_SERVER && severity != SEVERITY_OK)
			report_group(d, j, row, &g, i, severity);
	}
}

static enum severity judge_percent(double percent, double warning, double critical)
{
	if (percent >= critical)
		return SEVERITY_CRITICAL;
	return percent >= warning ? SEVERITY_WARNING : SEVERITY_OK;
}

/* Adds the finding about a limit, up to the numbers; NULL when there is none. */
static struct finding *judge_limit(const struct diagnosis *d, struct judgement *j)
{
	const void *place = (const char *)j->snapshot + d->usage;
	const struct usage *u = place;
	enum severity severity = judge_percent(usage_percent(u), d->warning, d->critical);
	struct finding *f = severity == SEVERITY_OK ? NULL : add_finding(j, d, severity);

	if (f && d->counts_sockets)
		f->sockets = u->used;
	return f;
}

static void say_usage(const struct diagnosis *d, struct finding *f, const struct usage *u)
{
	char used[FORMAT_SIZE], max[FORMAT_SIZE], percent[FORMAT_SIZE];

	say(f, "%s %s of %s (%s)", d->words, format_count(used, u->used), format_count(max, u->max),
		format_percent(percent, usage_percent(u)));
}

void judge_limits(const struct diagnosis *d, struct judgement *j)
{
	const void *place = (const char *)j->snapshot + d->usage;
	struct finding *f = judge_limit(d, j);

	if (f)
		say_usage(d, f, place);
}

void judge_client_ports(const struct diagnosis *d, struct judgement *j)
{
	const struct destination *busiest = &j->snapshot->busiest;
	struct finding *f = judge_limit(d, j);
	char endpoint[FORMAT_SIZE];

	if (!f)
		return;
	f->has_port = true;
	f->side = SIDE_CLIENT;
	f->port = busiest->port;
	say(f, "to %s: ",
		format_endpoint(endpoint, busiest->family, busiest->address, busiest->port));
	say_usage(d, f, &j->snapshot->client_ports);
}

/*
 * The kernel drops what comes once more wait than the backlog says (include/net/sock.h:
 * sk_acceptq_is_full).
 */
void judge_accept_queues(const struct diagnosis *d, struct judgement *j)
{
	const struct snapshot *s = j->snapshot;

	for (size_t i = 0; i < s->ports_count; i++) {
		const struct port_tally *row = s->ports[i];
		bool full = row->accept_queue > row->backlog;
		char queue[FORMAT_SIZE], backlog[FORMAT_SIZE];
		struct finding *f;

		/* The fallback source does not tell the backlog. */
		if (!row->listening || !row->backlog)
			continue;
		if (!full && (row->accept_queue < d->floor ||
				     (double)row->accept_queue <
					     d->warning / 100 * (double)row->backlog))
			continue;
		f = add_finding(j, d, full ? SEVERITY_CRITICAL : SEVERITY_WARNING);
		if (!f)
			return;
		set_port(f, row);
		f->sockets = row->accept_queue;
		say_where(f);
		say(f, "%s %s, the backlog is %s", format_count(queue, row->accept_queue), d->words,
			format_count(backlog, row->backlog));
		say_owner(f);
	}
}

/*
 * SYN_RECV counts against the backlog as well; where that is not known, against what nobody would
 * call a burst.
 */
void judge_syn_recv(const struct diagnosis *d, struct judgement *j)
{
	const struct snapshot *s = j->snapshot;

	for (size_t i = 0; i < s->ports_count; i++) {
		const struct port_tally *row = s->ports[i];
		const struct state_tally *t = &row->states[STATE_SYN_RECV];
		double backlog = row->backlog ? (double)row->backlog : 10 * (double)d->floor;
		enum severity severity =
			judge_percent((double)t->sockets * 100 / backlog, d->warning, d->critical);
		char number[FORMAT_SIZE];
		struct finding *f;

		if (t->sockets < d->floor || severity == SEVERITY_OK)
			continue;
		f = add_finding(j, d, severity);
		if (!f)
			return;
		set_port(f, row);
		f->sockets = t->sockets;
		f->memory_bytes = t->memory_bytes;
		say_where(f);
		say(f, "%s %s", format_count(number, t->sockets), d->words);
		if (row->backlog)
			say(f, ", the backlog is %s", format_count(number, row->backlog));
		say_owner(f);
	}
}

/*
 * Worst first. What has no memory of its own is a limit of the whole machine and goes before the
 * ports.
 */
static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->memory_bytes != y->memory_bytes)
		return x->memory_bytes > y->memory_bytes ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return strcmp(x->id, y->id);
}

static int judge(const struct snapshot *s, bool explicit, struct findings *ret)
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

int diagnose(const struct snapshot *s, struct findings *ret)
{
	return judge(s, false, ret);
}

int diagnose_explicit(const struct snapshot *s, struct findings *ret)
{
	return judge(s, true, ret);
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

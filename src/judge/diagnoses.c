/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/diagnosis.h"

#include <string.h>

/* CLOSE_WAIT that a program has: three symptoms of one fault. */
#define SYMPTOMS_NOT_CLOSED                                                                        \
	(SYMPTOM_BIT(SYMPTOM_EOF_READ) | SYMPTOM_BIT(SYMPTOM_EOF_UNREAD) |                         \
		SYMPTOM_BIT(SYMPTOM_DATA_UNREAD))

/* Closed by their process: mini sockets and orphans. */
#define OWNERSHIP_RELEASED (OWNERSHIP_BIT(OWNERSHIP_NONE) | OWNERSHIP_BIT(OWNERSHIP_ORPHAN))

static const char *const cause_list[] = {
	[SYMPTOM_FIN_UNANSWERED] = "fin_unanswered",
	[SYMPTOM_FIN_NOT_TAKEN] = "fin_not_taken",
};

const struct names cause_names = NAMES(cause_list);

/* Sockets of a state that show a symptom; the floor is for all the symptoms of the same fault. */
#define SHOWN(of_state, shown, fault, number)                                                      \
	.judge = judge_groups, .state = (of_state), .by_symptom = true, .symptom = (shown),        \
	.together = (fault), .floor = (number)

/* Sockets of a state by their ownership. */
#define OWNED(of_state, who, number)                                                               \
	.judge = judge_groups, .state = (of_state), .ownership = (who), .floor = (number)

/* A limit of the machine, in percent. */
#define LIMITED(of_limit, percent, critical_percent)                                               \
	.judge = judge_limits, .limit = (of_limit), .warning = (percent),                          \
	.critical = (critical_percent)

#define FEW  FINDING_FLOOR_SOCKETS
#define MANY (2 * FINDING_FLOOR_SOCKETS)

/*
 * What one poll can show. The percentages of the limits: orphans by net/ipv4/tcp_timer.c
 * (tcp_out_of_resources shifts their number by up to two, so that the kernel may act at a quarter
 * of the limit); tcp_mem by its defaults, where the pressure mark is two thirds of the limit.
 */
const struct diagnosis diagnoses[] = {
	{.id = "close-wait-eof-unread",
		SHOWN(STATE_CLOSE_WAIT, SYMPTOM_EOF_UNREAD, SYMPTOMS_NOT_CLOSED, FEW)},
	{.id = "close-wait-not-closed",
		SHOWN(STATE_CLOSE_WAIT, SYMPTOM_EOF_READ, SYMPTOMS_NOT_CLOSED, FEW)},
	{.id = "close-wait-data-unread",
		SHOWN(STATE_CLOSE_WAIT, SYMPTOM_DATA_UNREAD, SYMPTOMS_NOT_CLOSED, FEW)},
	{.id = "close-wait-unaccepted",
		OWNED(STATE_CLOSE_WAIT, OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED), FEW)},
	{.id = "fin-wait-2-held", OWNED(STATE_FIN_WAIT_2, OWNERSHIP_BIT(OWNERSHIP_HELD), FEW)},
	{
		.id = "fin-wait-2-orphans",
		OWNED(STATE_FIN_WAIT_2, OWNERSHIP_RELEASED, MANY),
		.share_percent = 10,
		.age_ms = 5000, /* longer than any round trip */
	},
	{
		.id = "fin-wait-1-stuck",
		OWNED(STATE_FIN_WAIT_1, OWNERSHIP_SET_ALL, MANY),
		.share_percent = 10,
		.causes = SYMPTOM_BIT(SYMPTOM_FIN_UNANSWERED) | SYMPTOM_BIT(SYMPTOM_FIN_NOT_TAKEN),
	},
	{.id = "last-ack-stuck",
		SHOWN(STATE_LAST_ACK, SYMPTOM_LAST_FIN_UNANSWERED,
			SYMPTOM_BIT(SYMPTOM_LAST_FIN_UNANSWERED), MANY)},
	{.id = "closing-stuck", OWNED(STATE_CLOSING, OWNERSHIP_SET_ALL, FEW)},
	{
		.id = "time-wait-server",
		OWNED(STATE_TIME_WAIT, OWNERSHIP_SET_ALL, 10 * MANY),
		.servers_only = true,
		.is_note = true,
	},
	{.id = "time-wait-client-ports", LIMITED(LIMIT_CLIENT_PORTS, 75, 90)},
	{.id = "connect-searches-longer", LIMITED(LIMIT_CLIENT_PORTS, 50, 75), .is_note = true},
	{.id = "tw-buckets-full", LIMITED(LIMIT_TW_BUCKETS, 75, 90)},
	{.id = "orphans-near-limit", LIMITED(LIMIT_ORPHANS, 25, 50)},
	{.id = "tcp-mem-near-limit", LIMITED(LIMIT_TCP_MEM, 66, 90)},
	{.id = "conntrack-near-limit", LIMITED(LIMIT_CONNTRACK, 75, 90)},
	{.id = "receive-queue-memory",
		SHOWN(STATE_ESTABLISHED, SYMPTOM_NOT_READ, SYMPTOM_BIT(SYMPTOM_NOT_READ), FEW)},
	{.id = "send-queue-memory",
		SHOWN(STATE_ESTABLISHED, SYMPTOM_NOT_TAKEN, SYMPTOM_BIT(SYMPTOM_NOT_TAKEN), FEW)},
	{.id = "dead-peers",
		SHOWN(STATE_ESTABLISHED, SYMPTOM_UNANSWERED, SYMPTOM_BIT(SYMPTOM_UNANSWERED), FEW)},
	{
		.id = "accept-queue-full",
		.judge = judge_accept_queues,
		.limit = LIMIT_ACCEPT_QUEUE,
		.floor = FEW,
		.warning = 75,
	},
	{
		.id = "syn-recv-flood",
		.judge = judge_syn_recv,
		.floor = FEW,
		.warning = 50,
		.critical = 90,
	},
	{.id = NULL},
};

_Static_assert(sizeof(diagnoses) / sizeof(diagnoses[0]) <= DIAGNOSES_MAX, "there is room for all");

const struct diagnosis *diagnosis_find(const char *id)
{
	const struct diagnosis *d = diagnoses;

	while (d->id && strcmp(d->id, id) != 0)
		d++;
	return d->id ? d : NULL;
}

struct socket_group diagnosis_group(const struct diagnosis *d)
{
	if (d->by_symptom)
		return (struct socket_group){.symptoms = SYMPTOM_BIT(d->symptom)};
	return (struct socket_group){.states = STATE_BIT(d->state), .ownerships = d->ownership};
}

bool diagnosis_is_of_held(const struct diagnosis *d)
{
	if (d->by_symptom)
		return d->state == STATE_CLOSE_WAIT || d->state == STATE_ESTABLISHED;
	return d->ownership == OWNERSHIP_BIT(OWNERSHIP_HELD);
}

void diagnosis_causes(
	const struct diagnosis *d, const struct port_tally *row, uint32_t ret[SYMPTOM_COUNT])
{
	for (enum symptom c = 0; c < SYMPTOM_COUNT; c++)
		ret[c] = d->causes & SYMPTOM_BIT(c) ? row->symptoms[c].sockets : 0;
}

enum symptom diagnosis_cause(
	const struct diagnosis *d, const uint32_t causes[SYMPTOM_COUNT], uint64_t sockets)
{
	for (enum symptom c = 0; c < SYMPTOM_COUNT; c++)
		if (d->causes & SYMPTOM_BIT(c) && causes[c] * UINT64_C(10) >= sockets * 9)
			return c;
	return CAUSE_NONE;
}

/* Of the diagnoses of the same fault, the one whose symptom most sockets show. */
static const struct diagnosis *by_most(const struct diagnosis *d, const struct port_tally *row)
{
	const struct diagnosis *most = d;

	for (const struct diagnosis *x = diagnoses; d->by_symptom && x->id; x++)
		if (x->by_symptom && x->together == d->together &&
			row->symptoms[x->symptom].sockets > row->symptoms[most->symptom].sockets)
			most = x;
	return most;
}

struct explanation diagnosis_explain(const struct diagnosis *d, const struct port_tally *row)
{
	const struct diagnosis *most = by_most(d, row);
	const uint64_t sockets = row->states[most->state].sockets;
	uint32_t causes[SYMPTOM_COUNT];

	diagnosis_causes(most, row, causes);
	return (struct explanation){
		.id = most->id,
		.cause = sockets ? diagnosis_cause(most, causes, sockets) : CAUSE_NONE,
	};
}

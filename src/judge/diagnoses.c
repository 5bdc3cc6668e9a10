/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/diagnosis.h"

#include <string.h>

/* CLOSE_WAIT that a program has: three ways of the same fault. */
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

/*
 * What one look can tell. The percentages of the limits: orphans by net/ipv4/tcp_timer.c
 * (tcp_out_of_resources shifts their number by up to two, so that the kernel may act at a quarter
 * of the limit); tcp_mem by its defaults, where the pressure mark is two thirds of the limit.
 */
const struct diagnosis diagnoses[] = {
	{
		.id = "close-wait-eof-unread",
		.judge = judge_groups,
		.state = STATE_CLOSE_WAIT,
		.by_symptom = true,
		.symptom = SYMPTOM_EOF_UNREAD,
		.together = SYMPTOMS_NOT_CLOSED,
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "close-wait-not-closed",
		.judge = judge_groups,
		.state = STATE_CLOSE_WAIT,
		.by_symptom = true,
		.symptom = SYMPTOM_EOF_READ,
		.together = SYMPTOMS_NOT_CLOSED,
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "close-wait-data-unread",
		.judge = judge_groups,
		.state = STATE_CLOSE_WAIT,
		.by_symptom = true,
		.symptom = SYMPTOM_DATA_UNREAD,
		.together = SYMPTOMS_NOT_CLOSED,
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "close-wait-unaccepted",
		.judge = judge_groups,
		.state = STATE_CLOSE_WAIT,
		.ownership = OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED),
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "fin-wait-2-held",
		.judge = judge_groups,
		.state = STATE_FIN_WAIT_2,
		.ownership = OWNERSHIP_BIT(OWNERSHIP_HELD),
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "fin-wait-2-orphans",
		.judge = judge_groups,
		.state = STATE_FIN_WAIT_2,
		.ownership = OWNERSHIP_RELEASED,
		.floor = 2 * FINDING_FLOOR_SOCKETS,
		.share_percent = 10,
		.age_ms = 5000, /* longer than any round trip */
	},
	{
		.id = "fin-wait-1-stuck",
		.judge = judge_groups,
		.state = STATE_FIN_WAIT_1,
		.ownership = OWNERSHIP_SET_ALL,
		.floor = 2 * FINDING_FLOOR_SOCKETS,
		.share_percent = 10,
		.causes = SYMPTOM_BIT(SYMPTOM_FIN_UNANSWERED) | SYMPTOM_BIT(SYMPTOM_FIN_NOT_TAKEN),
	},
	{
		.id = "last-ack-stuck",
		.judge = judge_groups,
		.state = STATE_LAST_ACK,
		.by_symptom = true,
		.symptom = SYMPTOM_LAST_FIN_UNANSWERED,
		.together = SYMPTOM_BIT(SYMPTOM_LAST_FIN_UNANSWERED),
		.floor = 2 * FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "closing-stuck",
		.judge = judge_groups,
		.state = STATE_CLOSING,
		.ownership = OWNERSHIP_SET_ALL,
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "time-wait-server",
		.judge = judge_groups,
		.servers_only = true,
		.state = STATE_TIME_WAIT,
		.ownership = OWNERSHIP_SET_ALL,
		.is_note = true,
		.floor = 20 * FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "time-wait-client-ports",
		.judge = judge_limits,
		.limit = LIMIT_CLIENT_PORTS,
		.warning = 75,
		.critical = 90,
	},
	{
		.id = "tw-buckets-full",
		.judge = judge_limits,
		.limit = LIMIT_TW_BUCKETS,
		.warning = 75,
		.critical = 90,
	},
	{
		.id = "orphans-near-limit",
		.judge = judge_limits,
		.limit = LIMIT_ORPHANS,
		.warning = 25,
		.critical = 50,
	},
	{
		.id = "tcp-mem-near-limit",
		.judge = judge_limits,
		.limit = LIMIT_TCP_MEM,
		.warning = 66,
		.critical = 90,
	},
	{
		.id = "conntrack-near-limit",
		.judge = judge_limits,
		.limit = LIMIT_CONNTRACK,
		.warning = 75,
		.critical = 90,
	},
	{
		.id = "receive-queue-memory",
		.judge = judge_groups,
		.state = STATE_ESTABLISHED,
		.by_symptom = true,
		.symptom = SYMPTOM_NOT_READ,
		.together = SYMPTOM_BIT(SYMPTOM_NOT_READ),
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "send-queue-memory",
		.judge = judge_groups,
		.state = STATE_ESTABLISHED,
		.by_symptom = true,
		.symptom = SYMPTOM_NOT_TAKEN,
		.together = SYMPTOM_BIT(SYMPTOM_NOT_TAKEN),
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "dead-peers",
		.judge = judge_groups,
		.state = STATE_ESTABLISHED,
		.by_symptom = true,
		.symptom = SYMPTOM_UNANSWERED,
		.together = SYMPTOM_BIT(SYMPTOM_UNANSWERED),
		.floor = FINDING_FLOOR_SOCKETS,
	},
	{
		.id = "accept-queue-full",
		.judge = judge_accept_queues,
		.limit = LIMIT_ACCEPT_QUEUE,
		.floor = FINDING_FLOOR_SOCKETS,
		.warning = 75,
	},
	{
		.id = "syn-recv-flood",
		.judge = judge_syn_recv,
		.floor = FINDING_FLOOR_SOCKETS,
		.warning = 50,
		.critical = 90,
	},
	{.id = NULL},
};

const struct diagnosis *diagnosis_find(const char *id)
{
	const struct diagnosis *d = diagnoses;

	while (d->id && strcmp(d->id, id) != 0)
		d++;
	return d->id ? d : NULL;
}

enum symptom diagnosis_cause(
	const struct diagnosis *d, const struct port_tally *row, uint64_t sockets)
{
	for (enum symptom c = 0; c < SYMPTOM_COUNT; c++)
		if (d->causes & SYMPTOM_BIT(c) &&
			row->symptoms[c].sockets * UINT64_C(10) >= sockets * 9)
			return c;
	return CAUSE_NONE;
}

/* Of the same fault, the diagnosis whose sign most show. */
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

	return (struct explanation){
		.id = most->id,
		.cause = sockets ? diagnosis_cause(most, row, sockets) : CAUSE_NONE,
	};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/limit.h"

static const char *const limit_list[] = {
	[LIMIT_TW_BUCKETS] = "tw_buckets",
	[LIMIT_ORPHANS] = "orphans",
	[LIMIT_TCP_MEM] = "tcp_mem",
	[LIMIT_CONNTRACK] = "conntrack",
	[LIMIT_CLIENT_PORTS] = "client_ports",
	[LIMIT_ACCEPT_QUEUE] = "accept_queue",
	[LIMIT_MEMORY] = "memory",
};

const struct names rule_limit_names = NAMES(limit_list);

struct usage limit_usage(enum rule_limit limit, const struct snapshot *s)
{
	switch (limit) {
	case LIMIT_TW_BUCKETS:
		return s->limits.tw_buckets;
	case LIMIT_ORPHANS:
		return s->limits.orphans;
	case LIMIT_TCP_MEM:
		return s->limits.tcp_mem_pages;
	case LIMIT_CONNTRACK:
		return s->limits.conntrack;
	case LIMIT_CLIENT_PORTS:
		return s->client_ports;
	case LIMIT_MEMORY:
		return (struct usage){s->totals.memory_bytes, s->limits.mem_total_bytes};
	case LIMIT_ACCEPT_QUEUE:
	case LIMIT_COUNT:
		break;
	}
	return USAGE_UNKNOWN;
}

struct usage limit_accept_queue(const struct port_tally *row)
{
	if (!row->listening || !is_known(row->backlog))
		return USAGE_UNKNOWN;
	return (struct usage){row->accept_queue, row->backlog};
}

bool limit_accept_queue_is_full(const struct usage *u)
{
	return is_known(u->max) && u->used > u->max;
}

double limit_accept_queue_percent(const struct usage *u)
{
	const struct usage least = {u->used, u->max ? u->max : 1};

	return usage_percent(&least);
}

bool limit_counts_sockets(enum rule_limit limit)
{
	return limit == LIMIT_TW_BUCKETS || limit == LIMIT_ORPHANS || limit == LIMIT_CLIENT_PORTS;
}

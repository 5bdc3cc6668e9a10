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

bool limit_counts_sockets(enum rule_limit limit)
{
	return limit == LIMIT_TW_BUCKETS || limit == LIMIT_ORPHANS || limit == LIMIT_CLIENT_PORTS;
}

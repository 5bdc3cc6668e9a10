/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits that rules and diagnoses watch. */
#ifndef TCPSTATED_JUDGE_LIMIT_H
#define TCPSTATED_JUDGE_LIMIT_H

#include "basic/names.h"
#include "basic/unknown.h"
#include "model/snapshot.h"

#include <stdbool.h>

enum rule_limit {
	LIMIT_TW_BUCKETS,   /* net.ipv4.tcp_max_tw_buckets */
	LIMIT_ORPHANS,      /* net.ipv4.tcp_max_orphans */
	LIMIT_TCP_MEM,      /* the last number of net.ipv4.tcp_mem */
	LIMIT_CONNTRACK,    /* net.netfilter.nf_conntrack_max */
	LIMIT_CLIENT_PORTS, /* net.ipv4.ip_local_port_range, towards the busiest destination */
	LIMIT_ACCEPT_QUEUE, /* the backlog of a listener */
	LIMIT_MEMORY,       /* MemTotal, by the kernel memory of sockets */
	LIMIT_COUNT,
};

/* As the configuration and the documents write them: "tw_buckets". */
extern const struct names rule_limit_names;

/* Nothing is known of a limit. */
#define USAGE_UNKNOWN ((struct usage){UNKNOWN, UNKNOWN})

/* How much of it is in use on the machine; LIMIT_MEMORY by all sockets. Unknown for
 * LIMIT_ACCEPT_QUEUE: each listener has its own. */
struct usage limit_usage(enum rule_limit limit, const struct snapshot *s);

/* Whether what is used are sockets. */
bool limit_counts_sockets(enum rule_limit limit);

#endif

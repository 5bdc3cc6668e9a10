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

/*
 * Of the fullest listener of a service: the connections that wait for accept(), and its backlog.
 * Unknown without a listener, and from a source that has no backlogs.
 */
struct usage limit_accept_queue(const struct port_tally *row);

/* The kernel drops new connections once more wait than the backlog allows (include/net/sock.h:
 * sk_acceptq_is_full); of a backlog of 0, that is with one. */
bool limit_accept_queue_is_full(const struct usage *u);

/* In percent of the backlog; one of 0 counts as 1. -1: unknown. */
double limit_accept_queue_percent(const struct usage *u);

/* Whether what is used are sockets. */
bool limit_counts_sockets(enum rule_limit limit);

#endif

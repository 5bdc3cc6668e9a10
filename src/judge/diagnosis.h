/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of diagnoses, and the ways to look at a snapshot that its rows use. */
#ifndef TCPSTATED_JUDGE_DIAGNOSIS_H
#define TCPSTATED_JUDGE_DIAGNOSIS_H

#include "judge/finding.h"
#include "judge/part.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct judgement {
	const struct snapshot *snapshot;
	struct findings found;
	size_t allocated;
	int error; /* the first -errno */
};

struct diagnosis {
	const char *id;
	void (*look)(const struct diagnosis *d, struct judgement *j);
	const char *words; /* what the sentence says of its sockets or its limit */
	const char *why, *advice;

	/* look_groups: sockets of one state on one port */
	enum tcp_state state;
	hold_set part;
	uint32_t floor;         /* silent below so many */
	unsigned share_percent; /* and below this share of the connections that this side closed */
	uint32_t age_ms;        /* and while the oldest is younger, where its age is known */

	/* look_limit: a struct usage of the snapshot against its limit, in percent */
	size_t usage;
	double warning, critical;
	bool counts_sockets; /* what is used are sockets */
};

/* Every diagnosis; the last has no id. */
extern const struct diagnosis diagnoses[];

/* Finds a diagnosis by its id; NULL: there is none. */
const struct diagnosis *diagnosis_find(const char *id);

/* Sockets of one state, port by port, then what is left of them over all ports. */
void look_groups(const struct diagnosis *d, struct judgement *j);

/* One limit of the machine; towards one destination; of each listener. */
void look_limit(const struct diagnosis *d, struct judgement *j);
void look_client_ports(const struct diagnosis *d, struct judgement *j);
void look_accept_queues(const struct diagnosis *d, struct judgement *j);
void look_syn_recv(const struct diagnosis *d, struct judgement *j);

#endif

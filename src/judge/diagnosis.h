/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of diagnoses, and the functions that its rows judge a snapshot by. */
#ifndef TCPSTATED_JUDGE_DIAGNOSIS_H
#define TCPSTATED_JUDGE_DIAGNOSIS_H

#include "judge/finding.h"
#include "judge/limit.h"
#include "judge/ownership_filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct judgement {
	const struct snapshot *snapshot;
	bool explicit; /* the floor is one socket */
	struct findings found;
	size_t allocated, members_allocated;
	struct owner_map owners; /* numbers the sums, by owner and diagnosis */
	struct sum *sums;
	size_t sums_count, sums_allocated;
	int error; /* the first -errno */
};

struct diagnosis {
	const char *id;
	/* of one row; of a limit of the machine NULL */
	void (*judge)(const struct diagnosis *d, struct judgement *j, const struct port_tally *row);
	symptom_set causes; /* the symptoms of its causes, if it has several */

	/* judge_groups: sockets of one state on one port, by their ownership ... */
	enum tcp_state state;
	ownership_set ownership;
	/* ... or by a symptom; of several symptoms of one fault, the floor is for all of them
	 * together */
	bool by_symptom;
	enum symptom symptom;
	symptom_set together;
	bool servers_only;      /* on ports where this machine is the server */
	bool is_note;           /* worth knowing, but not a fault */
	uint32_t floor;         /* not a finding below so many */
	unsigned share_percent; /* and below this share of the connections that this side closed */
	uint32_t age_ms;        /* and while the oldest is known to be younger */

	/* judge_limits, judge_accept_queues, judge_syn_recv: the share in use, in percent; a note
	 * ends at critical */
	enum rule_limit limit;
	double warning, critical;
};

/* Every diagnosis; the last has no id. */
extern const struct diagnosis diagnoses[];

/* Finds a diagnosis by its id, or returns NULL. */
const struct diagnosis *diagnosis_find(const char *id);

#define DIAGNOSES_MAX 32

/* How many sockets of a row show each cause that the diagnosis may have. */
void diagnosis_causes(
	const struct diagnosis *d, const struct port_tally *row, uint32_t ret[SYMPTOM_COUNT]);

/* The cause that nine in ten of so many sockets show, or CAUSE_NONE. */
enum symptom diagnosis_cause(
	const struct diagnosis *d, const uint32_t causes[SYMPTOM_COUNT], uint64_t sockets);

/*
 * Explains what a rule found on a row: of several diagnoses that are one fault (together) the one
 * whose symptom most of the row's sockets show, and its cause where nearly all have one.
 */
struct explanation diagnosis_explain(const struct diagnosis *d, const struct port_tally *row);

/* The sockets of a service that a diagnosis is about. */
struct socket_group diagnosis_group(const struct diagnosis *d);

/* Whether a process holds all of these. */
bool diagnosis_is_of_held(const struct diagnosis *d);

/* Sockets of one state; what is no finding on its own is added to its owner's sum. */
void judge_groups(const struct diagnosis *d, struct judgement *j, const struct port_tally *row);

/* One limit of the machine; of a service's fullest listener. */
void judge_limits(const struct diagnosis *d, struct judgement *j, const struct port_tally *row);
void judge_accept_queues(
	const struct diagnosis *d, struct judgement *j, const struct port_tally *row);
void judge_syn_recv(const struct diagnosis *d, struct judgement *j, const struct port_tally *row);

#endif

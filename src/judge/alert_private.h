/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The set of alerts (alerts.c), as the judgement of a snapshot (alert.c) works on it. */
#ifndef TCPSTATED_JUDGE_ALERT_PRIVATE_H
#define TCPSTATED_JUDGE_ALERT_PRIVATE_H

#include "judge/alert.h"
#include "judge/history.h"

/* A rule in force, and what it needs to know of the past. */
struct rule_run {
	const struct rule *rule;
	struct history history;
};

struct alert_place {
	const struct alert *alert;
};

struct alerts {
	struct rule_run *runs;
	size_t runs_count;
	struct alert *list; /* sorted by rule name and key */
	size_t count, allocated;
	struct alert_place *order; /* the same in the order of alerts_get(); room for allocated */
	size_t order_allocated;
	uint64_t omitted, sequence;
};

/* The rule of that name among those in force; NULL: there is none. */
struct rule_run *alerts_find_run(const struct alerts *a, const char *name);

/* The alert of a rule on a key; NULL: there is none. */
struct alert *alerts_find(const struct alerts *a, const char *name, const struct alert_key *key);

/* Makes room for an alert. Returns 0, -EEXIST, -ENOSPC beyond ALERTS_MAX, or -ENOMEM. */
int alerts_add(
	struct alerts *a, const struct rule *r, const struct alert_key *key, struct alert **ret);

void alerts_drop_inactive(struct alerts *a);

/* Once no alert is added or dropped any more. */
void alerts_put_in_order(struct alerts *a);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule measures in a snapshot: a number for each port, or one for all. */
#ifndef TCPSTATED_JUDGE_MEASUREMENT_H
#define TCPSTATED_JUDGE_MEASUREMENT_H

#include "judge/alert.h"
#include "judge/rule.h"
#include "model/snapshot.h"
#include "model/whose.h"

#include <stdbool.h>

/* One number, and what it is about. */
struct measurement {
	struct alert_key key;
	/* Its value is UNKNOWN_DOUBLE if it could not be measured. That of growth and rate is the
	 * number of sockets and the counter itself: history.h makes a speed of them. */
	struct alert_numbers numbers;
	const char *device; /* as in struct port_tally; NULL: none. Borrowed. */
	struct whose whose; /* the sockets that the rule selects are */
	bool is_only;       /* likewise */
};

/* m is valid during the call only. A failure of fn (-errno) ends the measuring. */
typedef int (*measurement_fn)(const struct measurement *m, void *userdata);

/* Whether the snapshot has what the rule measures: its states were scanned, its limit was read. */
bool measurement_is_known(const struct rule *r, const struct snapshot *s);

/*
 * Measures what is known, and calls fn once, or once for each row on the sides and ports of the
 * rule, even if it selects no socket there. Returns 0, -ENOMEM, or what fn returned.
 */
int measure(const struct rule *r, const struct snapshot *s, measurement_fn fn, void *userdata);

#endif

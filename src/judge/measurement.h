/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule measures in a snapshot: numbers of services, of owners, or one of all. */
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

/* m is valid during the call only. A failure (-errno) ends the measuring. */
typedef int (*measurement_fn)(const struct measurement *m, void *userdata);

/* Who measures. */
struct measuring {
	measurement_fn take;
	/* Whether a service has an alert of the rule, after its number was taken. */
	bool (*has_own_alert)(const struct service_key *service, void *userdata);
	void *userdata;
};

/* Whether the snapshot has what the rule measures: its states were scanned, its limit was read. */
bool measurement_is_known(const struct rule *r, const struct snapshot *s);

/*
 * Measures what is known: once for each scope's every service or owner that has such sockets, on
 * the sides and ports of the rule, and once for the total. What it does not call for has none.
 * Returns 0, -ENOMEM, or what take returned.
 */
int measure(const struct rule *r, const struct snapshot *s, const struct measuring *m);

#endif

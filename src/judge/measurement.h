/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule measures in a snapshot: a number for each port, or one for all. */
#ifndef TCPSTATED_JUDGE_MEASUREMENT_H
#define TCPSTATED_JUDGE_MEASUREMENT_H

#include "judge/alert.h"
#include "judge/rule.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

/* What one number is about, beside itself, for the sentence about it. */
struct measurement {
	struct alert_key key;
	/* Its value is UNKNOWN_DOUBLE where it could not be measured. That of growth and rate is
	 * the number of sockets and the counter as they stand: history.h makes a speed of them. */
	struct alert_numbers numbers;
	const char *owner;   /* whose the port is (struct port_tally); NULL: not known. Borrowed. */
	bool owner_is_mixed; /* only most of its sockets are */
};

/* m is valid during the call only. A failure of fn (-errno) ends the measuring. */
typedef int (*measurement_fn)(const struct measurement *m, void *userdata);

/* Whether the snapshot holds what the rule measures: its states were scanned, its limit was read.
 */
bool measurement_is_known(const struct rule *r, const struct snapshot *s);

/*
 * Measures what is known, and calls fn once, or once for each row of sockets on the sides and ports
 * of the rule, with those of which it selects no socket. Returns 0, -ENOMEM, or what fn returned.
 */
int measure(const struct rule *r, const struct snapshot *s, measurement_fn fn, void *userdata);

#endif

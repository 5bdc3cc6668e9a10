/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An alert in one sentence. */
#ifndef TCPSTATED_JUDGE_ALERT_TEXT_H
#define TCPSTATED_JUDGE_ALERT_TEXT_H

#include "judge/measurement.h"

/*
 * Writes what was measured, without a full stop. busiest is the destination of LIMIT_CLIENT_PORTS;
 * m->numbers.value is in the unit of the rule.
 */
void alert_text(char text[ALERT_TEXT_SIZE], const struct rule *r, const struct measurement *m,
	const struct destination *busiest);

#endif

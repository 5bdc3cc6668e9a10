/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One alert as a line of the state file: "alert", its state with its times, and an event of it. */
#ifndef TCPSTATED_DAEMON_STATE_ALERT_H
#define TCPSTATED_DAEMON_STATE_ALERT_H

#include "basic/string.h"
#include "judge/alert.h"

/* Adds the line. Without memory for it the alert is left out: a restart would raise it again. */
void state_alert_add(struct string *s, const struct alert *alert);

/* Reads what stands after "alert ". Returns 0, -EBADMSG or -ENOMEM. */
int state_alert_parse(const char *text, struct alert *ret);

#endif

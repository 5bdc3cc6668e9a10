/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One alert as a line of the state file: "alert", its state with its times, and an event of it. */
#ifndef TCPSTATED_DAEMON_STATE_ALERT_H
#define TCPSTATED_DAEMON_STATE_ALERT_H

#include "judge/alert.h"

#include <stdio.h>

/* Writes the line. An alert that finds no memory is left out: it would be raised anew. */
void state_alert_write(FILE *out, const struct alert *alert);

/* Reads what is behind "alert ". Returns 0, -EBADMSG or -ENOMEM. */
int state_alert_parse(const char *text, struct alert *ret);

#endif

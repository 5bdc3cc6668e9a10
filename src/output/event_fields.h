/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An alert event as a list of TCPSTATED_NAME=value: for the journal, and for an environment. */
#ifndef TCPSTATED_OUTPUT_EVENT_FIELDS_H
#define TCPSTATED_OUTPUT_EVENT_FIELDS_H

#include "judge/alert.h"

#include <stddef.h>

#define EVENT_FIELDS_MAX 20

/* Room for a name, "=", and the longest value: a host's name, or every state. */
#define EVENT_FIELD_SIZE 300

struct event_fields {
	char list[EVENT_FIELDS_MAX][EVENT_FIELD_SIZE];
	size_t count;
};

/*
 * Makes the list: TCPSTATED_EVENT, _ALERT, _SEVERITY, _HOST, _NETNS, _SIDE, _PORT, _STATE (names
 * with "," between), _MEASURE, _VALUE, _THRESHOLD (raise), _CLEAR, _SOCKETS, _MEMORY_BYTES,
 * _OLDEST_SECONDS, _TIME, _SINCE, _SEQUENCE and _TEXT. What is unknown is left out. Foreign text is
 * made printable.
 */
void event_fields(const struct alert_event *e, struct event_fields *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An alert event as a list of TCPSTATED_NAME=value: for the journal, and for an environment. */
#ifndef TCPSTATED_OUTPUT_EVENT_FIELDS_H
#define TCPSTATED_OUTPUT_EVENT_FIELDS_H

#include "judge/alert.h"

#include <stddef.h>

#define EVENT_FIELDS_MAX 24

struct event_fields {
	char *list[EVENT_FIELDS_MAX]; /* within text */
	size_t count;
	char text[4096]; /* has room for them all: only names and the sentence have any length */
};

/*
 * Makes the list: TCPSTATED_EVENT, _ALERT and others (event_table.c), lists with "," between. What
 * is unknown is left out. Foreign text is printable.
 */
void event_fields(const struct alert_event *e, struct event_fields *ret);

#endif

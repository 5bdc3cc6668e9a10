/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An alert event as a JSON document; contrib/tcpstated.event.schema.json describes it. */
#ifndef TCPSTATED_OUTPUT_EVENT_JSON_H
#define TCPSTATED_OUTPUT_EVENT_JSON_H

#include "judge/alert.h"

#include <stddef.h>

/* A longer text is not one of our events: all their texts are bounded. */
#define EVENT_JSON_SIZE_MAX ((size_t)(64 * 1024))

/*
 * Makes the document, one line without the newline. What is unknown is null. Returns 0 or -ENOMEM;
 * the caller frees *ret.
 */
int event_json_format(const struct alert_event *e, char **ret);

/*
 * Reads a document back, to what it says: times are in ms, ages in tenths of a second, numbers have
 * three decimals. Its sentences are made of the rest, and say the same again. Of the alert only
 * what a document has is set: the index of a device, which it has not, is 0. Keys that it does not
 * know are ignored. Returns 0, -EINVAL when the text is not such a document as a whole, or -ENOMEM;
 * *ret is undefined then.
 */
int event_json_parse(const char *text, size_t size, struct alert_event *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to say about an event, for its document (event_json.h) and its fields. */
#ifndef TCPSTATED_OUTPUT_EVENT_TABLE_H
#define TCPSTATED_OUTPUT_EVENT_TABLE_H

#include "judge/alert.h"
#include "output/json_builder.h"

#include <stdbool.h>
#include <stddef.h>

/* Raised when a key goes away or changes its meaning; a new key keeps it. */
#define EVENT_JSON_SCHEMA_ID "tcpstated.event/1"

/* What stands at a place of the event, and what a null in the document means. */
enum event_type {
	EVENT_SCHEMA,
	EVENT_TEXT,        /* a char[]; "" */
	EVENT_NAME,        /* an enumeration */
	EVENT_FLAG,        /* a bool */
	EVENT_NUMBER,      /* a uint64_t; UNKNOWN */
	EVENT_QUANTITY,    /* a double; UNKNOWN_DOUBLE */
	EVENT_AGE,         /* a uint32_t of ms, in tenths of a second; UNKNOWN_U32 */
	EVENT_DURATION,    /* a uint32_t of ms; 0 */
	EVENT_TIME,        /* a struct timespec */
	EVENT_SIDE,        /* of a struct alert_key; no port */
	EVENT_PORT,        /* likewise; stands behind the side */
	EVENT_OWNER,       /* a struct owner; unknown */
	EVENT_STATES,      /* a state_set */
	EVENT_OWNERSHIP,   /* an ownership_set; all */
	EVENT_DESTINATION, /* a struct destination; none */
	EVENT_DIAGNOSIS,   /* the id of one; NULL */
	EVENT_CAUSE,       /* an enum symptom; CAUSE_NONE */
	EVENT_SENTENCE,    /* of a struct alert: made of the rest */
	EVENT_WHY,         /* of a struct explanation, likewise */
	EVENT_FIX,         /* likewise */
};

struct event_key {
	const char *name;  /* in the document */
	const char *field; /* in an environment, behind "TCPSTATED_"; NULL: it is not there */
	enum event_type type;
	size_t place, size; /* in struct alert_event */
	const struct names *names;
	bool required;                                 /* it is never null */
	bool (*is_there)(const struct alert_event *e); /* whether it is not null; NULL: may be */
};

extern const struct event_key event_keys[];
extern const size_t event_keys_count;

/* The value of a key; NULL is null. */
struct json_object *event_value(
	struct builder *b, const struct event_key *k, const struct alert_event *e);

#endif

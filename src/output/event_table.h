/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to say about an event, for its document (event_json.h) and its fields. */
#ifndef TCPSTATED_OUTPUT_EVENT_TABLE_H
#define TCPSTATED_OUTPUT_EVENT_TABLE_H

#include "basic/string.h"
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
	EVENT_SIDE,        /* of a struct alert_key; none. Stands behind the scope. */
	EVENT_ADDRESS,     /* likewise; none. Stands behind the side, as do the next four. */
	EVENT_DEVICE,      /* of a struct alert; "" */
	EVENT_PORT,        /* of a struct alert_key; no port */
	EVENT_CGROUP,      /* likewise */
	EVENT_KEY,         /* of the event: made of the rest */
	EVENT_OWNER,       /* a struct owner; unknown */
	EVENT_STATES,      /* a state_set */
	EVENT_OWNERSHIP,   /* an ownership_set; all */
	EVENT_DESTINATION, /* a struct destination; none */
	EVENT_DIAGNOSIS,   /* the id of one; NULL */
	EVENT_CAUSE,       /* an enum symptom; CAUSE_NONE */
	EVENT_SENTENCE,    /* of a struct alert, likewise */
	EVENT_DIAGNOSES,   /* of a struct explanation, likewise; empty */
};

struct event_key {
	const char *name;  /* in the document */
	const char *field; /* in an environment, behind "TCPSTATED_"; NULL: it is not there */
	enum event_type type;
	size_t place, size; /* in struct alert_event */
	const struct names *names;
	bool required;                                 /* it is never null */
	bool is_of_event;                              /* not of an alert in the snapshot */
	bool (*is_there)(const struct alert_event *e); /* whether it is not null; NULL: may be */
};

extern const struct event_key event_keys[];
extern const size_t event_keys_count;

/* Room for the text of a key: its rule, namespace and service. */
#define EVENT_KEY_SIZE 512

/*
 * What an alert is known by outside: "close-wait-leak/host/server/192.0.2.7%eth1:27015". Equal for
 * all of its events, over restarts too, and different for every other alert of the host.
 */
void event_key_text(struct string *s, const struct alert_event *e);

/* The value of a key; NULL is null. */
struct json_object *event_value(
	struct builder *b, const struct event_key *k, const struct alert_event *e);

#endif

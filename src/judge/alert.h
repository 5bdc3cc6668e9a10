/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The alerts of a running program: rules evaluated on one snapshot after the other. A failed or
 * incomplete scan is not judged, so it neither raises nor clears. Time is CLOCK_MONOTONIC and
 * passed in: neither setting the clock nor suspending the machine makes an alert due.
 */
#ifndef TCPSTATED_JUDGE_ALERT_H
#define TCPSTATED_JUDGE_ALERT_H

#include "basic/cleanup.h"
#include "judge/rule.h"
#include "model/owner.h"
#include "model/service.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum alert_state {
	ALERT_INACTIVE,
	ALERT_PENDING,  /* at or above raise, but not for long enough yet */
	ALERT_RAISED,   /* reported, and in force */
	ALERT_CLEARING, /* at or below clear, but not for long enough yet: still in force */
	ALERT_STATE_COUNT,
};

/* "inactive", "pending", "raised", "clearing" */
extern const struct names alert_state_names;

/* What an alert is about. What its scope has no use for is zero. The index of the device is of this
 * boot and namespace. */
struct alert_key {
	enum scope scope;
	struct service_key service; /* of SCOPE_PORT */
	struct owner_key owner_key; /* of SCOPE_OWNER */
};

/*
 * The numbers behind an alert, as the last good scan showed them. They are as precise as
 * output/event_json.h keeps them, so that an event that was read back says the same again: the
 * value in thousandths, the age in tenths of a second.
 */
struct alert_numbers {
	double value;          /* in the unit of the rule's measure, or UNKNOWN_DOUBLE */
	uint64_t sockets;      /* UNKNOWN where the measure is not of sockets */
	uint64_t memory_bytes; /* likewise */
	uint32_t oldest_ms;    /* UNKNOWN_U32 likewise, and where no age is known */
	uint64_t ports;        /* of SCOPE_OWNER: over how many services; else UNKNOWN */
	uint64_t listeners;    /* of LIMIT_ACCEPT_QUEUE: how many the service has; else UNKNOWN */
	struct usage usage;    /* of MEASURE_PERCENT, else UNKNOWN */
	struct destination destination; /* of LIMIT_CLIENT_PORTS; without sockets: none */
};

struct alert {
	struct rule rule; /* as it judged last, without its ports: a rule may go away, but its alert
			     must still be cleared */
	bool is_ruleless; /* its rule went away */
	struct alert_key key;
	/* What people call the service's device (device_label()), as it was when the alert began:
	 * a part of what the alert is known by outside. Printable; "": none. */
	char device[DEVICE_NAME_SIZE];
	struct owner owner; /* whose the sockets are, as last seen; printable */
	bool is_only;       /* as in struct port_tally, at that time */
	enum alert_state state;
	struct timespec since; /* CLOCK_REALTIME of the scan that first saw it at or above raise */
	uint64_t changed_ms;   /* when the state began */
	uint64_t reported_ms;  /* when the last event was reported */
	struct alert_numbers numbers;
	bool seen; /* private to alert.c */
};

/* It is raised or clearing. */
bool alert_is_in_force(const struct alert *a);

enum event_kind {
	EVENT_RAISED,
	EVENT_REPEATED, /* still raised, reported again as the rule's repeat says */
	EVENT_CLEARED,
	EVENT_KIND_COUNT,
};

/* "raised", "repeated", "cleared" */
extern const struct names event_kind_names;

/*
 * What happened to an alert, as numbers; output/words.h makes sentences of it. It borrows nothing,
 * so that it can wait in a queue and in a file.
 */
struct alert_event {
	uint64_t sequence; /* counts up by one, over restarts too: what is missing was lost */
	enum event_kind kind;
	struct timespec time; /* CLOCK_REALTIME of the scan */
	char host[256];
	char netns[256];
	struct alert alert; /* as it was then */
	struct explanation explanation;
};

/* How many alerts there can be, pending ones included; further ones are only counted. */
#define ALERTS_MAX 4096

struct alerts;

/* Allocates alerts without rules. Returns 0 or -ENOMEM; free with alerts_free. */
int alerts_new(struct alerts **ret);
struct alerts *alerts_free(struct alerts *a); /* returns NULL; a may be NULL */
DEFINE_FREEP(alerts)

/* Called with each event; e is valid during the call only. */
typedef void (*alert_event_fn)(const struct alert_event *e, void *userdata);

/*
 * Sets the rules to judge by; they are borrowed until other ones are set. An alert whose rule still
 * exists (by name) continues under the new one; an alert whose rule is gone, disabled or of another
 * scope is cleared by the next alerts_judge(). Returns 0, or -ENOMEM: then the rules are unchanged.
 */
int alerts_set_rules(struct alerts *a, const struct rule *rules, size_t count);

/* What an alert of this snapshot means: by what the sockets of its service show, else by its rule
 * alone. */
struct explanation alert_explain(const struct snapshot *s, const struct alert *alert);

/*
 * Judges a snapshot taken at now_ms (CLOCK_MONOTONIC, ms). An incomplete one changes nothing.
 * Returns 0, or -ENOMEM: then some rules were not judged. fn may be NULL, and must not call back
 * into a.
 */
int alerts_judge(struct alerts *a, const struct snapshot *s, uint64_t now_ms, alert_event_fn fn,
	void *userdata);

/* The alerts that are pending, raised or clearing, raised ones and worse ones first. */
size_t alerts_count(const struct alerts *a);
const struct alert *alerts_get(const struct alerts *a, size_t index);

/* How many of them are in force; they go first. */
size_t alerts_in_force(const struct alerts *a);

/* How many more alerts there would have been at the last judgement. */
uint64_t alerts_omitted(const struct alerts *a);

/* The sequence number of the last event. */
uint64_t alerts_sequence(const struct alerts *a);
void alerts_set_sequence(struct alerts *a, uint64_t sequence);

/*
 * Restores an alert that was kept in a file; of its rule, name, severity, states, measure, limit,
 * counter, scopes, raise and clear must be set. Returns 0, -EINVAL for an inactive one, -EEXIST,
 * -ENOSPC beyond ALERTS_MAX, or -ENOMEM.
 */
int alerts_restore(struct alerts *a, const struct alert *alert);

#endif

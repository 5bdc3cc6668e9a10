/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports a play as it happens: as text for a person, or as JSON events in a file. */
#ifndef TCPSTATED_LAB_TIMELINE_H
#define TCPSTATED_LAB_TIMELINE_H

#include "lab/stage.h"

#include <stdbool.h>
#include <stdint.h>

struct timeline {
	int events; /* the file that takes the events, joined by commas; -1: text to standard output
		     */
	bool color;
	uint64_t start_us; /* by clock_us(CLOCK_MONOTONIC) */
	bool has_events;
};

/* One end of a connection as it was observed; gone if not seen. */
struct sighting {
	bool seen;
	struct sock_record record;
};

/* "server" or "client". */
const char *host_name(enum host host);

/* "ECONNRESET" for a -errno that a scenario can meet; NULL for any other number. */
const char *error_name(long number);

/*
 * A call that began at began_us and ends now. returned is its result or -errno; name is what was
 * called, with its arguments: "close()".
 */
void timeline_call(
	struct timeline *t, uint64_t began_us, enum host host, const char *name, long returned);

/* An end that has changed. number counts connections from 1; 0: there is only one. */
void timeline_state(struct timeline *t, enum host host, unsigned number,
	const struct sighting *before, const struct sighting *now);

/* How many other sockets a host has in each state, besides those of timeline_state(). */
void timeline_crowd(struct timeline *t, enum host host, const uint64_t sockets[STATE_COUNT]);

/* A remark about a host or, with NULL, about none. */
void timeline_remark(struct timeline *t, const enum host *host, const char *text);

enum check_kind {
	CHECK_REPORTED, /* if met, the timeline has reported it already */
	CHECK_EXACT,    /* if met, what was seen is what was expected */
	CHECK_RANGE,
};

/* What was expected, what was seen, and whether they agree. */
void timeline_check(
	struct timeline *t, const char *expected, const char *seen, bool ok, enum check_kind kind);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alerts and the events that were not delivered yet, across a restart: a text file, a line each,
 * replaced as a whole. It is small, and written after each event. What was saved on another boot,
 * in another network namespace, by another version, or in no readable form is ignored, with the
 * reason logged: the program works without.
 */
#ifndef TCPSTATED_DAEMON_STATE_FILE_H
#define TCPSTATED_DAEMON_STATE_FILE_H

#include "daemon/state_directory.h"
#include "judge/alert.h"

#include <stddef.h>
#include <stdint.h>

/* Its name in the state directory. */
#define STATE_FILE_NAME "state"

/* Called with an event that waits, and the output that it waits for. */
typedef void (*state_event_fn)(const char *output, const struct alert_event *e, void *userdata);

struct state_contents {
	const struct alerts *alerts;
	void (*events)(void *source, state_event_fn fn, void *userdata); /* NULL: none */
	void *events_source;
};

/* Writes the file in the directory dir_fd, as of now_ms (CLOCK_MONOTONIC). identity is known.
 * Returns 0 or -errno. */
int state_save(int dir_fd, const struct state_identity *identity, uint64_t now_ms,
	const struct state_contents *contents);

/* Where what is read goes. */
struct state_target {
	struct alerts *alerts;
	state_event_fn event; /* e is valid during the call only; NULL: none */
	void *userdata;
};

/*
 * Reads the file in dir_fd. Returns 0, 1 when there is none, or -errno with a sentence in reason.
 * -EBADMSG: a line is not valid; what came before it stays in force.
 */
int state_load(int dir_fd, const struct state_identity *identity, uint64_t now_ms,
	const struct state_target *target, struct string *reason);

/* The same from memory, which is changed on the way; for tests and fuzzing. */
int state_read(char *text, size_t size, const struct state_identity *identity, uint64_t now_ms,
	const struct state_target *target, struct string *reason);

#endif

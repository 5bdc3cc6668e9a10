/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What survives a restart: alerts, events that were not delivered yet, and the ages of sockets. A
 * text file, a line each, replaced as a whole. What was kept on another boot, in another network
 * namespace, by another version or in no readable form is ignored, with a note: it is a memory, and
 * the program works without.
 */
#ifndef TCPSTATED_DAEMON_STATE_FILE_H
#define TCPSTATED_DAEMON_STATE_FILE_H

#include "judge/alert.h"
#include "model/ages.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Its name in the state directory. */
#define STATE_FILE_NAME "state"

/* Whose memory it is; both must be as they were. */
struct state_identity {
	const char *boot_id;
	const char *netns;
};

/* Called with an event that waits, and the outlet that it waits for. */
typedef void (*state_event_fn)(
	const char *output_queue, const struct alert_event *e, void *userdata);

struct state_contents {
	struct state_identity identity;
	uint64_t now_ms; /* CLOCK_MONOTONIC of the last look */
	const struct alerts *alerts;
	const struct ages *ages;
	void (*events)(void *source, state_event_fn fn, void *userdata);
	void *events_source;
};

/* Writes the file in the directory dir_fd, atomically. Returns 0 or -errno. */
int state_save(int dir_fd, const struct state_contents *contents);

/* Where what is read goes. */
struct state_target {
	struct alerts *alerts;
	struct ages *ages;
	state_event_fn event; /* e is valid during the call only */
	void *userdata;
};

/*
 * Reads the file in dir_fd. Returns 0; 1 when there is none; or -errno with a sentence about why it
 * is ignored in note. -EBADMSG: a line of it made no sense; what came before stays in force.
 */
int state_load(int dir_fd, const struct state_identity *identity, const struct state_target *output,
	char *note, size_t note_size);

/* The same from an open stream, for tests and fuzzing. */
int state_read(FILE *in, const struct state_identity *identity, const struct state_target *output,
	char *note, size_t note_size);

#endif

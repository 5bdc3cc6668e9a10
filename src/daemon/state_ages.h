/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ages of sockets, across a restart: a file of their own, since it may have megabytes, so that
 * what an event changes is written without them. 12 bytes a socket behind a header, in this
 * machine's byte order, replaced as a whole. A missing or damaged file costs ages only.
 */
#ifndef TCPSTATED_DAEMON_STATE_AGES_H
#define TCPSTATED_DAEMON_STATE_AGES_H

#include "daemon/state_directory.h"
#include "model/ages.h"

#include <stddef.h>
#include <stdint.h>

/* Its name in the state directory. */
#define STATE_AGES_NAME "ages"

/* Writes what the last scan showed, which began at now_ms (CLOCK_MONOTONIC). identity is known.
 * Returns 0 or -errno. */
int state_ages_save(int dir_fd, const struct state_identity *identity, uint64_t now_ms,
	const struct ages *ages);

/* Reads the file, before the first scan. Returns 0, 1 when there is none, or -errno with a sentence
 * in reason: then ages are as they were. */
int state_ages_load(int dir_fd, const struct state_identity *identity, uint64_t now_ms,
	struct ages *ages, struct string *reason);

/* The same from memory, for fuzzing. */
int state_ages_read(const char *data, size_t size, const struct state_identity *identity,
	uint64_t now_ms, struct ages *ages, struct string *reason);

#endif

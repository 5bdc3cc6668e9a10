/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of services (model/attribution.h), across a restart: a text file, a line each,
 * replaced as a whole. It is a file of its own, since it changes with the sockets and not with the
 * events. A missing or damaged one costs what only time has shown: which ports without a listener
 * are servers'.
 */
#ifndef TCPSTATED_DAEMON_STATE_SERVICES_H
#define TCPSTATED_DAEMON_STATE_SERVICES_H

#include "daemon/state_directory.h"
#include "model/attribution.h"

#include <stddef.h>

/* Its name in the state directory. */
#define STATE_SERVICES_NAME "services"

/* Writes the file in the directory dir_fd. identity is known. Returns 0 or -errno. */
int state_services_save(
	int dir_fd, const struct state_identity *identity, const struct attribution *a);

/* Reads the file, before the first scan. Returns 0, 1 when there is none, or -errno with a sentence
 * in reason. -EBADMSG: a line is not valid; what came before it is known. */
int state_services_load(int dir_fd, const struct state_identity *identity, struct attribution *a,
	struct string *reason);

/* The same from memory, for tests and fuzzing. */
int state_services_read(const char *text, size_t size, const struct state_identity *identity,
	struct attribution *a, struct string *reason);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service: looks at the machine time and again, judges, and tells, until it is told to stop. */
#ifndef TCPSTATED_DAEMON_LOOP_H
#define TCPSTATED_DAEMON_LOOP_H

#include "kernel/sockets/source.h"

struct daemon_options {
	const char *config;          /* NULL: the default place */
	const char *state_directory; /* NULL: $STATE_DIRECTORY, else the default place */
	const char *slabinfo;        /* NULL: wherever it is found */
	enum socket_table table;
};

/*
 * Runs in the foreground until SIGTERM or SIGINT. SIGHUP reads the configuration anew, SIGUSR1
 * opens files anew. Returns an exit status: 0, 1 when it could not start, 2 for a wrong
 * configuration; what was wrong has been said.
 */
int daemon_run(const struct daemon_options *options);

#endif

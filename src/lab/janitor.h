/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that no process holds, and those that lose theirs, go on for minutes and keep their
 * namespaces alive. So one process waits for the end of ours, however it comes, and then removes
 * them.
 */
#ifndef TCPSTATED_LAB_JANITOR_H
#define TCPSTATED_LAB_JANITOR_H

#include "lab/pair.h"

#include <stdbool.h>
#include <sys/types.h>

struct janitor {
	pid_t pid;
	int pipe; /* its end is what the janitor waits for: children close it */
};

/* Starts it for both namespaces of the pair. Returns 0 or -errno. */
int janitor_start(const struct pair *p, struct janitor *ret);

/* Lets it do its work, and waits for it. */
void janitor_finish(struct janitor *j);

/* Lets go of the streams that the caller of our program waits for the end of. */
void janitor_drop_streams(bool keep_errors);

#endif

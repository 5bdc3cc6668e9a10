/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets without a process stay for minutes and keep their namespaces alive. So a process waits
 * for ours to end, in whatever way, and then removes them and the cgroups that ours made.
 */
#ifndef TCPSTATED_LAB_JANITOR_H
#define TCPSTATED_LAB_JANITOR_H

#include "lab/pair.h"

#include <stdbool.h>
#include <sys/types.h>

struct janitor {
	pid_t pid;
	int pipe; /* the janitor waits until it is closed everywhere: children close it */
};

/* Starts it for both namespaces of the pair. Returns 0 or -errno. */
int janitor_start(const struct pair *p, struct janitor *ret);

/* Makes it remove the sockets now, and waits for it. */
void janitor_finish(struct janitor *j);

/* Replaces the standard streams, whose end the caller of our program may wait for. */
void janitor_drop_streams(bool keep_errors);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder that only one running program may have. */
#ifndef TCPSTATED_DAEMON_STATE_DIRECTORY_H
#define TCPSTATED_DAEMON_STATE_DIRECTORY_H

#include <stddef.h>

struct state_directory {
	int fd;
	int lock_fd; /* locked as long as it is open */
	char path[4096];
};

/*
 * Opens the folder, made where it is missing, and locks it. path: NULL for the first folder of
 * $STATE_DIRECTORY (systemd.exec(5)), else the default one. Returns 0 or -errno with a sentence in
 * error; -EWOULDBLOCK: another program has it.
 */
int state_directory_open(
	const char *path, struct state_directory *ret, char *error, size_t error_size);

void state_directory_close(struct state_directory *d);

#endif

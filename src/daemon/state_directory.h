/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of what survives a restart. Only one running program may have it. */
#ifndef TCPSTATED_DAEMON_STATE_DIRECTORY_H
#define TCPSTATED_DAEMON_STATE_DIRECTORY_H

#include "basic/string.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct state_directory {
	int fd;
	int lock_fd; /* locked as long as it is open */
	char path[PATH_MAX];
};

/*
 * Opens the directory, made if it is missing, and locks it. path: NULL for the first one of
 * $STATE_DIRECTORY (systemd.exec(5)), else the default one. Returns 0 or -errno with a sentence in
 * error; -EWOULDBLOCK: another program has it.
 */
int state_directory_open(const char *path, struct state_directory *ret, struct string *error);

void state_directory_close(struct state_directory *d);

/*
 * Reads a regular file of at most size_max bytes; a symbolic link is not followed. Returns 0, 1
 * when there is none, or -errno with a sentence in reason. The caller frees *ret.
 */
int state_directory_read(int dir_fd, const char *name, size_t size_max, char **ret,
	size_t *ret_size, struct string *reason);

/* Whose state it is: of this boot, and of this network namespace. */
struct state_identity {
	const char *boot_id, *netns;
};

/* Whether both could be read. Without, nothing is saved, and nothing saved is trusted. */
bool state_identity_is_known(const struct state_identity *identity);

/* Whether what was saved under these names may be used under identity. Returns 0, or -ESTALE with
 * a sentence in reason. */
int state_identity_check(const struct state_identity *identity, const char *boot_id,
	const char *netns, struct string *reason);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that always holds the newest of something, for programs that look at it now and then. */
#ifndef TCPSTATED_DELIVER_REPLACE_H
#define TCPSTATED_DELIVER_REPLACE_H

#include <stddef.h>

/*
 * Replaces the contents of a file, with mode 0644: whoever opens it finds the old or the new, and
 * each as a whole. It is written beside it as PATH.new, which is removed when something fails; one
 * that a crash left is replaced by the next call. It need not survive a crash of the machine, so
 * nothing waits for the disk. Returns 0 or -errno; -EEXIST when path is there and neither a regular
 * file nor a symbolic link.
 */
int file_replace(const char *path, const char *data, size_t size);

/* Removes the file, when what it tells is no longer true. That there is none is no error. Returns 0
 * or -errno; -EEXIST as above. */
int file_withdraw(const char *path);

#endif

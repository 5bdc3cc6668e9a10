/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for programs: appended to standard output or to a file, which may also be a FIFO or a
 * device.
 */
#ifndef TCPSTATED_DELIVER_APPEND_H
#define TCPSTATED_DELIVER_APPEND_H

#include <stddef.h>

struct file_out;

/*
 * path is "stdout" or a file; copied. Nothing is opened yet. Returns 0 or -errno; free with
 * file_out_free.
 */
int file_out_new(const char *path, struct file_out **ret);
struct file_out *file_out_free(struct file_out *f); /* returns NULL; f may be NULL */

/*
 * Appends a line, whose newline is its last byte; blocks while a reader is slow. A file is created
 * with mode 0640 (less the umask) when there is none. What a failure leaves of a line, in this
 * program or in one before it, is ended by a newline before the next line, so that whoever reads
 * finds the next one whole. Two of standard output do not mix their lines. SIGPIPE must be ignored
 * or blocked. Returns 0 or -errno: -ENXIO when nobody reads from a FIFO, -ECANCELED when it was
 * interrupted.
 */
int file_out_write(struct file_out *f, const char *line, size_t size);

/* Opens the file anew, for log rotation; it is created when it is not there. Returns 0 or -errno:
 * then the next write tries it again. */
int file_out_reopen(struct file_out *f);

/* Ends a write that blocks, and each later one that would; from another thread. */
void file_out_interrupt(struct file_out *f);

#endif

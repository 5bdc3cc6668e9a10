/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads small files whole, writes all of a buffer, and replaces files. */
#ifndef TCPSTATED_BASIC_FILE_H
#define TCPSTATED_BASIC_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads a whole file to its end; the size that stat() gives is not used, since for /proc and /sys
 * it is 0 or a page. *ret is NUL-terminated (the NUL is not in *ret_size), the caller frees it.
 * Returns 0, -EFBIG when there are more than size_max bytes, -ENOMEM, or the -errno of open() or
 * read().
 */
int file_read(const char *path, size_t size_max, char **ret, size_t *ret_size);

/* The same from an open descriptor, which stays the caller's. */
int file_read_fd(int fd, size_t size_max, char **ret, size_t *ret_size);

/* Fills buffer up to size, or to the end of the file. Returns the number of bytes, or -errno. */
ssize_t file_read_into(int fd, char *buffer, size_t size);

/* Writes all of it, to a descriptor that blocks. Returns 0 or -errno. */
int file_write_all(int fd, const char *data, size_t size);

/*
 * Replaces a file of the directory dir_fd (or AT_FDCWD) by rename(): a reader sees the old or the
 * new content, never a part. The new file has exactly this mode, whatever the umask. A symlink at
 * the name is replaced and not followed; one of temporary, which is removed first, neither. What
 * is neither a regular file nor a symlink is -EEXIST. Not synced. Returns 0 or -errno.
 */
int file_replace_at(int dir_fd, const char *name, const char *temporary, mode_t mode,
	const char *data, size_t size);

/* Removes what file_replace_at() would replace; that there is none is no error. */
int file_withdraw_at(int dir_fd, const char *name);

#endif

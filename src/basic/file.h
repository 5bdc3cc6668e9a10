/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads small files, writes complete buffers, and replaces files. */
#ifndef TCPSTATED_BASIC_FILE_H
#define TCPSTATED_BASIC_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads a file to its end. The size from stat() is not used: for /proc and /sys it is 0 or a page.
 * *ret ends in a NUL that *ret_size does not count; the caller frees it. Returns 0, -EFBIG when
 * there are more than size_max bytes, -ENOMEM, or the -errno of open() or read().
 */
int file_read(const char *path, size_t size_max, char **ret, size_t *ret_size);

/* The same from an open descriptor, which stays the caller's. */
int file_read_fd(int fd, size_t size_max, char **ret, size_t *ret_size);

/* Fills buffer up to size, or to the end of the file. Returns the number of bytes, or -errno. */
ssize_t file_read_into(int fd, char *buffer, size_t size);

/* Writes all of data to a blocking descriptor. Returns 0 or -errno. */
int file_write_all(int fd, const char *data, size_t size);

/*
 * Replaces a file of the directory dir_fd (or AT_FDCWD) by rename(): a reader sees the old or the
 * new content, never a part. temporary, a name in the same directory, is removed first and after a
 * failure. The new file has exactly this mode, whatever the umask. A symlink at either name is
 * replaced, not followed. Nothing waits for the disk. Returns 0, -EEXIST when name is neither a
 * regular file nor a symlink, or -errno.
 */
int file_replace_at(int dir_fd, const char *name, const char *temporary, mode_t mode,
	const char *data, size_t size);

/* Removes what file_replace_at() would replace. Returns 0, also when there is none, or -errno. */
int file_withdraw_at(int dir_fd, const char *name);

#endif

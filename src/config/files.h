/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the files of the configuration, and reads each as a whole. */
#ifndef TCPSTATED_CONFIG_FILES_H
#define TCPSTATED_CONFIG_FILES_H

#include <dirent.h>
#include <stddef.h>

#define CONFIG_FILE_SIZE_MAX ((size_t)1 << 20)
#define CONFIG_DROP_INS_MAX  1000

/*
 * Reads a file, which must be a regular one so that nothing waits for a writer; /dev/null, with
 * which systemd masks a file, is an empty one. *ret ends in a NUL, the caller frees it. Returns 0,
 * -EISDIR, -EBADF for another kind of file, -EFBIG, -ENOMEM, or the -errno of open() or read().
 */
int config_file_read(const char *path, char **ret, size_t *ret_size);

/*
 * Lists the drop-ins in a folder, which need not exist: files whose name ends in ".conf" and does
 * not begin with a dot, in the order of their names. Returns how many; the caller frees each, and
 * *ret. Or -E2BIG when there are more than CONFIG_DROP_INS_MAX, or another -errno.
 */
int config_drop_ins(const char *folder, struct dirent ***ret);

#endif

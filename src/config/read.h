/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and reads the files of the configuration, which are read whole. */
#ifndef TCPSTATED_CONFIG_READ_H
#define TCPSTATED_CONFIG_READ_H

#include <stddef.h>

#define CONFIG_FILE_SIZE_MAX ((size_t)1 << 20)
#define CONFIG_DROP_INS_MAX  1000

/*
 * Reads a file, which must be a regular one so that nothing waits for a writer; /dev/null, with
 * which systemd masks a file, is an empty one. The caller frees *ret. Returns 0, -EISDIR, -EBADF
 * for another kind of file, -EFBIG, -ENOMEM, or the -errno of open() or read().
 */
int config_file_read(const char *path, char **ret, size_t *ret_size);

/*
 * Lists the drop-ins of a file: those in the folder PATH.d whose name ends in ".conf" and does not
 * begin with a dot, in the order of their names. There need not be such a folder. Free with
 * config_paths_free. Returns 0, -E2BIG when there are more than CONFIG_DROP_INS_MAX, -ENOMEM or
 * another -errno.
 */
int config_drop_ins(const char *path, char ***ret, size_t *ret_count);

void config_paths_free(char **paths, size_t count);

#endif

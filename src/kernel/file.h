/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads small files whole, and numbers out of their text. */
#ifndef TCPSTATED_KERNEL_FILE_H
#define TCPSTATED_KERNEL_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads a whole file to its end; the size that stat() tells is not believed, since /proc and /sys
 * tell 0 or a page. *ret is NUL-terminated (the NUL is not in *ret_size), the caller frees it.
 * Returns 0, -EFBIG when there are more than size_max bytes, -ENOMEM, or the -errno of open() or
 * read().
 */
int file_read(const char *path, size_t size_max, char **ret, size_t *ret_size);

/*
 * Read an unsigned number that starts at *text, at most max: no blank, sign or prefix before it,
 * and nothing at or behind end is looked at. *text then stands behind its last digit. Return 0,
 * -EINVAL when there is no digit, or -ERANGE when the number is above max; on failure *text and
 * *ret are untouched.
 */
int scan_decimal(const char **text, const char *end, uint64_t max, uint64_t *ret);
int scan_hex(const char **text, const char *end, uint64_t max, uint64_t *ret);

/* Moves *text behind the blanks and tabs that it stands at. */
void scan_blanks(const char **text, const char *end);

#endif

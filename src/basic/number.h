/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads numbers out of text that need not end in a NUL. */
#ifndef TCPSTATED_BASIC_NUMBER_H
#define TCPSTATED_BASIC_NUMBER_H

#include <stdint.h>

/*
 * Read an unsigned number that starts at *text, at most max: no blank, sign or prefix before it,
 * and nothing at or behind end is read. *text then stands behind its last digit. Return 0, -EINVAL
 * when there is no digit, or -ERANGE when the number is above max; on failure *text and *ret are
 * untouched.
 */
int scan_decimal(const char **text, const char *end, uint64_t max, uint64_t *ret);
int scan_hex(const char **text, const char *end, uint64_t max, uint64_t *ret);

/* Moves *text behind the blanks and tabs that it stands at. */
void scan_blanks(const char **text, const char *end);

#endif

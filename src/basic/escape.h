/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as one word of a line: blanks, backslashes and everything but printable ASCII become
 * \ooo, three octal digits a byte, as the kernel escapes paths in /proc (fs/seq_file.c:
 * mangle_path). The empty text becomes "-".
 */
#ifndef TCPSTATED_BASIC_ESCAPE_H
#define TCPSTATED_BASIC_ESCAPE_H

#include "basic/string.h"

#include <stdbool.h>
#include <stddef.h>

void escape_add(struct string *s, const char *text);

/*
 * Reads the word at *at, which ends at a blank, a line break or end, and moves *at behind it.
 * Returns false when there is no word, when it has an invalid escape, or when it needs more than
 * size bytes with its NUL: then *at is untouched and *ret undefined.
 */
bool escape_take(const char **at, const char *end, char *ret, size_t size);

#endif

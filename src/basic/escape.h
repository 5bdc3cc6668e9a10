/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as one word of a line: blanks, backslashes and what is no printable ASCII as \ooo, three
 * octal digits a byte, as the kernel writes paths in /proc (fs/seq_file.c: mangle_path). What this
 * writes has "-" for the empty text.
 */
#ifndef TCPSTATED_BASIC_ESCAPE_H
#define TCPSTATED_BASIC_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes text as a word. Whether that succeeded, f tells. */
void escape_put(FILE *f, const char *text);

/*
 * Reads the word at *at, up to a blank or a line's end or end, which *at then stands at. Returns
 * false where there is none, one with an escape that is none, or one that with its NUL needs more
 * than size bytes: then *at is untouched and *ret undefined.
 */
bool escape_take(const char **at, const char *end, char *ret, size_t size);

/* Pass over one letter, or read a number at most max, at *at. Return false, and leave all as it is,
 * where it is not there. */
bool escape_pass(const char **at, const char *end, char letter);
bool escape_number(const char **at, const char *end, uint64_t max, uint64_t *ret);

#endif

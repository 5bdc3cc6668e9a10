/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 (RFC 3629) as far as foreign text needs it: what may be printed, and where to cut. */
#ifndef TCPSTATED_BASIC_UTF8_H
#define TCPSTATED_BASIC_UTF8_H

#include <stddef.h>

/*
 * Returns the length in bytes of the printable character at text. 0: it is a control character (C0,
 * DEL, C1), one that changes the direction or the line of what follows (Unicode's Bidi_Control,
 * U+2028, U+2029), or not UTF-8.
 */
size_t utf8_printable_length(const char *text);

/* Returns how many of the first length bytes of text to keep so that the last character is
 * complete.
 */
size_t utf8_complete_length(const char *text, size_t length);

/*
 * Copies text into buf, at most size - 1 bytes, with a "?" for each byte that is not part of a
 * printable character. For host, process and cgroup names and everything out of a recording: they
 * must neither steer a terminal nor break a JSON document. Returns buf.
 */
const char *utf8_printable(char *buf, size_t size, const char *text);

#endif

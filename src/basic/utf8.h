/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UTF-8 (RFC 3629) as far as foreign text needs it: what may be printed, and where a text can be
 * cut.
 */
#ifndef TCPSTATED_BASIC_UTF8_H
#define TCPSTATED_BASIC_UTF8_H

#include <stddef.h>

/*
 * The length of the printable character at text, or 0 if there is none: a control character
 * (C0, DEL, C1), one that changes the direction or the line of what follows (Unicode's
 * Bidi_Control, U+2028 and U+2029), or bytes that are not UTF-8.
 */
size_t utf8_printable_length(const char *text);

/* How many of the first length bytes of text are left when a character that they cut goes as a
 * whole. */
size_t utf8_whole(const char *text, size_t length);

/*
 * Copies text, at most size - 1 bytes of it, with a "?" for each control character and each byte
 * that is not UTF-8: host names, process and cgroup names, and all that comes out of a recording
 * must neither steer a terminal nor break a JSON document. Returns buf.
 */
const char *utf8_printable(char *buf, size_t size, const char *text);

#endif

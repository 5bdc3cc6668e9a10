/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds a text piece by piece, in a buffer of the caller's or in memory that grows up to a
 * maximum. Nothing is checked in between: the first failure is kept, and nothing is added after it.
 */
#ifndef TCPSTATED_BASIC_STRING_H
#define TCPSTATED_BASIC_STRING_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct string {
	char *text; /* always ends in a NUL, once there is one */
	size_t length, allocated;
	size_t max;      /* bytes it may grow to, with the NUL; 0: text is the caller's buffer */
	bool overflowed; /* something did not fit: text ends where a character ends */
	int error;       /* -ENOMEM, or -EOVERFLOW after overflowed; 0 so far */
};

/* In a buffer (an array) of the caller's; what does not fit is cut, and text stays usable. */
#define STRING_IN(buffer) string_in((buffer), sizeof(buffer))
struct string string_in(char *buffer, size_t size);

/* In memory of its own, up to max bytes; free with string_release, or hand over with string_take.
 */
struct string string_up_to(size_t max);
void string_release(struct string *s);

void string_add(struct string *s, const char *text);
void string_add_bytes(struct string *s, const char *bytes, size_t size);
void string_add_char(struct string *s, char c);
__attribute__((format(printf, 2, 3))) void string_addf(struct string *s, const char *format, ...);
__attribute__((format(printf, 2, 0))) void string_addv(
	struct string *s, const char *format, va_list args);

/* The same with a sentence about a failure. Returns error, so that a function can fail with it. */
__attribute__((format(printf, 3, 4))) int string_fail(
	struct string *s, int error, const char *format, ...);

/* Foreign text: printable characters only (basic/utf8.h). */
void string_add_printable(struct string *s, const char *text);

/* Takes away what was added since length bytes were there. */
void string_cut(struct string *s, size_t length);

/*
 * Hands the text of string_up_to() over, which the caller frees; *ret_size may be NULL. Returns 0,
 * or the first error: then nothing is handed over.
 */
int string_take(struct string *s, char **ret, size_t *ret_size);

#endif

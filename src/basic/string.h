/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds a text piece by piece, in the caller's buffer or in memory that grows up to a maximum.
 * Callers need no check after each piece: the first failure is kept, and nothing is added after it.
 */
#ifndef TCPSTATED_BASIC_STRING_H
#define TCPSTATED_BASIC_STRING_H

#include <stdarg.h>
#include <stddef.h>

struct string {
	char *text; /* ends in a NUL; NULL before the first piece in growing memory */
	size_t length, allocated;
	size_t max; /* bytes it may grow to, the NUL included; 0: text is the caller's buffer */
	/* The first failure, or 0. -EOVERFLOW: text was cut, where a character ends. -ENOMEM and
	 * -EINVAL (a format that printf() refuses): text has the pieces before. */
	int error;
};

/* In the caller's buffer: an array of at least one byte. */
#define STRING_IN(buffer) string_in((buffer), sizeof(buffer))
struct string string_in(char *buffer, size_t size);

/* In allocated memory of at most max bytes; free it with string_release or hand it over with
 * string_take. */
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

/* Foreign text: what is not printable (basic/utf8.h) becomes "?", byte by byte. */
void string_add_printable(struct string *s, const char *text);

/* Drops what was added after the first length bytes, and with it an -EOVERFLOW. */
void string_cut(struct string *s, size_t length);

/*
 * Hands over the text of string_up_to(), which the caller frees; *ret_size, its length, may be
 * NULL. Returns 0, or the first error with nothing handed over. Either way s is empty again.
 */
int string_take(struct string *s, char **ret, size_t *ret_size);

/* snprintf() that never cuts a UTF-8 character; for a sentence in a buffer of fixed size. */
#define STRING_PRINT(buffer, ...) string_print((buffer), sizeof(buffer), __VA_ARGS__)
__attribute__((format(printf, 3, 4))) void string_print(
	char *buffer, size_t size, const char *format, ...);
__attribute__((format(printf, 3, 0))) void string_printv(
	char *buffer, size_t size, const char *format, va_list args);

#endif

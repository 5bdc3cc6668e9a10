/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/string.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct string string_in(char *buffer, size_t size)
{
	*buffer = '\0';
	return (struct string){.text = buffer, .allocated = size};
}

struct string string_up_to(size_t max)
{
	/* 0 would mean a buffer of the caller's. */
	return (struct string){.max = MAX(max, (size_t)1)};
}

void string_release(struct string *s)
{
	if (s->max)
		free(s->text);
	*s = (struct string){0};
}

/* The bytes that text may take at present, its NUL included. */
static size_t capacity(const struct string *s)
{
	return s->max ? MIN(s->allocated, s->max) : s->allocated;
}

/* Makes room for that many bytes more and a NUL, or for as many as there may be. Returns how many.
 */
static size_t make_room(struct string *s, size_t size)
{
	size_t needed;

	if (s->error)
		return 0;
	if (__builtin_add_overflow(s->length + 1, size, &needed))
		needed = SIZE_MAX;
	if (s->max && ARRAY_GROW(s->text, s->allocated, MIN(needed, s->max)) < 0) {
		s->error = -ENOMEM;
		return 0;
	}
	return MIN(size, capacity(s) - s->length - 1);
}

/*
 * Ends the text at length. Where that cut something, a character that lost its end goes completely,
 * even if its first byte was added earlier.
 */
static void end_text(struct string *s, size_t length, bool is_cut)
{
	if (is_cut) {
		length = utf8_complete_length(s->text, length);
		s->error = -EOVERFLOW;
	}
	s->length = length;
	s->text[length] = '\0';
}

void string_add_bytes(struct string *s, const char *bytes, size_t size)
{
	const size_t room = make_room(s, size);

	if (s->error)
		return;
	memcpy(s->text + s->length, bytes, room);
	end_text(s, s->length + room, room < size);
}

void string_add(struct string *s, const char *text)
{
	string_add_bytes(s, text, strlen(text));
}

void string_add_char(struct string *s, char c)
{
	string_add_bytes(s, &c, 1);
}

void string_addv(struct string *s, const char *format, va_list args)
{
	va_list again;
	size_t room;
	int size;

	make_room(s, 0);
	if (s->error)
		return;
	va_copy(again, args);
	room = capacity(s) - s->length;
	size = vsnprintf(s->text + s->length, room, format, args);
	if (size >= 0 && (size_t)size >= room) {
		room = make_room(s, (size_t)size) + 1;
		if (!s->error)
			size = vsnprintf(s->text + s->length, room, format, again);
	}
	va_end(again);
	if (size < 0)
		s->error = -EINVAL;
	if (s->error)
		s->text[s->length] = '\0';
	else
		end_text(s, s->length + MIN((size_t)size, room - 1), (size_t)size >= room);
}

void string_addf(struct string *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	string_addv(s, format, args);
	va_end(args);
}

int string_fail(struct string *s, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	string_addv(s, format, args);
	va_end(args);
	return error;
}

void string_printv(char *buffer, size_t size, const char *format, va_list args)
{
	struct string s = string_in(buffer, size);

	string_addv(&s, format, args);
}

void string_print(char *buffer, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	string_printv(buffer, size, format, args);
	va_end(args);
}

void string_add_printable(struct string *s, const char *text)
{
	while (*text && !s->error) {
		size_t length = utf8_printable_length(text);

		if (length)
			string_add_bytes(s, text, length);
		else
			string_add_char(s, '?');
		text += MAX(length, (size_t)1);
	}
}

void string_cut(struct string *s, size_t length)
{
	if (length < s->length) {
		s->length = length;
		s->text[length] = '\0';
	}
	if (s->error == -EOVERFLOW)
		s->error = 0;
}

int string_take(struct string *s, char **ret, size_t *ret_size)
{
	const size_t max = s->max;
	int error;

	/* Makes an empty text where nothing was added. */
	string_add_bytes(s, "", 0);
	error = s->error;
	if (error == 0) {
		if (ret_size)
			*ret_size = s->length;
		*ret = TAKE_PTR(s->text);
	}
	free(s->text);
	*s = string_up_to(max);
	return error;
}

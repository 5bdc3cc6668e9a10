/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/string.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/utf8.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

struct string string_in(char *buffer, size_t size)
{
	*buffer = '\0';
	return (struct string){.text = buffer, .allocated = size};
}

struct string string_up_to(size_t max)
{
	return (struct string){.max = max};
}

void string_release(struct string *s)
{
	if (s->max)
		free(s->text);
	*s = (struct string){0};
}

/* Tries to make room for so many bytes more and a NUL. Returns how many bytes there is room for. */
static size_t make_room(struct string *s, size_t size)
{
	size_t needed;

	if (s->error)
		return 0;
	if (__builtin_add_overflow(s->length + 1, size, &needed))
		needed = SIZE_MAX;
	if (s->max && array_grow(&s->text, &s->allocated, MIN(needed, s->max), 1) < 0) {
		s->error = -ENOMEM;
		return 0;
	}
	return MIN(size, (s->max ? MIN(s->allocated, s->max) : s->allocated) - s->length - 1);
}

static void set_overflowed(struct string *s)
{
	s->overflowed = true;
	if (!s->error)
		s->error = -EOVERFLOW;
}

void string_add_bytes(struct string *s, const char *bytes, size_t size)
{
	size_t room = make_room(s, size);

	if (s->error)
		return;
	if (room < size) {
		room = utf8_whole(bytes, room);
		set_overflowed(s);
	}
	memcpy(s->text + s->length, bytes, room);
	s->length += room;
	s->text[s->length] = '\0';
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
	size_t room = make_room(s, 0);
	va_list again;
	int length;

	if (s->error)
		return;
	room = (s->max ? MIN(s->allocated, s->max) : s->allocated) - s->length;
	va_copy(again, args);
	length = vsnprintf(s->text + s->length, room, format, args);
	if (length >= 0 && (size_t)length >= room) {
		room = make_room(s, (size_t)length) + 1;
		if (!s->error)
			length = vsnprintf(s->text + s->length, room, format, again);
	}
	va_end(again);
	if (length < 0 && !s->error)
		s->error = -ENOMEM;
	if (s->error) {
		if (s->text)
			s->text[s->length] = '\0';
		return;
	}
	if ((size_t)length < room) {
		s->length += (size_t)length;
		return;
	}
	/* vsnprintf() cuts anywhere: a character that lost its end goes as a whole. */
	s->length = utf8_whole(s->text, s->length + room - 1);
	s->text[s->length] = '\0';
	set_overflowed(s);
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
}

int string_take(struct string *s, char **ret, size_t *ret_size)
{
	/* An empty text is one, too. */
	string_add_bytes(s, "", 0);
	if (s->error)
		return s->error;
	if (ret_size)
		*ret_size = s->length;
	*ret = TAKE_PTR(s->text);
	*s = string_up_to(s->max);
	return 0;
}

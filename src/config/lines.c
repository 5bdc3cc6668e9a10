/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/lines.h"

#include <stdio.h>
#include <string.h>

struct config_lines config_lines_of(char *text, size_t size)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	size_t mark = strlen(byte_order_mark);
	size_t skipped = size >= mark && memcmp(text, byte_order_mark, mark) == 0 ? mark : 0;

	return (struct config_lines){.next = text + skipped, .end = text + size};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(char **text, size_t *length)
{
	while (*length && is_blank((*text)[*length - 1]))
		(*length)--;
	while (*length && is_blank(**text)) {
		(*text)++;
		(*length)--;
	}
}

/* The length of a line up to its comment and the blanks before that. */
static size_t length_without_comment(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((text[i] != '#' && text[i] != ';') || (i && !is_blank(text[i - 1])))
			continue;
		for (length = i; length && is_blank(text[length - 1]);)
			length--;
	}
	return length;
}

/* A control character is no part of any value, and a terminal would obey it. */
static bool has_control_character(struct config_line *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line->text[i];

		if ((c >= ' ' || c == '\t') && c != 0x7f)
			continue;
		snprintf(line->control, sizeof(line->control), "\\x%02x", c);
		line->expected = "text without NUL and other control characters";
		return true;
	}
	return false;
}

/* Without its "]" a section still has a name: what follows is meant for it. */
static void split_section(struct config_line *line)
{
	const char *close = memchr(line->text, ']', line->length);
	size_t end = close ? (size_t)(close - line->text) : line->length;

	line->is_section = true;
	line->name = line->text + 1;
	line->name_length = end - 1;
	trim(&line->name, &line->name_length);
	if (line->expected)
		return;
	if (!close)
		line->expected = "a ']' that ends the section's name";
	else if (end + 1 < line->length)
		line->expected = "nothing after the ']' of a section but a blank and a comment";
}

static void split_key(struct config_line *line, size_t length)
{
	size_t i = 0;

	while (i < line->length && line->text[i] != '=' && line->text[i] != ':')
		i++;
	if (i == line->length) {
		if (!line->expected)
			line->expected = "KEY = VALUE or a [SECTION]";
		return;
	}
	line->name = line->text;
	line->name_length = i;
	trim(&line->name, &line->name_length);
	line->value = line->text + i + 1;
	length -= i + 1;
	trim(&line->value, &length);
	/* The value may be nothing but a comment. */
	if (line->value < line->text + line->length)
		line->value_length = (size_t)(line->text + line->length - line->value);
}

bool config_lines_next(struct config_lines *lines, struct config_line *ret)
{
	while (lines->next < lines->end) {
		char *text = lines->next;
		char *newline = memchr(text, '\n', (size_t)(lines->end - text));
		size_t length = (size_t)((newline ? newline : lines->end) - text);

		lines->next = text + length + (newline != NULL);
		lines->number++;
		if (length && text[length - 1] == '\r')
			length--;
		trim(&text, &length);
		text[length] = '\0';
		*ret = (struct config_line){.number = lines->number, .text = text};
		ret->length = length_without_comment(text, length);
		if (!has_control_character(ret, length)) {
			if (!ret->length)
				continue;
			if (ret->length > CONFIG_LINE_MAX)
				ret->expected = "a line of at most 4095 bytes";
		}
		if (text[0] == '[')
			split_section(ret);
		else
			split_key(ret, length);
		return true;
	}
	return false;
}

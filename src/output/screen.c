/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/screen.h"

#include "basic/macro.h"

#include <string.h>

/* ECMA-48 (ISO 6429), which every terminal but a dumb one knows. */
#define CURSOR_HOME "\033[H"
#define ERASE_LINE  "\033[K"
#define ERASE_BELOW "\033[J"
#define PLAIN       "\033[0m"

/* How many columns the character at s takes, at most; *ret_length is that of its UTF-8. */
static unsigned character_width(const char *s, size_t *ret_length)
{
	unsigned char c = (unsigned char)*s;

	*ret_length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	/* Some from U+0800 on are wide; which, the terminal decides. */
	return *ret_length >= 3 ? 2 : 1;
}

/* The length of the escape sequence at s ("ESC [ ... letter"), 0 where there is none. */
static size_t escape_length(const char *s)
{
	size_t length = 2;

	if (s[0] != '\033' || s[1] != '[')
		return 0;
	length += strspn(s + length, "0123456789;");
	return length + (s[length] != '\0');
}

static unsigned line_width(const char *line, size_t length)
{
	unsigned width = 0;

	for (const char *end = line + length; line < end;) {
		size_t step = escape_length(line);

		width += step ? 0 : character_width(line, &step);
		line += step;
	}
	return width;
}

/* Prints a line up to a column. Returns how many columns it takes. */
static unsigned print_until(FILE *out, const char *line, size_t length, unsigned columns)
{
	unsigned column = 0;

	for (const char *end = line + length; line < end;) {
		size_t step = escape_length(line);
		unsigned width = step ? 0 : character_width(line, &step);

		if (column + width > columns)
			break;
		column += width;
		fwrite(line, 1, MIN(step, (size_t)(end - line)), out);
		line += step;
	}
	return column;
}

/* A number that is cut must not pass for a smaller one: what is cut ends in ">". */
static unsigned print_cut(FILE *out, const char *line, size_t length, unsigned columns)
{
	unsigned column;

	if (line_width(line, length) <= columns)
		return print_until(out, line, length, columns);
	column = print_until(out, line, length, columns - 1);
	fputc('>', out);
	return column + 1;
}

void screen_print(FILE *out, const char *text, unsigned rows, unsigned columns, bool color)
{
	fputs(CURSOR_HOME, out);
	for (unsigned row = 0; row < rows && *text; row++) {
		size_t length = strcspn(text, "\n");
		unsigned column;

		if (row)
			fputs("\r\n", out);
		column = print_cut(out, text, length, columns);
		if (color)
			fputs(PLAIN, out);
		if (column < columns)
			fputs(ERASE_LINE, out);
		text += length + (text[length] == '\n');
		if (!*text && row + 1 < rows)
			fputs("\r\n" ERASE_BELOW, out);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the text of a configuration file apart, line by line. A line is a [SECTION], KEY = VALUE
 * (or KEY: VALUE), or a comment; nothing goes on in the next line. A comment begins with "#" or
 * ";", at the start of a line or after a blank. A byte order mark at the start of the text is
 * passed over, and so is the CR of a line that ends in CR LF.
 */
#ifndef TCPSTATED_CONFIG_LINES_H
#define TCPSTATED_CONFIG_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a line without its comment. More is a mistake, not a command. */
#define CONFIG_LINE_MAX 4095

struct config_lines {
	char *next, *end; /* of the text */
	unsigned number;  /* of the line before next; the first line is 1 */
};

/* A line that says something. All of it points into the text. */
struct config_line {
	unsigned number;
	/* without the blanks around it; its end is a NUL */
	char *text;
	size_t length; /* of text up to its comment and the blanks before that */
	/* A section's name without blanks around it, or a key. Not NUL-terminated. */
	bool is_section;
	char *name; /* NULL: neither */
	size_t name_length;
	/* of a key: the rest of text, comment included; value[value_length] is where that begins */
	char *value;
	size_t value_length;
	/* What was expected in place of what the line is as a whole; NULL: nothing is wrong. */
	const char *expected;
	/* The control character that is wrong, as "\x00"; empty: text is. */
	char control[5];
};

/* Starts with a text of so many bytes, whose end is a NUL; it is written to. */
struct config_lines config_lines_of(char *text, size_t size);

/* Finds the next line that is neither empty nor a comment. Returns false after the last one. */
bool config_lines_next(struct config_lines *lines, struct config_line *ret);

#endif

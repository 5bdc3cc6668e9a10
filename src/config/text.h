/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the text of a configuration file apart with libinih, and keeps it from what libinih would
 * do silently: cut a line at 200 bytes and a section at 50, take an indented line for the rest of
 * the one before, ignore what stands behind a section.
 */
#ifndef TCPSTATED_CONFIG_TEXT_H
#define TCPSTATED_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Room for a line without its comment, and for what is between "[" and "]" (MAX_SECTION of ini.c),
 * each with its NUL. */
#define CONFIG_LINE_SIZE    4096
#define CONFIG_SECTION_SIZE 50

/* What is told of each line; the first line is 1. A negative return value ends the reading. */
struct config_text_events {
	int (*section)(void *user, unsigned line, const char *name);
	/* value may be written to. has_comment: something behind " ;" was left out. */
	int (*pair)(void *user, unsigned line, const char *key, char *value, bool has_comment);
	/* A line that is neither: what is wrong with it, and what was expected in its place. */
	int (*mistake)(void *user, unsigned line, const char *word, const char *expected);
	/* What stands in a section that was a mistake is not told. */
};

/* Returns 0, what an event returned, or -EINVAL when libinih ended before the text did. */
int config_text_read(
	const char *text, size_t size, const struct config_text_events *events, void *user);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text.h"

#include "basic/cleanup.h"
#include "basic/macro.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

/* What libinih was last given. */
enum handed {
	HANDED_NOTHING, /* an empty line in place of a comment or of a mistake */
	HANDED_SECTION,
	HANDED_PAIR,
};

struct reader {
	const struct config_text_events *events;
	void *user;
	const char *next, *end; /* of the text */
	unsigned number;        /* of the line */
	enum handed handed;
	bool is_lost;                /* since a section that was a mistake */
	bool has_comment;            /* the line has one */
	char line[CONFIG_LINE_SIZE]; /* without blanks around it, and without its comment */
	const char *rest;            /* of the line: what libinih did not get yet; NULL: none */
	/* what libinih made of it */
	bool is_answered;
	char section[CONFIG_SECTION_SIZE];
	char key[CONFIG_LINE_SIZE], value[CONFIG_LINE_SIZE];
	int error; /* of an event */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void report_mistake(struct reader *r, const char *word, const char *expected)
{
	/* Whose keys would follow is not known. */
	if (r->line[0] == '[')
		r->is_lost = true;
	r->error = r->events->mistake(r->user, r->number, word, expected);
}

/* Takes the next line out of the text, up to where it gets too long; NULL behind the last one. */
static const char *take_line(struct reader *r, size_t *ret_length)
{
	const char *start = r->next, *newline;
	size_t left = (size_t)(r->end - start), length;

	if (left == 0)
		return NULL;
	newline = memchr(start, '\n', left);
	length = newline ? (size_t)(newline - start) : left;
	r->next = newline ? newline + 1 : r->end;
	r->number++;
	if (length && start[length - 1] == '\r')
		length--;
	while (length && is_blank(*start)) {
		start++;
		length--;
	}
	*ret_length = length;
	return start;
}

/* The length of a line up to the blank before its " ;", or up to its end. */
static size_t length_without_comment(const char *line, size_t length)
{
	if (length && (line[0] == ';' || line[0] == '#'))
		return 0;
	for (size_t i = 1; i < length; i++)
		if (line[i] == ';' && is_blank(line[i - 1]))
			return i - 1;
	return length;
}

/* Returns NULL when there is none. */
static const char *find_control_character(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return line + i;
	}
	return NULL;
}

/* libinih would ignore what is wrong here. */
static const char *section_mistake(const char *line)
{
	const char *close = strchr(line, ']');

	if (!close)
		return "a ']' that ends the section's name";
	if (close[1])
		return "nothing but a comment, which begins with ' ;', behind the ']' of a section";
	if (close - line > CONFIG_SECTION_SIZE)
		return "a section of at most 49 bytes between '[' and ']'";
	return NULL;
}

/* Says what is wrong with a line as a whole. Returns false when nothing is. */
static bool refuse(struct reader *r, const char *line, size_t length, bool is_long)
{
	const char *control = find_control_character(line, length), *mistake = NULL;
	char code[8];

	if (control) {
		snprintf(code, sizeof(code), "\\x%02x", (unsigned char)*control);
		report_mistake(r, code, "text without NUL and other control characters");
		return true;
	}
	if (is_long)
		mistake = "a line of at most 4095 bytes";
	else if (r->line[0] == '[')
		mistake = section_mistake(r->line);
	if (mistake)
		report_mistake(r, r->line, mistake);
	return mistake;
}

/* Copies a line to where libinih gets it from. Returns false when there is nothing in it, or a
 * mistake, which was told. */
static bool prepare(struct reader *r, const char *line, size_t length)
{
	size_t kept = length_without_comment(line, length);
	bool is_long;

	r->has_comment = kept < length;
	while (kept && is_blank(line[kept - 1]))
		kept--;
	is_long = kept >= sizeof(r->line);
	kept = MIN(kept, sizeof(r->line) - 1);
	memcpy(r->line, line, kept);
	r->line[kept] = '\0';
	return !refuse(r, line, length, is_long) && kept;
}

/*
 * How much of a text that is too long goes into one line for libinih. The rest goes into a second
 * one that begins with a blank, which libinih takes for more of the same value. It removes blanks
 * at both ends, so none may stand there, nor what begins a comment. Returns 0 when there is no such
 * place.
 */
static size_t piece_length(const char *text, size_t size_max)
{
	size_t length = strlen(text);

	if (length <= size_max)
		return length;
	for (length = size_max; length > 0; length--)
		if (!is_blank(text[length - 1]) && !is_blank(text[length]) && text[length] != ';' &&
			text[length] != '#')
			break;
	return length;
}

/* Hands the line, or what is left of it, to libinih. */
static char *hand_over(struct reader *r, char *buffer, size_t size)
{
	/* Behind the blank, before the newline and the NUL. */
	size_t length = piece_length(r->rest, size - 3), start = 0;
	bool is_first = r->rest == r->line;

	if (length == 0 || (is_first && r->rest[length] && strcspn(r->rest, "=:") >= length)) {
		report_mistake(r, r->line, "a shorter line, of the form KEY = VALUE");
		r->handed = HANDED_NOTHING;
		r->rest = NULL;
		return strcpy(buffer, "\n");
	}
	if (!is_first)
		buffer[start++] = ' ';
	memcpy(buffer + start, r->rest, length);
	strcpy(buffer + start + length, "\n");
	r->rest = r->rest[length] ? r->rest + length : NULL;
	return buffer;
}

/* Tells of what was handed over, once libinih has seen all of it. */
static void validate(struct reader *r)
{
	enum handed handed = r->handed;

	r->handed = HANDED_NOTHING;
	if (handed == HANDED_SECTION) {
		r->is_lost = false;
		r->error = r->events->section(r->user, r->number, r->section);
	} else if (handed == HANDED_PAIR && !r->is_answered) {
		report_mistake(r, r->line, "KEY = VALUE or a [SECTION]");
	} else if (handed == HANDED_PAIR && !r->is_lost) {
		r->error = r->events->pair(r->user, r->number, r->key, r->value, r->has_comment);
	}
}

/* As fgets(), for libinih. */
static char *read_line(char *buffer, int size, void *stream)
{
	struct reader *r = stream;
	const char *line;
	size_t length;

	if (r->rest)
		return hand_over(r, buffer, (size_t)size);
	/* libinih tells of a section by its keys only: this makes it tell of each. */
	if (r->handed == HANDED_SECTION && !r->is_answered)
		return strcpy(buffer, "=\n");
	validate(r);
	if (r->error < 0)
		return NULL;
	line = take_line(r, &length);
	if (!line)
		return NULL;
	if (!prepare(r, line, length))
		return strcpy(buffer, "\n");
	r->handed = r->line[0] == '[' ? HANDED_SECTION : HANDED_PAIR;
	r->is_answered = false;
	r->key[0] = r->value[0] = '\0';
	r->rest = r->line;
	return hand_over(r, buffer, (size_t)size);
}

static int answer(void *user, const char *section, const char *key, const char *value)
{
	struct reader *r = user;
	size_t used = strlen(r->value);

	/* All of it comes out of one line, so that it fits. */
	if (!r->is_answered) {
		snprintf(r->section, sizeof(r->section), "%s", section);
		snprintf(r->key, sizeof(r->key), "%s", key);
	}
	snprintf(r->value + used, sizeof(r->value) - used, "%s", value);
	r->is_answered = true;
	return 1;
}

int config_text_read(
	const char *text, size_t size, const struct config_text_events *events, void *user)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	cleanup_(freep) struct reader *r = calloc(1, sizeof(*r));
	size_t skipped = size >= 3 && memcmp(text, byte_order_mark, 3) == 0 ? 3 : 0;

	if (!r)
		return -ENOMEM;
	r->events = events;
	r->user = user;
	r->next = text + skipped;
	r->end = text + size;
	/* Its own errors are lines that it did not answer to, and those were told. */
	(void)ini_parse_stream(read_line, r, answer, r);
	if (r->error < 0)
		return r->error;
	return r->next < r->end || r->handed != HANDED_NOTHING ? -EINVAL : 0;
}

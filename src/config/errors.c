/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of mistakes. */
#include "basic/cleanup.h"
#include "config/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file of something else has a mistake in every line; nobody reads a thousand of them. */
#define ERRORS_MAX 1000

/* How much of a wrong word is quoted. */
#define WORD_SIZE 64

/* Any path on the command line (MAX_ARG_STRLEN is 128 KiB), and what is said about it. */
#define SENTENCE_SIZE_MAX ((size_t)256 << 10)

static bool allocate(struct config_errors *errors)
{
	/* One more is for the sentence that there are more. */
	if (!errors->list)
		errors->list = calloc(ERRORS_MAX + 1, sizeof(*errors->list));
	if (!errors->places)
		errors->places = calloc(ERRORS_MAX + 1, sizeof(*errors->places));
	return errors->list && errors->places;
}

/* Adds a sentence after those of the same place and before those of later ones. */
static void add(struct config_errors *errors, uint64_t place, struct string *sentence)
{
	size_t i = errors->count;
	char *text;

	if (i == ERRORS_MAX) {
		place = UINT64_MAX;
		string_cut(sentence, 0);
		string_addf(sentence, "there are more mistakes than these %d", ERRORS_MAX);
	}
	if (i > ERRORS_MAX)
		return;
	if (!allocate(errors) || string_take(sentence, &text, NULL) < 0) {
		errors->error = -ENOMEM;
		return;
	}
	for (; i && errors->places[i - 1] > place; i--) {
		errors->list[i] = errors->list[i - 1];
		errors->places[i] = errors->places[i - 1];
	}
	errors->list[i] = text;
	errors->places[i] = place;
	errors->count++;
}

static uint64_t place_of(const struct config_file *file, unsigned line)
{
	return (uint64_t)file->number << 32 | line;
}

static void add_quoted(struct string *sentence, const char *word, size_t length)
{
	char buffer[WORD_SIZE];
	struct string start = STRING_IN(buffer);

	string_add_bytes(&start, word, length);
	string_add(sentence, "'");
	string_add_printable(sentence, buffer);
	string_add(sentence, start.error ? "...'" : "'");
}

void config_errors_expected(struct config_errors *errors, const struct value_origin *at,
	const char *word, size_t length, const char *format, ...)
{
	cleanup_(string_release) struct string sentence = string_up_to(SENTENCE_SIZE_MAX);
	va_list args;

	string_add_printable(&sentence, at->file->name);
	string_addf(&sentence, ":%u: ", at->line);
	add_quoted(&sentence, word, length);
	string_add(&sentence, ": expected ");
	va_start(args, format);
	string_addv(&sentence, format, args);
	va_end(args);
	add(errors, place_of(at->file, at->line), &sentence);
}

void expectation_start(struct expectation *e, const char *word, size_t length)
{
	e->text = STRING_IN(e->buffer);
	e->nearest = nearest_to(word, length);
}

void expectation_add_word(struct expectation *e, const char *separator, const char *word)
{
	string_add(&e->text, separator);
	string_add(&e->text, word);
	nearest_offer(&e->nearest, word);
}

void expectation_list_once(
	struct expectation *e, size_t start, unsigned list, struct config_errors *errors)
{
	if (errors->listed >> list & 1) {
		string_cut(&e->text, start);
		string_add(&e->text, "as listed above");
	}
	errors->listed |= UINT64_C(1) << list;
}

void config_errors_expectation(struct config_errors *errors, const struct value_origin *at,
	const char *word, size_t length, const struct expectation *e)
{
	const char *candidate = e->nearest.candidate;

	config_errors_expected(errors, at, word, length, "%s%s%s%s", e->buffer,
		candidate ? "; did you mean '" : "", candidate ? candidate : "",
		candidate ? "'?" : "");
}

void config_refuse_word(const struct value *v, const char *word, size_t length, unsigned list)
{
	struct expectation e;
	size_t start;

	expectation_start(&e, word, length);
	if (length)
		string_addf(&e.text, "for %s: ", v->row->name);
	else
		string_add(&e.text, word ? "no empty part in its list: " : "a value: ");
	start = e.text.length;
	e.list = list;
	if (v->row->type->expect)
		v->row->type->expect(v->row, &e);
	else
		string_add(&e.text, v->row->type->expected);
	if (v->row->type->has_long_list)
		expectation_list_once(&e, start, list, v->errors);
	if (!length) {
		word = v->row->name;
		length = strlen(word);
	}
	config_errors_expectation(v->errors, &v->at, word, length, &e);
}

void config_errors_file(struct config_errors *errors, const struct config_file *file,
	const char *suffix, const char *sentence)
{
	cleanup_(string_release) struct string text = string_up_to(SENTENCE_SIZE_MAX);

	string_add_printable(&text, file->name);
	string_addf(&text, "%s: %s", suffix, sentence);
	add(errors, place_of(file, *suffix ? UINT32_MAX : 0), &text);
}

void config_errors_release(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		free(errors->list[i]);
	free(errors->list);
	free(errors->places);
	*errors = (struct config_errors){0};
}

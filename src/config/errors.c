/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of mistakes. */
#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/utf8.h"
#include "config/private.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* A file of something else has a mistake in every line; who reads a thousand of them? */
#define ERRORS_MAX 1000

/* How much of a wrong word is told. */
#define WORD_SIZE 64

int config_errors_add(struct config_errors *errors, char *sentence)
{
	cleanup_(freep) char *owned = sentence;
	char **larger;

	if (!owned)
		return -ENOMEM;
	if (errors->count > ERRORS_MAX)
		return 0;
	if (errors->count == ERRORS_MAX) {
		free(owned);
		owned = strdup("there are more mistakes than these 1000");
		if (!owned)
			return -ENOMEM;
	}
	larger = realloc(errors->list, (errors->count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	errors->list = larger;
	errors->list[errors->count++] = TAKE_PTR(owned);
	return 0;
}

int config_errors_expected(struct config_errors *errors, const struct value_origin *at,
	const char *word, size_t length, const char *format, ...)
{
	char text[WORD_SIZE], printable[WORD_SIZE];
	cleanup_(freep) char *expected = NULL;
	char *sentence;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&expected, format, args);
	va_end(args);
	if (r < 0) {
		expected = NULL;
		return -ENOMEM;
	}
	snprintf(text, sizeof(text), "%.*s", (int)MIN(length, sizeof(text)), word);
	r = asprintf(&sentence, "%s:%u: '%s%s': expected %s", at->file, at->line,
		utf8_printable(printable, sizeof(printable), text),
		length >= sizeof(text) ? "..." : "", expected);
	return config_errors_add(errors, r < 0 ? NULL : sentence);
}

void config_errors_release(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		free(errors->list[i]);
	free(errors->list);
	*errors = (struct config_errors){0};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as the configuration. It is refused with sentences that a terminal can show, or it is
 * printed as a text that reads back the same.
 */
#include "config/config.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/utf8.h"

#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[32];

/* Reads it from a file in memory, which is made once. */
static int load(const char *text, size_t size, struct config **ret, struct config_errors *errors)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("configuration", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, size, 0) != (ssize_t)size)
		abort();
	return config_load(path, ret, errors);
}

/* Each is about a line of the file, in their order, and can be shown on a terminal. */
static void check_errors(const struct config_errors *errors)
{
	unsigned long last = 0;

	if (!errors->count)
		abort();
	for (size_t i = 0; i < errors->count; i++) {
		const char *sentence = errors->list[i];

		if (i < 1000) {
			unsigned long line = 0;

			if (strncmp(sentence, path, strlen(path)) == 0)
				line = strtoul(sentence + strlen(path) + 1, NULL, 10);
			if (!line || line < last)
				abort();
			last = line;
		}
		while (*sentence) {
			size_t length = utf8_printable_length(sentence);

			if (!length)
				abort();
			sentence += length;
		}
	}
}

/* Prints it, and reads what was printed; the caller frees both. */
static struct config *print_and_read(const struct config *c, char **ret_text)
{
	struct config_errors errors = {0};
	struct config *read = NULL;
	size_t size;
	FILE *out = open_memstream(ret_text, &size);

	if (!out)
		abort();
	config_print(c, out);
	if (fclose(out) == EOF || load(*ret_text, size, &read, &errors) < 0)
		abort();
	return read;
}

/* The two are equal apart from the origins, which follow " ;" or a ";" at the start of a line. */
static void check_same(const char *a, const char *b)
{
	while (*a && *b) {
		size_t length_a = strcspn(a, "\n"), length_b = strcspn(b, "\n");
		const char *comment_a = *a == ';' ? a : strstr(a, " ;");
		const char *comment_b = *b == ';' ? b : strstr(b, " ;");
		size_t kept_a = comment_a ? MIN(length_a, (size_t)(comment_a - a)) : length_a;
		size_t kept_b = comment_b ? MIN(length_b, (size_t)(comment_b - b)) : length_b;

		if (kept_a != kept_b || memcmp(a, b, kept_a) != 0)
			abort();
		a += length_a + (a[length_a] != '\0');
		b += length_b + (b[length_b] != '\0');
	}
	if (*a || *b)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(config_errors_release) struct config_errors errors = {0};
	cleanup_(config_freep) struct config *first = NULL, *second = NULL, *third = NULL;
	cleanup_(freep) char *text_first = NULL, *text_second = NULL;

	if (load((const char *)data, size, &first, &errors) < 0) {
		check_errors(&errors);
		return 0;
	}
	if (errors.count)
		abort();
	second = print_and_read(first, &text_first);
	third = print_and_read(second, &text_second);
	check_same(text_first, text_second);
	return 0;
}

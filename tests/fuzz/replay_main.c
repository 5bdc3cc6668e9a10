/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for libFuzzer where the build has none: feeds each file of the target's corpus to it
 * once, so that every seed and every input that ever broke it is an ordinary test. A finding is a
 * crash, which the TAP driver reports.
 */
#include "basic/cleanup.h"
#include "basic/file.h"
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define INPUT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay(const char *directory, const char *name, int number)
{
	cleanup_(freep) char *path = NULL;
	cleanup_(freep) char *bytes = NULL;
	size_t size;
	int r;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return -1;
	r = file_read(path, INPUT_MAX, &bytes, &size);
	if (r < 0) {
		printf("not ok %d - %s: %s\n", number, name, strerror(-r));
		return r;
	}
	/* For tests/watchdog. */
	printf("# running: %s\n", name);
	LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
	printf("ok %d - %s\n", number, name);
	return 0;
}

/* tests/fuzz/fuzz_TARGET has its corpus in tests/fuzz/corpus/TARGET of the source tree. */
static char *corpus_of(const char *program)
{
	static const char prefix[] = "/fuzz_";
	const char *target = strstr(program, prefix), *source = getenv("TOP_SRCDIR");
	char *directory;

	if (!target || asprintf(&directory, "%s/tests/fuzz/corpus/%s", source ? source : ".",
			       target + strlen(prefix)) < 0)
		return NULL;
	return directory;
}

int main(int argc, char **argv)
{
	cleanup_(freep) char *directory = corpus_of(argv[0]);
	struct dirent **entries;
	int count, failed = 0;

	(void)argc;
	if (!directory)
		return EXIT_FAILURE;
	count = scandir(directory, &entries, is_visible, alphasort);
	if (count <= 0) {
		printf("Bail out! no corpus in %s\n", directory);
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		failed += replay(directory, entries[i]->d_name, i + 1) < 0;
		free(entries[i]);
	}
	free(entries);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

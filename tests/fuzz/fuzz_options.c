/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any command line: its words are separated by NUL bytes. */
#include "command/options.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options;
	char name[] = "tcpstated";
	char *argv[WORDS_MAX + 2] = {name};
	char text_of_error[512];
	struct string error = STRING_IN(text_of_error);
	int argc = 1;
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *word = text; word < text + size && argc <= WORDS_MAX; word += strlen(word) + 1)
		argv[argc++] = word;
	/* Every refusal says why. */
	if (options_parse(argc, argv, &options, &error) < 0 && !error.length)
		abort();
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anything at all in place of an event that a state file keeps. */
#include "basic/cleanup.h"
#include "output/event_json.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The document of what a text says; NULL when it is no event. */
static char *read_and_write(const char *text, size_t size)
{
	struct alert_event e;
	char *again = NULL;

	if (event_json_parse(text, size, &e) == 0 && event_json_format(&e, &again) < 0)
		abort();
	return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(freep) char *once = read_and_write((const char *)data, size);
	cleanup_(freep) char *twice = once ? read_and_write(once, strlen(once)) : NULL;

	/* What it wrote itself, it reads, and says the same again. */
	if (once && (!twice || strcmp(once, twice) != 0))
		abort();
	return 0;
}

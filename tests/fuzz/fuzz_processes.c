/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anything at all in place of what a recording holds of processes. */
#include "kernel/owners/processes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood is written as it was read, but for what need not have been escaped. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct processes p, again;
	char *first, *second;

	if (processes_parse((const char *)data, size, &p) < 0)
		return 0;
	if (processes_format(&p, &first) < 0 || processes_parse(first, strlen(first), &again) < 0 ||
		processes_format(&again, &second) < 0 || strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	processes_release(&p);
	processes_release(&again);
	return 0;
}

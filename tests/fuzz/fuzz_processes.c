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
	struct string first = string_up_to(SIZE_MAX), second = string_up_to(SIZE_MAX);

	if (processes_parse((const char *)data, size, &p) < 0)
		return 0;
	processes_format(&p, &first);
	if (first.error || processes_parse(first.text, first.length, &again) < 0)
		abort();
	processes_format(&again, &second);
	if (second.error || strcmp(first.text, second.text) != 0)
		abort();
	string_release(&first);
	string_release(&second);
	processes_release(&p);
	processes_release(&again);
	return 0;
}

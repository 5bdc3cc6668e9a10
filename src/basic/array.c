/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/array.h"

#include "basic/macro.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Most lists are short: the first allocation fits them. */
#define ALLOCATED_MIN ((size_t)8)

int array_grow(void *list, size_t *allocated, size_t needed, size_t element_size)
{
	size_t larger;
	void *old, *new;

	if (needed <= *allocated)
		return 0;
	larger = MAX(MAX(2 * *allocated, needed), ALLOCATED_MIN);
	/* By memcpy(): the pointer's own type is the caller's. */
	memcpy(&old, list, sizeof(old));
	new = reallocarray(old, larger, element_size);
	if (!new)
		return -ENOMEM;
	memcpy(list, &new, sizeof(new));
	*allocated = larger;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any path of a cgroup. */
#include "model/owner.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = malloc(size + 1);
	struct owner owner;

	if (!path)
		abort();
	memcpy(path, data, size);
	path[size] = '\0';
	memset(&owner, 'x', sizeof(owner));
	owner_from_path(path, &owner);
	/* Everybody is called something, and nothing runs out of its field. */
	if (owner.kind >= OWNER_KINDS || !owner.name[0] || !name_of(owner_kind_names, owner.kind) ||
		!memchr(owner.name, '\0', sizeof(owner.name)) ||
		!memchr(owner.unit, '\0', sizeof(owner.unit)))
		abort();
	if ((owner.kind == OWNER_UNIT || owner.kind == OWNER_USER_UNIT) && !owner.unit[0])
		abort();
	free(path);
	return 0;
}

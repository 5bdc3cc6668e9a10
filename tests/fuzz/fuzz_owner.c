/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any path of a cgroup. */
#include "model/owner.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define USER "/user.slice/user-1000.slice/user@1000.service/"
#define UNIT "/system.slice/evil.service/"

/* Whoever owns a cgroup gives those below it any name, but keeps the own one. */
static void check_below(const char *prefix, const char *path)
{
	char *joined = malloc(strlen(prefix) + strlen(path) + 1);
	const char *suffix;
	struct owner o;

	if (!joined)
		abort();
	strcpy(joined, prefix);
	strcat(joined, path);
	owner_from_path(joined, &o);
	suffix = strcmp(prefix, USER) != 0             ? "evil.service"
		 : strcmp(o.name, "user@1000.service") ? " of user 1000"
						       : "";
	if (strlen(o.name) < strlen(suffix) ||
		strcmp(o.name + strlen(o.name) - strlen(suffix), suffix) != 0)
		abort();
	if (o.kind == OWNER_UNIT && strcmp(o.unit, *suffix == 'e' ? suffix : "user@1000.service"))
		abort();
	if (strncmp(o.cgroup, prefix, strlen(prefix) - 1) != 0)
		abort();
	free(joined);
}

static void check(const char *path)
{
	struct owner owner, again;

	memset(&owner, 'x', sizeof(owner));
	owner_from_path(path, &owner);
	/* Everybody is called something, and nothing runs out of its field. */
	if (owner.kind >= OWNER_KINDS || !owner.name[0] || !name_of(owner_kind_names, owner.kind) ||
		!memchr(owner.name, '\0', sizeof(owner.name)) ||
		!memchr(owner.unit, '\0', sizeof(owner.unit)) ||
		!memchr(owner.container, '\0', sizeof(owner.container)) ||
		!memchr(owner.user, '\0', sizeof(owner.user)))
		abort();
	if ((owner.kind == OWNER_UNIT || owner.kind == OWNER_USER_UNIT) && !owner.unit[0])
		abort();
	owner_from_path(owner.cgroup, &again);
	if (memcmp(&owner, &again, sizeof(owner)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = malloc(size + 1);

	if (!path)
		abort();
	memcpy(path, data, size);
	path[size] = '\0';
	check(path);
	check_below(USER, path);
	check_below(UNIT, path);
	free(path);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/owners/users.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/escape.h"
#include "basic/macro.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>

#define ATTACHMENT_NAME "users"

/* What the whole entry of a user may take. Most fit into the first. */
#define ENTRY_SIZE_FIRST 1024
#define ENTRY_SIZE_MAX   ((size_t)1 << 16)

struct user {
	uint32_t uid;
	char name[USER_NAME_MAX];
};

struct users {
	bool is_replayed;
	struct user *list;
	size_t count, allocated;
};

/* Returns 0 or a positive errno, as getpwuid_r() does; without a name *ret_name is NULL. */
static int read_entry(uint32_t uid, char **buffer, const char **ret_name)
{
	struct passwd entry, *found = NULL;
	int error = ERANGE;

	*ret_name = NULL;
	for (size_t size = ENTRY_SIZE_FIRST; error == ERANGE && size <= ENTRY_SIZE_MAX; size *= 2) {
		char *larger = realloc(*buffer, size);

		if (!larger)
			return ENOMEM;
		*buffer = larger;
		error = getpwuid_r(uid, &entry, larger, size, &found);
	}
	if (error == 0 && found)
		*ret_name = found->pw_name;
	return error;
}

static void number_as_name(uint32_t uid, char ret[USER_NAME_MAX])
{
	snprintf(ret, USER_NAME_MAX, "%" PRIu32, uid);
}

void user_name(uint32_t uid, char ret[USER_NAME_MAX])
{
	cleanup_(freep) char *buffer = NULL;
	const char *name;

	if (read_entry(uid, &buffer, &name) == 0 && name && name[0] && strlen(name) < USER_NAME_MAX)
		strcpy(ret, name);
	else
		number_as_name(uid, ret);
}

static const struct user *find_user(const struct users *u, uint32_t uid)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i].uid == uid)
			return &u->list[i];
	return NULL;
}

/* Where memory is short, or there are too many, it is not remembered. */
static bool add_user(struct users *u, uint32_t uid, const char *name)
{
	if (u->count == USERS_MAX)
		return false;
	if (ARRAY_GROW(u->list, u->allocated, u->count + 1) < 0)
		return false;
	u->list[u->count].uid = uid;
	strcpy(u->list[u->count].name, name);
	u->count++;
	return true;
}

/* A line for each, uid and name. Returns false for anything else. */
static bool parse_users(struct users *u, const char *text, size_t size)
{
	const char *at = text, *end = text + size;

	while (at < end) {
		char name[USER_NAME_MAX];
		uint64_t uid;

		if (!escape_number(&at, end, UINT32_MAX, &uid) || !escape_pass(&at, end, ' ') ||
			!escape_take(&at, end, name, sizeof(name)) || !name[0] ||
			!escape_pass(&at, end, '\n') || !add_user(u, (uint32_t)uid, name))
			return false;
	}
	return true;
}

int users_new(struct source *source, struct users **ret)
{
	cleanup_(freep) char *text = NULL;
	struct users *u = calloc(1, sizeof(*u));
	size_t size;

	if (!u)
		return -ENOMEM;
	u->is_replayed = source->replayed;
	/* What is damaged tells no more than what is missing. */
	if (u->is_replayed && source->ops->read_file(source, ATTACHMENT_NAME, &text, &size) == 0 &&
		!parse_users(u, text, size))
		u->count = 0;
	*ret = u;
	return 0;
}

struct users *users_free(struct users *u)
{
	if (u) {
		free(u->list);
		free(u);
	}
	return NULL;
}

void users_freep(struct users **u)
{
	*u = users_free(*u);
}

void users_name(struct users *u, uint32_t uid, char ret[USER_NAME_MAX])
{
	const struct user *known = find_user(u, uid);

	if (known) {
		strcpy(ret, known->name);
	} else if (u->is_replayed) {
		number_as_name(uid, ret);
	} else {
		user_name(uid, ret);
		(void)add_user(u, uid, ret);
	}
}

int users_attach(const struct users *u, struct source *source)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < u->count; i++) {
		fprintf(f, "%" PRIu32 " ", u->list[i].uid);
		escape_put(f, u->list[i].name);
		putc('\n', f);
	}
	if (fclose(f) != 0)
		return -ENOMEM;
	return source->ops->note(source, ATTACHMENT_NAME, text);
}

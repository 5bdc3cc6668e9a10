/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/owners/users.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/escape.h"
#include "basic/number.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>

#define ATTACHMENT_NAME "users"

/* The buffer for the entry of a user; most entries fit into the first size. */
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

/* Finds the name in the entry of a user, which fills *buffer; NULL: none. */
static const char *read_name(uint32_t uid, char **buffer)
{
	struct passwd entry, *found = NULL;
	size_t allocated = 0;

	for (size_t size = ENTRY_SIZE_FIRST; size <= ENTRY_SIZE_MAX; size *= 2) {
		int error;

		if (ARRAY_GROW(*buffer, allocated, size) < 0)
			return NULL;
		error = getpwuid_r(uid, &entry, *buffer, allocated, &found);
		if (error != ERANGE)
			return error == 0 && found ? found->pw_name : NULL;
	}
	return NULL;
}

static void number_as_name(uint32_t uid, char ret[USER_NAME_MAX])
{
	snprintf(ret, USER_NAME_MAX, "%" PRIu32, uid);
}

void user_name(uint32_t uid, char ret[USER_NAME_MAX])
{
	cleanup_(freep) char *buffer = NULL;
	const char *name = read_name(uid, &buffer);

	if (name && name[0] && strlen(name) < USER_NAME_MAX)
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

/* Returns false when it cannot be remembered: there are too many, or memory is short. */
static bool add_user(struct users *u, uint32_t uid, const char *name)
{
	if (u->count == USERS_MAX || ARRAY_GROW(u->list, u->allocated, u->count + 1) < 0)
		return false;
	u->list[u->count].uid = uid;
	strcpy(u->list[u->count].name, name);
	u->count++;
	return true;
}

/* Reads a line for each: uid and name. Returns false for anything else. */
static bool parse_users(struct users *u, const char *text, size_t size)
{
	const char *at = text, *end = text + size;

	while (at < end) {
		char name[USER_NAME_MAX];
		uint64_t uid;

		if (scan_decimal(&at, end, UINT32_MAX, &uid) < 0 || !scan_literal(&at, end, " ") ||
			!escape_take(&at, end, name, sizeof(name)) || !name[0] ||
			!scan_literal(&at, end, "\n") || !add_user(u, (uint32_t)uid, name))
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
	/* A damaged attachment counts as missing. */
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
	struct string text = string_up_to(ATTACHMENT_MAX);

	for (size_t i = 0; i < u->count; i++) {
		const size_t length = text.length;

		string_addf(&text, "%" PRIu32 " ", u->list[i].uid);
		escape_add(&text, u->list[i].name);
		string_add_char(&text, '\n');
		if (text.error == -EOVERFLOW) {
			string_cut(&text, length);
			break;
		}
	}
	return source_attach(source, ATTACHMENT_NAME, &text);
}

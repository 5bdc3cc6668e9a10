/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poll/owners.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "basic/utf8.h"
#include "kernel/owners/cgroups.h"
#include "kernel/owners/users.h"
#include "model/owner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct owners {
	struct cgroups *cgroups;
	struct users *users; /* NULL: users are not named */
	char **texts;        /* that rows point to */
	size_t texts_count, texts_allocated;
};

int owners_new(struct source *source, bool users, struct owners **ret)
{
	cleanup_(owners_freep) struct owners *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	r = cgroups_new(source, &o->cgroups);
	if (r == 0 && users)
		r = users_new(source, &o->users);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(o);
	return 0;
}

static void forget_texts(struct owners *o)
{
	for (size_t i = 0; i < o->texts_count; i++)
		free(o->texts[i]);
	o->texts_count = 0;
}

struct owners *owners_free(struct owners *o)
{
	if (o) {
		forget_texts(o);
		free(o->texts);
		users_freep(&o->users);
		cgroups_freep(&o->cgroups);
		free(o);
	}
	return NULL;
}

/* Keeps the printable form of a text. */
static int keep_text(struct owners *o, const char *text, const char **ret)
{
	struct string copy = string_up_to(strlen(text) + 1);
	int r = ARRAY_GROW(o->texts, o->texts_allocated, o->texts_count + 1);

	string_add_printable(&copy, text);
	if (r == 0)
		r = string_take(&copy, &o->texts[o->texts_count], NULL);
	if (r < 0) {
		string_release(&copy);
		return r;
	}
	*ret = o->texts[o->texts_count++];
	return 0;
}

/* *ret is NULL when the owner is unknown. */
static int name_cgroup(struct owners *o, uint64_t id, const char **ret)
{
	const struct cgroup cgroup = cgroups_find(o->cgroups, id);
	char text[OWNER_NAME_MAX + 64];
	struct owner owner;

	*ret = NULL;
	if (cgroup.path)
		owner_from_path(cgroup.path, &owner);
	if (cgroup.fate != CGROUP_GONE)
		return cgroup.path ? keep_text(o, owner.name, ret) : 0;
	if (cgroup.path)
		STRING_PRINT(text, "a service that is gone (last %s)", owner.name);
	else
		STRING_PRINT(text, "a service that is gone");
	return keep_text(o, text, ret);
}

static int compare_cgroups(const void *a, const void *b)
{
	const struct port_tally *const *x = a, *const *y = b;
	const uint64_t m = (*x)->cgroup.value, n = (*y)->cgroup.value;

	return (m > n) - (m < n);
}

/* The listed rows with a known cgroup, those of one cgroup together, so that it is named once. */
static size_t sort_rows(struct port_tally **rows, struct tally *t, const struct snapshot *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->ports_count; i++) {
		struct port_tally *row = &t->rows[s->ports[i] - t->rows];

		if (row->cgroup.reported)
			rows[count++] = row;
	}
	qsort(rows, count, sizeof(struct port_tally *), compare_cgroups);
	return count;
}

/* Those of the sockets that have the local ports. */
static int name_port_room(struct owners *o, struct port_room *p)
{
	char user[OWNERS_USER_SIZE];
	int r = p->cgroup.reported ? name_cgroup(o, p->cgroup.value, &p->owner) : 0;

	if (r < 0 || !o->users || !p->uid.reported)
		return r;
	owners_user(o, (uint32_t)p->uid.value, user);
	return keep_text(o, user, &p->user);
}

int owners_name(struct owners *o, struct tally *t, struct snapshot *s)
{
	cleanup_(freep) struct port_tally **rows =
		calloc(MAX(s->ports_count, (size_t)1), sizeof(struct port_tally *));
	size_t count;
	int r = 0;

	if (!rows)
		return -ENOMEM;
	forget_texts(o);
	cgroups_start(o->cgroups);
	count = sort_rows(rows, t, s);
	for (size_t i = 0; i < count && r == 0; i++) {
		if (i && rows[i - 1]->cgroup.value == rows[i]->cgroup.value)
			rows[i]->owner = rows[i - 1]->owner;
		else
			r = name_cgroup(o, rows[i]->cgroup.value, &rows[i]->owner);
	}
	for (size_t i = 0; o->users && i < s->ports_count && r == 0; i++) {
		struct port_tally *row = &t->rows[s->ports[i] - t->rows];
		char name[OWNERS_USER_SIZE];

		if (!row->uid.reported)
			continue;
		owners_user(o, (uint32_t)row->uid.value, name);
		r = keep_text(o, name, &row->user);
	}
	return r < 0 ? r : name_port_room(o, &s->port_room);
}

int owners_name_sockets(struct owners *o, const struct tally *t, struct sock_list *l)
{
	int r = 0;

	for (size_t i = 0; i < l->count && r == 0; i++) {
		struct sock_observation *s = &l->list[i];
		const struct port_tally *row = tally_row(t, &s->service);

		/* Most have the cgroup of their port, which is named. */
		if (row && row->owner &&
			(!s->record.cgroup_id || s->record.cgroup_id == row->cgroup.value))
			s->owner = row->owner;
		else if (s->record.cgroup_id)
			r = name_cgroup(o, s->record.cgroup_id, &s->owner);
	}
	return r;
}

_Static_assert(OWNERS_USER_SIZE >= USER_NAME_MAX, "a user's name must fit");

void owners_user(struct owners *o, uint32_t uid, char ret[OWNERS_USER_SIZE])
{
	char raw[USER_NAME_MAX];

	if (o->users)
		users_name(o->users, uid, raw);
	else
		snprintf(raw, sizeof(raw), "%u", (unsigned)uid);
	utf8_printable(ret, OWNERS_USER_SIZE, raw);
}

int owners_attach(const struct owners *o, struct source *source)
{
	int r = cgroups_attach(o->cgroups, source);

	return r == 0 && o->users ? users_attach(o->users, source) : r;
}

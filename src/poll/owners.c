/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poll/owners.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "basic/utf8.h"
#include "judge/match.h"
#include "kernel/owners/cgroups.h"
#include "kernel/owners/users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How many owners are named; further ones are unknown. 5 MiB. */
#define NAMED_MAX 4096

/* What creators point to. */
struct named {
	struct owner owner;
	struct named *same; /* the one of all equal owners that counts */
	char user[OWNERS_USER_SIZE];
};

struct owners {
	struct cgroups *cgroups;
	struct users *users; /* NULL: users are not named */
	struct named **named;
	size_t named_count, named_allocated;
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

static void forget_named(struct owners *o)
{
	for (size_t i = 0; i < o->named_count; i++)
		free(o->named[i]);
	o->named_count = 0;
}

struct owners *owners_free(struct owners *o)
{
	if (o) {
		forget_named(o);
		free(o->named);
		users_freep(&o->users);
		cgroups_freep(&o->cgroups);
		free(o);
	}
	return NULL;
}

/* Makes room for one more. Returns 0, -ENOSPC, or -ENOMEM. */
static int add_named(struct owners *o, struct named **ret)
{
	struct named *n;

	if (o->named_count == NAMED_MAX)
		return -ENOSPC;
	if (ARRAY_GROW(o->named, o->named_allocated, o->named_count + 1) < 0)
		return -ENOMEM;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	o->named[o->named_count++] = n;
	*ret = n;
	return 0;
}

/* The user of a creator, or of most of its sockets; UID_OVERFLOW: unknown. */
static uint32_t uid_of(const struct creator *c)
{
	if (c->by_user)
		return c->uid;
	return c->uids.reported ? (uint32_t)c->uids.value : UID_OVERFLOW;
}

/* Root accepts for others: it says nothing of who has the sockets of an owner that only accepted
 * them, or that is gone. */
static bool has_user(const struct owner *o, uint32_t uid)
{
	return uid != UID_OVERFLOW && (uid || (!owner_is_acceptor(o) && !o->is_gone));
}

static void name_creator(struct owners *o, const struct creator *c, struct named *n)
{
	struct cgroup cgroup = {CGROUP_UNSEEN, NULL};

	const uint32_t uid = uid_of(c);

	if (uid != UID_OVERFLOW)
		owners_user(o, uid, n->user);
	if (c->cgroup)
		cgroup = cgroups_find(o->cgroups, c->cgroup);
	if (cgroup.path)
		owner_from_path(cgroups_below_root(o->cgroups, cgroup.path), &n->owner);
	/* Root may have accepted them for anybody. */
	else if (cgroup.fate != CGROUP_GONE && *n->user && uid)
		owner_from_user(n->user, &n->owner);
	if (cgroup.fate == CGROUP_GONE)
		owner_set_gone(&n->owner);
	if (!has_user(&n->owner, uid))
		*n->user = '\0';
	if (c->by_user && !*n->owner.user)
		snprintf(n->owner.user, sizeof(n->owner.user), "%.*s", OWNER_USER_MAX - 1, n->user);
}

static int compare_creators(const void *a, const void *b)
{
	const struct creator *const *x = a, *const *y = b;
	const uint32_t m = uid_of(*x), n = uid_of(*y);

	if ((*x)->cgroup != (*y)->cgroup)
		return (*x)->cgroup < (*y)->cgroup ? -1 : 1;
	if ((*x)->by_user != (*y)->by_user)
		return (*x)->by_user ? 1 : -1;
	return (m > n) - (m < n);
}

/* Every creator, those alike together, so that they are named once; room may be one too. The caller
 * frees *ret. */
static int list_creators(
	struct tally *t, struct creator *room, struct creator ***ret, size_t *ret_count)
{
	struct creator **list =
		calloc(t->rows_used + t->creators.used + 1, sizeof(struct creator *));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < t->rows_used; i++)
		if (t->rows[i].creators.first.reported)
			list[count++] = &t->rows[i].creators.first;
	for (size_t i = 0; i < t->creators.used; i++)
		list[count++] = &t->creators.list[i].creator;
	if (room->reported)
		list[count++] = room;
	qsort(list, count, sizeof(struct creator *), compare_creators);
	*ret = list;
	*ret_count = count;
	return 0;
}

/* Names each creator; ret_named has the entry of each, NULL where there is none. */
static int name_creators(
	struct owners *o, struct creator **list, size_t count, struct named **ret_named)
{
	for (size_t i = 0; i < count; i++) {
		int r;

		if (i && compare_creators(&list[i - 1], &list[i]) == 0) {
			ret_named[i] = ret_named[i - 1];
			continue;
		}
		r = add_named(o, &ret_named[i]);
		if (r == -ENOSPC)
			continue;
		if (r < 0)
			return r;
		name_creator(o, list[i], ret_named[i]);
	}
	return 0;
}

static int compare_named(const void *a, const void *b)
{
	const struct named *const *x = a, *const *y = b;
	const int order = owner_compare(&(*x)->owner, &(*y)->owner);

	/* Of those that are the same, one that still exists is first. */
	return order ? order : (*x)->owner.is_gone - (*y)->owner.is_gone;
}

/* A unit that was started again has another cgroup, and is the same owner. */
static void unite(struct owners *o)
{
	if (o->named_count)
		qsort(o->named, o->named_count, sizeof(struct named *), compare_named);
	for (size_t i = 0; i < o->named_count; i++) {
		struct named *n = o->named[i];

		n->same = i && owner_compare(&o->named[i - 1]->owner, &n->owner) == 0
				  ? o->named[i - 1]->same
				  : n;
	}
}

int owners_name(struct owners *o, struct tally *t, struct snapshot *s)
{
	struct port_room *p = &s->port_room;
	struct creator room = {
		.cgroup = p->cgroup.reported ? p->cgroup.value : 0,
		.reported = p->cgroup.reported || p->uid.reported,
		.uids = p->uid,
	};
	cleanup_(freep) struct creator **list = NULL;
	cleanup_(freep) struct named **named = NULL;
	size_t count = 0;
	int r;

	forget_named(o);
	cgroups_start(o->cgroups);
	r = list_creators(t, &room, &list, &count);
	if (r < 0)
		return r;
	named = calloc(MAX(count, (size_t)1), sizeof(struct named *));
	if (!named)
		return -ENOMEM;
	r = name_creators(o, list, count, named);
	unite(o);
	for (size_t i = 0; i < count && r == 0; i++) {
		if (!named[i])
			continue;
		list[i]->user = *named[i]->user ? named[i]->user : NULL;
		if (owner_is_known(&named[i]->owner))
			list[i]->owner = &named[i]->same->owner;
	}
	p->owner = room.owner;
	p->user = room.user;
	for (size_t i = 0; i < t->rows_used && r == 0; i++)
		r = creators_sort(&t->creators, &t->rows[i].creators);
	return r;
}

void owners_name_sockets(const struct tally *t, struct sock_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct sock_observation *s = &l->list[i];
		const struct port_tally *row = tally_row(t, &s->service);

		if (row && s->record.kind != KIND_FULL)
			s->owner = whose_of_service(&t->creators, row).owner;
		else if (row)
			s->owner = creators_find(
				&t->creators, &row->creators, (uint32_t)(row - t->rows), &s->record)
					   ->owner;
	}
}

static void name_process(struct owners *o, const struct process *p, struct named *n)
{
	if (p->uid != UID_OVERFLOW)
		owners_user(o, p->uid, n->user);
	if (*p->cgroup)
		owner_from_path(cgroups_below_root(o->cgroups, p->cgroup), &n->owner);
	else if (*n->user)
		owner_from_user(n->user, &n->owner);
	if (n->owner.kind == OWNER_ROOT)
		snprintf(n->owner.user, sizeof(n->owner.user), "%.*s", OWNER_USER_MAX - 1, n->user);
}

/* The owner of most of the sockets that processes hold. Those that listen were created by somebody
 * and hold none of them. Returns 0 or -ENOMEM. */
static int find_holder(struct owners *o, const struct processes *p, const struct findings *f,
	size_t index, struct named **ret, bool *ret_is_mixed)
{
	struct named *most = NULL;
	uint32_t sockets = 0;
	bool is_mixed = false;

	for (size_t i = 0; i < p->count; i++) {
		const struct process *process = &p->list[i];
		struct named *n;
		int r;

		if (socket_class_of(process->tag).state == STATE_LISTEN ||
			!finding_matches(f, index, process->tag))
			continue;
		r = add_named(o, &n);
		if (r < 0)
			return r == -ENOSPC ? 0 : r;
		name_process(o, process, n);
		if (most && owner_compare(&most->owner, &n->owner) != 0)
			is_mixed = true;
		if (process->descriptors_count > sockets) {
			sockets = process->descriptors_count;
			most = n;
		}
	}
	*ret = most;
	*ret_is_mixed = is_mixed;
	return 0;
}

static bool is_plain(const struct owner *o)
{
	return o->kind == OWNER_ROOT || o->kind == OWNER_PATH || o->kind == OWNER_USER;
}

/* A process of an owner that is known already confirms it, and tells the user. */
static void set_holder(struct finding *f, const struct named *holder, bool is_mixed)
{
	const struct owner *creator = f->whose.owner;
	const char *user = *holder->user ? holder->user : NULL;

	for (size_t i = 0; i < f->whose.shares_count; i++)
		if (f->whose.shares[i].owner &&
			owner_compare(f->whose.shares[i].owner, &holder->owner) == 0)
			return;
	if (creator && owner_compare(creator, &holder->owner) == 0) {
		f->whose.user = user;
		return;
	}
	/* A process in no unit is better than who does not have them, and nothing else. */
	if (!owner_is_known(&holder->owner) ||
		(creator && !f->whose.is_acceptor && is_plain(&holder->owner)))
		return;
	f->accepted_by = creator;
	f->whose = (struct whose){.owner = &holder->owner, .user = user, .is_mixed = is_mixed};
}

int owners_name_holders(struct owners *o, const struct processes *p, struct findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct named *holder = NULL;
		bool is_mixed = false;
		int r;

		if (!f->list[i].has_port)
			continue;
		r = find_holder(o, p, f, i, &holder, &is_mixed);
		if (r < 0)
			return r;
		if (holder)
			set_holder(&f->list[i], holder, is_mixed);
	}
	return 0;
}

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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/creators.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Twice as many as there are entries, so that one is always free. */
#define SLOTS (2U * CREATORS_MAX)

/* The root cgroup has what no manager put elsewhere: its id is that of its directory
 * (fs/kernfs/dir.c: kernfs_create_root). */
#define CGROUP_ROOT 1

void creators_release(struct creators *c)
{
	free(c->list);
	free(c->slots);
	*c = (struct creators){0};
}

void creators_clear(struct creators *c)
{
	if (c->used)
		memset(c->slots, 0, (size_t)SLOTS * sizeof(*c->slots));
	c->used = 0;
}

static bool has_user(const struct sock_record *r)
{
	return r->inode && r->uid != UID_OVERFLOW;
}

/* Root listens for others, which accept. */
static struct creator creator_of(const struct sock_record *r)
{
	struct creator c = {.cgroup = r->cgroup_id};

	c.by_user = c.cgroup <= CGROUP_ROOT && has_user(r) && r->state != STATE_LISTEN;
	c.uid = c.by_user ? r->uid : 0;
	c.reported = c.cgroup || has_user(r);
	return c;
}

/* Where only the user tells creators apart, a socket without one may be anybody's. */
static bool is_same(const struct creator *a, const struct creator *b)
{
	return a->cgroup == b->cgroup && (!a->by_user || !b->by_user || a->uid == b->uid);
}

static uint32_t *slot_of(const struct creators *c, uint32_t row, const struct creator *creator)
{
	uint64_t hash = hash_add(hash_add(0, creator->cgroup), (uint64_t)row << 32 | creator->uid);
	uint32_t i = hash_home(hash, SLOTS);

	for (;; i = hash_next(i, SLOTS)) {
		uint32_t *slot = &c->slots[i];
		const struct creator_tally *t = *slot ? &c->list[*slot - 1] : NULL;

		if (!t || (t->row == row && t->creator.cgroup == creator->cgroup &&
				  t->creator.by_user == creator->by_user &&
				  t->creator.uid == creator->uid))
			return slot;
	}
}

/* Returns NULL if there are too many, or memory is short. */
static struct creator_tally *add(struct creators *c, struct row_creators *of_row, uint32_t row,
	const struct creator *creator)
{
	struct creator_tally *t;
	uint32_t *slot;

	if (!c->slots)
		c->slots = calloc((size_t)SLOTS, sizeof(*c->slots));
	if (!c->slots)
		return NULL;
	slot = slot_of(c, row, creator);
	if (*slot)
		return &c->list[*slot - 1];
	if (c->used == CREATORS_MAX || ARRAY_GROW(c->list, c->allocated, c->used + 1) < 0)
		return NULL;
	t = &c->list[c->used++];
	*t = (struct creator_tally){.creator = *creator, .row = row, .next = of_row->others};
	*slot = of_row->others = (uint32_t)c->used;
	return t;
}

static void record(struct creator *c, const struct sock_record *r)
{
	c->listeners += r->state == STATE_LISTEN;
	if (has_user(r))
		majority_vote(&c->uids, r->uid);
}

struct creator_tally *creators_record(
	struct creators *c, struct row_creators *of_row, uint32_t row, const struct sock_record *r)
{
	const struct creator creator = creator_of(r);
	struct creator *first = &of_row->first;
	struct creator_tally *t;

	if (!creator.reported)
		return NULL;
	if (!first->reported) {
		*first = creator;
	} else if (!is_same(first, &creator)) {
		t = add(c, of_row, row, &creator);
		if (t) {
			record(&t->creator, r);
			return t;
		}
		of_row->uncounted = true;
		return NULL;
	} else if (creator.by_user) {
		first->by_user = true;
		first->uid = creator.uid;
	}
	record(first, r);
	return NULL;
}

const struct creator *creators_find(const struct creators *c, const struct row_creators *of_row,
	uint32_t row, const struct sock_record *r)
{
	const struct creator creator = creator_of(r);
	const uint32_t *slot;

	if (!creator.reported || !of_row->others || is_same(&of_row->first, &creator))
		return &of_row->first;
	slot = slot_of(c, row, &creator);
	return *slot ? &c->list[*slot - 1].creator : &of_row->first;
}

static int compare_owners(const void *a, const void *b)
{
	const struct creator_tally *const *x = a, *const *y = b;
	const uintptr_t m = (uintptr_t)(*x)->creator.owner, n = (uintptr_t)(*y)->creator.owner;

	return (m > n) - (m < n);
}

int creators_sort(struct creators *c, struct row_creators *of_row)
{
	cleanup_(freep) struct creator_tally **list = NULL;
	size_t count = 0;

	for (uint32_t i = of_row->others; i; i = c->list[i - 1].next)
		count++;
	if (count < 2)
		return 0;
	list = calloc(count, sizeof(struct creator_tally *));
	if (!list)
		return -ENOMEM;
	count = 0;
	for (uint32_t i = of_row->others; i; i = c->list[i - 1].next)
		list[count++] = &c->list[i - 1];
	qsort(list, count, sizeof(struct creator_tally *), compare_owners);
	of_row->others = 0;
	while (count--) {
		list[count]->next = of_row->others;
		of_row->others = (uint32_t)(list[count] - c->list) + 1;
	}
	return 0;
}

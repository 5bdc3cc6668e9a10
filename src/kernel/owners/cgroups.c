/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/owners/cgroups.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/escape.h"
#include "basic/macro.h"
#include "kernel/sockets/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define ATTACHMENT_NAME "cgroups"

/* What a note may grow to; a recording leaves out what does not fit into a chunk. */
#define ATTACHMENT_SIZE_MAX (RECORDING_CHUNK_MAX - 2 * (size_t)PATH_MAX * 4)

/* One that is gone and that nobody asks for any more is forgotten: after so many polls, or at once
 * when there are so many. */
#define GONE_POLLS_MAX 1000
#define GONE_MAX       16384

struct known {
	uint64_t id;
	char *path;        /* NULL: never known */
	uint32_t explicit; /* the last poll that asked for it; 0: none did */
	uint32_t checked;  /* the last poll that looked whether it is there */
	uint8_t fate;      /* enum cgroup_fate */
};

struct cgroups {
	struct cgroup_tree tree; /* fd -1: not opened yet, or a recording's */
	bool is_replayed;
	struct known *list; /* sorted by id */
	size_t count, allocated;
	uint32_t poll;    /* from 1 */
	uint32_t walked;  /* the last poll that walked, or tried to */
	bool is_walked;   /* that walk succeeded ... */
	bool is_complete; /* ... and saw everything */
	uint64_t walks;
};

static const char *const fate_words[CGROUP_FATES] = {
	[CGROUP_FOUND] = "found",
	[CGROUP_GONE] = "gone",
	[CGROUP_UNSEEN] = "unseen",
};

static int compare_known(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct known *find_known(const struct cgroups *c, uint64_t id)
{
	const struct known key = {.id = id};

	if (!c->count)
		return NULL;
	return bsearch(&key, c->list, c->count, sizeof(key), compare_known);
}

static int cgroups_alloc(struct cgroups **ret)
{
	struct cgroups *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->tree.fd = -1;
	c->poll = 1;
	*ret = c;
	return 0;
}

int cgroups_new_on(struct cgroup_tree *tree, struct cgroups **ret)
{
	int r = cgroups_alloc(ret);

	if (r < 0)
		return r;
	(*ret)->tree = *tree;
	*tree = (struct cgroup_tree){.fd = -1};
	return 0;
}

int cgroups_new(struct source *source, struct cgroups **ret)
{
	cleanup_(cgroups_freep) struct cgroups *c = NULL;
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r;

	r = cgroups_alloc(&c);
	if (r < 0)
		return r;
	c->is_replayed = source->replayed;
	if (c->is_replayed && source->ops->read_file(source, ATTACHMENT_NAME, &text, &size) == 0) {
		r = cgroups_parse(c, text, size);
		/* A note that is damaged tells nothing, like one that is missing. */
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	*ret = TAKE_PTR(c);
	return 0;
}

static void free_list(struct known *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].path);
	free(list);
}

struct cgroups *cgroups_free(struct cgroups *c)
{
	if (c) {
		free_list(c->list, c->count);
		cgroup_tree_close(&c->tree);
		free(c);
	}
	return NULL;
}

void cgroups_freep(struct cgroups **c)
{
	*c = cgroups_free(*c);
}

void cgroups_start(struct cgroups *c)
{
	c->poll++;
}

/* What is not below the root cgroup is gone; a part of the hierarchy does not tell that. */
static enum cgroup_fate fate_of_missing(const struct cgroups *c)
{
	return c->tree.is_complete && c->is_complete ? CGROUP_GONE : CGROUP_UNSEEN;
}

/* Whether one that the walk did not find is still worth its memory. */
static bool is_kept(const struct cgroups *c, const struct known *k, size_t gone)
{
	if (!k->explicit)
		return false;
	return k->explicit == c->poll ||
	       (gone < GONE_MAX && c->poll - k->explicit <= GONE_POLLS_MAX);
}

/* Makes the list of what a walk found, in the order of the ids. The paths are taken from it. */
static int list_found(const struct cgroups *c, struct cgroup_directories *d, struct known **ret)
{
	struct known *found = calloc(d->count + c->count + 1, sizeof(*found));

	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < d->count; i++) {
		found[i].id = d->list[i].id;
		found[i].path = TAKE_PTR(d->list[i].path);
		found[i].checked = c->poll;
		found[i].fate = CGROUP_FOUND;
	}
	qsort(found, d->count, sizeof(*found), compare_known);
	*ret = found;
	return 0;
}

/* What was asked for keeps its path, since it was handed out. Cgroups cannot be renamed. */
static void merge_known(const struct cgroups *c, struct known *found, size_t *count)
{
	const size_t sorted = *count;
	size_t gone = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct known *old = &c->list[i];
		struct known *same = bsearch(old, found, sorted, sizeof(*old), compare_known);

		if (same) {
			if (old->path && old->explicit) {
				free(same->path);
				same->path = TAKE_PTR(old->path);
			}
			same->explicit = old->explicit;
		} else if (is_kept(c, old, gone)) {
			gone++;
			found[*count] = *old;
			found[*count].checked = c->poll;
			if (old->fate != CGROUP_GONE)
				found[*count].fate = (uint8_t)fate_of_missing(c);
			old->path = NULL;
			(*count)++;
		}
	}
	qsort(found, *count, sizeof(*found), compare_known);
}

/* Learns where every cgroup is. */
static int walk(struct cgroups *c)
{
	struct cgroup_directories d = {0};
	struct known *found;
	size_t count;
	int r;

	if (c->tree.fd < 0)
		r = cgroup_tree_open_live(&c->tree);
	else
		r = 0;
	if (r == 0)
		r = cgroup_tree_walk(&c->tree, &d);
	if (r < 0)
		return r;
	c->walks++;
	c->is_complete = d.is_complete;
	count = d.count;
	r = list_found(c, &d, &found);
	if (r == 0) {
		merge_known(c, found, &count);
		c->allocated = d.count + c->count + 1;
		free_list(c->list, c->count);
		c->list = found;
		c->count = count;
	}
	cgroup_directories_release(&d);
	return r;
}

/* Puts an id that is not there into its place. Returns where, or NULL where memory is short. */
static struct known *insert_known(struct cgroups *c, uint64_t id)
{
	size_t at = c->count;

	if (ARRAY_GROW(c->list, c->allocated, c->count + 1) < 0)
		return NULL;
	/* Ids count up, and what comes is mostly new. */
	while (at && c->list[at - 1].id > id)
		at--;
	memmove(&c->list[at + 1], &c->list[at], (c->count - at) * sizeof(*c->list));
	c->count++;
	c->list[at] = (struct known){.id = id, .checked = c->poll, .fate = CGROUP_UNSEEN};
	return &c->list[at];
}

/*
 * Looks for one that is not known, by a walk, unless there was one in this poll: then it would have
 * been found. What is not there is remembered as well, so that it starts no other walk.
 */
static struct known *discover(struct cgroups *c, uint64_t id)
{
	struct known *k;

	if (c->walked != c->poll) {
		c->walked = c->poll;
		c->is_walked = walk(c) == 0;
	}
	k = find_known(c, id);
	if (k || !c->is_walked)
		return k;
	k = insert_known(c, id);
	if (k)
		k->fate = (uint8_t)fate_of_missing(c);
	return k;
}

/* Looks whether it is still there, once a poll. What is gone stays gone. */
static void check_known(struct cgroups *c, struct known *k)
{
	int r;

	if (k->checked == c->poll || k->fate == CGROUP_GONE || !k->path || c->tree.fd < 0)
		return;
	k->checked = c->poll;
	r = cgroup_tree_check(&c->tree, k->path, k->id);
	if (r == 0)
		k->fate = CGROUP_FOUND;
	else
		k->fate = r == -ENOENT ? CGROUP_GONE : CGROUP_UNSEEN;
}

struct cgroup cgroups_find(struct cgroups *c, uint64_t id)
{
	struct known *k;

	if (!c->is_replayed)
		id = cgroup_id_of_inode(id);
	k = find_known(c, id);
	if (!k && !c->is_replayed)
		k = discover(c, id);
	if (!k)
		return (struct cgroup){CGROUP_UNSEEN, NULL};
	k->explicit = c->poll;
	if (!c->is_replayed)
		check_known(c, k);
	return (struct cgroup){(enum cgroup_fate)k->fate, k->path};
}

uint64_t cgroups_walks(const struct cgroups *c)
{
	return c->walks;
}

int cgroups_format(const struct cgroups *c, char **ret)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++) {
		const struct known *k = &c->list[i];

		if (!k->explicit)
			continue;
		fprintf(f, "%s %" PRIu64 " ", fate_words[k->fate], k->id);
		escape_put(f, k->path ? k->path : "");
		putc('\n', f);
		if (ftello(f) > (off_t)ATTACHMENT_SIZE_MAX)
			break;
	}
	if (fclose(f) != 0)
		return -ENOMEM;
	*ret = TAKE_PTR(text);
	return 0;
}

int cgroups_attach(const struct cgroups *c, struct source *source)
{
	cleanup_(freep) char *text = NULL;
	int r = cgroups_format(c, &text);

	return r < 0 ? r : source->ops->note(source, ATTACHMENT_NAME, text);
}

static bool take_fate(const char **at, const char *end, uint8_t *ret)
{
	char word[8];

	if (!escape_take(at, end, word, sizeof(word)))
		return false;
	for (enum cgroup_fate fate = 0; fate < CGROUP_FATES; fate++) {
		if (strcmp(word, fate_words[fate]) == 0) {
			*ret = (uint8_t)fate;
			return true;
		}
	}
	return false;
}

/* Only one that was never seen has no path. */
static bool take_known(
	const char **at, const char *end, struct known *ret, char *path, size_t path_size)
{
	return take_fate(at, end, &ret->fate) && escape_pass(at, end, ' ') &&
	       escape_number(at, end, UINT64_MAX, &ret->id) && escape_pass(at, end, ' ') &&
	       escape_take(at, end, path, path_size) && escape_pass(at, end, '\n') &&
	       (path[0] || ret->fate != CGROUP_FOUND);
}

int cgroups_parse(struct cgroups *c, const char *text, size_t size)
{
	const char *at = text, *end = text + size;
	char path[PATH_MAX];

	while (at < end) {
		struct known line, *k;

		/* In the order of the ids, as it was written. */
		if (!take_known(&at, end, &line, path, sizeof(path)) ||
			(c->count && line.id <= c->list[c->count - 1].id))
			return -EBADMSG;
		k = insert_known(c, line.id);
		if (!k)
			return -ENOMEM;
		k->fate = line.fate;
		k->explicit = c->poll;
		if (path[0]) {
			k->path = strdup(path);
			if (!k->path)
				return -ENOMEM;
		}
	}
	return 0;
}

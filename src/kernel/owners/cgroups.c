/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/owners/cgroups.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/escape.h"
#include "basic/macro.h"
#include "basic/names.h"
#include "basic/number.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define ATTACHMENT_NAME "cgroups"

/* A cgroup that is gone is forgotten when nothing asked for it in that many polls, or at once when
 * that many are gone. */
#define GONE_POLLS_MAX 1000
#define GONE_MAX       16384

struct known {
	uint64_t id;
	char *path;         /* NULL: never known */
	uint32_t requested; /* the last poll that asked for it; 0: none did */
	uint32_t checked;   /* the last poll that checked whether it exists */
	uint8_t fate;       /* enum cgroup_fate */
};

struct cgroups {
	struct cgroup_tree tree; /* fd -1: not opened yet, or a recording's */
	bool is_replayed;
	struct known *list; /* sorted by id */
	size_t count, allocated;
	uint32_t poll;    /* starts at 1 */
	uint32_t walked;  /* the last poll that walked, or tried to */
	bool is_walked;   /* that walk succeeded ... */
	bool is_complete; /* ... and saw everything */
	char root[CGROUPS_ROOT_SIZE];
};

static const char *const fate_list[CGROUP_FATES] = {
	[CGROUP_FOUND] = "found",
	[CGROUP_GONE] = "gone",
	[CGROUP_UNSEEN] = "unseen",
};
static const struct names fate_names = NAMES(fate_list);

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

/* The component that starts at a slash is one that systemd makes at its root. */
static bool is_of_systemd(const char *slash, size_t size)
{
	static const char *const ends[] = {".slice", "/init.scope"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const size_t length = strlen(ends[i]);

		if (size >= length && strncmp(slash + size - length, ends[i], length) == 0)
			return true;
	}
	return false;
}

void cgroups_root_of(const char *text, char ret[CGROUPS_ROOT_SIZE])
{
	const char *line = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	const char *path, *end, *slash;

	ret[0] = '\0';
	if (!line)
		return;
	path = strchr(line, '/');
	end = path + strcspn(path, "\n");
	for (slash = path; slash < end; slash += 1 + strcspn(slash + 1, "/\n")) {
		const size_t size = 1 + strcspn(slash + 1, "/\n");

		if (!is_of_systemd(slash, size))
			continue;
		if ((size_t)(slash - path) < CGROUPS_ROOT_SIZE)
			snprintf(ret, CGROUPS_ROOT_SIZE, "%.*s", (int)(slash - path), path);
		return;
	}
}

const char *cgroups_below_root(const struct cgroups *c, const char *path)
{
	const size_t length = strlen(c->root);

	return strncmp(path, c->root, length) == 0 && path[length] == '/' ? path + length : path;
}

static void find_root(struct cgroups *c, struct source *source)
{
	cleanup_(freep) char *text = NULL;
	size_t size;

	/* A recording from before has none. */
	if (source->ops->read_file(source, "/proc/self/cgroup", &text, &size) == 0)
		cgroups_root_of(text, c->root);
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
	find_root(c, source);
	if (c->is_replayed && source->ops->read_file(source, ATTACHMENT_NAME, &text, &size) == 0) {
		r = cgroups_parse(c, text, size);
		/* A damaged attachment counts as missing. */
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

void cgroups_start(struct cgroups *c)
{
	c->poll++;
}

/* What a complete walk from the root cgroup does not find is gone; a part of the hierarchy does not
 * show that. */
static enum cgroup_fate fate_of_missing(const struct cgroups *c)
{
	return c->tree.is_complete && c->is_complete ? CGROUP_GONE : CGROUP_UNSEEN;
}

/* Whether to keep a cgroup that the walk did not find. */
static bool is_kept(const struct cgroups *c, const struct known *k, size_t gone)
{
	if (!k->requested)
		return false;
	return k->requested == c->poll ||
	       (gone < GONE_MAX && c->poll - k->requested <= GONE_POLLS_MAX);
}

/* Lists what a walk found, sorted by id, and takes over its paths. */
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

/* Adds what was known before. A path that was handed out stays; cgroups cannot be renamed. */
static void merge_known(const struct cgroups *c, struct known *found, size_t *count)
{
	const size_t sorted = *count;
	size_t gone = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct known *old = &c->list[i];
		struct known *same = bsearch(old, found, sorted, sizeof(*old), compare_known);

		if (same) {
			if (old->path && old->requested) {
				free(same->path);
				same->path = TAKE_PTR(old->path);
			}
			same->requested = old->requested;
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

/* Finds where every cgroup is. */
static int walk(struct cgroups *c)
{
	struct cgroup_directories d = {0};
	struct known *found;
	size_t count;
	int r;

	r = c->tree.fd < 0 ? cgroup_tree_open_live(&c->tree) : 0;
	if (r == 0)
		r = cgroup_tree_walk(&c->tree, &d);
	if (r < 0)
		return r;
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

/* Inserts an unknown id in order. Returns its place, or NULL when memory is short. */
static struct known *insert_known(struct cgroups *c, uint64_t id)
{
	size_t at = c->count;

	if (ARRAY_GROW(c->list, c->allocated, c->count + 1) < 0)
		return NULL;
	/* Ids count up, and most come last. */
	while (at && c->list[at - 1].id > id)
		at--;
	memmove(&c->list[at + 1], &c->list[at], (c->count - at) * sizeof(*c->list));
	c->count++;
	c->list[at] = (struct known){.id = id, .checked = c->poll, .fate = CGROUP_UNSEEN};
	return &c->list[at];
}

/*
 * Searches for an unknown id by a walk, unless this poll had one, which would have found it. An id
 * that is not found is remembered too, so that it starts no further walk.
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

/* Checks once a poll whether the cgroup still exists. What is gone stays gone. */
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
	k->requested = c->poll;
	if (!c->is_replayed)
		check_known(c, k);
	return (struct cgroup){(enum cgroup_fate)k->fate, k->path};
}

void cgroups_format(const struct cgroups *c, struct string *ret)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct known *k = &c->list[i];
		const size_t length = ret->length;

		if (!k->requested)
			continue;
		string_addf(ret, "%s %" PRIu64 " ", name_of(fate_names, k->fate), k->id);
		escape_add(ret, k->path ? k->path : "");
		string_add_char(ret, '\n');
		if (ret->error == -EOVERFLOW) {
			string_cut(ret, length);
			break;
		}
	}
}

int cgroups_attach(const struct cgroups *c, struct source *source)
{
	struct string text = string_up_to(ATTACHMENT_MAX);

	cgroups_format(c, &text);
	return source_attach(source, ATTACHMENT_NAME, &text);
}

/* Only a cgroup that was never seen has no path. */
static bool take_known(
	const char **at, const char *end, struct known *ret, char *path, size_t path_size)
{
	char name[8];
	int fate;

	if (!escape_take(at, end, name, sizeof(name)))
		return false;
	fate = name_parse(fate_names, name);
	ret->fate = (uint8_t)fate;
	return fate >= 0 && scan_literal(at, end, " ") &&
	       scan_decimal(at, end, UINT64_MAX, &ret->id) == 0 && scan_literal(at, end, " ") &&
	       escape_take(at, end, path, path_size) && scan_literal(at, end, "\n") &&
	       (path[0] || fate != CGROUP_FOUND);
}

int cgroups_parse(struct cgroups *c, const char *text, size_t size)
{
	const char *at = text, *end = text + size;
	char path[PATH_MAX];

	while (at < end) {
		struct known line, *k;

		/* Sorted by id, as written. */
		if (!take_known(&at, end, &line, path, sizeof(path)) ||
			(c->count && line.id <= c->list[c->count - 1].id))
			return -EBADMSG;
		k = insert_known(c, line.id);
		if (!k)
			return -ENOMEM;
		k->fate = line.fate;
		k->requested = c->poll;
		if (path[0]) {
			k->path = strdup(path);
			if (!k->path)
				return -ENOMEM;
		}
	}
	return 0;
}

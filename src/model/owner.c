/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/owner.h"

#include "basic/macro.h"

#include <stdbool.h>
#include <string.h>

/* An id as Docker, Podman, containerd and CRI-O make them: 256 bits. */
#define ID_DIGITS 64

/* A pod's uid is a UUID, or for a static pod 32 digits without dashes. */
#define POD_DIGITS_MIN 32

/* Linux' and systemd's letters for what may stand in a unit's name (unit-name.c: VALID_CHARS_
 * WITH_AT). */
#define UNIT_CHARACTERS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@"

/* A part of a text that is not the caller's. */
struct span {
	const char *at;
	size_t size;
};

/* The name that something gives the cgroup of a container, around its id. */
struct pattern {
	enum owner_kind kind;
	const char *words;  /* what is told before the id */
	const char *parent; /* the name of the cgroup above; NULL: any */
	const char *prefix, *suffix;
	bool is_name; /* any name rather than 64 digits */
};

/*
 * By both cgroup drivers, "systemd" and "cgroupfs". The first that fits counts. What is not 64
 * digits is something else: libpod-conmon-ID.scope and crio-conmon-ID.scope hold the monitor that
 * runs beside a container, on the host.
 */
static const struct pattern patterns[] = {
	{OWNER_DOCKER, "docker", NULL, "docker-", ".scope", false},
	{OWNER_DOCKER, "docker", "docker", "", "", false},
	{OWNER_PODMAN, "podman", NULL, "libpod-", ".scope", false},
	{OWNER_PODMAN, "podman", NULL, "libpod-", "", false},
	{OWNER_PODMAN, "podman", NULL, "libpod-payload-", "", false}, /* --cgroups=split */
	{OWNER_PODMAN, "podman pod", NULL, "machine-libpod_pod_", ".slice", false},
	{OWNER_PODMAN, "podman pod", NULL, "user-libpod_pod_", ".slice", false},
	{OWNER_PODMAN, "podman pod", NULL, "libpod_pod_", ".slice", false},
	{OWNER_PODMAN, "podman pod", NULL, "libpod_pod_", "", false},
	{OWNER_CONTAINERD, "nerdctl", NULL, "nerdctl-", ".scope", false},
	{OWNER_CONTAINERD, "containerd", NULL, "cri-containerd-", ".scope", false},
	{OWNER_CONTAINER, "cri-o", NULL, "crio-", ".scope", false},
	{OWNER_CONTAINER, "cri-o", NULL, "crio-", "", false},
	{OWNER_LXC, "lxc", NULL, "lxc.payload.", "", true},
	{OWNER_LXC, "lxc", "lxc.payload", "", "", true},
	{OWNER_LXC, "lxc", "lxc", "", "", true},
	{OWNER_MACHINE, "machine", NULL, "systemd-nspawn@", ".service", true},
	{OWNER_MACHINE, "machine", NULL, "machine-", ".scope", true},
	{OWNER_CONTAINER, "container", NULL, "", "", false},
};

/* The units that can have a cgroup. A slice holds others. */
static const char *const unit_suffixes[] = {
	".slice", ".service", ".scope", ".socket", ".mount", ".swap"};

/* What the components of a path told so far. Each may tell of something further inside. */
struct reading {
	const struct pattern *container; /* NULL: none */
	struct span id;                  /* its id or name */
	struct span pod;                 /* a uid; empty: none */
	struct span unit;
	struct span user;       /* the uid in user@UID.service; empty: none */
	struct span slice_user; /* the uid in user-UID.slice */
	bool in_kubepods;
	bool unit_is_complete; /* no slice: what is below are cgroups of its own making */
	bool unit_is_users;    /* of the systemd that serves a user */
	bool unit_is_inside;   /* of the systemd in the container */
};

static bool span_is(struct span s, const char *text)
{
	return s.size == strlen(text) && memcmp(s.at, text, s.size) == 0;
}

static bool span_ends(struct span s, const char *suffix)
{
	size_t size = strlen(suffix);

	return s.size >= size && memcmp(s.at + s.size - size, suffix, size) == 0;
}

/* What stands between a prefix and a suffix; false where they or something between are missing. */
static bool span_between(
	struct span s, const char *prefix, const char *suffix, struct span *ret_inner)
{
	size_t before = strlen(prefix), after = strlen(suffix);

	if (s.size <= before + after || memcmp(s.at, prefix, before) != 0 || !span_ends(s, suffix))
		return false;
	*ret_inner = (struct span){s.at + before, s.size - before - after};
	return true;
}

static bool span_consists_of(struct span s, const char *characters)
{
	for (size_t i = 0; i < s.size; i++)
		if (!strchr(characters, s.at[i]))
			return false;
	return s.size > 0;
}

static bool is_unit(struct span c)
{
	if (c.size >= OWNER_UNIT_MAX || !span_consists_of(c, UNIT_CHARACTERS))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(unit_suffixes); i++)
		if (c.size > strlen(unit_suffixes[i]) && span_ends(c, unit_suffixes[i]))
			return true;
	return false;
}

static bool fits(const struct pattern *p, struct span parent, struct span c, struct span *ret_id)
{
	struct span id;

	if ((p->parent && !span_is(parent, p->parent)) ||
		!span_between(c, p->prefix, p->suffix, &id))
		return false;
	if (!p->is_name && (id.size != ID_DIGITS || !span_consists_of(id, "0123456789abcdef")))
		return false;
	*ret_id = id;
	return true;
}

/* Everything that was told of users and of what is inside was of what is outside of this one. */
static bool take_container(struct reading *r, struct span parent, struct span c)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		if (!fits(&patterns[i], parent, c, &r->id))
			continue;
		r->container = &patterns[i];
		r->user = r->slice_user = (struct span){0};
		r->unit_is_complete = r->unit_is_users = r->unit_is_inside = false;
		if (is_unit(c))
			r->unit = c;
		return true;
	}
	return false;
}

/* The last place where text stands in s, or NULL. */
static const char *find_last(struct span s, const char *text)
{
	size_t size = strlen(text);

	for (size_t i = s.size + 1; i-- > size;)
		if (memcmp(s.at + i - size, text, size) == 0)
			return s.at + i - size;
	return NULL;
}

/* Of kubepods-burstable-podUID.slice, below which name ever, or of podUID somewhere below kubepods.
 */
static bool pod_of(const struct reading *r, struct span c, struct span *ret)
{
	const char *dash;

	if (find_last(c, "kubepods")) {
		dash = find_last(c, "-pod");
		if (!dash)
			return false;
		c = (struct span){dash + 1, c.size - (size_t)(dash + 1 - c.at)};
		return span_between(c, "pod", ".slice", ret);
	}
	return r->in_kubepods && span_between(c, "pod", "", ret);
}

/* Whatever container was seen before, the pod is inside of it. */
static bool take_pod(struct reading *r, struct span c)
{
	bool is_pod;
	struct span uid;

	is_pod = pod_of(r, c, &uid) && uid.size >= POD_DIGITS_MIN &&
		 span_consists_of(uid, "0123456789abcdef-_");
	if (is_pod) {
		r->pod = uid;
		r->container = NULL;
	}
	if (find_last(c, "kubepods"))
		r->in_kubepods = true;
	return is_pod;
}

/* The rules of cg_path_get_unit() and cg_path_get_user_unit(): slices, then a unit; where that is
 * a user's systemd, the same again below. */
static void take_unit(struct reading *r, struct span c)
{
	struct span uid;

	if (r->unit_is_complete || !is_unit(c))
		return;
	r->unit = c;
	r->unit_is_users = r->user.size > 0;
	r->unit_is_inside = r->container || r->pod.size;
	if (span_ends(c, ".slice")) {
		if (span_between(c, "user-", ".slice", &uid) && span_consists_of(uid, "0123456789"))
			r->slice_user = uid;
	} else if (!r->user.size && span_between(c, "user@", ".service", &uid) &&
		   span_consists_of(uid, "0123456789")) {
		r->user = uid;
	} else {
		r->unit_is_complete = true;
		if (!r->user.size && r->slice_user.size &&
			span_between(c, "session-", ".scope", &uid)) {
			r->user = r->slice_user;
			r->unit_is_users = true;
		}
	}
}

/* systemd puts a _ before a name that the kernel could take for a file of its own (cg_escape). */
static struct span unescaped(struct span c)
{
	return c.size > 1 && c.at[0] == '_' ? (struct span){c.at + 1, c.size - 1} : c;
}

static void take_component(struct reading *r, struct span parent, struct span c)
{
	bool is_pod;

	c = unescaped(c);
	if (take_container(r, parent, c))
		return;
	is_pod = take_pod(r, c);
	take_unit(r, c);
	/* The pod's own slice is a unit of the host. */
	if (is_pod)
		r->unit_is_inside = false;
}

/*
 * The length of the component at the front. A runtime that was told the one driver and uses the
 * other makes a single name of "kubepods-podUID.slice:cri-containerd:ID": its parts are components,
 * too.
 */
static size_t component_size(const char *at, bool *in_pieces)
{
	size_t size = strcspn(at, "/"), part = strcspn(at, "/:");

	if (part == size) {
		*in_pieces = false;
		return size;
	}
	if (span_ends((struct span){at, part}, ".slice"))
		*in_pieces = true;
	return *in_pieces ? part : size;
}

static struct reading read_path(const char *path)
{
	struct reading r = {0};
	struct span parent = {path, 0};
	bool in_pieces = false;

	while (*path) {
		struct span c = {path, component_size(path, &in_pieces)};

		if (c.size)
			take_component(&r, parent, c);
		parent = c;
		path += c.size;
		path += *path != '\0';
	}
	return r;
}

/* A name that grows, and is cut where there is no more room. */
struct text {
	char *at;
	size_t room; /* the NUL excluded */
};

static void put(struct text *t, struct span s)
{
	size_t size = MIN(s.size, t->room);

	memcpy(t->at, s.at, size);
	t->at += size;
	t->room -= size;
	*t->at = '\0';
}

static void put_words(struct text *t, const char *words)
{
	put(t, (struct span){words, strlen(words)});
}

static unsigned hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (unsigned)(found - digits) : 16;
}

/* The byte that \x2d at the front stands for, or 0: none. */
static unsigned char escaped_byte(struct span s)
{
	unsigned high, low;

	if (s.size < 4 || s.at[0] != '\\' || s.at[1] != 'x')
		return 0;
	high = hex_value(s.at[2]);
	low = hex_value(s.at[3]);
	return high < 16 && low < 16 ? (unsigned char)(high << 4 | low) : 0;
}

static void put_unit(struct text *t, struct span s)
{
	while (s.size) {
		const unsigned char c = escaped_byte(s);
		const size_t step = c ? 4 : 1;

		put(t, (struct span){c ? (const char *)&c : s.at, 1});
		s = (struct span){s.at + step, s.size - step};
	}
}

/* In the name of a slice, a dash would mean a slice above. */
static void put_pod(struct text *t, struct span uid)
{
	for (size_t i = 0; i < uid.size; i++)
		put(t, (struct span){uid.at[i] == '_' ? "-" : uid.at + i, 1});
}

static void put_container(struct text *t, const struct reading *r)
{
	const struct pattern *p = r->container;

	if (r->pod.size) {
		put_words(t, "pod ");
		put_pod(t, r->pod);
	}
	if (p) {
		put_words(t, r->pod.size ? " container" : p->words);
		put_words(t, " ");
		if (p->is_name)
			put_unit(t, r->id);
		else
			put(t, (struct span){r->id.at, OWNER_ID_SHOWN});
	}
}

static void put_reading(struct text *t, const struct reading *r)
{
	bool contained = r->container || r->pod.size;

	if (r->unit.size && (!contained || r->unit_is_inside)) {
		put_unit(t, r->unit);
		if (r->unit_is_users) {
			put_words(t, " of user ");
			put(t, r->user);
		}
		if (contained)
			put_words(t, " in ");
	}
	put_container(t, r);
}

/* The end of a path tells more than its beginning. */
static void put_path(struct text *t, const char *path)
{
	size_t size = strlen(path);

	if (size > t->room) {
		put_words(t, "...");
		path += size - t->room;
	}
	put_words(t, path);
}

static enum owner_kind kind_of(const struct reading *r)
{
	if (r->pod.size)
		return OWNER_KUBERNETES;
	if (r->container)
		return r->container->kind;
	if (r->unit.size)
		return r->unit_is_users ? OWNER_USER_UNIT : OWNER_UNIT;
	return OWNER_PATH;
}

void owner_from_path(const char *path, struct owner *ret)
{
	struct text name = {ret->name, sizeof(ret->name) - 1};
	struct text unit = {ret->unit, sizeof(ret->unit) - 1};
	struct reading r = read_path(path);

	ret->name[0] = ret->unit[0] = '\0';
	if (strspn(path, "/") == strlen(path)) {
		ret->kind = OWNER_ROOT;
		put_words(&name, "the root cgroup");
		return;
	}
	ret->kind = kind_of(&r);
	if (ret->kind == OWNER_PATH) {
		put_path(&name, path);
		return;
	}
	put_reading(&name, &r);
	if (r.unit.size)
		put(&unit, r.unit);
}

const char *owner_kind_name(enum owner_kind kind)
{
	static const char *const names[OWNER_KINDS] = {
		[OWNER_ROOT] = "root",
		[OWNER_UNIT] = "unit",
		[OWNER_USER_UNIT] = "user_unit",
		[OWNER_DOCKER] = "docker",
		[OWNER_PODMAN] = "podman",
		[OWNER_CONTAINERD] = "containerd",
		[OWNER_KUBERNETES] = "kubernetes",
		[OWNER_LXC] = "lxc",
		[OWNER_MACHINE] = "machine",
		[OWNER_CONTAINER] = "container",
		[OWNER_PATH] = "path",
	};

	return names[kind];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/owner.h"

#include "basic/macro.h"
#include "basic/number.h"
#include "basic/string.h"

#include <stdbool.h>
#include <string.h>

/* The ids of Docker, Podman, containerd and CRI-O: 256 bits. */
#define ID_DIGITS 64

/* The uid of a pod is a UUID, or for a static pod 32 digits without dashes. */
#define POD_DIGITS_MIN 32

/* The characters of unit names (systemd's unit-name.c: VALID_CHARS_WITH_AT). */
#define UNIT_CHARACTERS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@"

/* A piece of a text. */
struct span {
	const char *at;
	size_t size;
};

/* The name that something gives the cgroup of a container, around its id. */
struct pattern {
	enum owner_kind kind;
	const char *words;  /* that precede the id in the name of the owner */
	const char *parent; /* the name of the cgroup above; NULL: any */
	const char *prefix, *suffix;
	bool is_name; /* any name rather than 64 digits */
};

/*
 * Of both cgroup drivers, "systemd" and "cgroupfs". The first match counts. Without 64 digits it is
 * something else: libpod-conmon-ID.scope and crio-conmon-ID.scope contain the monitor of a
 * container, on the host.
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

/* The units that can have a cgroup. A slice contains others. */
static const char *const unit_suffixes[] = {
	".slice", ".service", ".scope", ".socket", ".mount", ".swap"};

/* What the components of a path have named so far; each may name something further inside. */
struct reading {
	const struct pattern *container; /* NULL: none */
	struct span id;                  /* its id or name */
	struct span pod;                 /* a uid; empty: none */
	struct span unit;
	struct span user;       /* the uid in user@UID.service; empty: none */
	struct span slice_user; /* the uid in user-UID.slice */
	bool in_kubepods;
	bool unit_is_complete; /* not a slice: what is below are its own cgroups */
	bool unit_is_users;    /* of a user's systemd */
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

/* The text between a prefix and a suffix; false when any of the three is missing. */
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

/* Users and inner units named so far were outside of this container. */
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

/* The last occurrence of text in s, or NULL. */
static const char *find_last(struct span s, const char *text)
{
	size_t size = strlen(text);

	for (size_t i = s.size + 1; i-- > size;)
		if (memcmp(s.at + i - size, text, size) == 0)
			return s.at + i - size;
	return NULL;
}

/* The uid in kubepods-burstable-podUID.slice, whatever is above, or in podUID somewhere below
 * kubepods. */
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

/* A pod is inside any container named so far. */
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

/* The rules of cg_path_get_unit() and cg_path_get_user_unit(): slices, then a unit; below a user's
 * systemd the same again. */
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

/* systemd puts a _ before a name that could be a file of the kernel (cg_escape). */
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
 * The length of the first component. A runtime configured for one driver that uses the other makes
 * a single name of "kubepods-podUID.slice:cri-containerd:ID": its parts are components too.
 */
static size_t component_size(const char *at, bool *in_pieces)
{
	size_t size = strcspn(at, "/"), piece = strcspn(at, "/:");

	if (piece == size) {
		*in_pieces = false;
		return size;
	}
	if (span_ends((struct span){at, piece}, ".slice"))
		*in_pieces = true;
	return *in_pieces ? piece : size;
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

/* The byte that \x2d at the front stands for, or 0: none. */
static char escaped_byte(struct span s)
{
	const char *at = s.at, *end = s.at + MIN(s.size, (size_t)4);
	uint64_t byte;

	if (!scan_literal(&at, end, "\\x") || scan_hex(&at, end, UINT8_MAX, &byte) < 0 ||
		at != s.at + 4)
		return '\0';
	return (char)byte;
}

static void add_unit(struct string *s, struct span unit)
{
	while (unit.size) {
		const char c = escaped_byte(unit);
		const size_t step = c ? 4 : 1;

		string_add_bytes(s, c ? &c : unit.at, 1);
		unit = (struct span){unit.at + step, unit.size - step};
	}
}

/* In the name of a slice a dash would mean a parent slice, so it has underscores. */
static void add_pod(struct string *s, struct span uid)
{
	for (size_t i = 0; i < uid.size; i++)
		string_add_bytes(s, uid.at[i] == '_' ? "-" : uid.at + i, 1);
}

static void add_container(struct string *s, const struct reading *r)
{
	const struct pattern *p = r->container;

	if (r->pod.size) {
		string_add(s, "pod ");
		add_pod(s, r->pod);
	}
	if (p) {
		string_add(s, r->pod.size ? " container" : p->words);
		string_add_char(s, ' ');
		if (p->is_name)
			add_unit(s, r->id);
		else
			string_add_bytes(s, r->id.at, OWNER_ID_SHOWN);
	}
}

static void add_reading(struct string *s, const struct reading *r)
{
	bool contained = r->container || r->pod.size;

	if (r->unit.size && (!contained || r->unit_is_inside)) {
		add_unit(s, r->unit);
		if (r->unit_is_users) {
			string_add(s, " of user ");
			string_add_bytes(s, r->user.at, r->user.size);
		}
		if (contained)
			string_add(s, " in ");
	}
	add_container(s, r);
}

/* The end of a path says more than its start. */
static void add_path(struct string *s, const char *path)
{
	const size_t size = strlen(path), room = OWNER_NAME_MAX - 1;

	if (size > room) {
		string_add(s, "...");
		path += size - room + strlen("...");
		/* Starts with a character, not in the middle of one. */
		while (((unsigned char)*path & 0xc0) == 0x80)
			path++;
	}
	string_add(s, path);
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
	struct string name = STRING_IN(ret->name), unit = STRING_IN(ret->unit);
	struct reading r = read_path(path);

	if (strspn(path, "/") == strlen(path)) {
		ret->kind = OWNER_ROOT;
		string_add(&name, "the root cgroup");
		return;
	}
	ret->kind = kind_of(&r);
	if (ret->kind == OWNER_PATH) {
		add_path(&name, path);
		return;
	}
	add_reading(&name, &r);
	if (r.unit.size)
		string_add_bytes(&unit, r.unit.at, r.unit.size);
}

static const char *const kind_list[OWNER_KINDS] = {
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
const struct names owner_kind_names = NAMES(kind_list);

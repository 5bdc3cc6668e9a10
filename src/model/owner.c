/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/owner.h"

#include "basic/macro.h"
#include "basic/number.h"
#include "basic/string.h"
#include "basic/utf8.h"

#include <stdbool.h>
#include <string.h>

/* The ids of Docker, Podman, containerd and CRI-O: 256 bits. */
#define ID_DIGITS 64

/* The uid of a pod is a UUID, or for a static pod 32 digits without dashes. */
#define POD_DIGITS_MIN 32

/* The characters of unit names (systemd's unit-name.c: VALID_CHARS_WITH_AT). */
#define UNIT_CHARACTERS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@"

/*
 * How many bytes are shown of names that somebody else than root may have chosen: long ones must
 * not push out whose they are. Together with " in " and " of user 4294967295" they fit into what
 * is printed of an owner (output/words.h: OWNER_SHOWN).
 */
#define INNERMOST_SHOWN 27
#define OUTERMOST_SHOWN 64

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
	bool is_name;  /* any name rather than 64 digits */
	bool is_group; /* of containers, which are named instead */
};

/*
 * Of both cgroup drivers, "systemd" and "cgroupfs". The first match counts. Without 64 digits it is
 * something else: libpod-conmon-ID.scope and crio-conmon-ID.scope contain the monitor of a
 * container, on the host.
 */
static const struct pattern patterns[] = {
	{OWNER_DOCKER, "docker", NULL, "docker-", ".scope", false, false},
	{OWNER_DOCKER, "docker", "docker", "", "", false, false},
	{OWNER_PODMAN, "podman", NULL, "libpod-", ".scope", false, false},
	{OWNER_PODMAN, "podman", NULL, "libpod-", "", false, false},
	{OWNER_PODMAN, "podman", NULL, "libpod-payload-", "", false, false}, /* --cgroups=split */
	{OWNER_PODMAN, "podman pod", NULL, "machine-libpod_pod_", ".slice", false, true},
	{OWNER_PODMAN, "podman pod", NULL, "user-libpod_pod_", ".slice", false, true},
	{OWNER_PODMAN, "podman pod", NULL, "libpod_pod_", ".slice", false, true},
	{OWNER_PODMAN, "podman pod", NULL, "libpod_pod_", "", false, true},
	{OWNER_CONTAINERD, "nerdctl", NULL, "nerdctl-", ".scope", false, false},
	{OWNER_CONTAINERD, "containerd", NULL, "cri-containerd-", ".scope", false, false},
	{OWNER_CONTAINER, "cri-o", NULL, "crio-", ".scope", false, false},
	{OWNER_CONTAINER, "cri-o", NULL, "crio-", "", false, false},
	{OWNER_LXC, "lxc", NULL, "lxc.payload.", "", true, false},
	{OWNER_LXC, "lxc", "lxc.payload", "", "", true, false},
	{OWNER_LXC, "lxc", "lxc", "", "", true, false},
	{OWNER_MACHINE, "machine", NULL, "systemd-nspawn@", ".service", true, false},
	{OWNER_MACHINE, "machine", NULL, "machine-", ".scope", true, false},
	{OWNER_CONTAINER, "container", NULL, "", "", false, false},
};

/* The units that can have a cgroup. A slice contains others. */
static const char *const unit_suffixes[] = {
	".slice", ".service", ".scope", ".socket", ".mount", ".swap"};

/* A container, a pod, or a container in a pod. */
struct container {
	const struct pattern *pattern; /* NULL: none */
	struct span id;                /* its id or name */
	struct span pod;               /* a uid; empty: none */
};

/*
 * What the components of a path have named so far. Whoever owns a cgroup names those below it: of
 * containers and units in each other, the outermost is certainly what its name says, and the
 * innermost is only mentioned.
 */
struct reading {
	struct container outer, inner;
	struct span unit;       /* not in a container: of the system, or with user of that user */
	struct span inner_unit; /* of the systemd in a container, or below a complete unit */
	struct span user;       /* the uid in user@UID.service; empty: none */
	struct span inner_user; /* likewise in a container */
	struct span slice_user; /* the uid in user-UID.slice */
	bool in_kubepods;
	bool unit_is_complete; /* not a slice: what is below are its own cgroups */
	bool unit_is_users;    /* of a user's systemd */
	bool unit_is_around;   /* the container is one of the complete unit's own cgroups */
	bool units_are_over;   /* below something that is neither a slice nor a unit */
	bool innermost_is_unit;
	const char *end; /* behind the last component that named something */
};

static bool is_container(const struct container *c)
{
	return c->pattern || c->pod.size;
}

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

/* Whether systemd may have made a cgroup here for a unit. */
static bool may_be_unit(const struct reading *r)
{
	return !r->unit_is_complete && (!r->units_are_over || is_container(&r->outer));
}

/* The systemd in a container starts anew. */
static void enter(struct reading *r, struct container *container, struct span c)
{
	if (!is_container(&r->outer)) {
		r->unit_is_around = r->unit_is_complete;
		if (is_unit(c) && may_be_unit(r))
			r->unit = c;
	} else if (is_unit(c) && container == &r->outer && !r->unit_is_around) {
		r->unit = c;
	}
	r->inner_unit = r->inner_user = r->slice_user = (struct span){0};
	r->unit_is_complete = r->innermost_is_unit = false;
	if (is_unit(c) && container == &r->inner)
		r->inner_unit = c;
}

/* Where a container belongs: into the pod or group around it, else it is one more. */
static struct container *place_container(struct reading *r)
{
	struct container *last = is_container(&r->inner) ? &r->inner : &r->outer;

	if (!last->pattern || last->pattern->is_group)
		return last;
	r->inner = (struct container){0};
	return &r->inner;
}

static bool take_container(struct reading *r, struct span parent, struct span c)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		struct container *container;
		struct span id;

		if (!fits(&patterns[i], parent, c, &id))
			continue;
		container = place_container(r);
		enter(r, container, c);
		container->pattern = &patterns[i];
		container->id = id;
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
	struct container *container = &r->outer;
	struct span uid;

	if (!pod_of(r, c, &uid) || uid.size < POD_DIGITS_MIN ||
		!span_consists_of(uid, "0123456789abcdef-_")) {
		r->in_kubepods = r->in_kubepods || find_last(c, "kubepods");
		return false;
	}
	if (is_container(container))
		container = &r->inner;
	enter(r, container, c);
	*container = (struct container){.pod = uid};
	return true;
}

/* Whether the component is the uid of a user's systemd or session; sets what it names. */
static void take_user(struct reading *r, struct span c, struct span *user)
{
	struct span uid;

	if (span_ends(c, ".slice")) {
		if (span_between(c, "user-", ".slice", &uid) && span_consists_of(uid, "0123456789"))
			r->slice_user = uid;
		return;
	}
	if (!user->size && span_between(c, "user@", ".service", &uid) &&
		span_consists_of(uid, "0123456789")) {
		*user = uid;
		return;
	}
	r->unit_is_complete = true;
	if (!user->size && r->slice_user.size && span_between(c, "session-", ".scope", &uid)) {
		*user = r->slice_user;
		r->unit_is_users = user == &r->user;
	}
}

/*
 * The rules of cg_path_get_unit() and cg_path_get_user_unit(): slices, then a unit; below a user's
 * systemd the same again. Returns whether it named something.
 */
static bool take_unit(struct reading *r, struct span c)
{
	const bool is_inside = is_container(&r->outer);

	if (!is_unit(c)) {
		r->units_are_over = r->units_are_over || (!is_inside && !r->user.size);
		return false;
	}
	if (!may_be_unit(r)) {
		if (!r->unit_is_complete || is_inside)
			return false;
		r->inner_unit = c;
		r->innermost_is_unit = true;
		return true;
	}
	if (is_inside) {
		r->inner_unit = c;
		r->innermost_is_unit = true;
		take_user(r, c, &r->inner_user);
	} else {
		r->unit = c;
		r->unit_is_users = r->user.size > 0;
		take_user(r, c, &r->user);
	}
	return true;
}

/* systemd puts a _ before a name that could be a file of the kernel (cg_escape). */
static struct span unescaped(struct span c)
{
	return c.size > 1 && c.at[0] == '_' ? (struct span){c.at + 1, c.size - 1} : c;
}

static void take_component(struct reading *r, struct span parent, struct span c)
{
	const char *end = c.at + c.size;

	c = unescaped(c);
	if (take_container(r, parent, c) || take_pod(r, c) || take_unit(r, c))
		r->end = end;
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
	struct reading r = {.end = path};
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

static void add_container(struct string *s, const struct container *c)
{
	const struct pattern *p = c->pattern;

	if (c->pod.size) {
		string_add(s, "pod ");
		add_pod(s, c->pod);
	}
	if (p) {
		string_add(s, c->pod.size ? " container" : p->words);
		string_add_char(s, ' ');
		if (p->is_name)
			add_unit(s, c->id);
		else
			string_add_bytes(s, c->id.at, OWNER_ID_SHOWN);
	}
}

static void add_user(struct string *s, struct span uid)
{
	if (!uid.size)
		return;
	string_add(s, " of user ");
	string_add_bytes(s, uid.at, uid.size);
}

/* Shortens what was added since start. */
static void shorten(struct string *s, size_t start, size_t max)
{
	if (s->length - start <= max)
		return;
	string_cut(s, start + max);
	string_add(s, "...");
}

/* The innermost of what is in something else. */
static void add_innermost(struct string *s, const struct reading *r)
{
	if (r->innermost_is_unit) {
		add_unit(s, r->inner_unit);
		shorten(s, 0, INNERMOST_SHOWN);
		add_user(s, r->inner_user);
	} else if (is_container(&r->inner)) {
		add_container(s, &r->inner);
		if (r->inner.pattern && r->inner.pattern->is_name)
			shorten(s, 0, INNERMOST_SHOWN);
	}
	if (s->length)
		string_add(s, " in ");
}

static void add_outermost(struct string *s, const struct reading *r)
{
	const size_t start = s->length;

	if (!is_container(&r->outer)) {
		add_unit(s, r->unit);
	} else {
		add_container(s, &r->outer);
		if (r->unit_is_around) {
			shorten(s, start, OUTERMOST_SHOWN);
			string_add(s, " in ");
			add_unit(s, r->unit);
		}
	}
	if (r->user.size && (r->unit_is_users || is_container(&r->outer))) {
		shorten(s, start, OUTERMOST_SHOWN);
		add_user(s, r->user);
	}
}

static enum owner_kind kind_of(const struct reading *r)
{
	if (r->outer.pod.size)
		return OWNER_KUBERNETES;
	if (r->outer.pattern)
		return r->outer.pattern->kind;
	if (r->unit.size)
		return r->unit_is_users ? OWNER_USER_UNIT : OWNER_UNIT;
	return OWNER_PATH;
}

/* The start of a path, which shows whose it is: whole components, as many as fit. Containers nested
 * in containers have paths of 300 bytes. */
static void take_start(const char *path, char ret[OWNER_CGROUP_MAX])
{
	size_t size = strlen(path);

	if (size >= OWNER_CGROUP_MAX) {
		size = OWNER_CGROUP_MAX - 1;
		while (size && path[size] != '/')
			size--;
		size = size ? size : OWNER_CGROUP_MAX - 1;
	}
	memcpy(ret, path, size);
	ret[size] = '\0';
}

static void add_span(struct string *s, struct span span)
{
	if (span.size)
		string_add_bytes(s, span.at, span.size);
}

static void add_reading(struct owner *o, const struct reading *r)
{
	struct string name = STRING_IN(o->name), unit = STRING_IN(o->unit);
	struct string container = STRING_IN(o->container), user = STRING_IN(o->user);
	const struct container *c = &r->outer;

	add_innermost(&name, r);
	add_outermost(&name, r);
	add_span(&unit, r->inner_unit.size && is_container(c) ? r->inner_unit : r->unit);
	if (c->pattern && !c->pattern->is_name)
		add_span(&container, c->id);
	else if (c->pattern)
		add_unit(&container, c->id);
	if (r->unit_is_users || is_container(c))
		add_span(&user, r->user);
}

void owner_from_path(const char *path, struct owner *ret)
{
	struct reading r;

	memset(ret, 0, sizeof(*ret));
	take_start(path, ret->cgroup);
	if (strspn(ret->cgroup, "/") == strlen(ret->cgroup)) {
		ret->kind = OWNER_ROOT;
		strncpy(ret->cgroup, "/", sizeof(ret->cgroup));
		strcpy(ret->name, "the root cgroup");
		return;
	}
	r = read_path(ret->cgroup);
	ret->kind = kind_of(&r);
	if (ret->kind == OWNER_PATH) {
		struct string name = STRING_IN(ret->name);

		string_add(&name, ret->cgroup);
		return;
	}
	add_reading(ret, &r);
	/* Also what is left of the rest, so that owners compare as bytes. */
	memset(ret->cgroup + (r.end - ret->cgroup), 0, strlen(r.end));
}

void owner_from_user(const char *user, struct owner *ret)
{
	struct string name, copy;

	memset(ret, 0, sizeof(*ret));
	ret->kind = OWNER_USER;
	copy = STRING_IN(ret->user);
	string_add(&copy, user);
	name = STRING_IN(ret->name);
	string_addf(&name, "user %s", ret->user);
}

void owner_set_gone(struct owner *o)
{
	const struct owner last = *o;
	struct string name = STRING_IN(o->name);

	o->is_gone = true;
	string_add(&name, "a service that is gone");
	if (owner_is_known(&last))
		string_addf(&name, " (last %s)", last.name);
	else
		o->kind = OWNER_GONE;
}

void owner_restore(const char *cgroup, const char *user, bool is_gone, struct owner *ret)
{
	if (*cgroup)
		owner_from_path(cgroup, ret);
	else if (*user && !is_gone)
		owner_from_user(user, ret);
	else
		memset(ret, 0, sizeof(*ret));
	if (is_gone)
		owner_set_gone(ret);
	if (!*ret->user) {
		struct string copy = STRING_IN(ret->user);

		string_add(&copy, user);
	}
}

void owner_copy(const struct owner *o, const char *user, struct owner *ret)
{
	char cgroup[OWNER_CGROUP_MAX] = "", name[OWNER_USER_MAX] = "";

	if (o && *o->user)
		user = o->user;
	if (o)
		utf8_printable(cgroup, sizeof(cgroup), o->cgroup);
	if (user)
		utf8_printable(name, sizeof(name), user);
	/* A user that is not the owner is not one. */
	if (!o)
		memset(ret, 0, sizeof(*ret));
	else
		owner_restore(cgroup, name, o->is_gone, ret);
}

static int compare_text(const char *a, const char *b, int order)
{
	return order ? order : strcmp(a, b);
}

int owner_compare(const struct owner *a, const struct owner *b)
{
	int order = (a->kind > b->kind) - (a->kind < b->kind);

	order = compare_text(a->cgroup, b->cgroup, order);
	return compare_text(a->user, b->user, order);
}

/* The units of systemd itself, and of Debian's and Red Hat's inetds. */
static const char *const acceptors[] = {"init.scope", "inetd.service", "inetutils-inetd.service",
	"openbsd-inetd.service", "xinetd.service"};

bool owner_is_acceptor(const struct owner *o)
{
	const struct span unit = {o->unit, strlen(o->unit)};

	if (o->kind != OWNER_UNIT)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(acceptors); i++)
		if (span_is(unit, acceptors[i]))
			return true;
	return span_ends(unit, ".socket");
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
	[OWNER_USER] = "user",
	[OWNER_GONE] = "gone",
};
const struct names owner_kind_names = NAMES(kind_list);

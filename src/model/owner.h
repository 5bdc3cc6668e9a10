/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names what runs in a cgroup by the cgroup's path, as an operator would: a systemd unit, a
 * container, a virtual machine. Pure.
 */
#ifndef TCPSTATED_MODEL_OWNER_H
#define TCPSTATED_MODEL_OWNER_H

#include "basic/names.h"

#include <stdbool.h>

/* UNIT_NAME_MAX of systemd (src/basic/unit-name.h), its NUL included. */
#define OWNER_UNIT_MAX 256

/* A unit, or two names with the words between; what is longer is cut. */
#define OWNER_NAME_MAX 320

/* Longer ones are cut: the id of a container has 64 digits, and machine names are host names. */
#define OWNER_CONTAINER_MAX 80
#define OWNER_USER_MAX      64
#define OWNER_CGROUP_MAX    320

/* How many digits of a container's id to show, like docker(1) and crictl(1). */
#define OWNER_ID_SHOWN 12

enum owner_kind {
	OWNER_ROOT,       /* the root cgroup */
	OWNER_UNIT,       /* a unit of the system's systemd */
	OWNER_USER_UNIT,  /* a unit of a user's systemd, or a session */
	OWNER_DOCKER,     /* containers, by their manager */
	OWNER_PODMAN,     /* a container, or the pod alone */
	OWNER_CONTAINERD, /* by nerdctl */
	OWNER_KUBERNETES, /* a container in a pod, or the pod alone, of any runtime */
	OWNER_LXC,        /* LXC, LXD, Incus, Proxmox VE */
	OWNER_MACHINE,    /* registered with systemd-machined: systemd-nspawn, libvirt */
	OWNER_CONTAINER,  /* a container by its id; the path does not show whose */
	OWNER_PATH,       /* none of these: only the path is known */
	OWNER_USER,       /* a user; the cgroup is unknown */
	OWNER_GONE,       /* whose cgroup was removed before its path was known */
	OWNER_KINDS,
};

/*
 * Whose sockets are. All zero, or an empty name: unknown. Texts contain any bytes of the path,
 * including line breaks: escape them for output.
 */
struct owner {
	enum owner_kind kind;
	bool is_gone;  /* its cgroup was removed: its sockets outlived it, or are held elsewhere */
	bool is_mixed; /* only most of the sockets are this owner's */

	/*
	 * "the root cgroup", "nginx.service", "foo.service of user 1000", "docker 0123456789ab",
	 * "pod UID container 0123456789ab", "nginx.service in lxc web", "/some/path", "user game",
	 * "a service that is gone (last nginx.service)". Unit names with \x2d decoded.
	 * What is nested in something else is "x in y": whoever owns y chose the name of x, and y
	 * is always there.
	 */
	char name[OWNER_NAME_MAX];

	/*
	 * As systemctl(1) takes it, with \x2d: a unit of the host, for OWNER_USER_UNIT of the user,
	 * in a container with its own systemd of the container. Empty: there is none.
	 */
	char unit[OWNER_UNIT_MAX];

	char container[OWNER_CONTAINER_MAX]; /* the outermost one: its id, or its name; "": none */
	char user[OWNER_USER_MAX];           /* whose unit or container it is, or who made the
						sockets: a name, or a uid as text; "": the
						system's, or unknown */

	/* The cgroup that all this is read from, without what is below: equal for all sockets of
	 * the same owner. "": unknown. */
	char cgroup[OWNER_CGROUP_MAX];
};

/* The names of the kinds for programs: "unit", "docker". */
extern const struct names owner_kind_names;

/*
 * Reads the owner of a cgroup from its path from the root of the hierarchy. Never fails: an unknown
 * path is OWNER_PATH. The rules are systemd's (src/basic/cgroup-util.c: cg_path_get_unit,
 * cg_path_get_user_unit) and, innermost first, the names that container runtimes give with either
 * cgroup driver. Reading ret->cgroup again gives the same.
 */
void owner_from_path(const char *path, struct owner *ret);

static inline bool owner_is_known(const struct owner *o)
{
	return *o->name;
}

/* Where there is no cgroup: the user. */
void owner_from_user(const char *user, struct owner *ret);

/* The cgroup is gone; of an unknown owner nothing else is known. */
void owner_set_gone(struct owner *o);

/*
 * A copy to keep, printable and so that what it has is what owner_from_path() and its like make of
 * its cgroup, its user and whether it is gone: a file that has these has all. o and user may be
 * NULL: unknown; o's own user counts first.
 */
void owner_copy(const struct owner *o, const char *user, struct owner *ret);

/* Makes an owner of these texts, printable and at most as long as in struct owner; "": none. */
void owner_restore(const char *cgroup, const char *user, bool is_gone, struct owner *ret);

/* An order of owners, in which those that are the same compare as 0: by kind, cgroup and user. */
int owner_compare(const struct owner *a, const struct owner *b);

/* Whether it accepts connections for others, so that these have its cgroup and its user: a socket
 * unit, systemd itself (systemd.socket(5): Accept), or inetd. */
bool owner_is_acceptor(const struct owner *o);

#endif

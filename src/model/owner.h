/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names what runs in a cgroup by the cgroup's path, as an operator would: a systemd unit, a
 * container, a virtual machine. Pure.
 */
#ifndef TCPSTATED_MODEL_OWNER_H
#define TCPSTATED_MODEL_OWNER_H

#include "basic/names.h"

/* UNIT_NAME_MAX of systemd (src/basic/unit-name.h), its NUL included. */
#define OWNER_UNIT_MAX 256

/* Two names, or a name and a pod, and the words between. */
#define OWNER_NAME_MAX 600

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
	OWNER_KINDS,
};

struct owner {
	enum owner_kind kind;

	/*
	 * "the root cgroup", "nginx.service", "foo.service of user 1000", "docker 0123456789ab",
	 * "pod UID container 0123456789ab", "nginx.service in lxc web", "/some/path". Unit names
	 * with \x2d decoded; too long names are cut, paths at the front. It may contain any bytes
	 * of the path, including line breaks: escape it for output.
	 */
	char name[OWNER_NAME_MAX];

	/*
	 * The innermost unit that the path names, as systemctl(1) takes it, with \x2d: a unit of
	 * the host, for OWNER_USER_UNIT of the user, in a container with its own systemd of the
	 * container. Empty: there is none.
	 */
	char unit[OWNER_UNIT_MAX];
};

/* The names of the kinds for programs: "unit", "docker". */
extern const struct names owner_kind_names;

/*
 * Names the owner of a cgroup by its path from the root of the hierarchy. Never fails: an unknown
 * path is OWNER_PATH. The rules are systemd's (src/basic/cgroup-util.c: cg_path_get_unit,
 * cg_path_get_user_unit) and, innermost first, the names that container runtimes give with either
 * cgroup driver.
 */
void owner_from_path(const char *path, struct owner *ret);

#endif

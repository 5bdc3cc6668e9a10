/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the path of a cgroup to what an operator calls what runs in it: a systemd unit, a container,
 * a virtual machine. Pure: a path is only looked at.
 */
#ifndef TCPSTATED_MODEL_OWNER_H
#define TCPSTATED_MODEL_OWNER_H

#include "basic/names.h"

#include <stddef.h>

/* UNIT_NAME_MAX of systemd (src/basic/unit-name.h), its NUL included. */
#define OWNER_UNIT_MAX 256

/* Two names, or a name and a pod, and the words between them. */
#define OWNER_NAME_MAX 600

/* How many digits of a container's id are shown, as docker(1) and crictl(1) show them. */
#define OWNER_ID_SHOWN 12

enum owner_kind {
	OWNER_ROOT,       /* the root cgroup */
	OWNER_UNIT,       /* a unit of the system's systemd */
	OWNER_USER_UNIT,  /* a unit of a user's systemd, or a session */
	OWNER_DOCKER,     /* containers, by what made them */
	OWNER_PODMAN,     /* a container, or the pod alone */
	OWNER_CONTAINERD, /* by nerdctl */
	OWNER_KUBERNETES, /* a container in a pod, or the pod alone; made by whichever runtime */
	OWNER_LXC,        /* LXC, LXD, Incus, Proxmox VE */
	OWNER_MACHINE,    /* registered with systemd-machined: systemd-nspawn, libvirt */
	OWNER_CONTAINER,  /* a container by the looks of its id; of what, its path does not tell */
	OWNER_PATH,       /* none of these: the path is all there is */
	OWNER_KINDS,
};

struct owner {
	enum owner_kind kind;

	/*
	 * As an operator would say it: "the root cgroup", "nginx.service", "foo.service of user
	 * 1000", "docker 0123456789ab", "pod UID container 0123456789ab", "nginx.service in lxc
	 * web", "/some/path". Unit names with their \x2d undone; what is too long is cut, a path at
	 * its front. It holds whatever bytes the path held, line breaks included: who tells it
	 * escapes it.
	 */
	char name[OWNER_NAME_MAX];

	/*
	 * The innermost unit that the path names, as systemctl(1) takes it (\x2d and all): that of
	 * the host, for OWNER_USER_UNIT that of the user, in a container with a systemd of its own
	 * the container's. Empty: there is none.
	 */
	char unit[OWNER_UNIT_MAX];
};

/* The names of the kinds for programs: "unit", "docker". */
extern const struct names owner_kind_names;

/*
 * Names the owner of a cgroup by its path from the root of the hierarchy. Never fails: what no rule
 * knows is OWNER_PATH. The rules: systemd's (src/basic/cgroup-util.c: cg_path_get_unit, cg_path_
 * get_user_unit) and, innermost first, the names that container runtimes give with either cgroup
 * driver.
 */
void owner_from_path(const char *path, struct owner *ret);

#endif

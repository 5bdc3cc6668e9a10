/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups of our own, since a socket belongs to the cgroup of the process that made it. They are
 * children of "tcpstated-lab-PID.slice" at the top of the version 2 hierarchy, PID being the
 * process that makes them, so that another process can remove them.
 */
#ifndef TCPSTATED_LAB_CGROUP_H
#define TCPSTATED_LAB_CGROUP_H

#include <sys/types.h>

struct lab_cgroups {
	char *home; /* where the process was, below the top of the hierarchy; NULL: none was made */
};

/*
 * Moves the calling process into the cgroup "tcpstated-lab-PID.slice/NAME", which is made if
 * missing. Returns 0; -EROFS, -EACCES, -EPERM or -ENOENT where no cgroup can be made; or -errno.
 */
int lab_cgroup_enter(struct lab_cgroups *c, const char *name);

/* Moves it back to where it was before the first. Returns 0 or -errno. */
int lab_cgroup_leave(struct lab_cgroups *c);

/* Removes the cgroups that a process made, once nobody is in them. Waits for that for some seconds.
 * Returns 0, also when there are none, or -errno. */
int lab_cgroups_remove(pid_t maker);

#endif

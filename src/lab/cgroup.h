/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups of our own, since a socket belongs to the cgroup of the process that made it. They are
 * children of "tcpstated-lab-PID.slice" at the top of the version 2 hierarchy, where the janitor of
 * the process PID finds them.
 */
#ifndef TCPSTATED_LAB_CGROUP_H
#define TCPSTATED_LAB_CGROUP_H

#include <sys/types.h>

struct lab_cgroups {
	pid_t maker; /* in whose slice they are; whoever set it up */
	char *home;  /* where the process was, below the top of the hierarchy; NULL: still there */
};

/*
 * Moves the calling process into the cgroup "tcpstated-lab-MAKER.slice/NAME", which is made if
 * missing. Returns 0; -EROFS, -EACCES, -EPERM or -ENOENT where no cgroup can be made; or -errno.
 */
int lab_cgroup_enter(struct lab_cgroups *c, const char *name);

/* Moves it back to where it was before the first. Returns 0 or -errno. */
int lab_cgroup_leave(struct lab_cgroups *c);

/* Removes the cgroups that a process made, once nobody is in them. Waits for that for some seconds.
 * Returns 0, also when there are none, or -errno. */
int lab_cgroups_remove(pid_t maker);

#endif

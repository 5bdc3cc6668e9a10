/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directories of the version 2 cgroup hierarchy, wherever it is mounted. A cgroup's id is the
 * inode number of its directory (fs/kernfs/dir.c: kernfs_id_ino), which readdir() gives too. That
 * takes no privilege: everybody may read the directories.
 */
#ifndef TCPSTATED_KERNEL_OWNERS_CGROUP_TREE_H
#define TCPSTATED_KERNEL_OWNERS_CGROUP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The bounds of a walk. Hosts have hundreds of cgroups; systemd in a container in a virtual
 * machine's container nests them a dozen deep. */
#define CGROUP_DIRECTORIES_MAX 65536
#define CGROUP_DEPTH_MAX       32

/* Bounds the names too: whoever may create cgroups may give them long ones. */
#define CGROUP_PATH_BYTES_MAX ((size_t)16 << 20)

struct cgroup_tree {
	int fd; /* of its top directory; -1: none */
	dev_t device;
	char *prefix;     /* the path of that directory in the hierarchy, empty for "/" */
	bool is_complete; /* it is the root cgroup: every cgroup is below it */
};

struct cgroup_directory {
	uint64_t id;
	char *path;     /* from the root of the hierarchy, as /proc/PID/cgroup has it */
	unsigned depth; /* below the tree's top */
};

struct cgroup_directories {
	struct cgroup_directory *list;
	size_t count, allocated, path_bytes;
	bool is_complete; /* nothing was cut short or refused */
};

/*
 * Opens the hierarchy that /proc/self/mountinfo lists: its root cgroup if that is mounted, else a
 * part of it, as in a container. Returns 0, -ENOENT when it is not mounted, or -errno. Release with
 * cgroup_tree_close.
 */
int cgroup_tree_open_live(struct cgroup_tree *ret);

/* Opens a directory as a mount of the part of the hierarchy at prefix. For tests too. */
int cgroup_tree_open(const char *directory, const char *prefix, struct cgroup_tree *ret);

void cgroup_tree_close(struct cgroup_tree *tree);

/*
 * Lists the directories, the top first, without following links or entering other file systems.
 * What appears or vanishes meanwhile may or may not be listed. Returns 0 or -ENOMEM; release with
 * cgroup_directories_release.
 */
int cgroup_tree_walk(const struct cgroup_tree *tree, struct cgroup_directories *ret);
void cgroup_directories_release(struct cgroup_directories *d);

/* Checks that the cgroup is still where it was found. Returns 0, -ENOENT when it is gone, or -errno
 * when that is unknown. */
int cgroup_tree_check(const struct cgroup_tree *tree, const char *path, uint64_t id);

/* Reduces an id to what an inode number holds, to compare them: the lower half where the kernel has
 * 32 bits for it. */
uint64_t cgroup_id_of_inode(uint64_t inode);

/* One mount of the hierarchy. */
struct cgroup_mount {
	char *point; /* of PATH_MAX bytes each, the caller's */
	char *root;
};

/*
 * Finds the next mount of a version 2 hierarchy in the text of a mountinfo (proc(5)) and moves *at
 * behind its line. Returns false when there are no more. Lines that no kernel writes are skipped.
 */
bool cgroup_mount_next(const char **at, const char *end, struct cgroup_mount *ret);

#endif

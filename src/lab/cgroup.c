/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/cgroup.h"

#include "basic/cleanup.h"
#include "basic/file.h"
#include "kernel/owners/cgroup_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A process leaves its cgroup some time after its files are closed (kernel/exit.c: do_exit). */
#define REMOVE_TRIES   500
#define REMOVE_WAIT_MS 10

static void slice_name(char buf[48], pid_t maker)
{
	snprintf(buf, 48, "tcpstated-lab-%d.slice", (int)maker);
}

/* The path of the calling process's cgroup, from /proc/self/cgroup, without the leading slash. */
static int read_home(char **ret)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	char *home, *end;
	int r = file_read("/proc/self/cgroup", 65536, &text, &size);

	if (r < 0)
		return r;
	home = strncmp(text, "0::/", 4) == 0 ? text + 4 : strstr(text, "\n0::/");
	if (!home)
		return -ENOENT;
	home += *home == '\n' ? strlen("\n0::/") : 0;
	end = strchr(home, '\n');
	*ret = strndup(home, end ? (size_t)(end - home) : strlen(home));
	return *ret ? 0 : -ENOMEM;
}

/* Moves the calling process to the cgroup of a path below the top; an empty one is the top. */
static int move_to(int top, const char *path)
{
	char procs[4096];
	cleanup_(closep) int fd = -1;

	snprintf(procs, sizeof(procs), "%s%scgroup.procs", path, *path ? "/" : "");
	fd = openat(top, procs, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : file_write_all(fd, "0", 1);
}

static int make_directory(int top, const char *path)
{
	return mkdirat(top, path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int lab_cgroup_enter(struct lab_cgroups *c, const char *name)
{
	cleanup_(cgroup_tree_close) struct cgroup_tree tree = {.fd = -1};
	char slice[48], path[128];
	int r = cgroup_tree_open_live(&tree);

	if (r >= 0 && !c->home)
		r = read_home(&c->home);
	if (r < 0)
		return r;
	slice_name(slice, c->maker);
	snprintf(path, sizeof(path), "%s/%s", slice, name);
	r = make_directory(tree.fd, slice);
	if (r >= 0)
		r = make_directory(tree.fd, path);
	return r < 0 ? r : move_to(tree.fd, path);
}

int lab_cgroup_leave(struct lab_cgroups *c)
{
	cleanup_(cgroup_tree_close) struct cgroup_tree tree = {.fd = -1};
	int r;

	if (!c->home)
		return 0;
	r = cgroup_tree_open_live(&tree);
	return r < 0 ? r : move_to(tree.fd, c->home);
}

/* Returns 0, or -errno of the last that could not be removed. */
static int remove_all(int top, const char *slice)
{
	cleanup_(closep) int fd = openat(top, slice, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *directory;
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	directory = fdopendir(fd);
	if (!directory)
		return -errno;
	fd = -1;
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_type == DT_DIR && *entry->d_name != '.' &&
			unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR) < 0)
			r = -errno;
	closedir(directory);
	return unlinkat(top, slice, AT_REMOVEDIR) < 0 ? -errno : r;
}

int lab_cgroups_remove(pid_t maker)
{
	cleanup_(cgroup_tree_close) struct cgroup_tree tree = {.fd = -1};
	char slice[48];
	int r = cgroup_tree_open_live(&tree);

	/* Without a hierarchy none was made. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	slice_name(slice, maker);
	for (int tries = 0; tries < REMOVE_TRIES; tries++) {
		r = remove_all(tree.fd, slice);
		if (r != -EBUSY && r != -ENOTEMPTY)
			break;
		poll(NULL, 0, REMOVE_WAIT_MS);
	}
	return r;
}

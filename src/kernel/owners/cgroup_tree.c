/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/owners/cgroup_tree.h"

#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/escape.h"
#include "basic/file.h"
#include "basic/number.h"
#include "basic/string.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* One line per mount; hosts with thousands of containers have some 10,000. */
#define MOUNTINFO_SIZE_MAX ((size_t)16 << 20)

/* The root of a kernfs gets the first inode number (fs/kernfs/dir.c: kernfs_create_root). */
#define ROOT_INODE 1

uint64_t cgroup_id_of_inode(uint64_t inode)
{
	return sizeof(long) < sizeof(uint64_t) ? (uint32_t)inode : inode;
}

/* Skips a word and the blank behind it. */
static void skip_word(const char **at, const char *end)
{
	while (*at < end && **at != ' ' && **at != '\n')
		(*at)++;
	scan_literal(at, end, " ");
}

/*
 * Reads a line such as "41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw": the
 * fourth word is the root, the fifth the mount point, and the type follows the dash.
 */
static bool read_mount(const char *at, const char *end, struct cgroup_mount *ret)
{
	char type[16];

	for (int i = 0; i < 3; i++)
		skip_word(&at, end);
	if (!escape_take(&at, end, ret->root, PATH_MAX) || !scan_literal(&at, end, " ") ||
		!escape_take(&at, end, ret->point, PATH_MAX) || !scan_literal(&at, end, " "))
		return false;
	while (at < end && *at != '-')
		skip_word(&at, end);
	return scan_literal(&at, end, "- ") && escape_take(&at, end, type, sizeof(type)) &&
	       strcmp(type, "cgroup2") == 0;
}

bool cgroup_mount_next(const char **at, const char *end, struct cgroup_mount *ret)
{
	const char *line, *line_end;

	while (scan_line(at, end, &line, &line_end))
		if (read_mount(line, line_end, ret))
			return true;
	return false;
}

int cgroup_tree_open(const char *directory, const char *prefix, struct cgroup_tree *ret)
{
	cleanup_(closep) int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct cgroup_tree tree = {.fd = -1};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	tree.is_complete = st.st_ino == ROOT_INODE;
	tree.device = st.st_dev;
	/* A root outside this cgroup namespace has no name here ("/.."); all paths start at the
	 * root cgroup. */
	if (tree.is_complete || strncmp(prefix, "/..", 3) == 0 || strcmp(prefix, "/") == 0)
		prefix = "";
	tree.prefix = strdup(prefix);
	if (!tree.prefix)
		return -ENOMEM;
	tree.fd = TAKE_FD(fd);
	*ret = tree;
	return 0;
}

void cgroup_tree_close(struct cgroup_tree *tree)
{
	closep(&tree->fd);
	free(tree->prefix);
	*tree = (struct cgroup_tree){.fd = -1};
}

/* Checks the type too, since something else may be mounted over it. */
static int open_mount(const struct cgroup_mount *mount, struct cgroup_tree *ret)
{
	struct cgroup_tree tree;
	struct statfs fs;
	int r;

	r = cgroup_tree_open(mount->point, mount->root, &tree);
	if (r < 0)
		return r;
	r = fstatfs(tree.fd, &fs) < 0 ? -errno : 0;
	if (r == 0 && fs.f_type != CGROUP2_SUPER_MAGIC)
		r = -ENOENT;
	if (r < 0)
		cgroup_tree_close(&tree);
	else
		*ret = tree;
	return r;
}

int cgroup_tree_open_live(struct cgroup_tree *ret)
{
	char point[PATH_MAX], root[PATH_MAX];
	struct cgroup_mount mount = {point, root};
	struct cgroup_tree best = {.fd = -1}, tree;
	cleanup_(freep) char *text = NULL;
	const char *at;
	size_t size;
	int r;

	r = file_read("/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &text, &size);
	if (r < 0)
		return r;
	at = text;
	r = -ENOENT;
	while (!best.is_complete && cgroup_mount_next(&at, text + size, &mount)) {
		int opened = open_mount(&mount, &tree);

		if (opened < 0) {
			r = opened;
		} else if (best.fd < 0 || tree.is_complete) {
			cgroup_tree_close(&best);
			best = tree;
		} else {
			cgroup_tree_close(&tree);
		}
	}
	if (best.fd < 0)
		return r;
	*ret = best;
	return 0;
}

/* The path of a cgroup relative to the tree's top directory. */
static const char *path_below(const struct cgroup_tree *tree, const char *path)
{
	path += strlen(tree->prefix);
	path += *path == '/';
	return *path ? path : ".";
}

static bool is_gone(int error)
{
	return error == ENOENT || error == ENODEV || error == ENOTDIR;
}

int cgroup_tree_check(const struct cgroup_tree *tree, const char *path, uint64_t id)
{
	struct stat st;

	if (fstatat(tree->fd, path_below(tree, path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return is_gone(errno) ? -ENOENT : -errno;
	return st.st_ino == cgroup_id_of_inode(id) ? 0 : -ENOENT;
}

/* Takes the path over, also when it fails. */
static int add_directory(struct cgroup_directories *d, uint64_t id, unsigned depth, char *path)
{
	cleanup_(freep) char *taken = path;

	if (!path)
		return -ENOMEM;
	d->path_bytes += strlen(path) + 1;
	if (ARRAY_GROW(d->list, d->allocated, d->count + 1) < 0)
		return -ENOMEM;
	d->list[d->count++] = (struct cgroup_directory){id, TAKE_PTR(taken), depth};
	return 0;
}

/* Returns 0, -ENOMEM, or -EOVERFLOW for a path that is too long to use. */
static int child_path(const char *parent, const char *name, char **ret)
{
	struct string path = string_up_to(PATH_MAX);

	/* The path of the root cgroup is the slash itself. */
	string_addf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name);
	return string_take(&path, ret, NULL);
}

static bool is_directory(DIR *dir, const struct dirent *entry)
{
	struct stat st;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* Opens a directory to list it. NULL: it is gone, or there is no reason to. */
static DIR *open_list(const struct cgroup_tree *tree, const char *path, bool *is_complete)
{
	cleanup_(closep) int fd = -1;
	struct stat st;
	DIR *dir;

	path = path_below(tree, path);
	/* A directory has a link from each directory in it and two of its own, and most cgroups
	 * have no children. */
	if (fstatat(tree->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		(st.st_nlink == 2 || st.st_dev != tree->device))
		return NULL;
	fd = openat(tree->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir)
		TAKE_FD(fd);
	else if (!is_gone(errno))
		*is_complete = false;
	return dir;
}

static bool is_full(const struct cgroup_directories *d)
{
	return d->count >= CGROUP_DIRECTORIES_MAX || d->path_bytes >= CGROUP_PATH_BYTES_MAX;
}

static int list_children(
	const struct cgroup_tree *tree, struct cgroup_directories *d, size_t parent)
{
	const unsigned depth = d->list[parent].depth + 1;
	/* The list may move as it grows; what its entries point to does not. */
	const char *path = d->list[parent].path;
	cleanup_(closedirp) DIR *dir = open_list(tree, path, &d->is_complete);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *child = NULL;
		int r;

		if (!is_directory(dir, entry))
			continue;
		if (depth > CGROUP_DEPTH_MAX || is_full(d))
			r = -EOVERFLOW;
		else
			r = child_path(path, entry->d_name, &child);
		if (r == 0)
			r = add_directory(d, entry->d_ino, depth, child);
		if (r == -EOVERFLOW) {
			d->is_complete = false;
			break;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_tree_walk(const struct cgroup_tree *tree, struct cgroup_directories *ret)
{
	struct cgroup_directories d = {.is_complete = true};
	struct stat st;
	int r;

	if (fstat(tree->fd, &st) < 0) {
		d.is_complete = false;
		r = 0;
	} else {
		r = add_directory(&d, st.st_ino, 0, strdup(tree->prefix[0] ? tree->prefix : "/"));
	}
	/* The list is its own queue. */
	for (size_t i = 0; r == 0 && i < d.count && (d.is_complete || !is_full(&d)); i++)
		r = list_children(tree, &d, i);
	if (r < 0) {
		cgroup_directories_release(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void cgroup_directories_release(struct cgroup_directories *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->list[i].path);
	free(d->list);
	*d = (struct cgroup_directories){0};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree of directories, files and links below a directory of its own in /tmp. */
#ifndef TCPSTATED_TESTS_FAKE_TREE_H
#define TCPSTATED_TESTS_FAKE_TREE_H

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake_tree {
	char root[64];
	char path[PATH_MAX]; /* of the entry that was last asked for */
};

/* The full path of an entry; valid until the next call. */
static inline const char *fake_tree_path(struct fake_tree *t, const char *name)
{
	assert_true(
		snprintf(t->path, sizeof(t->path), "%s%s", t->root, name) < (int)sizeof(t->path));
	return t->path;
}

static inline void fake_tree_new(struct fake_tree *t)
{
	strcpy(t->root, "/tmp/fake-tree.XXXXXX");
	assert_non_null(mkdtemp(t->root));
	/* For a test that looks at it as somebody else. */
	assert_int_equal(chmod(t->root, 0755), 0);
}

static inline int fake_tree_remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void fake_tree_remove(struct fake_tree *t, const char *name)
{
	assert_int_equal(nftw(fake_tree_path(t, name), fake_tree_remove_entry, 16,
				 FTW_DEPTH | FTW_PHYS | FTW_MOUNT),
		0);
}

static inline void fake_tree_free(struct fake_tree *t)
{
	fake_tree_remove(t, "");
}

/* With the directories above it. Returns its inode number. */
static inline uint64_t fake_tree_mkdir(struct fake_tree *t, const char *name)
{
	char *slash = NULL;
	struct stat st;

	fake_tree_path(t, name);
	while ((slash = strchr(slash ? slash + 1 : t->path + strlen(t->root) + 1, '/'))) {
		*slash = '\0';
		(void)mkdir(t->path, 0755);
		*slash = '/';
	}
	assert_int_equal(mkdir(t->path, 0755), 0);
	assert_int_equal(stat(t->path, &st), 0);
	return st.st_ino;
}

static inline void fake_tree_write(
	struct fake_tree *t, const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(fake_tree_path(t, name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void fake_tree_link(struct fake_tree *t, const char *name, const char *target)
{
	assert_int_equal(symlink(target, fake_tree_path(t, name)), 0);
}

#endif

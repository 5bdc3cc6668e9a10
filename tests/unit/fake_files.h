/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine that consists of the files that a test gives it. */
#ifndef TCPSTATED_TESTS_FAKE_FILES_H
#define TCPSTATED_TESTS_FAKE_FILES_H

#include "kernel/sockets/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_FILES_MAX 8

struct fake_files {
	struct source source;
	struct {
		const char *path; /* NULL: the end */
		const void *bytes;
		size_t size;
	} files[FAKE_FILES_MAX];
	char *attached; /* the last text; the test frees it */
	unsigned reads; /* how many files were asked for */
};

static inline int fake_files_read(struct source *s, const char *path, char **ret, size_t *ret_size)
{
	struct fake_files *f = (struct fake_files *)s;

	f->reads++;
	for (size_t i = 0; i < FAKE_FILES_MAX && f->files[i].path; i++) {
		if (strcmp(f->files[i].path, path) != 0)
			continue;
		*ret = calloc(1, f->files[i].size + 1);
		if (!*ret)
			return -ENOMEM;
		memcpy(*ret, f->files[i].bytes, f->files[i].size);
		*ret_size = f->files[i].size;
		return 0;
	}
	return -ENOENT;
}

static inline int fake_files_attach(struct source *s, const char *name, const char *text)
{
	struct fake_files *f = (struct fake_files *)s;

	(void)name;
	free(f->attached);
	f->attached = strdup(text);
	return f->attached ? 0 : -ENOMEM;
}

static const struct source_ops fake_files_ops = {
	.read_file = fake_files_read,
	.attach = fake_files_attach,
};

/* Without links in /sys/kernel/slab, as in a replay: those of the machine that runs the test do not
 * matter. */
#define FAKE_FILES ((struct fake_files){.source = {.ops = &fake_files_ops, .replayed = true}})

static inline void fake_files_add(
	struct fake_files *f, const char *path, const void *bytes, size_t size)
{
	for (size_t i = 0; i < FAKE_FILES_MAX; i++) {
		if (f->files[i].path)
			continue;
		f->files[i].path = path;
		f->files[i].bytes = bytes;
		f->files[i].size = size;
		return;
	}
	abort();
}

static inline void fake_files_add_text(struct fake_files *f, const char *path, const char *text)
{
	fake_files_add(f, path, text, strlen(text));
}

#endif

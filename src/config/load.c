/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a configuration of the files: the main one, then its drop-ins. */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "config/files.h"
#include "config/private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define DEFAULT_PATH SYSCONFDIR "/tcpstated/tcpstated.conf"

struct loader {
	struct config *config;
	struct config_errors *errors;
	const struct config_file *file; /* the last one */
	int file_error;                 /* -errno of the first one that cannot be read */
};

/* Keeps the name, which every origin in that file borrows. NULL: no memory. */
static const struct config_file *add_file(struct config_origins *o, const char *name)
{
	size_t size = strlen(name) + 1;
	struct config_file *file = malloc(sizeof(*file) + size);

	if (!file)
		return NULL;
	file->previous = o->files;
	file->number = o->files ? o->files->number + 1 : 0;
	memcpy(file->name, name, size);
	o->files = file;
	return file;
}

/* A file, or, with a suffix, the folder of its drop-ins cannot be read. */
static void refuse_file(struct loader *l, const char *suffix, int error)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{-EBADF, "not a regular file"},
		{-EISDIR, "a directory; expected a file"},
		{-EFBIG, "larger than 1 MiB"},
		{-E2BIG, "more than 1000 drop-ins"},
	};
	const char *text = strerror(-error);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].error == error)
			text = texts[i].text;
	config_errors_file(l->errors, l->file, suffix, text);
	if (!l->file_error)
		l->file_error = error;
}

/* Reads one file. Returns 0, also with mistakes in it, or -ENOMEM. */
static int load_file(struct loader *l, const char *path, bool must_exist)
{
	cleanup_(freep) char *text = NULL;
	size_t size;
	int r;

	l->file = add_file(l->config->origins, path);
	if (!l->file)
		return -ENOMEM;
	r = config_file_read(path, &text, &size);
	if (r == 0)
		return config_read_text(l->config, l->file, text, size, l->errors);
	if (r != -ENOENT || must_exist)
		refuse_file(l, "", r);
	return 0;
}

static int load_drop_ins(struct loader *l, const char *path)
{
	size_t folder_length = strlen(path) + strlen(".d/");
	cleanup_(string_release) struct string name = string_up_to(folder_length + NAME_MAX + 1);
	struct dirent **entries = NULL;
	int count, r = 0;

	string_addf(&name, "%s.d", path);
	if (name.error)
		return name.error;
	count = config_drop_ins(name.text, &entries);
	if (count < 0)
		refuse_file(l, ".d", count);
	string_add(&name, "/");
	for (int i = 0; i < count; i++) {
		string_cut(&name, folder_length);
		string_add(&name, entries[i]->d_name);
		if (r == 0)
			r = name.error ? name.error : load_file(l, name.text, true);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int config_load(const char *path, struct config **ret, struct config_errors *errors)
{
	cleanup_(config_freep) struct config *c = NULL;
	struct loader l = {.errors = errors};
	int r = config_new(&c);

	l.config = c;
	if (r == 0)
		r = load_file(&l, path ? path : DEFAULT_PATH, path);
	if (r == 0)
		r = load_drop_ins(&l, path ? path : DEFAULT_PATH);
	if (r < 0)
		return r;
	config_validate(c, errors);
	if (errors->error < 0)
		return errors->error;
	if (l.file_error < 0)
		return l.file_error;
	if (errors->count)
		return -EINVAL;
	*ret = TAKE_PTR(c);
	return 0;
}

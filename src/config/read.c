/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/read.h"

#include "basic/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Returns 0 when there is something to read in it, 1 for /dev/null. */
static int check_kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return 1;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	return (uintmax_t)st.st_size > CONFIG_FILE_SIZE_MAX ? -EFBIG : 0;
}

/* Reads up to size bytes. It may grow meanwhile: its size is not what was told. */
static int read_complete(int fd, char *buffer, size_t size, size_t *ret_size)
{
	size_t used = 0;

	for (;;) {
		ssize_t n = read(fd, buffer + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used == size)
			return -EFBIG;
	}
	*ret_size = used;
	return 0;
}

int config_file_read(const char *path, char **ret, size_t *ret_size)
{
	cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	cleanup_(freep) char *text = NULL;
	size_t size = 0;
	int r;

	if (fd < 0)
		return -errno;
	r = check_kind(fd);
	if (r < 0)
		return r;
	text = malloc(CONFIG_FILE_SIZE_MAX + 1);
	if (!text)
		return -ENOMEM;
	if (r == 0)
		r = read_complete(fd, text, CONFIG_FILE_SIZE_MAX + 1, &size);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

static int is_drop_in(const struct dirent *entry)
{
	static const char suffix[] = ".conf";
	size_t length = strlen(entry->d_name), suffix_length = strlen(suffix);

	return entry->d_name[0] != '.' && length > suffix_length &&
	       strcmp(entry->d_name + length - suffix_length, suffix) == 0;
}

/* By bytes; alphasort() would ask the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Makes paths of the names. Those that were made belong to the caller even on failure. */
static int join(const char *folder, struct dirent *const *names, size_t count, char **paths)
{
	for (size_t i = 0; i < count; i++) {
		if (asprintf(&paths[i], "%s/%s", folder, names[i]->d_name) < 0) {
			paths[i] = NULL;
			return -ENOMEM;
		}
	}
	return 0;
}

int config_drop_ins(const char *path, char ***ret, size_t *ret_count)
{
	cleanup_(freep) char *folder = NULL;
	struct dirent **names = NULL;
	char **paths = NULL;
	int count, r;

	*ret = NULL;
	*ret_count = 0;
	if (asprintf(&folder, "%s.d", path) < 0) {
		folder = NULL;
		return -ENOMEM;
	}
	count = scandir(folder, &names, is_drop_in, compare_names);
	if (count < 0)
		return errno == ENOENT ? 0 : -errno;
	r = count > CONFIG_DROP_INS_MAX ? -E2BIG : 0;
	paths = r == 0 ? calloc((size_t)count + 1, sizeof(*paths)) : NULL;
	if (r == 0)
		r = paths ? join(folder, names, (size_t)count, paths) : -ENOMEM;
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	if (r < 0) {
		config_paths_free(paths, paths ? (size_t)count : 0);
		return r;
	}
	*ret = paths;
	*ret_count = (size_t)count;
	return 0;
}

void config_paths_free(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
}

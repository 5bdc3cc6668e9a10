/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/files.h"

#include "basic/cleanup.h"
#include "basic/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int check_kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) /* /dev/null */
		return 0;
	return S_ISREG(st.st_mode) ? 0 : -EBADF;
}

int config_file_read(const char *path, char **ret, size_t *ret_size)
{
	cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r = fd < 0 ? -errno : check_kind(fd);

	return r < 0 ? r : file_read_fd(fd, CONFIG_FILE_SIZE_MAX, ret, ret_size);
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

int config_drop_ins(const char *folder, struct dirent ***ret)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, is_drop_in, compare_names);

	if (count < 0)
		return errno == ENOENT ? 0 : -errno;
	if (count <= CONFIG_DROP_INS_MAX) {
		*ret = names;
		return count;
	}
	while (count)
		free(names[--count]);
	free(names);
	return -E2BIG;
}

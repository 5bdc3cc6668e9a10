/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/file.h"

#include "basic/cleanup.h"
#include "basic/macro.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Most files of /proc and /sys fit; the buffer doubles for the others. */
#define FIRST_SIZE 8192

ssize_t file_read_into(int fd, char *buffer, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, buffer + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int file_read_fd(int fd, size_t size_max, char **ret, size_t *ret_size)
{
	cleanup_(freep) char *text = NULL;
	size_t used = 0, size = MIN(size_max, (size_t)FIRST_SIZE);

	for (;;) {
		/* One more byte distinguishes a file that ends at size from a longer one. */
		char *larger = realloc(text, size + 1);
		ssize_t n;

		if (!larger)
			return -ENOMEM;
		text = larger;
		n = file_read_into(fd, text + used, size + 1 - used);
		if (n < 0)
			return (int)n;
		used += (size_t)n;
		if (used <= size)
			break;
		if (size >= size_max)
			return -EFBIG;
		size = size > size_max / 2 ? size_max : 2 * size;
	}
	text[used] = '\0';
	*ret = TAKE_PTR(text);
	*ret_size = used;
	return 0;
}

int file_read(const char *path, size_t size_max, char **ret, size_t *ret_size)
{
	cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : file_read_fd(fd, size_max, ret, ret_size);
}

int file_write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* rename() would also replace /dev/null. */
static int check_replaceable(int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? 0 : -EEXIST;
}

static int write_new(int dir_fd, const char *name, mode_t mode, const char *data, size_t size)
{
	cleanup_(closep) int fd = -1;
	int r;

	if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	r = file_write_all(fd, data, size);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	return r;
}

int file_replace_at(int dir_fd, const char *name, const char *temporary, mode_t mode,
	const char *data, size_t size)
{
	int r = check_replaceable(dir_fd, name);

	if (r < 0)
		return r;
	r = write_new(dir_fd, temporary, mode, data, size);
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir_fd, temporary, 0);
	return r;
}

int file_withdraw_at(int dir_fd, const char *name)
{
	int r = check_replaceable(dir_fd, name);

	if (r == 0 && unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

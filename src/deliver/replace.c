/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/replace.h"

#include "basic/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* rename() would put a file in the place of /dev/null, too. */
static int check(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? 0 : -EEXIST;
}

static int write_all(int fd, const char *data, size_t size)
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

static int write_file(const char *path, const char *data, size_t size)
{
	cleanup_(closep) int fd = -1;
	int r;

	/* Whatever has that name, a link to somewhere included, is not written to. */
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	r = write_all(fd, data, size);
	/* The umask of a service may be narrow; this is for everybody. */
	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	return r;
}

int file_replace(const char *path, const char *data, size_t size)
{
	cleanup_(freep) char *temporary = NULL;
	int r;

	if (asprintf(&temporary, "%s.new", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	r = check(path);
	if (r < 0)
		return r;
	r = write_file(temporary, data, size);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temporary);
	return r;
}

int file_withdraw(const char *path)
{
	int r = check(path);

	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

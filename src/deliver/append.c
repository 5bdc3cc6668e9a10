/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/append.h"

#include "basic/cleanup.h"
#include "basic/macro.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_out {
	char *path;       /* NULL: standard output */
	int fd;           /* -1 while it is not open */
	int interrupt_fd; /* an eventfd that stays readable once it was interrupted */
	bool whole;       /* a regular file: a write does not block, and takes a line as a whole */
	bool torn;        /* the last line has no end */
};

/* Of standard output there is only one, whoever writes to it. */
static pthread_mutex_t stdout_lock = PTHREAD_MUTEX_INITIALIZER;
static bool stdout_torn;

int file_out_new(const char *path, struct file_out **ret)
{
	bool is_stdout = strcmp(path, "stdout") == 0;
	struct file_out *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->fd = -1;
	f->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = f->interrupt_fd < 0 ? -errno : 0;
	f->path = is_stdout ? NULL : strdup(path);
	if (r == 0 && !is_stdout && !f->path)
		r = -ENOMEM;
	if (r < 0) {
		file_out_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

static void close_file(struct file_out *f)
{
	if (f->path)
		closep(&f->fd);
	f->fd = -1;
}

struct file_out *file_out_free(struct file_out *f)
{
	if (!f)
		return NULL;
	close_file(f);
	closep(&f->interrupt_fd);
	free(f->path);
	free(f);
	return NULL;
}

void file_out_interrupt(struct file_out *f)
{
	(void)eventfd_write(f->interrupt_fd, 1);
}

/* Whether a file does not end with a newline: its last writer was killed, or the disk was full. */
static bool ends_torn(const char *path, off_t size)
{
	cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char last = '\n';

	return size > 0 && fd >= 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int open_file(struct file_out *f)
{
	struct stat st;

	if (f->fd >= 0)
		return 0;
	/* Without waiting for whoever reads from a FIFO. */
	f->fd = f->path ? open(f->path,
				  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
				  0640)
			: STDOUT_FILENO;
	if (f->fd < 0)
		return -errno;
	f->whole = fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode);
	if (f->path && f->whole)
		f->torn = ends_torn(f->path, st.st_size);
	return 0;
}

static int wait_until_writable(const struct file_out *f)
{
	struct pollfd fds[] = {
		{.fd = f->fd, .events = POLLOUT},
		{.fd = f->interrupt_fd, .events = POLLIN},
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return -errno;
	/* What can be written at once is written even then. */
	return fds[0].revents ? 0 : -ECANCELED;
}

/*
 * Standard output is shared with other programs, so it is not made non-blocking; but what a pipe or
 * a socket that is writable takes at least, it takes without blocking.
 */
static int put(struct file_out *f, const char *data, size_t size)
{
	while (size) {
		ssize_t n;
		int r = wait_until_writable(f);

		if (r < 0)
			return r;
		n = write(f->fd, data, f->whole ? size : MIN(size, (size_t)PIPE_BUF));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n <= 0)
			continue;
		f->torn = data[n - 1] != '\n';
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int put_line(struct file_out *f, const char *line, size_t size)
{
	int r = open_file(f);

	if (r == 0 && f->torn)
		r = put(f, "\n", 1);
	if (r == 0)
		r = put(f, line, size);
	/* The next try finds a new reader of a FIFO, or a disk that is mounted again. */
	if (r < 0)
		close_file(f);
	return r;
}

int file_out_write(struct file_out *f, const char *line, size_t size)
{
	int r;

	if (f->path)
		return put_line(f, line, size);
	pthread_mutex_lock(&stdout_lock);
	f->torn = stdout_torn;
	r = put_line(f, line, size);
	stdout_torn = f->torn;
	pthread_mutex_unlock(&stdout_lock);
	return r;
}

int file_out_reopen(struct file_out *f)
{
	close_file(f);
	return open_file(f);
}

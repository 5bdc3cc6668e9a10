/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/append.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "output/event_json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

struct append {
	char *path;      /* NULL: standard output */
	int fd;          /* -1 while it is not open */
	bool is_regular; /* a write does not block, and takes all of a line */
	bool torn;       /* the last line has no end */
};

/* All outputs that write to standard output share it. */
static pthread_mutex_t stdout_lock = PTHREAD_MUTEX_INITIALIZER;
static bool stdout_torn;

static int append_make(const struct output_settings *settings, void **ret)
{
	const bool is_stdout = strcmp(settings->target, "stdout") == 0;
	cleanup_(freep) struct append *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->fd = -1;
	a->path = is_stdout ? NULL : strdup(settings->target);
	if (!is_stdout && !a->path)
		return -ENOMEM;
	*ret = TAKE_PTR(a);
	return 0;
}

static void close_file(struct append *a)
{
	if (a->path)
		closep(&a->fd);
	a->fd = -1;
}

static void append_free(void *output)
{
	struct append *a = output;

	close_file(a);
	free(a->path);
	free(a);
}

/* Whether a file does not end with a newline: its last writer was killed, or the disk was full. */
static bool ends_torn(const char *path, off_t size)
{
	cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char last = '\n';

	return size > 0 && fd >= 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int open_file(struct append *a)
{
	struct stat st;

	if (a->fd >= 0)
		return 0;
	/* Without waiting for a reader of a FIFO. */
	a->fd = a->path ? open(a->path,
				  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
				  0640)
			: STDOUT_FILENO;
	if (a->fd < 0)
		return -errno;
	a->is_regular = fstat(a->fd, &st) == 0 && S_ISREG(st.st_mode);
	if (a->path && a->is_regular)
		a->torn = ends_torn(a->path, st.st_size);
	return 0;
}

static int wait_until_writable(int fd, int interrupt_fd)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = POLLOUT},
		{.fd = interrupt_fd, .events = POLLIN},
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return -errno;
	/* Even after an interruption, what can be written at once is written. */
	return fds[0].revents ? 0 : -ECANCELED;
}

/*
 * Standard output is shared with other programs, so it is not made non-blocking; but a writable
 * pipe or socket takes PIPE_BUF bytes without blocking.
 */
static int put(struct append *a, const char *data, size_t size, int interrupt_fd)
{
	while (size) {
		ssize_t n;
		int r = wait_until_writable(a->fd, interrupt_fd);

		if (r < 0)
			return r;
		n = write(a->fd, data, a->is_regular ? size : MIN(size, (size_t)PIPE_BUF));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n <= 0)
			continue;
		a->torn = data[n - 1] != '\n';
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int put_line(struct append *a, const char *line, size_t size, int interrupt_fd)
{
	int r = open_file(a);

	if (r == 0 && a->torn)
		r = put(a, "\n", 1, interrupt_fd);
	if (r == 0)
		r = put(a, line, size, interrupt_fd);
	/* The next try finds a new reader of a FIFO, or a disk that is mounted again. */
	if (r < 0)
		close_file(a);
	return r;
}

static int append_line(struct append *a, const char *line, size_t size, int interrupt_fd)
{
	int r;

	if (a->path)
		return put_line(a, line, size, interrupt_fd);
	pthread_mutex_lock(&stdout_lock);
	a->torn = stdout_torn;
	r = put_line(a, line, size, interrupt_fd);
	stdout_torn = a->torn;
	pthread_mutex_unlock(&stdout_lock);
	return r;
}

static int append_event(struct append *a, const struct alert_event *e, int interrupt_fd)
{
	cleanup_(freep) char *line = NULL;
	size_t size;
	int r = event_json_format(e, &line);

	if (r < 0)
		return r;
	/* The newline takes the place of the NUL. */
	size = strlen(line);
	line[size] = '\n';
	return append_line(a, line, size + 1, interrupt_fd);
}

static int append_result(const struct append *a, int r, struct string *error)
{
	return output_result(r, a->path ? a->path : "stdout", error);
}

static int append_deliver(
	void *output, const struct item *item, int interrupt_fd, struct string *error)
{
	struct append *a = output;
	int r = item->kind == ITEM_EVENT ? append_event(a, &item->event, interrupt_fd)
					 : append_line(a, item->text, item->size, interrupt_fd);

	return append_result(a, r, error);
}

static int append_reopen(void *output, struct string *error)
{
	struct append *a = output;
	int r;

	close_file(a);
	r = open_file(a);
	/* A FIFO needs no reader before there is something to read. */
	return r == -ENXIO ? 0 : append_result(a, r, error);
}

const struct output_ops append_ops = {
	.make = append_make,
	.deliver = append_deliver,
	.reopen = append_reopen,
	.free = append_free,
};

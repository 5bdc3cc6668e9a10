/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/state_directory.h"

#include "basic/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DEFAULT_PATH LOCALSTATEDIR "/lib/tcpstated"
#define LOCK_NAME    "lock"

struct error {
	char *text;
	size_t size;
};

__attribute__((format(printf, 3, 4))) static int fail(
	const struct error *e, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->text, e->size, format, args);
	va_end(args);
	return error;
}

static void choose_path(const char *path, char *ret, size_t size)
{
	const char *given = getenv("STATE_DIRECTORY");

	if (path)
		snprintf(ret, size, "%s", path);
	else if (given && *given)
		snprintf(ret, size, "%.*s", (int)strcspn(given, ":"), given);
	else
		snprintf(ret, size, "%s", DEFAULT_PATH);
}

/* Who holds the lock, as far as the file tells: "" or " (process 812)". */
static void name_holder(int fd, char *ret, size_t size)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	ret[0] = '\0';
	if (n > 0 && strspn(pid, "0123456789") == strcspn(pid, "\n"))
		snprintf(ret, size, " (process %.*s)", (int)strcspn(pid, "\n"), pid);
}

static int lock(const struct state_directory *d, const struct error *e)
{
	char holder[64], pid[16];
	int length;

	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		int error = -errno;

		name_holder(d->lock_fd, holder, sizeof(holder));
		if (error != -EWOULDBLOCK)
			return fail(e, error, "cannot lock %s/" LOCK_NAME ": %s", d->path,
				strerror(-error));
		return fail(e, error,
			"another tcpstated%s keeps its state in %s; stop it, or name another "
			"folder with --state-directory",
			holder, d->path);
	}
	length = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	/* Only for the sentence above. */
	if (ftruncate(d->lock_fd, 0) == 0)
		(void)!pwrite(d->lock_fd, pid, (size_t)length, 0);
	return 0;
}

int state_directory_open(
	const char *path, struct state_directory *ret, char *error, size_t error_size)
{
	const struct error e = {error, error_size};
	struct state_directory d = {.fd = -1, .lock_fd = -1};
	int r;

	choose_path(path, d.path, sizeof(d.path));
	(void)mkdir(d.path, 0700);
	d.fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.fd >= 0)
		d.lock_fd =
			openat(d.fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d.lock_fd < 0)
		r = fail(&e, -errno,
			"cannot keep its state in %s: %s; name another folder with "
			"--state-directory",
			d.path, strerror(errno));
	else
		r = lock(&d, &e);
	if (r < 0) {
		state_directory_close(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void state_directory_close(struct state_directory *d)
{
	closep(&d->lock_fd);
	closep(&d->fd);
	d->fd = d->lock_fd = -1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/state_directory.h"

#include "basic/cleanup.h"
#include "basic/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DEFAULT_PATH LOCALSTATEDIR "/lib/tcpstated"
#define LOCK_NAME    "lock"

static void choose_path(const char *path, char ret[PATH_MAX])
{
	const char *given = getenv("STATE_DIRECTORY");

	if (path)
		snprintf(ret, PATH_MAX, "%s", path);
	else if (given && *given)
		snprintf(ret, PATH_MAX, "%.*s", (int)strcspn(given, ":"), given);
	else
		snprintf(ret, PATH_MAX, "%s", DEFAULT_PATH);
}

/* Adds " (process 812)" when the lock file says so. */
static void add_holder(struct string *s, int fd)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	if (n > 0 && strspn(pid, "0123456789") == strcspn(pid, "\n"))
		string_addf(s, " (process %.*s)", (int)strcspn(pid, "\n"), pid);
}

static int lock(const struct state_directory *d, struct string *error)
{
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		int r = -errno;

		if (r != -EWOULDBLOCK)
			return string_fail(error, r, "cannot lock %s/" LOCK_NAME ": %s", d->path,
				strerror(-r));
		string_add(error, "another tcpstated");
		add_holder(error, d->lock_fd);
		return string_fail(error, r,
			" keeps its state in %s; stop it, or name another directory with "
			"--state-directory",
			d->path);
	}
	/* Only for the sentence above. */
	if (ftruncate(d->lock_fd, 0) == 0)
		(void)dprintf(d->lock_fd, "%d\n", (int)getpid());
	return 0;
}

int state_directory_open(const char *path, struct state_directory *ret, struct string *error)
{
	struct state_directory d = {.fd = -1, .lock_fd = -1};
	int r;

	choose_path(path, d.path);
	(void)mkdir(d.path, 0700);
	d.fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.fd >= 0)
		d.lock_fd =
			openat(d.fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d.lock_fd < 0)
		r = string_fail(error, -errno,
			"cannot keep its state in %s: %s; name another directory with "
			"--state-directory",
			d.path, strerror(errno));
	else
		r = lock(&d, error);
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

int state_directory_read(int dir_fd, const char *name, size_t size_max, char **ret,
	size_t *ret_size, struct string *reason)
{
	/* A FIFO there must not hold up the start. */
	cleanup_(closep) int fd =
		openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return string_fail(reason, -errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return string_fail(reason, -EBADMSG, "not a regular file");
	r = file_read_fd(fd, size_max, ret, ret_size);
	if (r == -EFBIG)
		return string_fail(reason, r, "implausible file size");
	return r < 0 ? string_fail(reason, r, "%s", strerror(-r)) : 0;
}

bool state_identity_is_known(const struct state_identity *identity)
{
	/* The live kernel's source names a network namespace so that it cannot read. */
	return *identity->boot_id && *identity->netns && strcmp(identity->netns, "unknown") != 0;
}

int state_identity_check(const struct state_identity *identity, const char *boot_id,
	const char *netns, struct string *reason)
{
	if (!state_identity_is_known(identity))
		return string_fail(reason, -ESTALE,
			"the boot id or the network namespace of this machine cannot be read");
	if (strcmp(boot_id, identity->boot_id) != 0)
		return string_fail(
			reason, -ESTALE, "from before this machine booted; starting afresh");
	if (strcmp(netns, identity->netns) != 0)
		return string_fail(
			reason, -ESTALE, "from another network namespace; starting afresh");
	return 0;
}

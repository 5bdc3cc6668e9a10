/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/janitor.h"

#include "basic/cleanup.h"
#include "lab/cgroup.h"
#include "lab/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

void janitor_drop_streams(bool keep_errors)
{
	cleanup_(closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!keep_errors)
		dup2(null, STDERR_FILENO);
}

/* It has a session of its own: signals to our process group do not reach it. */
__attribute__((noreturn)) static void work(const struct pair *p, pid_t maker, int end)
{
	char byte;

	setsid();
	janitor_drop_streams(false);
	while (read(end, &byte, 1) < 0 && errno == EINTR)
		continue;
	for (int here = 1; here >= 0; here--)
		if (pair_enter(p, here) >= 0)
			diag_destroy_all();
	lab_cgroups_remove(maker);
	_exit(EXIT_SUCCESS);
}

int janitor_start(const struct pair *p, struct janitor *ret)
{
	const pid_t maker = getpid();
	int fds[2], r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		r = -errno;
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid == 0) {
		close(fds[1]);
		work(p, maker, fds[0]);
	}
	close(fds[0]);
	*ret = (struct janitor){.pid = pid, .pipe = fds[1]};
	return 0;
}

void janitor_finish(struct janitor *j)
{
	close(j->pipe);
	while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

bool kernel_is_old;

struct watch {
	pid_t pid;
	int fd; /* closed when the process has ended, which makes the other end of it readable */
};

static void *wait_for_process(void *userdata)
{
	struct watch *w = userdata;
	siginfo_t end;

	(void)waitid(P_PID, (id_t)w->pid, &end, WEXITED | WNOWAIT);
	close(w->fd);
	free(w);
	return NULL;
}

static long watch_process(pid_t pid)
{
	struct watch *w = malloc(sizeof(*w));
	pthread_t thread;
	int ends[2];

	assert_non_null(w);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	*w = (struct watch){pid, ends[1]};
	assert_int_equal(pthread_create(&thread, NULL, wait_for_process, w), 0);
	pthread_detach(thread);
	return ends[0];
}

long __wrap_syscall(long number, ...);
long __real_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	va_list args;
	long result;
	pid_t pid;
	int flags;

	va_start(args, number);
	pid = va_arg(args, int);
	flags = va_arg(args, int);
	va_end(args);
	assert_int_equal(number, SYS_pidfd_open);
	errno = ENOSYS;
	if (kernel_is_old)
		return -1;
	result = __real_syscall(number, pid, flags);
	return result < 0 && errno == ENOSYS ? watch_process(pid) : result;
}

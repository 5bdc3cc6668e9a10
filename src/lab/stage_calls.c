/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each side of a connection calls. */
#include "basic/array.h"
#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "lab/stage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Sockets of a host that go to a process of their own. */
struct handover {
	enum host host;
	int *fds;
	size_t count, allocated;
};

void stage_handover_add(struct stage *s, enum host host, int fd)
{
	struct handover *h = s->handover;

	if (!h || h->host != host)
		return;
	if (ARRAY_GROW(h->fds, h->allocated, h->count + 1) < 0)
		stage_give_up(s, "out of memory");
	h->fds[h->count++] = fd;
}

void stage_report_call(
	struct stage *s, uint64_t began, enum host host, long returned, const char *format, ...)
{
	char text[128];
	va_list arguments;

	va_start(arguments, format);
	string_printv(text, sizeof(text), format, arguments);
	va_end(arguments);
	timeline_call(&s->timeline, began, host, text, returned);
	stage_observe(s, NULL, true);
}

int call_close(struct stage *s, struct end *e, double *ret_ms)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int r = close(e->fd) < 0 ? -errno : 0;

	if (ret_ms)
		*ret_ms = (double)(clock_us(CLOCK_MONOTONIC) - began) / 1e3;
	e->fd = -1;
	stage_report_call(s, began, e->side, r, "close()");
	return r;
}

void call_close_many(struct stage *s, struct connection *list, size_t count, enum host side)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char number[FORMAT_SIZE];

	for (size_t i = 0; i < count; i++) {
		struct end *e = side == SERVER ? &list[i].server : &list[i].client;

		if (close(e->fd) < 0)
			stage_give_up(s, "close(): %s", strerror(errno));
		e->fd = -1;
	}
	stage_report_call(s, began, side, 0, "%s times close()", format_count(number, count));
}

int call_shutdown_write(struct stage *s, struct end *e)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int r = shutdown(e->fd, SHUT_WR) < 0 ? -errno : 0;

	stage_report_call(s, began, e->side, r, "shutdown(SHUT_WR)");
	return r;
}

/* A buffer that accepts nothing for so long is full: the peer accepts nothing either. */
#define FULL_MS 50

long call_send(struct stage *s, struct end *e, size_t size)
{
	static const char block[65536];
	struct pollfd ready = {.fd = e->fd, .events = POLLOUT};
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char text[FORMAT_SIZE];
	size_t sent = 0;
	ssize_t n = 0;

	while (sent < size && n >= 0 && poll(&ready, 1, FULL_MS) > 0) {
		n = send(
			e->fd, block, MIN(size - sent, sizeof(block)), MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		if (n < 0 && errno == EAGAIN)
			n = 0;
	}
	n = n < 0 && sent == 0 ? -errno : (ssize_t)sent;
	stage_report_call(s, began, e->side, n, "send(%s)", format_count(text, size));
	return n;
}

/* Calls recv() once: a second call would take the error that waits behind the data. */
long call_receive(struct stage *s, struct end *e, size_t size, unsigned wait_ms)
{
	cleanup_(freep) char *block = malloc(size);
	struct pollfd ready = {.fd = e->fd, .events = POLLIN};
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	char text[FORMAT_SIZE];
	long r;

	if (!block)
		stage_give_up(s, "out of memory");
	poll(&ready, 1, (int)wait_ms);
	r = recv(e->fd, block, size, MSG_DONTWAIT);
	if (r < 0)
		r = -errno;
	stage_report_call(s, began, e->side, r, "recv(%s)", format_count(text, size));
	return r;
}

int call_linger(struct stage *s, struct end *e, int seconds)
{
	const struct linger linger = {true, seconds};
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int r = setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0 ? -errno : 0;

	stage_report_call(s, began, e->side, r, "setsockopt(SO_LINGER, on, %d s)", seconds);
	return r;
}

int call_option(struct stage *s, struct end *e, int level, int option, const char *name, int value)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int r = socket_set(e->fd, level, option, value);

	stage_report_call(s, began, e->side, r, "setsockopt(%s, %d)", name, value);
	return r;
}

int call_nonblocking(struct stage *s, struct end *e)
{
	const uint64_t began = clock_us(CLOCK_MONOTONIC);
	int flags = fcntl(e->fd, F_GETFL);
	int r = flags < 0 || fcntl(e->fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;

	stage_report_call(s, began, e->side, r, "fcntl(O_NONBLOCK)");
	return r;
}

/* Forks a process that has the sockets too, and closes them here. */
static pid_t hand_over(struct stage *s, const struct handover *h)
{
	const pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		stage_give_up(s, "cannot start a process: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Else the janitor would wait for this process too. */
		close(s->janitor.pipe);
		while (getppid() == parent)
			pause();
		_exit(EXIT_FAILURE);
	}
	for (size_t i = 0; i < h->count; i++) {
		for (size_t j = 0; j < s->listeners_count; j++)
			for (size_t k = 0; k < s->listeners[j].count; k++)
				if (s->listeners[j].fds[k] == h->fds[i])
					s->listeners[j].count = 0;
		close(h->fds[i]);
	}
	return pid;
}

void stage_killed_process(struct stage *s, enum host host,
	void (*fn)(struct stage *s, void *userdata), void *userdata)
{
	struct handover handover = {.host = host};
	pid_t pid;

	s->handover = &handover;
	fn(s, userdata);
	s->handover = NULL;
	pid = hand_over(s, &handover);
	free(handover.fds);
	timeline_remark(
		&s->timeline, &host, "the process that holds these sockets is killed with SIGKILL");
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	stage_observe(s, NULL, true);
}

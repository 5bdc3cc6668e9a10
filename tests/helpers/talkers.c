/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that speak at known intervals, in a network namespace of their own, while a command
 * runs there:
 *
 *     talkers LIFE PORT:COUNT:PERIOD[:keepalive] ... -- COMMAND [ARGUMENT ...]
 *
 * COUNT clients connect to each PORT of 127.0.0.1 and send a byte every PERIOD ms, their phases
 * spread evenly over it; never with a PERIOD of 0. With "keepalive" the server's sockets have
 * SO_KEEPALIVE. The command starts when each has spoken. Everything ends with it, and after LIFE
 * seconds at the latest. Exits with the command's status.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_TROUBLE = 125 };

struct talker {
	int client, server;
	uint64_t period_us, next_us; /* period 0: silent */
};

struct group {
	unsigned port, count, period_ms;
	int keepalive;
};

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "talkers: %s: %s\n", what, strerror(errno));
	exit(EXIT_TROUBLE);
}

static void check(int result, const char *what)
{
	if (result < 0)
		die(what);
}

/* After LIFE seconds. The command has PR_SET_PDEATHSIG and ends as well. */
static void expire(int signal_number)
{
	static const char text[] = "talkers: LIFE is over before the command has ended\n";

	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)signal_number;
	(void)n;
	_exit(EXIT_TROUBLE);
}

static uint64_t now_us(void)
{
	struct timespec t;

	check(clock_gettime(CLOCK_MONOTONIC, &t), "clock_gettime");
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void enter_namespace(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	check(unshare(CLONE_NEWNET | (geteuid() ? CLONE_NEWUSER : 0)), "unshare");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	check(fd, "socket");
	check(ioctl(fd, SIOCSIFFLAGS, &lo), "lo");
	close(fd);
}

/* Who speaks late for want of a processor speaks at no known interval. Not everybody may. */
static void be_punctual(void)
{
	const struct sched_param priority = {.sched_priority = 1};

	(void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
}

/* As many as this user may have open. */
static void allow_files(void)
{
	struct rlimit files;

	check(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
	files.rlim_cur = files.rlim_max;
	check(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
}

static struct group parse_group(const char *word)
{
	struct group g = {0};
	int end = 0;

	if (sscanf(word, "%u:%u:%u%n", &g.port, &g.count, &g.period_ms, &end) != 3 ||
		(word[end] && strcmp(word + end, ":keepalive") != 0)) {
		fprintf(stderr, "talkers: '%s' is not PORT:COUNT:PERIOD[:keepalive]\n", word);
		exit(EXIT_TROUBLE);
	}
	g.keepalive = word[end] != '\0';
	return g;
}

static int listen_on(const struct sockaddr_in *address)
{
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	check(fd, "socket");
	check(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), "SO_REUSEPORT");
	check(bind(fd, (const struct sockaddr *)address, sizeof(*address)), "bind");
	check(listen(fd, 64), "listen");
	return fd;
}

/* Returns how many talkers it added. The listener stays open. */
static size_t connect_group(const struct group *g, struct talker *talkers)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)g->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	static int listeners[65536];
	const int on = 1;

	if (!listeners[g->port])
		listeners[g->port] = listen_on(&address);
	for (unsigned i = 0; i < g->count; i++) {
		struct talker *t = &talkers[i];

		t->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		check(t->client, "socket");
		check(connect(t->client, (struct sockaddr *)&address, sizeof(address)), "connect");
		t->server = accept4(listeners[g->port], NULL, NULL, SOCK_CLOEXEC);
		check(t->server, "accept");
		if (g->keepalive)
			check(setsockopt(t->server, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)),
				"SO_KEEPALIVE");
		check(setsockopt(t->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)),
			"TCP_NODELAY");
		t->period_us = (uint64_t)g->period_ms * 1000;
		t->next_us = t->period_us * i / g->count;
	}
	return g->count;
}

static void speak(struct talker *t)
{
	char byte = 0;

	if (send(t->client, &byte, 1, MSG_NOSIGNAL) != 1)
		die("send");
	/* Through the loopback it has come when send() returns. */
	if (recv(t->server, &byte, 1, 0) != 1)
		die("recv");
	t->next_us += t->period_us;
}

/* Lets all speak that are due, and returns when the next one is, at until_us at the latest. */
static uint64_t speak_due(struct talker *talkers, size_t count, uint64_t until_us)
{
	uint64_t next_us = until_us;

	for (size_t i = 0; i < count; i++) {
		struct talker *t = &talkers[i];

		if (!t->period_us)
			continue;
		while (t->next_us <= now_us())
			speak(t);
		if (t->next_us < next_us)
			next_us = t->next_us;
	}
	return next_us;
}

static int start(char **command)
{
	pid_t pid = fork();
	int fd;

	check(pid, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(command[0], command);
		die(command[0]);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	check(fd, "pidfd_open");
	return fd;
}

/* The command runs from start_us on; until then there is nothing to wait for but the time. */
static int talk(struct talker *talkers, size_t count, uint64_t start_us, char **command)
{
	struct pollfd child = {.fd = -1, .events = POLLIN};
	siginfo_t info = {0};

	for (;;) {
		uint64_t next_us =
			speak_due(talkers, count, child.fd < 0 ? start_us : now_us() + 1000000);
		uint64_t now = now_us(), wait_us = next_us > now ? next_us - now : 0;
		const struct timespec wait = {
			.tv_sec = (time_t)(wait_us / 1000000),
			.tv_nsec = (long)(wait_us % 1000000) * 1000,
		};

		if (child.fd < 0 && now >= start_us)
			child.fd = start(command);
		check(ppoll(&child, 1, &wait, NULL), "ppoll");
		if (child.revents)
			break;
	}
	check(waitid(P_PIDFD, (id_t)child.fd, &info, WEXITED), "waitid");
	return info.si_code == CLD_EXITED ? info.si_status : EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	uint64_t longest_us = 0, start_us;
	struct talker *talkers = NULL;
	size_t count = 0;
	int i, status;

	if (argc < 4)
		return EXIT_TROUBLE;
	signal(SIGALRM, expire);
	alarm((unsigned)strtoul(argv[1], NULL, 10));
	allow_files();
	enter_namespace();
	for (i = 2; argv[i] && strcmp(argv[i], "--") != 0; i++) {
		const struct group g = parse_group(argv[i]);

		talkers = realloc(talkers, (count + g.count) * sizeof(*talkers));
		if (!talkers)
			die("talkers");
		count += connect_group(&g, talkers + count);
	}
	if (!argv[i] || !argv[i + 1])
		return EXIT_TROUBLE;
	be_punctual();
	start_us = now_us();
	for (size_t j = 0; j < count; j++) {
		talkers[j].next_us += start_us;
		if (talkers[j].period_us > longest_us)
			longest_us = talkers[j].period_us;
	}
	status = talk(talkers, count, start_us + longest_us, argv + i + 1);
	free(talkers);
	return status;
}

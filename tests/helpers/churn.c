/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A busy server for a while: connections that come and go on the loopback device, thousands a
 * second, ended in every way in turn, and a leak that comes and goes with them. To be run in a
 * network namespace of its own.
 *
 * usage: churn SECONDS CONNECTIONS_PER_SECOND LEAK_SOCKETS LEAK_SECONDS [MIX]
 *
 * MIX is how the connections end, in turn, a letter each: c by the client, s by the server, r by a
 * reset of the client's; without it they are "csr".
 */

#include "basic/macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT      7777
#define BATCHES   100 /* a second */
#define LEAK_MAX  4096
#define ADDRESSES 250U /* of clients, so that their ports suffice */
#define WAIT_MAX  60   /* seconds: on the loopback device nothing takes so long */

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static struct sockaddr_in address(uint32_t number, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f000001U + number),
		.sin_port = htons(port),
	};
}

/* connect() and accept() fail rather than wait without a bound, and die() names them. */
static bool bound_waits(int fd)
{
	const struct timeval t = {.tv_sec = WAIT_MAX};

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0;
}

static int listen_on(uint16_t port)
{
	const struct sockaddr_in a = address(0, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		!bound_waits(fd) || bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ||
		listen(fd, 128) < 0)
		die("listen");
	return fd;
}

/* A connection: ret[0] is the client's end, ret[1] the server's. */
static void connect_pair(int listener, uint32_t number, int ret[2])
{
	const struct sockaddr_in to = address(0, PORT), from = address(1 + number % ADDRESSES, 0);
	int one = 1;

	ret[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* The port is chosen at connect(), so that it may be one that another destination has. */
	if (ret[0] < 0 || !bound_waits(ret[0]) ||
		setsockopt(ret[0], IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) < 0 ||
		bind(ret[0], (const struct sockaddr *)&from, sizeof(from)) < 0 ||
		connect(ret[0], (const struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	ret[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (ret[1] < 0)
		die("accept");
}

/* method: a letter of the mix. */
static void end_pair(char method, const int pair[2])
{
	const struct linger reset = {.l_onoff = 1};
	bool server_first = method == 's';

	if (method == 'r')
		(void)setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(pair[server_first]);
	close(pair[!server_first]);
}

static void sleep_until(const struct timespec *t)
{
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, t, NULL) == EINTR)
		continue;
}

/* Makes the leak where there is none, else ends it. */
static void turn_leak(int listener, int *leak, size_t sockets, bool *is_there)
{
	for (size_t i = 0; i < sockets; i++) {
		int pair[2];

		if (*is_there) {
			close(leak[i]);
			continue;
		}
		connect_pair(listener, (uint32_t)i, pair);
		close(pair[0]);
		leak[i] = pair[1];
	}
	*is_there = !*is_there;
}

int main(int argc, char **argv)
{
	static int leak[LEAK_MAX];
	struct timespec next;
	uint32_t number = 0;
	bool leaks = false;
	const char *mix;
	long seconds, per_second, sockets, leak_seconds;
	int listener;

	mix = argc == 6 ? argv[5] : "csr";
	if (argc < 5 || argc > 6 || !*mix || mix[strspn(mix, "csr")])
		return 2;
	seconds = strtol(argv[1], NULL, 10);
	per_second = strtol(argv[2], NULL, 10);
	sockets = MIN(strtol(argv[3], NULL, 10), (long)LEAK_MAX);
	leak_seconds = MAX(strtol(argv[4], NULL, 10), 1L);
	listener = listen_on(PORT);
	if (clock_gettime(CLOCK_MONOTONIC, &next) < 0)
		die("clock");
	for (long batch = 0; batch < seconds * BATCHES; batch++) {
		if (batch % (leak_seconds * BATCHES) == 0)
			turn_leak(listener, leak, (size_t)sockets, &leaks);
		for (long i = 0; i < per_second / BATCHES; i++) {
			int pair[2];

			connect_pair(listener, number, pair);
			end_pair(mix[number++ % strlen(mix)], pair);
		}
		next.tv_nsec += 1000000000 / BATCHES;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		sleep_until(&next);
	}
	if (leaks)
		turn_leak(listener, leak, (size_t)sockets, &leaks);
	printf("%u connections\n", (unsigned)number);
	return 0;
}

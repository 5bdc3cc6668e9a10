/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a program can do to have all TCP sockets sent to it: the request that tcpstated
 * makes, and a loop that throws the answer away. Prints the bytes received and the CPU time of the
 * loop in us, so that tcpstated can be compared with it.
 */
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The last message of a dump is an NLMSG_DONE with an int. */
static int is_last(const char *datagram, size_t size)
{
	struct nlmsghdr header;
	const size_t done = NLMSG_HDRLEN + sizeof(int);

	if (size < done)
		return 1;
	memcpy(&header, datagram + size - done, sizeof(header));
	return header.nlmsg_type == NLMSG_DONE && header.nlmsg_len == done;
}

int main(void)
{
	static char buffer[32768];
	const struct {
		struct nlmsghdr header;
		struct inet_diag_req body;
	} request = {
		{sizeof(request), TCPDIAG_GETSOCK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
		{.idiag_family = AF_INET,
			.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
			.idiag_states = UINT32_MAX},
	};
	const int64_t start = cpu_us();
	uint64_t bytes = 0;
	ssize_t n;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0) {
		perror("bare_dump");
		return 1;
	}
	do {
		n = recv(fd, buffer, sizeof(buffer), 0);
		if (n < 0) {
			perror("bare_dump");
			return 1;
		}
		bytes += (size_t)n;
	} while (!is_last(buffer, (size_t)n));
	printf("%" PRIu64 " %" PRId64 "\n", bytes, cpu_us() - start);
	return 0;
}

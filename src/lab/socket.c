/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The first addresses; pair.c has the routes. */
#define HERE_IPV4 UINT32_C(0x0a000001) /* 10.0.0.1 */
#define PEER_IPV4 UINT32_C(0x0a400001) /* 10.64.0.1 */
#define HERE_IPV6 "fd00::"
#define PEER_IPV6 "fd00:0:0:64::"

union address address_any(int family, unsigned port)
{
	/* Both families have these at the same place, and the rest is zero. */
	const struct sockaddr_in6 any = {
		.sin6_family = (sa_family_t)family,
		.sin6_port = htons((uint16_t)port),
	};

	return (union address){.in6 = any};
}

union address address_of(bool here, int family, unsigned number, unsigned port)
{
	union address a = address_any(family, port);
	const uint32_t low = htonl(number + 1);

	if (family == AF_INET) {
		a.in.sin_addr.s_addr = htonl((here ? HERE_IPV4 : PEER_IPV4) + number);
	} else {
		inet_pton(AF_INET6, here ? HERE_IPV6 : PEER_IPV6, &a.in6.sin6_addr);
		memcpy(&a.in6.sin6_addr.s6_addr[12], &low, sizeof(low));
	}
	return a;
}

union address address_loopback(unsigned number, unsigned port)
{
	union address a = address_any(AF_INET, port);

	a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number);
	return a;
}

union address address_link_local(unsigned number, unsigned port, uint32_t device)
{
	union address a = address_any(AF_INET6, port);

	a.in6.sin6_addr.s6_addr[0] = 0xfe;
	a.in6.sin6_addr.s6_addr[1] = 0x80;
	a.in6.sin6_addr.s6_addr[15] = (uint8_t)number;
	a.in6.sin6_scope_id = device;
	return a;
}

union address address_mapped(const union address *ipv4)
{
	union address a = address_any(AF_INET6, ntohs(ipv4->in.sin_port));
	uint8_t *bytes = a.in6.sin6_addr.s6_addr;

	bytes[10] = bytes[11] = 0xff;
	memcpy(&bytes[12], &ipv4->in.sin_addr, sizeof(ipv4->in.sin_addr));
	return a;
}

socklen_t address_size(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
}

int socket_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

int socket_set_timeout(int fd, int option, int seconds)
{
	const struct timeval timeout = {.tv_sec = seconds};

	return setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof(timeout)) < 0 ? -errno : 0;
}

int socket_deafen(int fd)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = {.len = 1, .filter = &drop};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

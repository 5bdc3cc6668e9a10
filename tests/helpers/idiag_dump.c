/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An oracle: lists the TCP sockets of this namespace as libnl-idiag-3 decodes them, one a line:
 * state number, local port, remote port, timer, inode. It shares no code with tcpstated.
 */
#include <arpa/inet.h>
#include <netlink/cache.h>
#include <netlink/idiag/idiagnl.h>
#include <netlink/idiag/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <sys/socket.h>

static void print_socket(struct nl_object *object, void *arg)
{
	struct idiagnl_msg *msg = (struct idiagnl_msg *)object;

	(void)arg;
	/* libnl 3.7 hands the ports out as the kernel sent them, in network byte order. */
	printf("%u %u %u %u %u\n", idiagnl_msg_get_state(msg), ntohs(idiagnl_msg_get_sport(msg)),
		ntohs(idiagnl_msg_get_dport(msg)), idiagnl_msg_get_timer(msg),
		idiagnl_msg_get_inode(msg));
}

int main(void)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_cache *cache = NULL;
	int r;

	if (!sock)
		return 1;
	r = idiagnl_connect(sock);
	/* It asks by the message that ignores the family: this is IPv6, too. */
	if (r == 0)
		r = idiagnl_msg_alloc_cache(sock, AF_INET, IDIAGNL_SS_ALL, &cache);
	if (r < 0) {
		nl_perror(r, "idiag_dump");
		return 1;
	}
	nl_cache_foreach(cache, print_socket, NULL);
	nl_cache_free(cache);
	nl_socket_free(sock);
	return fflush(stdout) == 0 ? 0 : 1;
}

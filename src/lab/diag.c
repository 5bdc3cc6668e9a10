/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/diag.h"

#include "basic/cleanup.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

struct dump {
	diag_fn fn;
	void *userdata;
};

int netlink_open(int bus, struct mnl_socket **ret)
{
	cleanup_(netlink_closep) struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC);

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	*ret = TAKE_PTR(nl);
	return 0;
}

void netlink_closep(struct mnl_socket **nl)
{
	if (*nl)
		mnl_socket_close(*nl);
}

static int on_message(const struct nlmsghdr *header, void *userdata)
{
	const struct dump *d = userdata;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(struct inet_diag_msg))
		return MNL_CB_ERROR;
	d->fn(mnl_nlmsg_get_payload(header), d->userdata);
	return MNL_CB_OK;
}

static void put_request(void *buffer, uint16_t type, const struct inet_diag_req_v2 *body)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST;
	request->nlmsg_seq = 1;
	*(struct inet_diag_req_v2 *)mnl_nlmsg_put_extra_header(request, sizeof(*body)) = *body;
}

static int dump_family(struct mnl_socket *diag, uint8_t family, uint32_t states, struct dump *d)
{
	static char buffer[32768];
	struct nlmsghdr *request = (struct nlmsghdr *)(void *)buffer;
	struct inet_diag_req_v2 body = {
		.sdiag_family = family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = states,
	};
	int r;

	put_request(buffer, SOCK_DIAG_BY_FAMILY, &body);
	request->nlmsg_flags |= NLM_F_DUMP;
	if (mnl_socket_sendto(diag, buffer, request->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t size = mnl_socket_recvfrom(diag, buffer, sizeof(buffer));

		if (size < 0)
			return -errno;
		r = mnl_cb_run(buffer, (size_t)size, 1, mnl_socket_get_portid(diag), on_message, d);
	} while (r > MNL_CB_STOP);
	return r < 0 ? -errno : 0;
}

int diag_dump(struct mnl_socket *diag, uint32_t states, diag_fn fn, void *userdata)
{
	struct dump d = {.fn = fn, .userdata = userdata};
	int r = dump_family(diag, AF_INET, states, &d);

	return r < 0 ? r : dump_family(diag, AF_INET6, states, &d);
}

struct destruction {
	struct mnl_socket *nl;
	unsigned sockets;
};

static void destroy_one(const struct inet_diag_msg *m, void *userdata)
{
	struct destruction *d = userdata;
	struct inet_diag_req_v2 body = {
		.sdiag_family = m->idiag_family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = UINT32_MAX,
		.id = m->id,
	};
	union {
		struct nlmsghdr header;
		char bytes[256];
	} request;

	/* The timer of mini sockets, in FIN_WAIT_2 too. */
	if (m->idiag_timer == 3)
		return;
	d->sockets++;
	put_request(&request, SOCK_DESTROY, &body);
	/* Success is not answered; a failure shows in the next dump. */
	(void)mnl_socket_sendto(d->nl, &request, request.header.nlmsg_len);
}

int diag_destroy_all(void)
{
	const uint32_t states = ~((1U << TCP_LISTEN) | (1U << TCP_TIME_WAIT) | (1U << TCP_CLOSE));
	cleanup_(netlink_closep) struct mnl_socket *diag = NULL, *other = NULL;
	struct destruction d = {0};
	int r = netlink_open(NETLINK_SOCK_DIAG, &diag);

	if (r >= 0)
		r = netlink_open(NETLINK_SOCK_DIAG, &other);
	d.nl = other;
	for (int tries = 0; r >= 0 && tries < 100; tries++) {
		if (tries > 1)
			poll(NULL, 0, 100);
		d.sockets = 0;
		r = diag_dump(diag, states, destroy_one, &d);
		if (r >= 0 && d.sockets == 0)
			break;
	}
	return r >= 0 && d.sockets > 0 ? -ETIMEDOUT : r;
}

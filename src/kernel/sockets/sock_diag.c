/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sockets/sock_diag.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "kernel/sockets/diag_message.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel builds no larger batch (net/netlink/af_netlink.c: netlink_dump); a smaller buffer
 * costs more calls. */
#define RECEIVE_BUFFER 32768

/* A dump that hangs longer is abandoned; each batch takes microseconds. */
#define RECEIVE_TIMEOUT_SECONDS 5

/* Signals are rare; a call that is always interrupted is refused (a seccomp filter can do that). */
#define INTERRUPTIONS_MAX 100

/* idiag_ext has a bit for each attribute, minus one. */
#define EXTENSION(attribute) ((uint8_t)(1U << ((attribute)-1)))

static const struct {
	int error;
	bool unavailable;
	const char *sentence;
} errors[] = {
	{-EOPNOTSUPP, true, "the kernel has no tcp_diag: load the modules inet_diag and tcp_diag"},
	{-ENOENT, true, "the kernel has no tcp_diag: load the modules inet_diag and tcp_diag"},
	{-EINVAL, true, "the kernel does not know the sock_diag request"},
	{-EAFNOSUPPORT, true,
		"netlink is refused here: allow AF_NETLINK (RestrictAddressFamilies=)"},
	{-EPROTONOSUPPORT, true, "the kernel has no sock_diag: load the module inet_diag"},
	{-EPERM, true,
		"netlink is refused here: a seccomp filter or a security module does not allow it"},
	{-EACCES, true,
		"netlink is refused here: a seccomp filter or a security module does not allow it"},
	{-ENOSYS, true, "netlink is refused here: a seccomp filter does not allow it"},
	{-ETIMEDOUT, false, "the kernel did not continue the dump for 5 s"},
	{-ENOBUFS, false, "the kernel dropped a part of the dump for lack of memory"},
	{-EMSGSIZE, false, "a message did not fit into the 32 KiB that a dump may use"},
	{-EBADMSG, false, "the kernel's answer is not a sock_diag dump"},
};

bool sock_diag_is_unavailable(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].error == error)
			return errors[i].unavailable;
	return false;
}

static void describe_error(int error, char *ret, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		if (errors[i].error == error) {
			string_print(ret, size, "sock_diag: %s (%s)", errors[i].sentence,
				strerror(-error));
			return;
		}
	}
	string_print(ret, size, "sock_diag: %s", strerror(-error));
}

static void socket_closep(struct mnl_socket **nl)
{
	if (*nl)
		mnl_socket_close(*nl);
}

static int socket_open(struct mnl_socket **ret)
{
	const struct timeval timeout = {.tv_sec = RECEIVE_TIMEOUT_SECONDS};
	cleanup_(socket_closep) struct mnl_socket *nl =
		mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	if (setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) <
		0)
		return -errno;
	*ret = TAKE_PTR(nl);
	return 0;
}

#define FILTER_SPACE (sizeof(struct nlattr) + 2 * sizeof(struct inet_diag_bc_op))

/* What one dump requests. */
struct dump_request {
	uint8_t family; /* AF_UNSPEC: both, by the older message, which ignores the family */
	state_set states;
	uint8_t extensions; /* EXTENSION() of what each record should have */
	bool chosen_port;   /* only sockets that their program bound to a port of its choice */
};

/*
 * A filter that the kernel runs on each socket: AUTO holds for those without SOCK_BINDPORT_LOCK.
 * Then a jump that never holds leads beyond the end, which rejects; else straight to the end, which
 * accepts (net/ipv4/inet_diag.c: inet_diag_bc_run).
 */
static const struct inet_diag_bc_op has_chosen_port[] = {
	{.code = INET_DIAG_BC_AUTO,
		.yes = sizeof(struct inet_diag_bc_op),
		.no = 2 * sizeof(struct inet_diag_bc_op)},
	{.code = INET_DIAG_BC_JMP,
		.yes = sizeof(struct inet_diag_bc_op),
		.no = 2 * sizeof(struct inet_diag_bc_op)},
};

static uint8_t extensions_of(const struct scan_request *request)
{
	return (request->buffers ? EXTENSION(INET_DIAG_SKMEMINFO) : 0) |
	       (request->info ? EXTENSION(INET_DIAG_INFO) : 0);
}

static int send_request(
	const struct mnl_socket *nl, const struct dump_request *request, uint32_t sequence)
{
	union {
		char older[NLMSG_SPACE(sizeof(struct inet_diag_req)) + FILTER_SPACE];
		char newer[NLMSG_SPACE(sizeof(struct inet_diag_req_v2)) + FILTER_SPACE];
	} buffer __attribute__((aligned(NLMSG_ALIGNTO))) = {0};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(&buffer);
	uint32_t states = state_set_to_kernel(request->states);

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = sequence;
	if (request->family == AF_UNSPEC) {
		struct inet_diag_req *req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));

		nlh->nlmsg_type = TCPDIAG_GETSOCK;
		req->idiag_family = AF_INET;
		req->idiag_ext = request->extensions;
		req->idiag_states = states;
	} else {
		struct inet_diag_req_v2 *req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));

		nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
		req->sdiag_family = request->family;
		req->sdiag_protocol = IPPROTO_TCP;
		req->idiag_ext = request->extensions;
		req->idiag_states = states;
	}
	if (request->chosen_port)
		mnl_attr_put(nlh, INET_DIAG_REQ_BYTECODE, sizeof(has_chosen_port), has_chosen_port);
	return mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

/* Receives one datagram. Returns its size or a negative errno. */
static ssize_t receive(const struct mnl_socket *nl, void *buffer, size_t size)
{
	for (int i = 0; i < INTERRUPTIONS_MAX; i++) {
		ssize_t n = mnl_socket_recvfrom(nl, buffer, size);

		if (n >= 0)
			return n;
		if (errno == EAGAIN)
			return -ETIMEDOUT;
		if (errno == ENOSPC) /* libmnl's error for MSG_TRUNC */
			return -EMSGSIZE;
		if (errno != EINTR)
			return -errno;
	}
	return -EINTR;
}

static int run_dump(const struct mnl_socket *nl, const struct dump_request *request,
	struct diag_dump *dump, const struct scan_tap *tap)
{
	char buffer[RECEIVE_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));
	int r;

	dump->states = request->states;
	dump->sequence++;
	dump->port_id = mnl_socket_get_portid(nl);
	r = send_request(nl, request, dump->sequence);
	while (r == 0) {
		ssize_t n = receive(nl, buffer, sizeof(buffer));

		if (n < 0)
			return (int)n;
		if (tap)
			tap->datagram(tap->userdata, buffer, (size_t)n);
		r = diag_datagram_parse(dump, buffer, (size_t)n);
	}
	return r < 0 ? r : 0;
}

/* Listeners of both families first: they determine the side of the others. */
static int dump_by_family(const struct mnl_socket *nl, const struct scan_request *request,
	struct diag_dump *dump, const struct scan_tap *tap)
{
	const state_set others = (state_set)(request->states & ~STATE_BIT(STATE_LISTEN));
	const struct dump_request dumps[] = {
		{AF_INET, STATE_BIT(STATE_LISTEN), 0, false},
		{AF_INET6, STATE_BIT(STATE_LISTEN), 0, false},
		{AF_INET, others, extensions_of(request), false},
		{AF_INET6, others, extensions_of(request), false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
		int r = run_dump(nl, &dumps[i], dump, tap);

		if (r < 0)
			return r;
	}
	return 0;
}

static int dump_all(
	const struct scan_request *request, struct diag_dump *dump, const struct scan_tap *tap)
{
	const struct dump_request both = {
		AF_UNSPEC,
		(state_set)(request->states | STATE_BIT(STATE_LISTEN)),
		extensions_of(request),
		false,
	};
	cleanup_(socket_closep) struct mnl_socket *nl = NULL;
	int r;

	r = socket_open(&nl);
	if (r < 0)
		return r;
	r = run_dump(nl, &both, dump, tap);
	/* A kernel without the older message, or whose modules only the newer one loads, refuses it
	 * before the first record. */
	if (r < 0 && sock_diag_is_unavailable(r) && dump->sockets == 0)
		r = dump_by_family(nl, request, dump, tap);
	return r;
}

int sock_diag_scan(const struct scan_request *request, const struct scan_tap *tap,
	sock_record_fn fn, void *userdata, struct scan *ret)
{
	struct diag_dump dump = {.fn = fn, .userdata = userdata};
	int r;

	r = dump_all(request, &dump, tap);
	ret->source = "sock_diag";
	diag_dump_result(&dump, ret);
	if (r < 0) {
		ret->complete = false;
		describe_error(r, ret->error, sizeof(ret->error));
	}
	return r;
}

static void add_local_port(const struct sock_record *r, void *userdata)
{
	port_set_add(userdata, r->local_port);
}

int sock_diag_chosen_ports(struct port_set *ret)
{
	/* Of listeners it is known without; mini and request sockets do not have it. */
	const state_set states =
		STATE_SET_ALL &
		(state_set) ~(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_TIME_WAIT) |
			      STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_BOUND_INACTIVE));
	const struct dump_request requests[] = {
		{AF_INET, states, 0, true},
		{AF_INET6, states, 0, true},
	};
	struct diag_dump dump = {.fn = add_local_port, .userdata = ret};
	cleanup_(socket_closep) struct mnl_socket *nl = NULL;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = socket_open(&nl);
	for (size_t i = 0; i < ARRAY_SIZE(requests) && r == 0; i++)
		r = run_dump(nl, &requests[i], &dump, NULL);
	return r == 0 && dump.interrupted ? -EAGAIN : r;
}

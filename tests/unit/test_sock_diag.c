/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dump against a scripted kernel: libmnl's socket functions are replaced at link time (--wrap).
 */
#include "kernel/sockets/sock_diag.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum answer {
	ANSWER_ERRNO,
	ANSWER_ERROR,
	ANSWER_DONE,
	ANSWER_DONE_ERROR,
	ANSWER_SOCKET,
	ANSWER_GARBAGE
};

/* What the kernel says to one request, receive by receive. */
struct step {
	enum answer answer;
	int value; /* an errno, or the state of the socket */
};

#define STEPS_MAX    8
#define REQUESTS_MAX 8

static struct kernel {
	int open_errno;
	struct step steps[REQUESTS_MAX][STEPS_MAX];

	/* what was asked */
	size_t requests;
	uint16_t types[REQUESTS_MAX];
	uint8_t families[REQUESTS_MAX];
	uint32_t states[REQUESTS_MAX];
	uint8_t extensions[REQUESTS_MAX];
	size_t filters[REQUESTS_MAX]; /* bytes of it */
	uint32_t sequence;

	size_t step;
	int fd;
} kernel;

/* libmnl's struct is opaque: any address will do. */
static struct mnl_socket *const fake = (struct mnl_socket *)&kernel;

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags);
int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid);
int __wrap_mnl_socket_close(struct mnl_socket *nl);
int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl);
unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buffer, size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buffer, size_t size);

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
	assert_int_equal(bus, NETLINK_SOCK_DIAG);
	assert_int_equal(flags, SOCK_CLOEXEC);
	errno = kernel.open_errno;
	return kernel.open_errno ? NULL : fake;
}

int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)pid;
	assert_int_equal(groups, 0);
	return 0;
}

int __wrap_mnl_socket_close(struct mnl_socket *nl)
{
	assert_ptr_equal(nl, fake);
	return 0;
}

/* A real socket, since a timeout is set on it. */
int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return kernel.fd;
}

unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buffer, size_t size)
{
	const struct nlmsghdr *nlh = buffer;
	size_t i = kernel.requests++;

	(void)nl;
	assert_in_range(i, 0, REQUESTS_MAX - 1);
	assert_int_equal(nlh->nlmsg_len, size);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	kernel.types[i] = nlh->nlmsg_type;
	kernel.sequence = nlh->nlmsg_seq;
	kernel.step = 0;
	if (nlh->nlmsg_type == TCPDIAG_GETSOCK) {
		const struct inet_diag_req *req = mnl_nlmsg_get_payload(nlh);

		kernel.states[i] = req->idiag_states;
		kernel.extensions[i] = req->idiag_ext;
	} else {
		const struct inet_diag_req_v2 *req = mnl_nlmsg_get_payload(nlh);

		const struct nlattr *filter = mnl_nlmsg_get_payload_offset(nlh, sizeof(*req));

		if (mnl_attr_ok(filter, (int)(size - NLMSG_HDRLEN - sizeof(*req))))
			kernel.filters[i] = mnl_attr_get_type(filter) == INET_DIAG_REQ_BYTECODE
						    ? mnl_attr_get_payload_len(filter)
						    : 0;
		kernel.families[i] = req->sdiag_family;
		kernel.states[i] = req->idiag_states;
		kernel.extensions[i] = req->idiag_ext;
	}
	return (ssize_t)size;
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buffer, size_t size)
{
	const struct step *step = &kernel.steps[kernel.requests - 1][kernel.step++];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	(void)nl;
	assert_in_range(size, 32768, 1 << 20);
	nlh->nlmsg_seq = kernel.sequence;
	switch (step->answer) {
	case ANSWER_ERRNO:
		errno = step->value;
		return -1;
	case ANSWER_ERROR:
		nlh->nlmsg_type = NLMSG_ERROR;
		((struct nlmsgerr *)mnl_nlmsg_put_extra_header(nlh, sizeof(struct nlmsgerr)))
			->error = -step->value;
		break;
	case ANSWER_DONE:
	case ANSWER_DONE_ERROR:
		nlh->nlmsg_type = NLMSG_DONE;
		*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = -step->value;
		break;
	case ANSWER_SOCKET: {
		struct inet_diag_msg *msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));

		nlh->nlmsg_type = kernel.types[kernel.requests - 1];
		msg->idiag_family = AF_INET;
		msg->idiag_state = (uint8_t)step->value;
		msg->id.idiag_sport = htons(7777);
		break;
	}
	case ANSWER_GARBAGE:
		nlh->nlmsg_len = 5;
		return 16;
	}
	return nlh->nlmsg_len;
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return kernel.fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	return close(kernel.fd);
}

static unsigned counted;

static void count(const struct sock_record *r, void *userdata)
{
	(void)r;
	(void)userdata;
	counted++;
}

static int scan(struct scan *ret)
{
	const struct scan_request request = {.states = STATE_SET_ALL, .buffers = true};

	*ret = (struct scan){0};
	counted = 0;
	return sock_diag_scan(&request, NULL, count, NULL, ret);
}

static void test_sock_diag_scan_both_families_in_one_dump(void **state)
{
	struct scan result;

	(void)state;
	kernel.steps[0][0] = (struct step){ANSWER_SOCKET, 10};
	kernel.steps[0][1] = (struct step){ANSWER_SOCKET, 8};
	kernel.steps[0][2] = (struct step){ANSWER_DONE, 0};
	assert_int_equal(scan(&result), 0);
	assert_int_equal(kernel.requests, 1);
	assert_int_equal(kernel.types[0], TCPDIAG_GETSOCK);
	assert_int_equal(kernel.states[0], 0x2ffe);
	assert_int_equal(kernel.extensions[0], 1 << (INET_DIAG_SKMEMINFO - 1));
	assert_int_equal(counted, 2);
	assert_int_equal(result.sockets, 2);
	assert_true(result.complete);
	assert_string_equal(result.source, "sock_diag");
}

static void test_sock_diag_chosen_ports(void **state)
{
	struct port_set ports;

	(void)state;
	kernel.steps[0][0] = (struct step){ANSWER_SOCKET, 1};
	kernel.steps[0][1] = (struct step){ANSWER_DONE, 0};
	kernel.steps[1][0] = (struct step){ANSWER_DONE, 0};
	memset(&ports, 0xff, sizeof(ports));
	assert_int_equal(sock_diag_chosen_ports(&ports), 0);
	assert_true(port_set_has(&ports, 7777));
	assert_false(port_set_has(&ports, 7778));
	assert_int_equal(kernel.requests, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(kernel.families[i], i ? AF_INET6 : AF_INET);
		/* No TIME_WAIT, no listeners. */
		assert_int_equal(kernel.states[i] & (1 << 6 | 1 << 10), 0);
		assert_int_equal(kernel.filters[i], 2 * sizeof(struct inet_diag_bc_op));
	}
	/* A kernel that knows no such filter. */
	memset(&kernel.steps, 0, sizeof(kernel.steps));
	kernel.requests = 0;
	kernel.steps[0][0] = (struct step){ANSWER_ERROR, EINVAL};
	assert_int_equal(sock_diag_chosen_ports(&ports), -EINVAL);
}

static void test_sock_diag_scan_requests_buffers_only_if_wanted(void **state)
{
	const struct scan_request request = {.states = STATE_BIT(STATE_TIME_WAIT)};
	struct scan result = {0};

	(void)state;
	kernel.steps[0][0] = (struct step){ANSWER_DONE, 0};
	assert_int_equal(sock_diag_scan(&request, NULL, count, NULL, &result), 0);
	assert_int_equal(kernel.extensions[0], 0);
	assert_int_equal(kernel.states[0], 1 << 6 | 1 << 10); /* LISTEN always, for the sides */
}

/* Each family's dump requests it if the kernel refuses one for both; that of listeners never. */
static void test_sock_diag_scan_requests_info_if_wanted(void **state)
{
	const struct scan_request request = {.states = STATE_BIT(STATE_ESTABLISHED), .info = true};
	static const uint8_t info = 1 << (INET_DIAG_INFO - 1);
	struct scan result = {0};

	(void)state;
	kernel.steps[0][0] = (struct step){ANSWER_ERROR, EOPNOTSUPP};
	for (size_t i = 1; i <= 4; i++)
		kernel.steps[i][0] = (struct step){ANSWER_DONE, 0};
	assert_int_equal(sock_diag_scan(&request, NULL, count, NULL, &result), 0);
	assert_int_equal(kernel.requests, 5);
	assert_int_equal(kernel.extensions[0], info);
	assert_int_equal(kernel.extensions[1], 0);
	assert_int_equal(kernel.extensions[2], 0);
	assert_int_equal(kernel.extensions[3], info);
	assert_int_equal(kernel.extensions[4], info);
}

/* A kernel that does not know the older message: one dump for each family, listeners of both first.
 */
static void test_sock_diag_scan_by_family_where_refused(void **state)
{
	struct scan result;

	(void)state;
	kernel.steps[0][0] = (struct step){ANSWER_ERROR, EOPNOTSUPP};
	for (size_t i = 1; i <= 4; i++) {
		kernel.steps[i][0] = (struct step){ANSWER_SOCKET, i <= 2 ? 10 : 1};
		kernel.steps[i][1] = (struct step){ANSWER_DONE, 0};
	}
	assert_int_equal(scan(&result), 0);
	assert_int_equal(kernel.requests, 5);
	for (size_t i = 1; i <= 4; i++) {
		assert_int_equal(kernel.types[i], SOCK_DIAG_BY_FAMILY);
		assert_int_equal(kernel.families[i], i % 2 ? AF_INET : AF_INET6);
		assert_int_equal(kernel.states[i], i <= 2 ? 1 << 10 : 0x2bfe);
	}
	assert_int_equal(counted, 4);
}

static void test_sock_diag_scan_continues_after_an_interruption(void **state)
{
	struct scan result;

	(void)state;
	kernel.steps[0][0] = (struct step){ANSWER_ERRNO, EINTR};
	kernel.steps[0][1] = (struct step){ANSWER_DONE, 0};
	assert_int_equal(scan(&result), 0);
}

/* Every way to fail: a negative errno, a sentence, and never a complete scan. */
static void test_sock_diag_scan_failures(void **state)
{
	static const struct {
		struct step steps[2];
		int result;
		bool unavailable;
		const char *sentence;
	} rows[] = {
		{{{ANSWER_ERRNO, EAGAIN}}, -ETIMEDOUT, false, "did not continue"},
		{{{ANSWER_ERRNO, ENOBUFS}}, -ENOBUFS, false, "lack of memory"},
		{{{ANSWER_ERRNO, ENOSPC}}, -EMSGSIZE, false, "did not fit"},
		{{{ANSWER_ERROR, EPERM}}, -EPERM, true, "refused"},
		{{{ANSWER_ERROR, ENOENT}}, -ENOENT, true, "tcp_diag"},
		{{{ANSWER_SOCKET, 1}, {ANSWER_DONE_ERROR, ENOMEM}}, -ENOMEM, false,
			"Cannot allocate"},
		{{{ANSWER_SOCKET, 1}, {ANSWER_ERROR, EINVAL}}, -EINVAL, true, "does not know"},
		{{{ANSWER_SOCKET, 1}, {ANSWER_GARBAGE, 0}}, -EBADMSG, false,
			"not a sock_diag dump"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scan result;

		assert_int_equal(setup(state), 0);
		/* The same answer to the request by family that follows a refusal. */
		for (size_t request = 0; request < 2; request++)
			memcpy(kernel.steps[request], rows[i].steps, sizeof(rows[i].steps));
		assert_int_equal(scan(&result), rows[i].result);
		assert_false(result.complete);
		assert_int_equal(sock_diag_is_unavailable(rows[i].result), rows[i].unavailable);
		if (!strstr(result.error, rows[i].sentence))
			fail_msg("row %zu: \"%s\" should say \"%s\"", i, result.error,
				rows[i].sentence);
		assert_int_equal(teardown(state), 0);
	}
}

static void test_sock_diag_scan_netlink_refused(void **state)
{
	struct scan result;

	(void)state;
	kernel.open_errno = EAFNOSUPPORT;
	assert_int_equal(scan(&result), -EAFNOSUPPORT);
	assert_non_null(strstr(result.error, "RestrictAddressFamilies"));
	assert_false(result.complete);
}

#define DIAG_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIAG_TEST(test_sock_diag_scan_both_families_in_one_dump),
		DIAG_TEST(test_sock_diag_scan_requests_buffers_only_if_wanted),
		DIAG_TEST(test_sock_diag_scan_requests_info_if_wanted),
		DIAG_TEST(test_sock_diag_scan_by_family_where_refused),
		DIAG_TEST(test_sock_diag_scan_continues_after_an_interruption),
		DIAG_TEST(test_sock_diag_chosen_ports),
		cmocka_unit_test(test_sock_diag_scan_failures),
		DIAG_TEST(test_sock_diag_scan_netlink_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

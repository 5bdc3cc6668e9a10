/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/unknown.h"
#include "kernel/sockets/diag_message.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* One datagram on its way to the parser, and what came out of it. */
struct fixture {
	char bytes[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t size;
	struct diag_dump dump;
	struct sock_record records[8];
};

static void keep(const struct sock_record *r, void *userdata)
{
	struct fixture *f = userdata;

	f->records[f->dump.sockets - 1] = *r;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->dump = (struct diag_dump){.fn = keep, .userdata = f, .states = STATE_SET_ALL};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	test_free(*state);
	return 0;
}

static struct nlmsghdr *put_message(struct fixture *f, uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(f->bytes + f->size);

	nlh->nlmsg_type = type;
	return nlh;
}

/* Ends the message that put_message() began, once it has all its attributes. */
static void end_message(struct fixture *f, const struct nlmsghdr *nlh)
{
	int left = (int)nlh->nlmsg_len;

	f->size = (size_t)((char *)mnl_nlmsg_next(nlh, &left) - f->bytes);
}

static struct inet_diag_msg *put_socket(struct nlmsghdr *nlh, uint8_t number)
{
	struct inet_diag_msg *msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));

	msg->idiag_family = AF_INET;
	msg->idiag_state = number;
	msg->id.idiag_sport = htons(7777);
	msg->id.idiag_dport = htons(50000);
	msg->id.idiag_cookie[0] = 1;
	msg->id.idiag_cookie[1] = 2;
	inet_pton(AF_INET, "192.0.2.1", msg->id.idiag_src);
	return msg;
}

static int parse(struct fixture *f)
{
	return diag_datagram_parse(&f->dump, f->bytes, f->size);
}

static void test_diag_datagram_parse_full_socket(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, TCPDIAG_GETSOCK);
	struct inet_diag_msg *msg = put_socket(nlh, 8);
	const uint32_t meminfo[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

	msg->idiag_inode = 42;
	msg->idiag_rqueue = 501;
	mnl_attr_put_u8(nlh, INET_DIAG_SHUTDOWN, 0);
	mnl_attr_put(nlh, INET_DIAG_SKMEMINFO, sizeof(meminfo), meminfo);
	mnl_attr_put_u64(nlh, INET_DIAG_CGROUP_ID, 4711);
	end_message(f, nlh);

	assert_int_equal(parse(f), 0);
	assert_int_equal(f->dump.sockets, 1);
	assert_int_equal(f->records[0].state, STATE_CLOSE_WAIT);
	assert_int_equal(f->records[0].kind, KIND_FULL);
	assert_int_equal(f->records[0].ownership, OWNERSHIP_HELD);
	assert_int_equal(f->records[0].local_port, 7777);
	assert_int_equal(f->records[0].remote_port, 50000);
	assert_int_equal(f->records[0].receive_queue, 501);
	assert_int_equal(f->records[0].cgroup_id, 4711);
	assert_true(f->records[0].cookie == ((uint64_t)2 << 32 | 1));
	assert_true(f->records[0].has_buffers);
	assert_int_equal(f->records[0].buffers.receive, 1 + SK_MEMINFO_RMEM_ALLOC);
	assert_int_equal(f->records[0].buffers.send, 1 + SK_MEMINFO_WMEM_QUEUED);
	assert_int_equal(f->records[0].buffers.option, 1 + SK_MEMINFO_OPTMEM);
	assert_int_equal(f->records[0].buffers.backlog, 1 + SK_MEMINFO_BACKLOG);
}

/* What a socket is bound to besides its address and port. */
static void test_diag_datagram_parse_binding(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh;

	for (uint8_t only_ipv6 = 0; only_ipv6 < 2; only_ipv6++) {
		struct inet_diag_msg *msg;

		nlh = put_message(f, TCPDIAG_GETSOCK);
		msg = put_socket(nlh, 10);
		msg->idiag_family = AF_INET6;
		msg->id.idiag_if = only_ipv6 * 7U;
		mnl_attr_put_u8(nlh, INET_DIAG_SKV6ONLY, only_ipv6);
		end_message(f, nlh);
	}
	assert_int_equal(parse(f), 0);
	assert_int_equal(f->dump.sockets, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(f->records[i].only_ipv6, i);
		assert_int_equal(f->records[i].device, i * 7);
	}
}

/* Each kind of socket in a dump, by what distinguishes them. */
static void test_diag_datagram_parse_kinds_and_ownership(void **state)
{
	static const struct {
		uint8_t number, timer;
		bool full;
		uint32_t inode;
		enum tcp_state state;
		enum sock_kind kind;
		enum sock_ownership ownership;
	} rows[] = {
		{6, 3, false, 0, STATE_TIME_WAIT, KIND_MINI, OWNERSHIP_NONE},
		{5, 3, false, 0, STATE_FIN_WAIT_2, KIND_MINI, OWNERSHIP_NONE},
		{5, 2, true, 0, STATE_FIN_WAIT_2, KIND_FULL, OWNERSHIP_ORPHAN},
		{5, 0, true, 7, STATE_FIN_WAIT_2, KIND_FULL, OWNERSHIP_HELD},
		{3, 1, false, 0, STATE_SYN_RECV, KIND_REQUEST, OWNERSHIP_NONE},
		{3, 1, true, 0, STATE_SYN_RECV, KIND_FULL, OWNERSHIP_UNACCEPTED},
		{8, 0, true, 0, STATE_CLOSE_WAIT, KIND_FULL, OWNERSHIP_UNACCEPTED},
		{1, 0, true, 0, STATE_ESTABLISHED, KIND_FULL, OWNERSHIP_UNACCEPTED},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nlmsghdr *nlh = put_message(f, SOCK_DIAG_BY_FAMILY);
		struct inet_diag_msg *msg = put_socket(nlh, rows[i].number);

		msg->idiag_timer = rows[i].timer;
		msg->idiag_inode = rows[i].inode;
		if (rows[i].full)
			mnl_attr_put_u8(nlh, INET_DIAG_SHUTDOWN, 0);
		end_message(f, nlh);
	}
	assert_int_equal(parse(f), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(f->records[i].state, rows[i].state);
		assert_int_equal(f->records[i].kind, rows[i].kind);
		assert_int_equal(f->records[i].ownership, rows[i].ownership);
	}
}

static const struct tcp_info sample_info = {
	.tcpi_last_data_sent = 11,
	.tcpi_last_ack_sent = 99,
	.tcpi_last_data_recv = 22,
	.tcpi_last_ack_recv = 33,
	.tcpi_rtt = 44000,
	.tcpi_segs_in = 55,
	.tcpi_data_segs_in = 66,
	.tcpi_rto = 204000,
	.tcpi_backoff = 7,
};

static void parse_info(struct fixture *f, const void *bytes, size_t size)
{
	struct nlmsghdr *nlh;

	f->size = 0;
	f->dump.sockets = 0;
	nlh = put_message(f, TCPDIAG_GETSOCK);
	put_socket(nlh, 1);
	mnl_attr_put(nlh, INET_DIAG_INFO, size, bytes);
	mnl_attr_put_u8(nlh, INET_DIAG_SHUTDOWN, 0);
	end_message(f, nlh);
	assert_int_equal(parse(f), 0);
	assert_int_equal(f->dump.sockets, 1);
}

static void test_diag_datagram_parse_info(void **state)
{
	struct fixture *f = *state;
	char longer[sizeof(sample_info) + 64];

	memset(longer, 0xff, sizeof(longer));
	memcpy(longer, &sample_info, sizeof(sample_info));
	parse_info(f, longer, sizeof(longer)); /* a kernel that is newer than the header */
	assert_true(f->records[0].has_info);
	assert_int_equal(f->records[0].info.last_data_sent_ms, 11);
	assert_int_equal(f->records[0].info.last_data_recv_ms, 22);
	assert_int_equal(f->records[0].info.last_ack_recv_ms, 33);
	assert_int_equal(f->records[0].info.rtt_us, 44000);
	assert_int_equal(f->records[0].info.segments_in, 55);
	assert_int_equal(f->records[0].info.data_segments_in, 66);
	assert_int_equal(f->records[0].info.timeout_us, 204000);
	assert_int_equal(f->records[0].info.backoffs, 7);
}

/* Cut at every length: what lies before the cut is read, what does not is unknown. */
static void test_diag_datagram_parse_info_cut_short(void **state)
{
	static const struct {
		size_t record, info;
		uint32_t value;
	} rows[] = {
#define ROW(a, b, value) {offsetof(struct sock_info, a), offsetof(struct tcp_info, b), value}
		ROW(last_data_sent_ms, tcpi_last_data_sent, 11),
		ROW(last_data_recv_ms, tcpi_last_data_recv, 22),
		ROW(last_ack_recv_ms, tcpi_last_ack_recv, 33),
		ROW(rtt_us, tcpi_rtt, 44000),
		ROW(segments_in, tcpi_segs_in, 55),
		ROW(data_segments_in, tcpi_data_segs_in, 66),
		ROW(timeout_us, tcpi_rto, 204000),
	};
	struct fixture *f = *state;

	for (size_t size = 0; size <= sizeof(sample_info); size++) {
		/* Whatever is read beyond the end must show, be it to a sanitizer. */
		memset(f->bytes, 0x77, sizeof(f->bytes));
		parse_info(f, &sample_info, size);
		assert_true(f->records[0].has_info);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			uint32_t value;

			memcpy(&value, (char *)&f->records[0].info + rows[i].record, sizeof(value));
			assert_int_equal(value,
				size >= rows[i].info + sizeof(value) ? rows[i].value : UNKNOWN_U32);
		}
		assert_int_equal(f->records[0].info.backoffs,
			size > offsetof(struct tcp_info, tcpi_backoff) ? 7 : 0);
	}
}

static void test_diag_datagram_parse_without_info(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, TCPDIAG_GETSOCK);

	memset(f->records, 0xff, sizeof(f->records));
	put_socket(nlh, 1);
	end_message(f, nlh);
	assert_int_equal(parse(f), 0);
	assert_false(f->records[0].has_info);
}

static void test_sock_record_keepalive(void **state)
{
	(void)state;
	assert_int_equal(sock_record_keepalive(TIMER_NONE), KEEPALIVE_OFF);
	assert_int_equal(sock_record_keepalive(TIMER_KEEPALIVE), KEEPALIVE_ON);
	assert_int_equal(sock_record_keepalive(TIMER_RETRANSMIT), KEEPALIVE_UNKNOWN);
	assert_int_equal(sock_record_keepalive(TIMER_PROBE), KEEPALIVE_UNKNOWN);
}

static void test_diag_datagram_parse_close_and_bound(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, TCPDIAG_GETSOCK);

	put_socket(nlh, 7);
	end_message(f, nlh);
	nlh = put_message(f, TCPDIAG_GETSOCK);
	put_socket(nlh, 7)->id.idiag_dport = 0;
	end_message(f, nlh);

	assert_int_equal(parse(f), 0);
	assert_int_equal(f->records[0].state, STATE_CLOSE);
	assert_int_equal(f->records[1].state, STATE_BOUND_INACTIVE);
}

static void test_diag_datagram_parse_skips_other_states(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, TCPDIAG_GETSOCK);

	put_socket(nlh, 8);
	end_message(f, nlh);
	f->dump.states = STATE_BIT(STATE_LISTEN);
	assert_int_equal(parse(f), 0);
	assert_int_equal(f->dump.sockets, 0);
}

static void test_diag_datagram_parse_unknown_state_is_incomplete(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, TCPDIAG_GETSOCK);
	struct scan scan = {0};

	put_socket(nlh, 99);
	end_message(f, nlh);
	assert_int_equal(parse(f), 0);
	diag_dump_result(&f->dump, &scan);
	assert_false(scan.complete);
	assert_string_not_equal(scan.error, "");
}

static void test_diag_datagram_parse_interrupted_is_incomplete(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, NLMSG_DONE);
	struct scan scan = {0};

	nlh->nlmsg_flags |= NLM_F_DUMP_INTR;
	*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = 0;
	end_message(f, nlh);
	assert_int_equal(parse(f), 1);
	diag_dump_result(&f->dump, &scan);
	assert_false(scan.complete);
}

/* A dump that failed at its end must never look like one that found nothing. */
static void test_diag_datagram_parse_error_inside_done(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, NLMSG_DONE);

	*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = -ENOMEM;
	end_message(f, nlh);
	assert_int_equal(parse(f), -ENOMEM);
}

static void test_diag_datagram_parse_error_message(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, NLMSG_ERROR);
	struct nlmsgerr *error = mnl_nlmsg_put_extra_header(nlh, sizeof(*error));

	error->error = -EPERM;
	end_message(f, nlh);
	assert_int_equal(parse(f), -EPERM);
}

static void test_diag_datagram_parse_overrun(void **state)
{
	struct fixture *f = *state;

	end_message(f, put_message(f, NLMSG_OVERRUN));
	assert_int_equal(parse(f), -ENOBUFS);
}

static void test_diag_datagram_parse_foreign_sequence(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, TCPDIAG_GETSOCK);

	put_socket(nlh, 1);
	nlh->nlmsg_seq = 6;
	end_message(f, nlh);
	f->dump.sequence = 7;
	assert_int_equal(parse(f), 0);
	assert_int_equal(f->dump.sockets, 0);
}

/* A good message cut at every length but its own, and lengths inside that point outside. */
static void test_diag_datagram_parse_refuses_hostile_lengths(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, TCPDIAG_GETSOCK);
	struct nlattr *attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct inet_diag_msg));
	size_t complete;

	put_socket(nlh, 1);
	mnl_attr_put_u8(nlh, INET_DIAG_SHUTDOWN, 0);
	end_message(f, nlh);
	complete = f->size;
	for (f->size = 1; f->size < complete; f->size++)
		assert_int_equal(parse(f), -EBADMSG);

	f->size = complete;
	attr->nla_len = 200;
	assert_int_equal(parse(f), -EBADMSG);
	attr->nla_len = 3;
	assert_int_equal(parse(f), -EBADMSG);
	nlh->nlmsg_len = NLMSG_HDRLEN + 8;
	f->size = nlh->nlmsg_len;
	assert_int_equal(parse(f), -EBADMSG);
	assert_int_equal(f->dump.sockets, 0);
}

static void test_diag_datagram_parse_refuses_other_families(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr *nlh = put_message(f, TCPDIAG_GETSOCK);

	put_socket(nlh, 1)->idiag_family = AF_UNIX;
	end_message(f, nlh);
	assert_int_equal(parse(f), -EBADMSG);
}

#define DIAG_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIAG_TEST(test_diag_datagram_parse_full_socket),
		DIAG_TEST(test_diag_datagram_parse_binding),
		DIAG_TEST(test_diag_datagram_parse_kinds_and_ownership),
		DIAG_TEST(test_diag_datagram_parse_info),
		DIAG_TEST(test_diag_datagram_parse_info_cut_short),
		DIAG_TEST(test_diag_datagram_parse_without_info),
		cmocka_unit_test(test_sock_record_keepalive),
		DIAG_TEST(test_diag_datagram_parse_close_and_bound),
		DIAG_TEST(test_diag_datagram_parse_skips_other_states),
		DIAG_TEST(test_diag_datagram_parse_unknown_state_is_incomplete),
		DIAG_TEST(test_diag_datagram_parse_interrupted_is_incomplete),
		DIAG_TEST(test_diag_datagram_parse_error_inside_done),
		DIAG_TEST(test_diag_datagram_parse_error_message),
		DIAG_TEST(test_diag_datagram_parse_overrun),
		DIAG_TEST(test_diag_datagram_parse_foreign_sequence),
		DIAG_TEST(test_diag_datagram_parse_refuses_hostile_lengths),
		DIAG_TEST(test_diag_datagram_parse_refuses_other_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

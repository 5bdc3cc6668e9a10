/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sockets/diag_message.h"

#include "basic/string.h"
#include "basic/unknown.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* The attributes of one message. */
struct attributes {
	bool full; /* INET_DIAG_SHUTDOWN: every full socket has it, mini and request sockets never
		      do */
	bool has_buffers, only_ipv6;
	struct sock_buffers buffers;
	uint64_t cgroup_id;
	const struct nlattr *info; /* NULL: not asked for */
};

/* SK_MEMINFO grew over time and may grow again; what a kernel does not send stays 0. */
static void read_buffers(const struct nlattr *attr, struct attributes *a)
{
	uint32_t value[SK_MEMINFO_VARS] = {0};
	size_t length = mnl_attr_get_payload_len(attr);

	memcpy(value, mnl_attr_get_payload(attr), length < sizeof(value) ? length : sizeof(value));
	a->has_buffers = length > SK_MEMINFO_WMEM_QUEUED * sizeof(value[0]);
	a->buffers = (struct sock_buffers){
		.receive = value[SK_MEMINFO_RMEM_ALLOC],
		.send = value[SK_MEMINFO_WMEM_QUEUED],
		.option = value[SK_MEMINFO_OPTMEM],
		.backlog = value[SK_MEMINFO_BACKLOG],
	};
}

/* A number of tcp_info, which grew over time; this kernel lacks those beyond the end. */
static uint32_t read_info_number(const struct nlattr *attr, size_t offset)
{
	uint32_t value;

	if (mnl_attr_get_payload_len(attr) < offset + sizeof(value))
		return UNKNOWN_U32;
	memcpy(&value, (const char *)mnl_attr_get_payload(attr) + offset, sizeof(value));
	return value;
}

#define INFO_NUMBER(attr, name) read_info_number(attr, offsetof(struct tcp_info, tcpi_##name))

/* Unlike the others, the number of doublings is a byte. */
static uint8_t read_info_backoffs(const struct nlattr *attr)
{
	const size_t offset = offsetof(struct tcp_info, tcpi_backoff);

	if (mnl_attr_get_payload_len(attr) <= offset)
		return 0;
	return ((const uint8_t *)mnl_attr_get_payload(attr))[offset];
}

static void read_info(const struct nlattr *attr, struct sock_info *ret)
{
	*ret = (struct sock_info){
		.last_data_sent_ms = INFO_NUMBER(attr, last_data_sent),
		.last_data_recv_ms = INFO_NUMBER(attr, last_data_recv),
		.last_ack_recv_ms = INFO_NUMBER(attr, last_ack_recv),
		.rtt_us = INFO_NUMBER(attr, rtt),
		.segments_in = INFO_NUMBER(attr, segs_in),
		.data_segments_in = INFO_NUMBER(attr, data_segs_in),
		.timeout_us = INFO_NUMBER(attr, rto),
		.backoffs = read_info_backoffs(attr),
	};
}

static int read_attributes(const struct nlmsghdr *nlh, struct attributes *ret)
{
	const char *end = mnl_nlmsg_get_payload_tail(nlh);
	const struct nlattr *attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct inet_diag_msg));

	for (; (const char *)attr < end; attr = mnl_attr_next(attr)) {
		if (!mnl_attr_ok(attr, (int)(end - (const char *)attr)))
			return -EBADMSG;
		switch (mnl_attr_get_type(attr)) {
		case INET_DIAG_SHUTDOWN:
			ret->full = true;
			break;
		case INET_DIAG_SKMEMINFO:
			read_buffers(attr, ret);
			break;
		case INET_DIAG_CGROUP_ID:
			if (mnl_attr_get_payload_len(attr) == sizeof(ret->cgroup_id))
				memcpy(&ret->cgroup_id, mnl_attr_get_payload(attr),
					sizeof(ret->cgroup_id));
			break;
		case INET_DIAG_SKV6ONLY:
			ret->only_ipv6 = mnl_attr_get_payload_len(attr) && mnl_attr_get_u8(attr);
			break;
		case INET_DIAG_INFO:
			ret->info = attr;
			break;
		default:
			break;
		}
	}
	return 0;
}

static enum sock_kind kind_of(const struct inet_diag_msg *msg, enum tcp_state state, bool full)
{
	if (full)
		return KIND_FULL;
	if (msg->idiag_timer == TIMER_TIME_WAIT)
		return KIND_MINI;
	return state == STATE_SYN_RECV ? KIND_REQUEST : KIND_FULL;
}

static void copy_address(uint8_t ret[16], const __be32 address[4], uint8_t family)
{
	if (family == AF_INET) {
		memset(ret, 0, 16);
		memcpy(ret, address, 4);
	} else {
		memcpy(ret, address, 16);
	}
}

static void fill_record(struct sock_record *r, const struct inet_diag_msg *msg,
	enum tcp_state state, const struct attributes *a)
{
	uint16_t remote_port = ntohs(msg->id.idiag_dport);

	/* The kernel reports sockets that are only bound as CLOSE, like one that was reset; the
	 * latter has a peer. */
	if (state == STATE_CLOSE && !remote_port)
		state = STATE_BOUND_INACTIVE;

	/* Field by field: clearing the record first costs as much as the rest of this function. */
	r->family = msg->idiag_family;
	r->state = (uint8_t)state;
	r->kind = (uint8_t)kind_of(msg, state, a->full);
	r->ownership = (uint8_t)sock_record_ownership(r->kind, state, msg->idiag_inode);
	r->timer = msg->idiag_timer;
	r->retransmits = msg->idiag_retrans;
	r->has_buffers = a->has_buffers;
	r->has_info = a->info != NULL;
	r->has_backlog = state == STATE_LISTEN;
	r->only_ipv6 = a->only_ipv6;
	r->device = msg->id.idiag_if;
	r->local_port = ntohs(msg->id.idiag_sport);
	r->remote_port = remote_port;
	r->expires_ms = msg->idiag_expires;
	r->receive_queue = msg->idiag_rqueue;
	r->send_queue = msg->idiag_wqueue;
	r->buffers = a->buffers;
	r->cookie = (uint64_t)msg->id.idiag_cookie[1] << 32 | msg->id.idiag_cookie[0];
	r->cgroup_id = a->cgroup_id;
	r->inode = msg->idiag_inode;
	r->uid = msg->idiag_uid;
	copy_address(r->local_address, msg->id.idiag_src, msg->idiag_family);
	copy_address(r->remote_address, msg->id.idiag_dst, msg->idiag_family);
	if (a->info)
		read_info(a->info, &r->info);
}

static int read_socket(struct diag_dump *dump, const struct nlmsghdr *nlh)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct attributes attributes = {0};
	struct sock_record record;
	enum tcp_state state;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg))
		return -EBADMSG;
	if (msg->idiag_family != AF_INET && msg->idiag_family != AF_INET6)
		return -EBADMSG;
	if (read_attributes(nlh, &attributes) < 0)
		return -EBADMSG;
	if (state_from_kernel(msg->idiag_state, &state) < 0) {
		dump->unknown++;
		return 0;
	}
	fill_record(&record, msg, state, &attributes);
	if (state_set_has(dump->states, record.state)) {
		dump->sockets++;
		dump->fn(&record, dump->userdata);
	}
	return 0;
}

/* A dump may fail at its end too: then NLMSG_DONE has the errno, and the dump is incomplete. */
static int read_done(const struct nlmsghdr *nlh)
{
	int error = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(nlh), sizeof(error));
	return error < 0 ? error : 1;
}

static int read_error(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error) || error->error > 0)
		return -EBADMSG;
	return error->error;
}

static int read_message(struct diag_dump *dump, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case TCPDIAG_GETSOCK:
	case SOCK_DIAG_BY_FAMILY:
		return read_socket(dump, nlh);
	case NLMSG_DONE:
		return read_done(nlh);
	case NLMSG_ERROR:
		return read_error(nlh);
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	default:
		return 0;
	}
}

int diag_datagram_parse(struct diag_dump *dump, const void *datagram, size_t size)
{
	const struct nlmsghdr *nlh = datagram;
	int left = size > INT32_MAX ? INT32_MAX : (int)size;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		int r;

		/* mnl_nlmsg_ok() takes the length as a signed number. */
		if (nlh->nlmsg_len > (uint32_t)left)
			return -EBADMSG;
		if (!mnl_nlmsg_portid_ok(nlh, dump->port_id) ||
			!mnl_nlmsg_seq_ok(nlh, dump->sequence))
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			dump->interrupted = true;
		r = read_message(dump, nlh);
		if (r != 0)
			return r;
	}
	return left > 0 ? -EBADMSG : 0;
}

void diag_dump_result(const struct diag_dump *dump, struct scan *ret)
{
	ret->sockets = dump->sockets;
	ret->complete = !dump->interrupted && !dump->unknown;
	if (dump->interrupted)
		STRING_PRINT(ret->error, "the socket table changed while it was read");
	else if (dump->unknown)
		STRING_PRINT(ret->error,
			"%" PRIu64 " sockets are in a state that this version does not know",
			dump->unknown);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/sock_memory.h"

#include "basic/macro.h"

#include <string.h>
#include <sys/socket.h>

/*
 * Bytes of data in one buffer, if the source does not report the memory of buffers (measured
 * on 6.18: 65,000 bytes were in 2 buffers of a receive queue, in 6 of a send queue); and the
 * minimum in one buffer of a receive queue: unused space in the buffers of a network card must not
 * count as more buffers.
 */
#define DATA_PER_BUFFER       32768
#define DATA_PER_BUFFER_LEAST 4096

/* The data in a queue, and in how many buffers. */
struct queue {
	uint64_t data, buffers;
};

static uint64_t bytes_of(const struct prices *p, enum price_object o)
{
	return p->object[o].bytes;
}

/* What truesize counts for a buffer besides its data (include/linux/skbuff.h: SKB_TRUESIZE). */
static uint64_t empty_truesize(const struct prices *p)
{
	return (uint64_t)p->object[OBJECT_SKB].object_size +
	       p->object[OBJECT_SKB_SMALL_HEAD].object_size;
}

/* SYN and FIN count as a byte of the queue, but carry no data. */
static uint64_t data_of(uint32_t queue, uint8_t state, state_set states_with_flag)
{
	return queue - (queue > 0 && state_set_has(states_with_flag, state));
}

static struct queue queue_without_truesize(uint32_t queue, uint64_t data)
{
	return (struct queue){data, ((uint64_t)queue + DATA_PER_BUFFER - 1) / DATA_PER_BUFFER};
}

/* What truesize counts beyond the buffers is data, whatever the length of the queue. */
static struct queue queue_with_truesize(
	const struct prices *p, uint64_t truesize, uint64_t data, uint64_t buffers_max)
{
	const uint64_t empty = empty_truesize(p);
	struct queue q = {truesize, 0};

	if (truesize <= data || empty == 0)
		return q;
	q.buffers = MIN((truesize - data) / empty, buffers_max);
	q.data -= q.buffers * empty;
	return q;
}

static bool is_loopback(uint8_t family, const uint8_t *address)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (family == AF_INET)
		return address[0] == 127;
	return memcmp(address, loopback6, sizeof(loopback6)) == 0 ||
	       (memcmp(address, mapped, sizeof(mapped)) == 0 && address[12] == 127);
}

/* Whether the peer is certainly on this host; with veth it may be even if this is false. */
static bool is_same_host(const struct sock_record *r)
{
	return memcmp(r->local_address, r->remote_address, sizeof(r->local_address)) == 0 ||
	       (is_loopback(r->family, r->local_address) &&
		       is_loopback(r->family, r->remote_address));
}

/*
 * Sent data stays queued in one half of a pair of buffers (sk_buff_fclones), which truesize counts
 * as a plain one.
 */
static uint64_t send_memory(const struct prices *p, const struct sock_record *r)
{
	const uint64_t data = data_of(r->send_queue, r->state,
		STATE_BIT(STATE_SYN_SENT) | STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_CLOSING) |
			STATE_BIT(STATE_LAST_ACK));
	const struct queue q = r->has_buffers
				       ? queue_with_truesize(p, r->buffers.send, data, UINT64_MAX)
				       : queue_without_truesize(r->send_queue, data);

	return q.data +
	       q.buffers * (bytes_of(p, OBJECT_SKB_FCLONE) + bytes_of(p, OBJECT_SKB_SMALL_HEAD));
}

/*
 * A receiver on the same host (loopback, veth) keeps the other half of the sender's pair, and so
 * the pair; a network card fills plain buffers. If it is unknown which, half of the difference is
 * charged: less than 3 % off for a socket with one buffer.
 */
static uint64_t receive_memory(const struct prices *p, const struct sock_record *r)
{
	const bool same_host = is_same_host(r);
	const uint64_t pair = bytes_of(p, OBJECT_SKB_FCLONE), plain = bytes_of(p, OBJECT_SKB);
	const uint64_t data = data_of(r->receive_queue, r->state,
		STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_LAST_ACK));
	struct queue q;

	if (r->has_buffers)
		q = queue_with_truesize(p, r->buffers.receive, data,
			same_host ? UINT64_MAX : 1 + data / DATA_PER_BUFFER_LEAST);
	else if (r->ownership == OWNERSHIP_ORPHAN && r->state != STATE_CLOSING)
		/* close() freed the queue without counting it as read. */
		return 0;
	else
		q = queue_without_truesize(r->receive_queue, data);
	return q.data + q.buffers * ((same_host ? pair : (pair + plain) / 2) +
					    bytes_of(p, OBJECT_SKB_SMALL_HEAD));
}

/* What an open socket costs: the file, its inode and name, and what security modules keep for them.
 */
static uint64_t file_memory(const struct prices *p)
{
	return bytes_of(p, OBJECT_SOCK_INODE) + bytes_of(p, OBJECT_FILE) +
	       bytes_of(p, OBJECT_DENTRY) + bytes_of(p, OBJECT_LSM_INODE) +
	       bytes_of(p, OBJECT_LSM_FILE);
}

static uint64_t full_memory(const struct prices *p, const struct sock_record *r)
{
	const bool is_ipv6 = r->family == AF_INET6;
	uint64_t bytes = bytes_of(p, is_ipv6 ? OBJECT_TCP6_SOCK : OBJECT_TCP_SOCK);

	if (r->ownership == OWNERSHIP_HELD)
		bytes += file_memory(p);
	/* The request exists until accept() takes the connection out of the queue. */
	if (r->ownership == OWNERSHIP_UNACCEPTED)
		bytes += bytes_of(p, is_ipv6 ? OBJECT_REQUEST6_SOCK : OBJECT_REQUEST_SOCK);
	/* The queues of a listener count connections. */
	if (r->state != STATE_LISTEN)
		bytes += send_memory(p, r) + receive_memory(p, r);
	return bytes + r->buffers.option + r->buffers.backlog;
}

uint64_t sock_memory(const struct prices *p, const struct sock_record *r)
{
	const bool is_ipv6 = r->family == AF_INET6;

	switch ((enum sock_kind)r->kind) {
	case KIND_MINI:
		return bytes_of(p, is_ipv6 ? OBJECT_TW6_SOCK : OBJECT_TW_SOCK);
	case KIND_REQUEST:
		return bytes_of(p, is_ipv6 ? OBJECT_REQUEST6_SOCK : OBJECT_REQUEST_SOCK);
	case KIND_FULL:
	case KIND_COUNT:
		break;
	}
	return full_memory(p, r);
}

uint64_t port_memory(const struct prices *p)
{
	return bytes_of(p, OBJECT_BIND_BUCKET) + bytes_of(p, OBJECT_BIND2_BUCKET);
}

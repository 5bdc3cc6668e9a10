/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One socket as the kernel reported it: what kernel/ hands to model/, one at a time. */
#ifndef TCPSTATED_MODEL_SOCK_RECORD_H
#define TCPSTATED_MODEL_SOCK_RECORD_H

#include "model/state.h"

#include <stdbool.h>
#include <stdint.h>

/* How long TIME_WAIT lasts, in ms: TCP_TIMEWAIT_LEN, include/net/tcp.h, a constant in every kernel.
 */
#define TIME_WAIT_MS 60000

/* The uid of users that this user namespace does not map: DEFAULT_OVERFLOWUID,
 * include/linux/highuid.h. */
#define UID_OVERFLOW 65534

/* Room for the name of a device: IFNAMSIZ, include/uapi/linux/if.h. */
#define DEVICE_NAME_SIZE 16

enum sock_kind {
	KIND_FULL, /* a struct tcp_sock */
	KIND_MINI, /* a struct tcp_timewait_sock: TIME_WAIT, or FIN_WAIT_2 closed by its process */
	KIND_REQUEST, /* a struct tcp_request_sock: SYN_RECV */
	KIND_COUNT,
};

enum sock_ownership {
	OWNERSHIP_NONE,       /* no process can hold it: mini and request */
	OWNERSHIP_HELD,       /* a process has it open */
	OWNERSHIP_ORPHAN,     /* closed by its process, not yet finished by the kernel */
	OWNERSHIP_UNACCEPTED, /* still in its listener's accept queue */
	OWNERSHIP_COUNT,
};

/* A set: bit N is enum sock_ownership N. OWNERSHIP_NONE are the mini sockets and the requests. */
typedef uint8_t ownership_set;

#define OWNERSHIP_BIT(o)  ((ownership_set)(1U << (o)))
#define OWNERSHIP_SET_ALL ((ownership_set)((1U << OWNERSHIP_COUNT) - 1))

/* idiag_timer in the kernel's numbers (net/ipv4/inet_diag.c: inet_sk_diag_fill,
 * inet_twsk_diag_fill). */
enum sock_timer {
	TIMER_NONE,
	TIMER_RETRANSMIT,
	TIMER_KEEPALIVE,
	TIMER_TIME_WAIT, /* only mini sockets have it */
	TIMER_PROBE,
};

/* Bytes of buffers, from SK_MEMINFO, without forward allocation and wmem_alloc, which are
 * accounting, not memory. */
struct sock_buffers {
	uint32_t receive; /* SK_MEMINFO_RMEM_ALLOC: truesize of the receive and out-of-order queues
			   */
	uint32_t send;    /* SK_MEMINFO_WMEM_QUEUED: truesize of the send and retransmit queues */
	uint32_t option;  /* SK_MEMINFO_OPTMEM: filters, keys, socket storage */
	uint32_t
		backlog; /* SK_MEMINFO_BACKLOG: received while the owner was busy with the socket */
};

/*
 * From struct tcp_info (net/ipv4/tcp.c: tcp_get_info); UNKNOWN_U32 for what this kernel does not
 * send. The times start with the connection, also if nothing was sent or received yet, and have the
 * resolution of the kernel's ticks, 1 to 10 ms.
 */
struct sock_info {
	uint32_t last_data_sent_ms; /* since this side last sent data */
	uint32_t last_data_recv_ms; /* since data last came from the peer */
	uint32_t last_ack_recv_ms;  /* since the peer last acknowledged something; answers to
				       keepalive probes do, data alone may not */
	uint32_t rtt_us;            /* smoothed round-trip time; 0: not measured yet */
	uint32_t segments_in;       /* segments from the peer, wrapping (Linux 4.2) */
	uint32_t data_segments_in;  /* of them those with data (Linux 4.6) */
	uint32_t timeout_us;        /* of retransmission now, already doubled backoffs times */
	uint8_t backoffs;           /* 0 when the kernel does not send it */
};

enum sock_keepalive {
	KEEPALIVE_OFF,
	KEEPALIVE_ON,
	KEEPALIVE_UNKNOWN, /* the kernel names one timer, and another one takes precedence */
	KEEPALIVE_COUNT,
};

struct sock_record {
	uint8_t family; /* AF_INET or AF_INET6, which decides the slab caches; a mapped IPv4 address
			   is AF_INET6 */
	uint8_t state;  /* enum tcp_state */
	uint8_t kind;   /* enum sock_kind */
	uint8_t ownership;   /* enum sock_ownership */
	uint8_t timer;       /* enum sock_timer */
	uint8_t retransmits; /* of that timer: unanswered so far, including probes */
	bool has_buffers;
	bool has_info;
	bool has_backlog;       /* of a listener: send_queue is its backlog */
	bool only_ipv6;         /* of a listener: IPV6_V6ONLY, so that it takes no IPv4 */
	uint32_t device;        /* interface index that it is bound to, by SO_BINDTODEVICE or by a
				   link-local address; 0: none, or the source lacks it */
	uint16_t local_port;    /* host byte order */
	uint16_t remote_port;   /* host byte order */
	uint32_t expires_ms;    /* of that timer; for TIMER_TIME_WAIT the rest of its life */
	uint32_t receive_queue; /* bytes, the FIN counting as one; LISTEN: connections waiting for
				   accept() */
	uint32_t send_queue;    /* bytes, the FIN counting as one; LISTEN: the backlog, which may be
				   0, with has_backlog */
	struct sock_buffers buffers; /* zero without has_buffers */
	uint64_t cookie;             /* 0 if the source lacks it */
	uint64_t cgroup_id;          /* likewise */
	uint32_t inode;              /* 0 when no process holds it */
	uint32_t uid;
	uint8_t local_address[16];  /* network byte order; AF_INET: the first four bytes, the rest
				       zero */
	uint8_t remote_address[16]; /* likewise */
	struct sock_info info;      /* only with has_info; else undefined */
};

/* The ownership by kind, state and inode: an inode of 0 alone does not make an orphan. */
enum sock_ownership sock_record_ownership(
	enum sock_kind kind, enum tcp_state state, uint32_t inode);

/*
 * Whether SO_KEEPALIVE is active on an ESTABLISHED socket: then its timer is always pending and the
 * only one that idiag_timer calls 2 in that state; but a retransmission or a window probe takes
 * precedence (net/ipv4/inet_diag.c: inet_sk_diag_fill). The kernel does not report
 * TCP_USER_TIMEOUT: neither tcp_info nor INET_DIAG_SOCKOPT has it.
 */
enum sock_keepalive sock_record_keepalive(enum sock_timer timer);

#endif

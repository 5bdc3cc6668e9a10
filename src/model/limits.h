/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel allows, how much of it is in use, and the counters that show when a limit was
 * reached. */
#ifndef TCPSTATED_MODEL_LIMITS_H
#define TCPSTATED_MODEL_LIMITS_H

#include "basic/names.h"
#include "model/filter.h"

#include <stdint.h>

/* Each number is UNKNOWN when its file is missing. */

struct usage {
	uint64_t used;
	uint64_t max;
};

/* The percentage in use, or a negative number when either is unknown or the limit is 0. */
double usage_percent(const struct usage *u);

/* The counters of /proc/net/netstat (TcpExt) and /proc/net/snmp (Tcp) of how connections ended and
 * what was lost. */
enum tcp_counter {
	COUNTER_ACTIVE_OPENS,
	COUNTER_PASSIVE_OPENS,
	COUNTER_ATTEMPT_FAILS,
	COUNTER_ESTAB_RESETS,
	COUNTER_OUT_RSTS,
	COUNTER_TW,
	COUNTER_TW_RECYCLED,
	COUNTER_TW_KILLED,
	COUNTER_TIME_WAIT_OVERFLOW,
	COUNTER_LISTEN_OVERFLOWS,
	COUNTER_LISTEN_DROPS,
	COUNTER_ABORT_ON_DATA,
	COUNTER_ABORT_ON_CLOSE,
	COUNTER_ABORT_ON_MEMORY,
	COUNTER_ABORT_ON_TIMEOUT,
	COUNTER_ABORT_ON_LINGER,
	COUNTER_ABORT_FAILED,
	COUNTER_MEMORY_PRESSURES,
	COUNTER_COUNT,
};

/* The kernel's own names, for example "TCPTimeWaitOverflow". */
extern const struct names counter_names;

struct limits {
	/* of this network namespace */
	struct usage
		tw_buckets; /* TIME_WAIT and mini FIN_WAIT_2 against net.ipv4.tcp_max_tw_buckets */
	struct usage conntrack;         /* net.netfilter.nf_conntrack_count and _max */
	uint64_t inuse;                 /* sockstat, TCP inuse: without mini sockets */
	uint64_t inuse6;                /* sockstat6, TCP6 inuse */
	uint64_t curr_estab;            /* snmp, CurrEstab: ESTABLISHED and CLOSE_WAIT */
	uint64_t port_first, port_last; /* net.ipv4.ip_local_port_range */
	uint64_t ports_reserved;    /* how many of that range net.ipv4.ip_local_reserved_ports takes
				       out */
	uint64_t port_step_width;   /* net.ipv4.ip_local_port_step_width (Linux 7.0); with one,
				       connect() knows no parity */
	uint64_t tw_reuse;          /* net.ipv4.tcp_tw_reuse: 0 no, 1 yes, 2 loopback only */
	uint64_t tw_reuse_delay_ms; /* net.ipv4.tcp_tw_reuse_delay (Linux 6.14) */
	uint64_t timestamps;        /* net.ipv4.tcp_timestamps; 0: off */
	uint64_t fin_timeout_seconds; /* net.ipv4.tcp_fin_timeout */
	uint64_t counters[COUNTER_COUNT];

	/* of the host; only the initial namespace shows the sysctls */
	struct usage orphans;       /* against net.ipv4.tcp_max_orphans */
	struct usage tcp_mem_pages; /* against the last number of net.ipv4.tcp_mem */
	uint64_t tcp_mem_low_pages;
	uint64_t tcp_mem_pressure_pages;
	uint64_t allocated;       /* sockstat, TCP alloc: every tcp_sock */
	uint64_t mem_total_bytes; /* /proc/meminfo */

	struct port_set reserved; /* net.ipv4.ip_local_reserved_ports; empty when unknown */
};

/* Sets every number to UNKNOWN. */
void limits_init(struct limits *l);

#endif

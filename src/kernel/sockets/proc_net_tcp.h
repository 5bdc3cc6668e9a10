/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fallback source of sockets, where sock_diag is refused: /proc/net/tcp and /proc/net/tcp6, as
 * proc_pid_net(5) and net/ipv4/tcp_ipv4.c (tcp4_seq_show) tell their format. It knows no buffers,
 * no cgroup, and of a listener's queue only its length.
 */
#ifndef TCPSTATED_KERNEL_SOCKETS_PROC_NET_TCP_H
#define TCPSTATED_KERNEL_SOCKETS_PROC_NET_TCP_H

#include "kernel/sockets/source.h"
#include "model/snapshot.h"
#include "model/sock_record.h"

#include <stdint.h>

/* The files of one network namespace. tcp6 may be absent: then the kernel has no IPv6. */
struct proc_net_tcp_files {
	const char *tcp, *tcp6;
};

/* Those of the namespace that this process is in. */
extern const struct proc_net_tcp_files proc_net_tcp_live;

/*
 * Reads one line of either file, with or without its newline, into *ret. The family tells which
 * file. Returns 0, or -EBADMSG when it is not a socket as the kernel prints it; *ret is untouched
 * then.
 */
int proc_net_tcp_parse_line(const char *line, uint8_t family, struct sock_record *ret);

/*
 * Reads every socket of both files, listeners first. Memory does not grow with the files. tap sees
 * each line that the request asks for; it may be NULL. As struct source_ops: scan; ret->note and
 * the times are left alone.
 */
int proc_net_tcp_scan(const struct proc_net_tcp_files *files, const struct scan_request *request,
	const struct scan_tap *tap, sock_record_fn fn, void *userdata, struct scan *ret);

#endif

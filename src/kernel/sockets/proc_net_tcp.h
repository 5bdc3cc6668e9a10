/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fallback source of sockets if sock_diag is refused: /proc/net/tcp and /proc/net/tcp6, in the
 * format of proc_pid_net(5) and net/ipv4/tcp_ipv4.c (tcp4_seq_show). It has no buffers, no cgroup,
 * and only the length of a listener's queue.
 */
#ifndef TCPSTATED_KERNEL_SOCKETS_PROC_NET_TCP_H
#define TCPSTATED_KERNEL_SOCKETS_PROC_NET_TCP_H

#include "kernel/sockets/source.h"
#include "model/snapshot.h"
#include "model/sock_record.h"

#include <stdint.h>

/* The files of one network namespace. tcp6 may be missing: then the kernel has no IPv6. */
struct proc_net_tcp_files {
	const char *tcp, *tcp6;
};

/* Those of this process's namespace. */
extern const struct proc_net_tcp_files proc_net_tcp_live;

/*
 * Reads one line of the file of that family, with or without its line break. Returns 0, or -EBADMSG
 * when it is not a socket as the kernel prints it; then *ret is untouched.
 */
int proc_net_tcp_parse_line(const char *line, uint8_t family, struct sock_record *ret);

/*
 * Reads every socket of both files, listeners first, in constant memory. tap receives each
 * requested line; it may be NULL. As struct source_ops: scan, but leaves ret->note and the times
 * alone.
 */
int proc_net_tcp_scan(const struct proc_net_tcp_files *files, const struct scan_request *request,
	const struct scan_tap *tap, sock_record_fn fn, void *userdata, struct scan *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program says to its operator: whole sentences on standard error. For one thread. */
#ifndef TCPSTATED_BASIC_LOG_H
#define TCPSTATED_BASIC_LOG_H

#include <syslog.h>

/*
 * Writes one line: to systemd's journal after its priority (sd-daemon(3)), else after the program's
 * name. Never waits for a reader: a line that finds no room is lost, and the next one that finds
 * some says how many were. A line longer than 2 KiB is cut.
 */
__attribute__((format(printf, 2, 3))) void log_line(int priority, const char *format, ...);

#endif

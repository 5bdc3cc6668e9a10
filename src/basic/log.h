/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program reports to its operator: complete sentences on standard error. */
#ifndef TCPSTATED_BASIC_LOG_H
#define TCPSTATED_BASIC_LOG_H

#include <syslog.h>

/*
 * Writes one line: with the priority in front for systemd's journal (sd-daemon(3)), else behind the
 * program's name. Never waits: a line that a full pipe, socket or terminal has no room for is lost.
 */
__attribute__((format(printf, 2, 3))) void log_line(int priority, const char *format, ...);

#endif

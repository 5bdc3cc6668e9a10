/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program says to its operator: whole sentences on standard error. */
#ifndef TCPSTATED_BASIC_LOG_H
#define TCPSTATED_BASIC_LOG_H

#include <syslog.h>

/*
 * Writes one line: under systemd's journal with the priority in front (sd-daemon(3)), else behind
 * the program's name. Never waits for a reader that does not read.
 */
__attribute__((format(printf, 2, 3))) void log_line(int priority, const char *format, ...);

/* Whether standard error goes to the journal. */
int log_is_journal(void);

#endif

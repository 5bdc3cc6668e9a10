/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service in the foreground: timers, signals, and notifications of systemd. */
#ifndef TCPSTATED_DAEMON_LOOP_H
#define TCPSTATED_DAEMON_LOOP_H

#include "daemon/manager.h"

/*
 * Polls until SIGTERM or SIGINT. SIGHUP reloads the configuration, SIGUSR1 reopens files. Returns
 * an exit status: 0, 1 when it could not start or go on, 2 for a wrong configuration; what was
 * wrong was logged.
 */
int daemon_run(const struct daemon_options *options);

#endif

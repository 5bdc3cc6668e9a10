/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands, one in each file of that name. Each does its work, reports what is wrong on
 * standard error, and returns the exit status of the program.
 */
#ifndef TCPSTATED_COMMAND_COMMAND_H
#define TCPSTATED_COMMAND_COMMAND_H

#include "command/options.h"

/* --check has those of enum check_status in their place. */
enum exit_status { EXIT_SCAN_FAILED = 1, EXIT_USAGE = 2 };

int once_run(const struct options *o);
int check_run(const struct options *o);
int explain_run(const struct options *o);
int watch_run(const struct options *o);
int heartbeat_run(const struct options *o);
int check_config_run(const struct options *o);

#endif

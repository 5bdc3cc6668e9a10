/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report on a single poll, for --once and --explain. */
#ifndef TCPSTATED_COMMAND_REPORT_H
#define TCPSTATED_COMMAND_REPORT_H

#include "command/single_poll.h"

struct holders;

/*
 * Prints it as text or JSON, and completes the recording, if one is made. holders are those of
 * --explain, else NULL. Returns the exit status.
 */
int report(const struct options *o, const struct single_poll *p, const struct holders *holders);

#endif

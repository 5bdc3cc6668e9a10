/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the options name to be read: the kernel or a recording, and whether a recording is made. */
#ifndef TCPSTATED_COMMAND_SOURCE_H
#define TCPSTATED_COMMAND_SOURCE_H

#include "command/options.h"
#include "kernel/sockets/source.h"
#include "poll/poll.h"

/* Opens the source of records; table is that of a live kernel. Returns 0 or, after logging, an
 * exit status. */
int open_source(const struct options *o, enum socket_table table, struct source **ret);

/* The same, and what a poll of it needs. */
int prepare_poll(const struct options *o, struct source **ret_source, struct poll_settings *ret);

/* Completes the recording, if one is made. Returns 0 or, after logging, an exit status. */
int finish_recording(const struct options *o, struct source *source);

#endif

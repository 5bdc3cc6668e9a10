/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs an operator's command for each alert event. The target is given to /bin/sh -c in a session
 * of its own, with:
 * - the event as one JSON line on standard input (output/event_json.h), which it need not read;
 * - the environment of this program, the fields of output/event_fields.h, and TCPSTATED_JSON, the
 *   same line; without what systemd meant for this program only (NOTIFY_SOCKET and the like);
 * - standard output and error both going to this program's standard error, so to the journal;
 * - default signals, and no other descriptor.
 *
 * deliver() waits for its end, and succeeds when the exit status is 0. A command that takes longer
 * than the timeout gets SIGTERM, then SIGKILL, with all that it started.
 */
#ifndef TCPSTATED_DELIVER_COMMAND_H
#define TCPSTATED_DELIVER_COMMAND_H

#include "deliver/output.h"

/* From SIGTERM to SIGKILL; after an interruption, a tenth of it. */
#define COMMAND_TERMINATE_MS 1000

extern const struct output_ops command_ops;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs an operator's command for an alert event. The command is given to /bin/sh -c in a session of
 * its own, with:
 * - the event as one JSON line on standard input (output/event_json.h), which it need not read;
 * - the environment of this program, the fields of output/event_fields.h, and TCPSTATED_JSON, the
 *   same line; without what systemd meant for this program only (NOTIFY_SOCKET and the like);
 * - standard output and error both going to this program's standard error, so to the journal;
 * - default signals, and no other descriptor.
 */
#ifndef TCPSTATED_DELIVER_COMMAND_H
#define TCPSTATED_DELIVER_COMMAND_H

#include "judge/alert.h"

#include <stddef.h>
#include <stdint.h>

struct exec;

/* Copies the command. Returns 0 or -errno; free with exec_free. */
int exec_new(const char *command, uint32_t timeout_ms, struct exec **ret);
struct exec *exec_free(struct exec *x); /* returns NULL; x may be NULL */

/* After SIGTERM it has so long to end before SIGKILL; when it is interrupted, a tenth of it. */
#define EXEC_TERMINATE_MS 1000

/*
 * Runs the command and waits for its end. When that takes longer than timeout_ms, it and all that
 * it started get SIGTERM, then SIGKILL. Returns 0 when its exit status is 0; else -errno, with a
 * sentence in error. Not to be called by two threads at a time.
 */
int exec_run(struct exec *x, const struct alert_event *e, char *error, size_t error_size);

/* Ends a call of exec_run() that is under way and each later one, as if its time were over; from
 * another thread. */
void exec_interrupt(struct exec *x);

#endif

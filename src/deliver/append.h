/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for programs, appended to standard output or to a file, which may also be a FIFO or a
 * device: an event as JSON (output/event_json.h), a snapshot as it is.
 *
 * The target is "stdout" or a path. A missing file is created with mode 0640 (less the umask).
 * What a failure leaves of a line, in this program or an earlier one, is ended with a newline
 * before the next line, so that a reader finds the next one whole. Two outputs that share standard
 * output do not mix their lines. SIGPIPE must be ignored or blocked. deliver() fails with -ENXIO
 * when a FIFO has no reader, and with -ECANCELED when it was interrupted.
 */
#ifndef TCPSTATED_DELIVER_APPEND_H
#define TCPSTATED_DELIVER_APPEND_H

#include "deliver/output.h"

extern const struct output_ops append_ops;

#endif

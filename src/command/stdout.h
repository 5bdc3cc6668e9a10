/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard output, where every command prints. */
#ifndef TCPSTATED_COMMAND_STDOUT_H
#define TCPSTATED_COMMAND_STDOUT_H

#include "command/options.h"
#include "output/text.h"

/*
 * A file that is opened while a standard stream is closed would take its place. Opens /dev/null
 * there; without standard output there is nowhere to print to. Returns 0, or -errno after logging.
 */
int stdout_reserve(void);

/* The style of text there. */
struct text_style stdout_style(const struct options *o);

/* Ends what was printed; r is 0 or the -errno of printing it. Returns 0 or, after logging,
 * EXIT_SCAN_FAILED. */
int stdout_finish(int r);

#endif

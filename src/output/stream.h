/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of an output: a full disk or a closed pipe is an error, wherever in the text it was met.
 */
#ifndef TCPSTATED_OUTPUT_STREAM_H
#define TCPSTATED_OUTPUT_STREAM_H

#include "basic/string.h"

#include <stdio.h>

/* Returns 0 or -errno of whatever was written since the stream was opened. */
int stream_finish(FILE *out);

/* Writes a text and finishes. Returns 0 or -errno. */
int stream_write(FILE *out, const struct string *text);

#endif

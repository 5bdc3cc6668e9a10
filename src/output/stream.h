/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TCPSTATED_OUTPUT_STREAM_H
#define TCPSTATED_OUTPUT_STREAM_H

#include <errno.h>
#include <stdio.h>

/*
 * Ends an output: a full disk or a closed pipe is an error, wherever in the text it was met.
 * Returns 0 or -errno.
 */
static inline int stream_finish(FILE *out)
{
	errno = 0;
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}

#endif

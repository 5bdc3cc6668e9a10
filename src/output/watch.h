/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One picture of --watch: the verdict, the alerts in force, what is used of the limits, and the
 * table of ports with what changed since the poll before.
 */
#ifndef TCPSTATED_OUTPUT_WATCH_H
#define TCPSTATED_OUTPUT_WATCH_H

#include "judge/alert.h"
#include "judge/close_rates.h"
#include "judge/finding.h"
#include "model/changes.h"
#include "model/snapshot.h"
#include "output/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct watch_frame {
	const struct snapshot *snapshot;       /* the last one that could be taken */
	const struct findings *findings;       /* about it */
	const struct changes *changes;         /* that led to it; NULL: unknown */
	const struct close_rates *close_rates; /* how connections end; NULL: unknown */
	const struct alert *const *alerts;     /* pending, raised or clearing, worst first */
	size_t alerts_count;
	uint64_t alerts_omitted; /* how many more there are */
	uint32_t interval_ms;
	const char *note; /* a remark on how it was judged; NULL: none */

	/* If a later poll failed, the snapshot is old. */
	const char *failure; /* the reason as a sentence; NULL: none */
	struct timespec failed_at;
	unsigned failures; /* in a row */
};

/* The terminal that shows it. */
struct watch_screen {
	unsigned rows, columns; /* at least 1 */
	bool keys;              /* the keys work */
};

/*
 * Writes one picture. With a screen it takes the place of the one before: it starts at the top,
 * and is cut to the rows and columns, so that nothing wraps or scrolls. Without one (NULL) it is a
 * block of lines, none of which is empty or cut, that ends with an empty line; of an old snapshot
 * only the alerts are printed again. Returns 0 or -errno.
 */
int watch_print(FILE *out, const struct watch_frame *frame, const struct text_style *style,
	const struct watch_screen *screen);

#endif

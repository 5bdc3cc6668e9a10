/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a table of ages tells after a scan, for each listed port and state and for each state in
 * all: how old half of the sockets are, how many are older than a minute, how many are new.
 */
#ifndef TCPSTATED_MODEL_AGE_STATS_H
#define TCPSTATED_MODEL_AGE_STATS_H

#include "model/ages.h"

#include <stddef.h>
#include <stdint.h>

/* A group of so many sockets is sorted; of a larger one a histogram is made (model/histogram.h). */
#define AGE_STATS_EXACT 64

/* struct age_stats: added, before every age below a minute is an age and no lower bound. */

/* Counted is what is older than one of these. */
enum age_mark {
	AGE_MARK_1_MINUTE,
	AGE_MARK_10_MINUTES,
	AGE_MARK_60_MINUTES,
	AGE_MARK_COUNT,
};

/*
 * Of the full sockets of one state, since mini sockets are not tracked. Of a sample each socket
 * counts as often as it stands for others, and every number is an estimate.
 */
struct age_stats {
	uint32_t tracked;               /* 0: none */
	uint32_t median_ms, p90_ms;     /* nearest rank, 1/64 off at most; only with tracked */
	uint32_t older[AGE_MARK_COUNT]; /* how many are */
	uint32_t added;                 /* how many entered the state within the last minute */
};

struct age_table {
	uint32_t tracked;    /* sockets in the table of ages */
	uint32_t weight;     /* how many each of them stands for; 1: all are tracked */
	uint32_t watched_ms; /* for how long; see ages_watched_ms(). At most UINT32_MAX - 1. */
	size_t ports;
	struct age_stats *groups; /* private; NULL: no ages are kept */
};

/* Which of the listed ports a row of the tally is, counted from 1; 0: it is not listed. */
struct age_rows {
	const uint32_t *places;
	size_t rows;
	size_t ports; /* how many are listed */
};

/*
 * Sums up what the last scan showed, in two passes over the table. Beside the result, which grows
 * with the listed ports, it takes 4 bytes a tracked socket while it runs. Returns 0 or -ENOMEM;
 * release with age_table_release.
 */
int age_table_take(struct age_table *ret, const struct ages *a, const struct age_rows *rows);
void age_table_release(struct age_table *t);

/*
 * The numbers of a state on a listed port, counted from 0, and in all. NULL where nothing can be
 * known: no ages are kept, or not in that state.
 */
const struct age_stats *age_stats_of_port(
	const struct age_table *t, size_t port, enum tcp_state state);
const struct age_stats *age_stats_of_all(const struct age_table *t, enum tcp_state state);

#endif

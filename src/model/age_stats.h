/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics of the ages after a scan, for each listed port and state and for each state in all:
 * the median, how many are older than a minute, how many are new.
 */
#ifndef TCPSTATED_MODEL_AGE_STATS_H
#define TCPSTATED_MODEL_AGE_STATS_H

#include "model/ages.h"
#include "model/creators.h"

#include <stddef.h>
#include <stdint.h>

/* A group of up to that many sockets is sorted; a larger one goes into a histogram
 * (model/histogram.h). */
#define AGE_STATS_EXACT 64

/* Sockets older than each of these are counted. */
enum age_mark {
	AGE_MARK_1_MINUTE,
	AGE_MARK_10_MINUTES,
	AGE_MARK_60_MINUTES,
	AGE_MARK_COUNT,
};

/* Of the full sockets in one state; mini sockets are not tracked. In a sample each socket counts as
 * often as it stands for others, and every number is an estimate. */
struct age_stats {
	uint32_t tracked;               /* 0: none */
	uint32_t median_ms, p90_ms;     /* nearest rank, at most 1/64 off; only with tracked */
	uint32_t older[AGE_MARK_COUNT]; /* than each mark */
	uint32_t added; /* entered the state within the last minute; UNKNOWN_U32 while ages are
			   watched for less than that */
};

struct age_table {
	uint32_t tracked;    /* sockets in the table of ages */
	uint32_t weight;     /* how many sockets each of them stands for; 1: all are tracked */
	uint32_t watched_ms; /* as ages_watched_ms(), at most UINT32_MAX - 1 */
	size_t ports;
	struct age_stats *groups; /* private; NULL: no ages are kept */
};

/* Maps a row of the tally to a listed port, counted from 1; 0: it is not listed. */
struct age_rows {
	const uint32_t *places;
	size_t rows;
	size_t ports;                    /* listed */
	const struct creators *creators; /* of the rows; may be NULL */
};

/*
 * Summarizes the last scan, in two passes over the table. Besides the result, which grows with the
 * listed ports, it takes 4 bytes per tracked socket while it runs. Returns 0 or -ENOMEM; release
 * with age_table_release.
 */
int age_table_take(struct age_table *ret, const struct ages *a, const struct age_rows *rows);
void age_table_release(struct age_table *t);

/* The statistics of a state on a listed port, counted from 0, and in all. NULL when no ages are
 * kept, or not in that state. */
const struct age_stats *age_stats_of_port(
	const struct age_table *t, size_t port, enum tcp_state state);
const struct age_stats *age_stats_of_all(const struct age_table *t, enum tcp_state state);

#endif

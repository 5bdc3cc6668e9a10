/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast numbers grow: for each port, or for one counter, what they were over a window of time,
 * in a bounded table.
 */
#ifndef TCPSTATED_JUDGE_HISTORY_H
#define TCPSTATED_JUDGE_HISTORY_H

#include "judge/alert.h"

#include <stddef.h>
#include <stdint.h>

/* The window is cut into so many parts; the speed is known once all of them were seen. */
#define HISTORY_SEGMENTS 8

/* How many ports a history follows; those of further ones is not known. */
#define HISTORY_PORTS_MAX 1024

struct history_row;

struct history {
	uint64_t times_ms[HISTORY_SEGMENTS + 1]; /* oldest first */
	unsigned used;                           /* of times_ms */
	struct history_row *rows;                /* sorted by key */
	size_t rows_count;
};

void history_release(struct history *h);

/* Begins a look at now_ms. Looks that come faster than a part of the window share it. */
void history_start(struct history *h, uint64_t now_ms, uint32_t window_ms);

/*
 * Takes in what a key's number is now, and tells how much it grew per minute, never less than 0:
 * the least of the whole window, its younger half and its youngest quarter, so that only what keeps
 * growing has a speed, and a burst has none once it is over. UNKNOWN_DOUBLE while the window is not
 * full, and where there is no room to follow the key.
 */
double history_growth(struct history *h, const struct alert_key *key, double number);

/*
 * The same for a counter: how much it gained per minute over the window. While the window is not
 * full, what came before counts as nothing, so that it is too low rather than too high.
 * UNKNOWN_DOUBLE at the first look.
 */
double history_rate(
	struct history *h, const struct alert_key *key, double number, uint32_t window_ms);

/* Ends the look: a key that it did not show had the number 0. */
void history_finish(struct history *h);

#endif

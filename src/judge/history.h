/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast the numbers that rules measure grow, of each port or of one counter, over a window of
 * time.
 */
#ifndef TCPSTATED_JUDGE_HISTORY_H
#define TCPSTATED_JUDGE_HISTORY_H

#include "judge/alert.h"
#include "model/port_history.h"

#include <stdint.h>

/* The window has that many segments; the speed is known once all of them were seen. */
#define HISTORY_SEGMENTS 8

/* How many ports a history follows; the speed of further ones is unknown. */
#define HISTORY_PORTS_MAX 1024

/* All zero is the start. */
struct history {
	struct port_history numbers;
};

void history_release(struct history *h);

/* Starts a poll at now_ms. Polls that come faster than a segment of the window share it. Returns 0,
 * or -ENOMEM: then nothing may be added. */
int history_start(struct history *h, uint64_t now_ms, uint32_t window_ms);

/*
 * Adds the present number of a key and returns how much it grows per minute, at least 0: the
 * minimum over the window, its younger half and its youngest quarter, so that only what keeps
 * growing has a speed, and a burst has none once it is over. UNKNOWN_DOUBLE while the window is not
 * full, and when there is no room to follow the key.
 */
double history_growth(struct history *h, const struct alert_key *key, double number);

/*
 * The same for a counter: its gain per minute over the window. Until the window is full, what came
 * before counts as nothing, so that the rate is too low rather than too high. UNKNOWN_DOUBLE at the
 * first poll.
 */
double history_rate(
	struct history *h, const struct alert_key *key, double number, uint32_t window_ms);

/* Ends the poll: the number of a key that was not added is 0. */
void history_finish(struct history *h);

#endif

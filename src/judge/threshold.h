/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thresholds of --check: ranges in the notation of the Monitoring Plugins guidelines. */
#ifndef TCPSTATED_JUDGE_THRESHOLD_H
#define TCPSTATED_JUDGE_THRESHOLD_H

#include "model/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers here are never negative, so "~" (minus infinity) is 0; plus infinity is UINT64_MAX. */
struct range {
	bool set;
	bool inside; /* "@": alerts within [start, end]; else outside of it */
	uint64_t start, end;
};

/* True when value alerts; a range that was not set never does. */
bool range_alerts(const struct range *r, uint64_t value);

/* Room for "@18446744073709551614:18446744073709551614". */
#define RANGE_SIZE 48

/*
 * Writes a range as the guidelines have it in performance data, "" where none was set. Returns buf.
 */
const char *range_format(char buf[RANGE_SIZE], const struct range *r);

struct thresholds {
	struct range closing_memory; /* bytes that sockets in closing states hold */
	struct range states[STATE_COUNT];
};

/*
 * Adds a list such as "50M,CLOSE_WAIT=500,TIME_WAIT=10:20000" to *t, which starts as all zero; a
 * later word replaces an earlier one on the same number. A word without a state is closing memory
 * and may use K, M, G and T (units of 1024). Returns 0, or -EINVAL with *ret_word and *ret_length
 * naming the word that is no threshold (within list); *t is undefined then.
 */
int thresholds_parse(
	struct thresholds *t, const char *list, const char **ret_word, size_t *ret_length);

/* True when at least one was set. */
bool thresholds_any(const struct thresholds *t);

#endif

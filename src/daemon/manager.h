/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look of the service, from the scan to those who are told, and what it leaves behind for the
 * next. */
#ifndef TCPSTATED_DAEMON_MANAGER_H
#define TCPSTATED_DAEMON_MANAGER_H

#include "config/config.h"
#include "daemon/state_directory.h"
#include "deliver/outputs.h"
#include "judge/alert.h"
#include "judge/close_rates.h"
#include "kernel/sockets/source.h"
#include "model/ages.h"
#include "model/growth.h"
#include "model/tally.h"
#include "poll/budget.h"
#include "poll/owners.h"
#include "poll/poll.h"

#include <stdbool.h>
#include <stdint.h>

/* Everything that lives from look to look. */
struct manager {
	struct config *config;
	struct state_directory state;
	struct source *source;
	struct tally *tally;
	struct ages *ages;
	struct owners *owners;
	struct growth growth;
	struct alerts *alerts;
	struct close_rates close_rates;
	struct outputs *outputs;
	struct poll_settings settings;
	struct budget budget;
	struct origin origin; /* of the start: whose state it is */

	uint64_t poll_ms;   /* when the last look began, CLOCK_MONOTONIC */
	uint64_t cpu_us;    /* what the process had used by its end */
	uint64_t slab_ms;   /* when slab_bytes was read */
	uint64_t saved_ms;  /* when the state was */
	uint64_t saved_sum; /* of which alerts */
	bool save_failed, incomplete;
	uint64_t failures; /* looks in a row */
	char status[512];  /* one line about the last look */
};

/*
 * Scans, judges, tells, and sets l->pace for the next look. What went wrong is logged when it
 * begins and when it ends. Returns 0 when the scan was good (also an incomplete one), else -errno.
 */
int manager_poll(struct manager *l);

/* Keeps what is to survive. Failing is logged once. */
void manager_save(struct manager *l);

/* Takes in what an earlier run kept. */
void manager_restore(struct manager *l);

#endif

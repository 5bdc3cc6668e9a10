/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running service: all that lives from poll to poll, and what is done with it. */
#ifndef TCPSTATED_DAEMON_MANAGER_H
#define TCPSTATED_DAEMON_MANAGER_H

#include "basic/cleanup.h"
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

#include <stdbool.h>
#include <stdint.h>

/* How often what changes slowly is read or written. */
#define MANAGER_SLOW_MS 60000

struct daemon_options {
	const char *config;          /* NULL: the default place */
	const char *state_directory; /* NULL: $STATE_DIRECTORY, else the default place */
	const char *slabinfo;        /* NULL: wherever it is found */
	enum socket_table table;
};

/* Exit statuses. */
enum { DAEMON_FAILED = 1, DAEMON_USAGE = 2 };

/* All times are CLOCK_MONOTONIC in ms. */
struct manager {
	const struct daemon_options *options;
	struct source *source;
	struct config *config;
	struct prices prices;
	struct state_directory directory;
	struct origin origin; /* of the start: whose state is saved */

	struct tally *tally;
	struct ages *ages;
	struct owners *owners;
	struct growth growth;
	struct close_rates close_rates;
	struct alerts *alerts;
	struct budget budget;
	int notify_fd; /* an eventfd: manager_report() has something to log */
	struct outputs *outputs;

	/* The last poll. */
	uint64_t poll_ms; /* when it began; 0: there was none */
	uint64_t cpu_us;  /* what the process had used at its end, and for the ages since */
	uint64_t slab_ms, slab_bytes;
	uint64_t failures; /* polls in a row */
	bool incomplete;
	char status[512]; /* one line about it, for systemd */

	/* What is saved. */
	uint64_t state_saved_ms, state_saved_sum, ages_due_ms;
	uint64_t services_saved; /* attribution_changes() */
	double ages_us_per_ms;   /* what saving the ages costs, over all the time */
	bool state_failed, ages_failed, services_failed;
};

/*
 * Reads the configuration, starts the outputs, and restores what an earlier run saved. options and
 * source are borrowed. Returns 0, or an exit status when what is wrong was logged; free with
 * manager_free.
 */
int manager_new(const struct daemon_options *options, struct source *source, uint64_t now_ms,
	struct manager **ret);
struct manager *manager_free(struct manager *m); /* returns NULL; m may be NULL */
DEFINE_FREEP(manager)

/*
 * Scans, judges and delivers, and sets m->budget for the next poll. A failure is logged when it
 * begins and when it ends. Returns 0 when the scan was good (also an incomplete one), else -errno.
 */
int manager_poll(struct manager *m, uint64_t now_ms);

/* Goes over to the configuration as it is now: to all of it, or, after an error that was logged, to
 * nothing of it. Returns 0 or -errno. */
int manager_reload(struct manager *m);

/* Saves the alerts and the events that are not delivered, when these have changed. */
void manager_save(struct manager *m, uint64_t now_ms);

/* After a poll: also saves what changes slowly, when that is due. */
void manager_save_due(struct manager *m, uint64_t now_ms);

/* Takes in what an earlier run saved. */
void manager_restore(struct manager *m, uint64_t now_ms);

/* Logs what happened to the outputs. */
void manager_report(struct manager *m);

/* Lets the outputs deliver what is left, in wait_ms in total, and saves everything. */
void manager_stop(struct manager *m, uint64_t now_ms, uint32_t wait_ms);

#endif

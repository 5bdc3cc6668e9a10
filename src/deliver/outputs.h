/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All outputs of a configuration, each behind a queue of its own: "journal", "events", "snapshots",
 * "snapshot_file" and "exec NAME". All functions are for one thread, and none waits for an output
 * unless it says so.
 */
#ifndef TCPSTATED_DELIVER_OUTPUTS_H
#define TCPSTATED_DELIVER_OUTPUTS_H

#include "config/config.h"
#include "judge/alert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outputs;

/* How much may wait for an output that is slow, stuck or broken; then the oldest is dropped. */
#define OUTPUTS_EVENTS_MAX    1024
#define OUTPUTS_SNAPSHOTS_MAX 8

/*
 * Starts the outputs of a configuration, which is borrowed. before is NULL, or the outputs of the
 * configuration in force: then those with the same settings are not started, and the new set is for
 * outputs_replace(), or for outputs_stop() when it is not needed after all. notify_fd is an
 * eventfd, borrowed, that is written to when outputs_take_reports() has something to report.
 * Returns 0 or -errno: then before is as it was.
 */
int outputs_new(
	const struct config *c, int notify_fd, const struct outputs *before, struct outputs **ret);

/*
 * Puts new, which outputs_new() made for *o, in its place; the configuration of *o is no longer
 * used. An output whose settings are the same goes on undisturbed. What waits for a changed one
 * goes to the new one of that name, in order. One that is gone is stopped, and what it had not
 * delivered is reported. An output that is delivering while it is changed or removed has
 * OUTPUTS_REPLACE_MS to finish, and is waited for. Cannot fail.
 */
#define OUTPUTS_REPLACE_MS 100
void outputs_replace(struct outputs **o, struct outputs *new);

/* Queues an event for the journal, the events, and each command that wants the alert's name. */
void outputs_push_event(struct outputs *o, const struct alert_event *e);

/* Whether any output takes snapshots. */
bool outputs_wants_snapshot(const struct outputs *o);

/* Queues a snapshot, one line with its newline. */
void outputs_push_snapshot(struct outputs *o, const char *line, size_t size);

/* Has the file of the newest snapshot removed, since it is no longer true. */
void outputs_withdraw_snapshot(struct outputs *o);

/* Has files reopened (log rotation). */
void outputs_reopen(struct outputs *o);

/*
 * Reports what happened since the last call, with priorities of syslog.h: one sentence for each
 * output that began to fail, works again, or dropped something (the first, and whenever the number
 * has doubled), and the final reports of those that are no longer configured.
 */
void outputs_take_reports(struct outputs *o,
	void (*fn)(int priority, const char *sentence, void *userdata), void *userdata);

/* How many events are not delivered yet, of those that outputs_save() lists. */
size_t outputs_undelivered(struct outputs *o);

/*
 * Calls fn with each event that was not delivered yet to the events' file or to a command, oldest
 * first for each output. fn must not call back into o.
 */
void outputs_save(struct outputs *o,
	void (*fn)(const char *output, const struct alert_event *e, void *userdata),
	void *userdata);

/* Queues an event that outputs_save() listed. Returns 0, or -ENOENT when that output is no longer
 * configured. */
int outputs_restore(struct outputs *o, const char *output, const struct alert_event *e);

/*
 * Lets all outputs deliver what is left, in wait_ms in total, and ends them. They still hold what
 * was not delivered, for outputs_save(); then they are stopped, which takes no more time.
 */
void outputs_drain(struct outputs *o, uint32_t wait_ms);

/* Drains them unless that was done, and frees everything. o may be NULL. Returns how many items
 * were not delivered. */
size_t outputs_stop(struct outputs *o, uint32_t wait_ms);

#endif

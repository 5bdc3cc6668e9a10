/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everybody who is told: the journal, the streams of events and of snapshots, the file of the
 * newest snapshot, and the commands, each behind an outlet of its own as the configuration says.
 * They are named "journal", "events", "snapshots", "snapshot_file" and "exec NAME". All functions
 * are for one thread, and none waits for a consumer but where it says so.
 */
#ifndef TCPSTATED_DELIVER_OUTPUTS_H
#define TCPSTATED_DELIVER_OUTPUTS_H

#include "config/config.h"
#include "judge/alert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outputs;

/* How much may wait for a consumer that is slow, stuck or broken; then the oldest is dropped. */
#define OUTPUTS_EVENTS_MAX    1024
#define OUTPUTS_SNAPSHOTS_MAX 8

/*
 * Starts the outlets of a configuration, of which nothing is borrowed. Their files are opened by
 * their threads: one that cannot be is reported. notify_fd is an eventfd, borrowed, that is written
 * to when outputs_take_reports() has something to tell. Returns 0 or -errno; end with
 * outputs_stop().
 */
int outputs_new(const struct config *c, int notify_fd, struct outputs **ret);

/*
 * Goes over to another configuration; notify_fd is the one of before. An outlet whose settings are
 * the same goes on undisturbed. What waits for one that was changed goes to the new one of that
 * name, in order. One that is gone is stopped, and what it had not delivered is reported. An outlet
 * that is delivering while it is changed or removed has OUTPUTS_REPLACE_MS to end it, and is waited
 * for. Returns 0, or -errno: then all is as before.
 */
#define OUTPUTS_REPLACE_MS 100
int outputs_replace(struct outputs **o, const struct config *c, int notify_fd);

/* Queues a copy for the journal, the events, and each command that wants the alert's name. */
void outputs_push_event(struct outputs *o, const struct alert_event *e);

/* Whether anybody wants snapshots at all. */
bool outputs_wants_snapshot(const struct outputs *o);

/* Queues a copy of a snapshot, one line with its newline. */
void outputs_push_snapshot(struct outputs *o, const char *line, size_t size);

/* Has the file of the newest snapshot removed, since what it says is not true any more. */
void outputs_withdraw_snapshot(struct outputs *o);

/* Has files opened anew (log rotation). */
void outputs_reopen(struct outputs *o);

/*
 * Tells what happened since the last call, with priorities of syslog.h: one sentence for each
 * outlet that began to fail, works again, or dropped something (the first, and whenever it has
 * become twice as many).
 */
void outputs_take_reports(struct outputs *o,
	void (*fn)(int priority, const char *sentence, void *userdata), void *userdata);

/*
 * Calls fn with each event that was not delivered yet to the events' stream or to a command, oldest
 * first for each outlet. fn must not call back into o.
 */
void outputs_save(struct outputs *o,
	void (*fn)(const char *output_queue, const struct alert_event *e, void *userdata),
	void *userdata);

/* Queues an event that outputs_save() told of. Returns 0, or -ENOENT when there is no such outlet
 * any more. */
int outputs_restore(struct outputs *o, const char *output_queue, const struct alert_event *e);

/*
 * Lets all of them deliver what is left, in wait_ms in total, and ends them. They still hold what
 * was not delivered, for outputs_save(); then they are stopped, which takes no more time.
 */
void outputs_drain(struct outputs *o, uint32_t wait_ms);

/* Drains them unless that was done, and frees everything. o may be NULL. Returns how many items
 * were not delivered. */
size_t outputs_stop(struct outputs *o, uint32_t wait_ms);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everybody who is told: the journal, the streams of events and of snapshots, the file of the
 * newest snapshot, and the commands, each behind an outlet of its own as the configuration says.
 * They are named "journal", "events", "snapshots", "snapshot_file" and "exec NAME". All functions
 * are for one thread, and none waits for a consumer but where it says so.
 */
#ifndef TCPSTATED_DAEMON_OUTLETS_H
#define TCPSTATED_DAEMON_OUTLETS_H

#include "configuration/configuration.h"
#include "judge/alert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outlets;

/* How much may wait for a consumer that is slow, stuck or broken; then the oldest is dropped. */
#define OUTLETS_EVENTS_MAX    1024
#define OUTLETS_SNAPSHOTS_MAX 8

/*
 * Starts the outlets of a configuration, of which nothing is borrowed. Their files are opened by
 * their threads: one that cannot be is reported. notify_fd is an eventfd, borrowed, that is written
 * to when outlets_take_reports() has something to tell. Returns 0 or -errno; end with
 * outlets_stop().
 */
int outlets_new(const struct config *c, int notify_fd, struct outlets **ret);

/*
 * Goes over to another configuration; notify_fd is the one of before. An outlet whose settings are
 * the same goes on undisturbed. What waits for one that was changed goes to the new one of that
 * name, in order. One that is gone is stopped, and what it had not delivered is reported. An outlet
 * that is delivering while it is changed or removed has OUTLETS_REPLACE_MS to end it, and is waited
 * for. Returns 0, or -errno: then all is as before.
 */
#define OUTLETS_REPLACE_MS 100
int outlets_replace(struct outlets **o, const struct config *c, int notify_fd);

/* Queues a copy for the journal, the events, and each command that wants the alert's name. */
void outlets_push_event(struct outlets *o, const struct alert_event *e);

/* Whether anybody wants snapshots at all. */
bool outlets_wants_snapshot(const struct outlets *o);

/* Queues a copy of a snapshot, one line with its newline. */
void outlets_push_snapshot(struct outlets *o, const char *line, size_t size);

/* Has the file of the newest snapshot removed, since what it says is not true any more. */
void outlets_withdraw_snapshot(struct outlets *o);

/* Has files opened anew (log rotation). */
void outlets_reopen(struct outlets *o);

/*
 * Tells what happened since the last call, with priorities of syslog.h: one sentence for each
 * outlet that began to fail, works again, or dropped something (the first, and whenever it has
 * become twice as many).
 */
void outlets_take_reports(struct outlets *o,
	void (*fn)(int priority, const char *sentence, void *userdata), void *userdata);

/*
 * Calls fn with each event that was not delivered yet to the events' stream or to a command, oldest
 * first for each outlet. fn must not call back into o.
 */
void outlets_save(struct outlets *o,
	void (*fn)(const char *outlet, const struct alert_event *e, void *userdata),
	void *userdata);

/* Queues an event that outlets_save() told of. Returns 0, or -ENOENT when there is no such outlet
 * any more. */
int outlets_restore(struct outlets *o, const char *outlet, const struct alert_event *e);

/*
 * Lets all of them deliver what is left, in wait_ms in total, and ends them. They still hold what
 * was not delivered, for outlets_save(); then they are stopped, which takes no more time.
 */
void outlets_drain(struct outlets *o, uint32_t wait_ms);

/* Drains them unless that was done, and frees everything. o may be NULL. Returns how many items
 * were not delivered. */
size_t outlets_stop(struct outlets *o, uint32_t wait_ms);

#endif

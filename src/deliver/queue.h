/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of an output that may be slow, stuck or broken: bounded, with a thread of its own that
 * delivers the items one after the other and in order. Pushing never waits.
 */
#ifndef TCPSTATED_DELIVER_QUEUE_H
#define TCPSTATED_DELIVER_QUEUE_H

#include "deliver/output.h"

#include <stddef.h>
#include <stdint.h>

struct output_queue_settings {
	const char *name; /* of the thread; copied */
	const struct output_ops *ops;
	void *output;      /* taken over by output_queue_new() when it succeeds */
	size_t queue_max;  /* how many items may wait, beside the one under delivery; beyond that
			      the oldest of them is dropped and counted. At least 1. */
	uint32_t retry_ms; /* pause after a failure, doubled with each further one */
	uint32_t retry_max_ms;
	int notify_fd; /* an eventfd that is written to when a delivery failed or succeeded again,
			  or an item was dropped; -1: none. Borrowed. */
};

struct output_queue_status {
	size_t queued; /* the one being delivered included */
	uint64_t delivered, dropped;
	uint64_t failures; /* in a row */
	uint32_t retry_ms; /* until the next try; 0: it is under way, or there is nothing to try */
	char error[256];   /* the sentence of the last failure; empty after a success */
};

struct output_queue;

/* Starts the thread, with every signal blocked in it. Returns 0 or -errno. */
int output_queue_new(const struct output_queue_settings *settings, struct output_queue **ret);

/* Queues an item and takes the reference over. Never blocks, never fails: what does not fit is
 * dropped and counted. */
void output_queue_push(struct output_queue *q, struct item *item);

void output_queue_status(struct output_queue *q, struct output_queue_status *ret);

/* Has the output reopened (log rotation). */
void output_queue_reopen(struct output_queue *q);

/* Calls fn with each item that was not delivered yet, oldest first, under the queue's lock. */
void output_queue_foreach(
	struct output_queue *q, void (*fn)(struct item *item, void *userdata), void *userdata);

/* How long an interrupted delivery has to return. */
#define QUEUE_GRACE_MS 200

enum queue_ending {
	QUEUE_DRAIN, /* deliver what is queued, up to the first failure */
	QUEUE_CEASE, /* end the delivery under way, and begin no other */
};

/*
 * Ends the threads of several queues at the same time: each has wait_ms for what ending says, then
 * its output is interrupted and has QUEUE_GRACE_MS to return. What was not delivered stays queued,
 * for output_queue_foreach(); each must still be stopped, which then takes no time.
 */
void output_queue_finish(
	struct output_queue *const *list, size_t count, enum queue_ending ending, uint32_t wait_ms);

/*
 * Lets the thread deliver what is left for at most wait_ms, then interrupts it and frees
 * everything. An output that still does not return is abandoned with its thread, so that the
 * program can end; they are freed if it ever does. q may be NULL. Returns how many items were not
 * delivered.
 */
size_t output_queue_stop(struct output_queue *q, uint32_t wait_ms);

#endif

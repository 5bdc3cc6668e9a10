/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to a consumer that may be slow, stuck or broken: a bounded queue, and a thread of its own
 * that delivers what is in it, one after the other and in order. Whoever pushes never waits.
 */
#ifndef TCPSTATED_DELIVER_QUEUE_H
#define TCPSTATED_DELIVER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output_ops {
	/*
	 * Delivers one item; called from the thread, may block. Returns 0 when it is delivered, or
	 * -errno with a sentence in error: then it is tried again later.
	 */
	int (*deliver)(void *output, const void *item, char *error, size_t error_size);
	/*
	 * Ends a deliver() that is under way as soon as it can; called from another thread, once,
	 * and perhaps just before that deliver() begins: so each one after it ends at once, too.
	 * May be NULL.
	 */
	void (*interrupt)(void *output);
	/*
	 * Opens its files anew, before the next delivery; called from the thread. Returns as
	 * deliver(); the next deliver() tries by itself. May be NULL.
	 */
	int (*reopen)(void *output, char *error, size_t error_size);
	void (*free_item)(void *item);
	void (*free_output)(void *output);
};

struct output_queue_settings {
	const char *name; /* as the operator knows it: "exec page", "events". Copied. */
	const struct output_ops *ops;
	void *output;      /* taken over by output_queue_new() when it succeeds */
	size_t queue_max;  /* so many may wait, beside the one under delivery; beyond, the oldest of
			      them is dropped and counted. At least 1. */
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
	char error[256];   /* the sentence of the last failure; empty once it succeeded again */
};

struct output_queue;

/* Starts the thread, with every signal blocked in it. Returns 0 or -errno. */
int output_queue_new(const struct output_queue_settings *settings, struct output_queue **ret);

/* Queues an item and takes it over. Never blocks, never fails: what does not fit is counted. */
void output_queue_push(struct output_queue *o, void *item);

const char *output_queue_name(const struct output_queue *o);
void output_queue_status(struct output_queue *o, struct output_queue_status *ret);

/* Asks for the files to be opened anew (log rotation). */
void output_queue_reopen(struct output_queue *o);

/* Calls fn with each item that was not delivered yet, oldest first, under the queue's lock. */
void output_queue_foreach(
	struct output_queue *o, void (*fn)(const void *item, void *userdata), void *userdata);

/* How long a consumer has to come back once it was interrupted. */
#define QUEUE_GRACE_MS 200

enum queue_ending {
	QUEUE_DRAIN, /* deliver what is queued, up to the first failure */
	QUEUE_CEASE, /* end the delivery that is under way, and begin no other */
};

/*
 * Ends the threads of several outlets at the same time: each has wait_ms for what ending says, then
 * it is interrupted and has QUEUE_GRACE_MS to come back. What was not delivered stays queued, for
 * output_queue_foreach(); each must still be stopped, which then takes no time.
 */
void output_queue_finish(
	struct output_queue *const *list, size_t count, enum queue_ending ending, uint32_t wait_ms);

/*
 * Lets the thread deliver what is left for at most wait_ms, then interrupts it and frees
 * everything. A consumer that even then does not come back is abandoned with its thread, so that
 * the program can end; they are freed if it ever does. o may be NULL. Returns how many items were
 * not delivered.
 */
size_t output_queue_stop(struct output_queue *o, uint32_t wait_ms);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files outputs*.c share. */
#ifndef TCPSTATED_DELIVER_OUTPUTS_PRIVATE_H
#define TCPSTATED_DELIVER_OUTPUTS_PRIVATE_H

#include "deliver/outputs.h"
#include "deliver/queue.h"

#define OUTPUT_NAME_SIZE (RULE_NAME_SIZE + sizeof("exec "))

struct output_kind {
	const char *name; /* of the output, or what its name begins with */
	const struct output_ops *ops;
	enum item_kind item;
	bool saved;   /* what is not delivered survives a restart */
	bool matters; /* each item does, and not only the newest */
	size_t queue_max;
};

struct output {
	const struct output_kind *kind;
	char name[OUTPUT_NAME_SIZE];
	struct output_settings settings; /* of the configuration, borrowed */
	/* The alerts that it takes; none: all of them. Borrowed. */
	const char (*alerts)[RULE_NAME_SIZE];
	size_t alerts_count;

	struct output_queue *queue; /* NULL: goes on in another set of outputs */
	uint64_t lost;              /* items that no memory was left for */
	/* What was reported. */
	bool failing;
	uint64_t dropped_at_failure, dropped_reported;
};

/* About an output that is no longer configured. */
struct final_report {
	char name[OUTPUT_NAME_SIZE];
	enum item_kind item;
	size_t undelivered;
};

struct outputs {
	struct output *list;
	size_t count;
	struct output_queue **queues; /* room for count, for outputs_finish() */
	int notify_fd;
	bool drained;
	/* Until they are reported, with room for those of the set before. */
	struct final_report *final_reports;
	size_t final_reports_count;
};

struct output *outputs_find(const struct outputs *o, const char *name);

/* Says that there is something to report. */
void outputs_notify(const struct outputs *o);

/* Queues an item and takes the reference over; NULL: no memory was left for it. */
void output_push(struct outputs *o, struct output *output, struct item *item);

/* As output_queue_finish() for all queues of the set. */
void outputs_finish(struct outputs *o, enum queue_ending ending, uint32_t wait_ms);

/* Frees the set without its queues. */
void outputs_free(struct outputs *o);

#endif

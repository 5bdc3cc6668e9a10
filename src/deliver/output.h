/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an output is, and what it delivers. Each kind is a file: journal, append, replace, command.
 */
#ifndef TCPSTATED_DELIVER_OUTPUT_H
#define TCPSTATED_DELIVER_OUTPUT_H

#include "basic/string.h"
#include "judge/alert.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum item_kind { ITEM_EVENT, ITEM_SNAPSHOT };

/* One thing to deliver. All outputs that get it share it, and none changes it. */
struct item {
	atomic_uint references; /* private to output.c */
	enum item_kind kind;
	struct alert_event event; /* of ITEM_EVENT */
	/* Of ITEM_SNAPSHOT: one line with its newline. Of no size: the last snapshot is no longer
	 * true, and there is no other. */
	size_t size;
	char text[];
};

/* Copy what to deliver. Return NULL when no memory is left. */
struct item *item_new_event(const struct alert_event *e);
struct item *item_new_snapshot(const char *text, size_t size);

struct item *item_ref(struct item *item); /* returns item */
void item_unref(struct item *item);       /* frees it with the last reference */

/* One output as the configuration has it. */
struct output_settings {
	const char *target;  /* a path, "stdout" or a command; "" for the journal */
	uint32_t timeout_ms; /* of a command; else 0 */
};

/* Errors are -errno, with a sentence added to error where there is one. */
struct output_ops {
	/* Makes an output, which opens nothing yet and copies what it needs. NULL: it needs
	 * nothing, and output is NULL. */
	int (*make)(const struct output_settings *settings, void **ret);
	/*
	 * Delivers one item; called from the output's thread, may block. Once interrupt_fd is
	 * readable, which it then stays, whatever would still block ends as soon as possible. After
	 * a failure the item is delivered again later.
	 */
	int (*deliver)(
		void *output, const struct item *item, int interrupt_fd, struct string *error);
	/*
	 * Reopens its file before the next delivery; called from the output's thread. After a
	 * failure the next deliver() tries again. May be NULL.
	 */
	int (*reopen)(void *output, struct string *error);
	void (*free)(void *output); /* may be NULL */
};

/* Adds "WHAT: why" for a failure r, in words that fit an output. Returns r; a success adds nothing.
 */
int output_result(int r, const char *what, struct string *error);

#endif

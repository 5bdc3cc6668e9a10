/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated --watch": one look after the other, each told with what changed since the last. */
#ifndef TCPSTATED_COMMAND_WATCH_H
#define TCPSTATED_COMMAND_WATCH_H

#include "judge/rule.h"
#include "kernel/sockets/source.h"
#include "output/text.h"
#include "poll/poll.h"

#include <stddef.h>
#include <stdint.h>

struct watch_settings {
	struct source *source;
	struct poll_settings poll; /* ports_max: how many are listed; all are judged */
	struct text_style style;
	uint32_t interval_ms;
	const struct rule *rules; /* borrowed while it watches */
	size_t rules_count;
	uint32_t tracked_max; /* sockets whose age is kept */
	char note[512];       /* what is to be known about the rules, on every picture; or empty */
};

/*
 * Watches until it is told to end by a key or a signal, on the screen of a terminal or, where
 * standard output is none, a block of lines a look. A look that fails is told as such, and the next
 * may succeed, but the first one must. The terminal is as before on every return. Returns 0, or
 * -errno with a sentence in error.
 */
int watch(const struct watch_settings *settings, char *error, size_t error_size);

#endif

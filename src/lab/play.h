/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plays one scenario in the calling process. */
#ifndef TCPSTATED_LAB_PLAY_H
#define TCPSTATED_LAB_PLAY_H

#include "lab/outcome.h"
#include "lab/timeline.h"
#include "model/prices.h"

#include <stdbool.h>

struct play_settings {
	bool full; /* wait however long the kernel takes */
	const struct prices *prices;
	struct timeline timeline; /* without its start_us */
};

/* Makes the stage, plays, and ends the process. */
__attribute__((noreturn)) void play(
	const struct scenario *scenario, const struct play_settings *settings, struct outcome *ret);

#endif

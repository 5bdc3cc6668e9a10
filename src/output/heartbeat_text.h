/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of --heartbeat for a person: port by port how long peers are silent, which peers a
 * timeout would have disconnected, and which one fits. */
#ifndef TCPSTATED_OUTPUT_HEARTBEAT_TEXT_H
#define TCPSTATED_OUTPUT_HEARTBEAT_TEXT_H

#include "judge/heartbeat_advice.h"
#include "output/page.h"

#include <stdio.h>

/* Writes the report, 80 columns wide where the terminal is no wider. Returns 0 or -errno. */
int heartbeat_text_print(
	FILE *out, const struct heartbeat_report *r, const struct text_style *style);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of --heartbeat as a JSON document; contrib/tcpstated.heartbeat.schema.json describes
 * it. */
#ifndef TCPSTATED_OUTPUT_HEARTBEAT_JSON_H
#define TCPSTATED_OUTPUT_HEARTBEAT_JSON_H

#include "judge/heartbeat_advice.h"

#include <stdbool.h>
#include <stdio.h>

/* Raised when a name goes away or changes its meaning; a new name keeps it. */
#define HEARTBEAT_SCHEMA_ID "tcpstated.heartbeat/1"

/*
 * Writes one document: indented when pretty, else as one line; a newline ends it either way. What
 * is unknown is null. Returns 0, -ENOMEM with nothing written, or -errno of writing to out.
 */
int heartbeat_json_print(FILE *out, const struct heartbeat_report *r, bool pretty);

#endif

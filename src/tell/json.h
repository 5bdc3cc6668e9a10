/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot as a JSON document; contrib/tcpstated.snapshot.schema.json describes it. */
#ifndef TCPSTATED_TELL_JSON_H
#define TCPSTATED_TELL_JSON_H

#include "judge/alert.h"
#include "judge/finding.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stdio.h>

/* Raised when a name goes away or changes its meaning; a new name keeps it. */
#define JSON_SCHEMA_ID "tcpstated.snapshot/1"

/*
 * Writes one document; alert_list is that of the rules, NULL for a single look, in which no rule
 * has a state. It is indented when pretty, else as one line; a newline ends it either way. What is
 * unknown is null. Returns 0, -ENOMEM, or -errno of writing to out, which then holds a part of a
 * document.
 */
int tell_json(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct alerts *alert_list, bool pretty);

#endif

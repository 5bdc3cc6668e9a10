/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot as a JSON document; contrib/tcpstated.snapshot.schema.json describes it. */
#ifndef TCPSTATED_OUTPUT_JSON_H
#define TCPSTATED_OUTPUT_JSON_H

#include "basic/string.h"
#include "judge/alert.h"
#include "judge/close_rates.h"
#include "judge/finding.h"
#include "model/process.h"
#include "model/snapshot.h"
#include "model/sock_list.h"

#include <stdbool.h>
#include <stdio.h>

/* Raised when a name goes away or changes its meaning; a new name keeps it. */
#define JSON_SCHEMA_ID "tcpstated.snapshot/1"

/* 131,072 ports of 2 KiB each are less, and all there can be. */
#define JSON_SIZE_MAX ((size_t)256 << 20)

/* What else belongs to a snapshot; NULL: not available. */
struct json_extras {
	const struct alerts *alerts;           /* of the rules; a single poll has none */
	const struct close_rates *close_rates; /* how connections ended up to this poll */
	const struct processes *processes;     /* of the findings' sockets */
	const struct sock_list *sockets;       /* sorted */
};

/*
 * Prints one document: indented when pretty, else as one line; a newline ends it either way. What
 * is unknown is null. Returns 0, -ENOMEM, or -errno of writing to out, which then holds a part of a
 * document.
 */
int json_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct json_extras *extras, bool pretty);

/* The same in memory, as one line. Returns 0 or the error of text. */
int json_format(struct string *text, const struct snapshot *s, const struct findings *f,
	const struct json_extras *extras);

#endif

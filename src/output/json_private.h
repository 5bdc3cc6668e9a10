/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pieces of the snapshot's document, by subject; json.c puts them together. */
#ifndef TCPSTATED_OUTPUT_JSON_PRIVATE_H
#define TCPSTATED_OUTPUT_JSON_PRIVATE_H

#include "output/json.h"
#include "output/json_builder.h"

/* What the values are made from. */
struct document {
	const struct snapshot *snapshot;
	const struct findings *findings;
	const struct json_extras *extras;
};

/* json_ports.c: "totals", "fin_wait_2" and "closes"; then each port. */
void json_put_totals(struct builder *b, struct json_object *o, const struct document *d);
struct json_object *json_port(struct builder *b, const struct document *d, size_t index);

/* json_limits.c: "prices", "slab", "limits", "counters" and "sockstat". */
void json_put_limits(struct builder *b, struct json_object *o, const struct document *d);

/* json_findings.c: "alerts", "alerts_omitted", "findings", "diagnoses" and "processes". */
void json_put_findings(struct builder *b, struct json_object *o, const struct document *d);

#endif

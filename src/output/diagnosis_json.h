/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "diagnoses": what findings and alerts of a document mean, once for each diagnosis. */
#ifndef TCPSTATED_OUTPUT_DIAGNOSIS_JSON_H
#define TCPSTATED_OUTPUT_DIAGNOSIS_JSON_H

#include "judge/finding.h"
#include "output/json_builder.h"

/*
 * Puts a diagnosis under its id in the object, unless it is there: "why", "do", "see", and under
 * "causes" what is to be read in place of "why" and "do" for each cause that its sockets may have.
 * NULL puts nothing.
 */
void diagnosis_json_put(struct builder *b, struct json_object *o, const char *id);

/* Puts that of a single event: "why" and "do" are those of its cause, and "causes" is empty. */
void diagnosis_json_put_event(
	struct builder *b, struct json_object *o, const struct explanation *why);

#endif

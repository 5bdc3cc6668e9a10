/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place for sentences: what judge/ found, in the same words in every output. Each function
 * adds to a string (basic/string.h) without a full stop and without a newline; foreign names are
 * printable and bounded in it, so that they never push the numbers out.
 */
#ifndef TCPSTATED_OUTPUT_WORDS_H
#define TCPSTATED_OUTPUT_WORDS_H

#include "basic/string.h"
#include "judge/alert.h"

#include <stdint.h>

/* Room for any of the sentences. */
#define SENTENCE_SIZE 1024

/* So many bytes of an owner's name are shown. */
#define OWNER_SHOWN 120

/* Adds foreign text, printable and at most max bytes of it; "..." ends what is longer. */
void words_name(struct string *s, const char *name, size_t max);

/* "port 7777: 412 CLOSE_WAIT not closed by the program, 1.6 MiB" */
void words_finding(struct string *s, const struct finding *f);

/* "port 7777: 412 CLOSE_WAIT held by a program for 60 s or longer, 1.6 MiB" */
void words_alert(struct string *s, const struct alert *a);

/* "raised close-wait-leak: " and the sentence of its alert */
void words_event(struct string *s, const struct alert_event *e);

/* Paragraphs about a finding or an alert; static storage. */
struct advice {
	const char *why; /* the cause and the consequence */
	const char *what_to_do;
	const char *see; /* where to read on */
};

/* Of a diagnosis and its cause or CAUSE_NONE; all NULL for an id that has none, or NULL. */
struct advice words_advice(const char *id, enum symptom cause);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The advice on heartbeats in sentences, alike in every output. */
#ifndef TCPSTATED_OUTPUT_HEARTBEAT_WORDS_H
#define TCPSTATED_OUTPUT_HEARTBEAT_WORDS_H

#include "basic/format.h"
#include "judge/heartbeat_advice.h"

#include <stddef.h>
#include <stdint.h>

/* Room for any of the texts below. */
#define HEARTBEAT_WORDS_SIZE 1024

/* A length of time that is told as it is set: "5 s", "90 s", "15 min", "2 h". Returns buf. */
const char *heartbeat_format_timeout(char buf[FORMAT_SIZE], uint32_t ms);

/* What is suggested and why, or why nothing is. Returns buf. */
const char *heartbeat_suggestion(char buf[HEARTBEAT_WORDS_SIZE], const struct heartbeat_port *p,
	const struct heartbeat_advice *a, const struct heartbeat_numbers *n);

/* Who is silent for longer than the suggestion, and what that means; "" where nobody is. Returns
 * buf. */
const char *heartbeat_silent_peers(
	char buf[HEARTBEAT_WORDS_SIZE], const struct heartbeat_advice *a);

/* Which of the connections would be noticed by TCP itself, as far as the kernel tells. Returns buf.
 */
const char *heartbeat_keepalive(char buf[HEARTBEAT_WORDS_SIZE], const struct heartbeat_port *p);

/* How a timeout is set, and what is wrong with one too long or too short; static storage. */
extern const char heartbeat_how_to_set[];
extern const char heartbeat_trade_off[];

#endif

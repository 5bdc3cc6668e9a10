/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An alert event made by hand, for the tests of how it is told. */
#ifndef TCPSTATED_TESTS_UNIT_SAMPLE_EVENT_H
#define TCPSTATED_TESTS_UNIT_SAMPLE_EVENT_H

#include "judge/alert.h"

/* A leak on port 7777, just raised. */
static const struct alert_event sample_event = {
	.sequence = 17,
	.kind = EVENT_RAISED,
	.time = {.tv_sec = 1795340400, .tv_nsec = 123000000},
	.since = {.tv_sec = 1795340370, .tv_nsec = 120000000},
	.severity = SEVERITY_WARNING,
	.alert = "close-wait-leak",
	.host = "gs1",
	.netns = "host",
	.key = {.has_port = true, .side = SIDE_SERVER, .port = 7777},
	.measure = MEASURE_SOCKETS,
	.states = STATE_BIT(STATE_CLOSE_WAIT),
	.raise = 100,
	.clear = 50,
	.numbers = {.value = 412, .sockets = 412, .memory_bytes = 1594000, .oldest_ms = 913400},
	.text = "port 7777: 412 CLOSE_WAIT held by a program, 1.5 MiB, oldest 15 min",
	.why = "The peer has closed.",
	.advice = "Close the socket.",
};

#endif

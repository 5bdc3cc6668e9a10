/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An alert event made by hand, for the tests of the outputs. */
#ifndef TCPSTATED_TESTS_UNIT_SAMPLE_EVENT_H
#define TCPSTATED_TESTS_UNIT_SAMPLE_EVENT_H

#include "basic/unknown.h"
#include "judge/alert.h"

/* A leak on port 7777, just raised. */
static const struct alert_event sample_event = {
	.sequence = 17,
	.kind = EVENT_RAISED,
	.time = {.tv_sec = 1795340400, .tv_nsec = 123000000},
	.host = "gs1",
	.netns = "host",
	.alert =
		{
			.rule =
				{
					.name = "close-wait-leak",
					.diagnosis = "close-wait-not-closed",
					.severity = SEVERITY_WARNING,
					.states = STATE_BIT(STATE_CLOSE_WAIT),
					.ownerships = OWNERSHIP_BIT(OWNERSHIP_HELD),
					.older_than_ms = 60000,
					.measure = MEASURE_SOCKETS,
					.raise = 100,
					.clear = 50,
				},
			.key = {.scope = SCOPE_PORT,
				.service.side = SIDE_SERVER,
				.service.port = 7777},
			.owner =
				{
					.kind = OWNER_UNIT,
					.name = "game.service",
					.unit = "game.service",
					.cgroup = "/system.slice/game.service",
				},
			.since = {.tv_sec = 1795340370, .tv_nsec = 120000000},
			.numbers =
				{
					.value = 412,
					.sockets = 412,
					.memory_bytes = 1594000,
					.oldest_ms = 913400,
					.ports = UNKNOWN,
					.listeners = UNKNOWN,
					.usage = {UNKNOWN, UNKNOWN},
				},
		},
	.explanation = {.id = "close-wait-eof-unread", .cause = CAUSE_NONE},
};

#endif

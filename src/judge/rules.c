/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "judge/rule.h"

#define SECONDS(n) ((n)*1000U)
#define MINUTES(n) SECONDS(60U * (n))

/*
 * What means something on a box that nobody has described. The number of sockets that makes a leak
 * is low, since it is of those that are older than any healthy close; each is cleared at half of
 * what raised it, so that a number that wavers is told once. The percentages of the limits are
 * those of judge/diagnoses.c, which says where they come from.
 */
const struct rule built_in_rules[] = {
	{
		.name = "close-wait-leak",
		.diagnosis = "close-wait-not-closed",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.states = STATE_BIT(STATE_CLOSE_WAIT),
		.sides = {true, true},
		.ownerships = OWNERSHIP_BIT(OWNERSHIP_HELD),
		.older_than_ms = MINUTES(1),
		.measure = MEASURE_SOCKETS,
		.raise = 100,
		.clear = 50,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(1),
	},
	{
		.name = "close-wait-growing",
		.diagnosis = "close-wait-not-closed",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.states = STATE_BIT(STATE_CLOSE_WAIT),
		.sides = {true, true},
		.ownerships = OWNERSHIP_BIT(OWNERSHIP_HELD),
		.measure = MEASURE_GROWTH,
		.window_ms = MINUTES(10),
		.raise = 5,
		.clear = 1,
		.for_ms = MINUTES(10),
		.keep_ms = MINUTES(10),
	},
	{
		.name = "close-wait-unaccepted",
		.diagnosis = "close-wait-unaccepted",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.states = STATE_BIT(STATE_CLOSE_WAIT),
		.sides = {true, true},
		.ownerships = OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED),
		.older_than_ms = SECONDS(10),
		.measure = MEASURE_SOCKETS,
		.raise = 50,
		.clear = 25,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(1),
	},
	{
		.name = "fin-wait-2-held",
		.diagnosis = "fin-wait-2-held",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.states = STATE_BIT(STATE_FIN_WAIT_2),
		.sides = {true, true},
		.ownerships = OWNERSHIP_BIT(OWNERSHIP_HELD),
		.older_than_ms = MINUTES(1),
		.measure = MEASURE_SOCKETS,
		.raise = 100,
		.clear = 50,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(1),
	},
	{
		.name = "fin-wait-1-stuck",
		.diagnosis = "fin-wait-1-stuck",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.states = STATE_BIT(STATE_FIN_WAIT_1),
		.sides = {true, true},
		.ownerships = OWNERSHIP_SET_ALL,
		.older_than_ms = SECONDS(30),
		.measure = MEASURE_SOCKETS,
		.raise = 100,
		.clear = 50,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(1),
	},
	{
		.name = "last-ack-stuck",
		.diagnosis = "last-ack-stuck",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.states = STATE_BIT(STATE_LAST_ACK) | STATE_BIT(STATE_CLOSING),
		.sides = {true, true},
		.ownerships = OWNERSHIP_SET_ALL,
		.older_than_ms = SECONDS(30),
		.measure = MEASURE_SOCKETS,
		.raise = 100,
		.clear = 50,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(1),
	},
	{
		.name = "closing-memory",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.states = STATE_SET_CLOSING,
		.sides = {true, true},
		.ownerships = OWNERSHIP_SET_ALL,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_MEMORY,
		.scope = SCOPE_TOTAL,
		.raise = 1,
		.clear = 0.5,
		.for_ms = MINUTES(1),
		.keep_ms = MINUTES(5),
	},
	{
		.name = "closing-memory-critical",
		.enabled = true,
		.severity = SEVERITY_CRITICAL,
		.states = STATE_SET_CLOSING,
		.sides = {true, true},
		.ownerships = OWNERSHIP_SET_ALL,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_MEMORY,
		.scope = SCOPE_TOTAL,
		.raise = 5,
		.clear = 2.5,
		.for_ms = MINUTES(1),
		.keep_ms = MINUTES(5),
	},
	{
		.name = "tw-buckets",
		.diagnosis = "tw-buckets-full",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_TW_BUCKETS,
		.scope = SCOPE_TOTAL,
		.raise = 75,
		.clear = 60,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(5),
	},
	{
		.name = "tw-buckets-overflow",
		.diagnosis = "tw-buckets-full",
		.enabled = true,
		.severity = SEVERITY_CRITICAL,
		.measure = MEASURE_RATE,
		.counter = COUNTER_TIME_WAIT_OVERFLOW,
		.window_ms = MINUTES(1),
		.scope = SCOPE_TOTAL,
		.raise = 1,
		.keep_ms = MINUTES(5),
	},
	{
		.name = "orphans",
		.diagnosis = "orphans-near-limit",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_ORPHANS,
		.scope = SCOPE_TOTAL,
		.raise = 25,
		.clear = 20,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(5),
	},
	{
		.name = "orphans-critical",
		.diagnosis = "orphans-near-limit",
		.enabled = true,
		.severity = SEVERITY_CRITICAL,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_ORPHANS,
		.scope = SCOPE_TOTAL,
		.raise = 50,
		.clear = 40,
		.for_ms = SECONDS(10),
		.keep_ms = MINUTES(5),
	},
	{
		.name = "tcp-mem",
		.diagnosis = "tcp-mem-near-limit",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_TCP_MEM,
		.scope = SCOPE_TOTAL,
		.raise = 66,
		.clear = 53,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(5),
	},
	{
		.name = "tcp-mem-aborts",
		.diagnosis = "tcp-mem-near-limit",
		.enabled = true,
		.severity = SEVERITY_CRITICAL,
		.measure = MEASURE_RATE,
		.counter = COUNTER_ABORT_ON_MEMORY,
		.window_ms = MINUTES(1),
		.scope = SCOPE_TOTAL,
		.raise = 1,
		.keep_ms = MINUTES(5),
	},
	{
		.name = "conntrack",
		.diagnosis = "conntrack-near-limit",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_CONNTRACK,
		.scope = SCOPE_TOTAL,
		.raise = 75,
		.clear = 60,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(5),
	},
	{
		.name = "client-ports",
		.diagnosis = "time-wait-client-ports",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_CLIENT_PORTS,
		.scope = SCOPE_TOTAL,
		.raise = 75,
		.clear = 60,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(5),
	},
	{
		.name = "accept-queue",
		.diagnosis = "accept-queue-full",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_ACCEPT_QUEUE,
		.raise = 90,
		.clear = 50,
		.for_ms = SECONDS(10),
		.keep_ms = MINUTES(1),
	},
	{
		.name = "listen-overflows",
		.diagnosis = "accept-queue-full",
		.enabled = true,
		.severity = SEVERITY_WARNING,
		.measure = MEASURE_RATE,
		.counter = COUNTER_LISTEN_OVERFLOWS,
		.window_ms = MINUTES(1),
		.scope = SCOPE_TOTAL,
		.raise = 10,
		.clear = 1,
		.for_ms = SECONDS(30),
		.keep_ms = MINUTES(5),
	},
};

const size_t built_in_rules_count = ARRAY_SIZE(built_in_rules);

bool rule_selects_sockets(const struct rule *r)
{
	switch (r->measure) {
	case MEASURE_SOCKETS:
	case MEASURE_MEMORY:
	case MEASURE_OLDEST:
	case MEASURE_GROWTH:
		return true;
	case MEASURE_PERCENT:
		return r->limit == LIMIT_MEMORY;
	case MEASURE_RATE:
	case MEASURE_COUNT:
		break;
	}
	return false;
}

bool rule_can_be_per_port(const struct rule *r)
{
	return rule_selects_sockets(r) ||
	       (r->measure == MEASURE_PERCENT && r->limit == LIMIT_ACCEPT_QUEUE);
}

static const char *const measure_list[] = {
	[MEASURE_SOCKETS] = "sockets",
	[MEASURE_MEMORY] = "memory",
	[MEASURE_OLDEST] = "oldest",
	[MEASURE_GROWTH] = "growth",
	[MEASURE_PERCENT] = "percent",
	[MEASURE_RATE] = "rate",
};

const struct names measure_names = NAMES(measure_list);

static const char *const scope_list[] = {
	[SCOPE_PORT] = "port",
	[SCOPE_TOTAL] = "total",
};

const struct names rule_scope_names = NAMES(scope_list);

static const char *const ownership_list[] = {
	[OWNERSHIP_NONE] = "none",
	[OWNERSHIP_HELD] = "held",
	[OWNERSHIP_ORPHAN] = "orphan",
	[OWNERSHIP_UNACCEPTED] = "unaccepted",
};

const struct names ownership_names = NAMES(ownership_list);

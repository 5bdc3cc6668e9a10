/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "judge/rule.h"

#define SECONDS(n) ((n)*1000U)
#define MINUTES(n) SECONDS(60U * (n))

/* Sockets of both sides. */
#define SOCKETS(of_states, who) .states = (of_states), .sides = {true, true}, .ownerships = (who)

#define BUILT_IN(rule_name, explained_by, how_bad)                                                 \
	.name = (rule_name), .diagnosis = (explained_by), .enabled = true, .severity = (how_bad)

#define EACH_PORT SCOPE_BIT(SCOPE_PORT)

/* A program that never closes does so on every port that it has: a few on each are a leak as well.
 */
#define EACH_PORT_AND_OWNER (SCOPE_BIT(SCOPE_PORT) | SCOPE_BIT(SCOPE_OWNER))

/* This many sockets of a port are older than any healthy close. */
#define STUCK(rule_name, explained_by, of_states, who, of, older, number)                          \
	{                                                                                          \
		BUILT_IN(rule_name, explained_by, SEVERITY_WARNING), SOCKETS(of_states, who),      \
			.scopes = (of), .older_than_ms = (older), .measure = MEASURE_SOCKETS,      \
			.raise = (number), .clear = (number) / 2.0, .for_ms = SECONDS(30),         \
			.keep_ms = MINUTES(1)                                                      \
	}

/* Closing sockets have this share of the machine's memory. */
#define CLOSING_MEMORY(rule_name, how_bad, percent)                                                \
	{                                                                                          \
		BUILT_IN(rule_name, NULL, how_bad), SOCKETS(STATE_SET_CLOSING, OWNERSHIP_SET_ALL), \
			.measure = MEASURE_PERCENT, .limit = LIMIT_MEMORY,                         \
			.scopes = SCOPE_BIT(SCOPE_TOTAL), .raise = (percent),                      \
			.clear = (percent) / 2.0, .for_ms = MINUTES(1), .keep_ms = MINUTES(5)      \
	}

/* This share of a limit of the machine is in use. */
#define SHARE(rule_name, explained_by, how_bad, of_limit, percent, clear_percent, lasts)           \
	{                                                                                          \
		BUILT_IN(rule_name, explained_by, how_bad),                                        \
			.measure = MEASURE_PERCENT, .limit = (of_limit),                           \
			.scopes = SCOPE_BIT(SCOPE_TOTAL), .raise = (percent),                      \
			.clear = (clear_percent), .for_ms = (lasts), .keep_ms = MINUTES(5)         \
	}

/* A counter of the kernel gains this much per minute. */
#define RATE(rule_name, explained_by, how_bad, of_counter, gain, clear_gain, lasts)                \
	{                                                                                          \
		BUILT_IN(rule_name, explained_by, how_bad),                                        \
			.measure = MEASURE_RATE, .counter = (of_counter), .window_ms = MINUTES(1), \
			.scopes = SCOPE_BIT(SCOPE_TOTAL), .raise = (gain), .clear = (clear_gain),  \
			.for_ms = (lasts), .keep_ms = MINUTES(5)                                   \
	}

#define HELD       OWNERSHIP_BIT(OWNERSHIP_HELD)
#define UNACCEPTED OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED)

/*
 * Rules that mean something on any machine. The number of sockets that makes a leak is low, since
 * they are older than any healthy close; each alert is cleared at half of what raised it, so that a
 * fluctuating value is reported once. What is summed over the services of an owner has an age: of
 * many services some close at any moment, and how many is a matter of load. What waits for peers
 * (FIN_WAIT_1, LAST_ACK) is not summed: a server of many ports always has clients that vanished.
 * The percentages of the limits are those of judge/diagnoses.c, which says where they come from.
 */
const struct rule built_in_rules[] = {
	STUCK("close-wait-leak", "close-wait-not-closed", STATE_BIT(STATE_CLOSE_WAIT), HELD,
		EACH_PORT_AND_OWNER, MINUTES(1), 100),
	{
		BUILT_IN("close-wait-growing", "close-wait-not-closed", SEVERITY_WARNING),
		SOCKETS(STATE_BIT(STATE_CLOSE_WAIT), HELD),
		.scopes = EACH_PORT,
		.measure = MEASURE_GROWTH,
		.window_ms = MINUTES(10),
		.raise = 5,
		.clear = 1,
		.for_ms = MINUTES(10),
		.keep_ms = MINUTES(10),
	},
	STUCK("close-wait-unaccepted", "close-wait-unaccepted", STATE_BIT(STATE_CLOSE_WAIT),
		UNACCEPTED, EACH_PORT_AND_OWNER, SECONDS(10), 50),
	STUCK("fin-wait-2-held", "fin-wait-2-held", STATE_BIT(STATE_FIN_WAIT_2), HELD,
		EACH_PORT_AND_OWNER, MINUTES(1), 100),
	STUCK("fin-wait-1-stuck", "fin-wait-1-stuck", STATE_BIT(STATE_FIN_WAIT_1),
		OWNERSHIP_SET_ALL, EACH_PORT, SECONDS(30), 100),
	STUCK("last-ack-stuck", "last-ack-stuck",
		STATE_BIT(STATE_LAST_ACK) | STATE_BIT(STATE_CLOSING), OWNERSHIP_SET_ALL, EACH_PORT,
		SECONDS(30), 100),
	CLOSING_MEMORY("closing-memory", SEVERITY_WARNING, 1),
	CLOSING_MEMORY("closing-memory-critical", SEVERITY_CRITICAL, 5),
	SHARE("tw-buckets", "tw-buckets-full", SEVERITY_WARNING, LIMIT_TW_BUCKETS, 75, 60,
		SECONDS(30)),
	RATE("tw-buckets-overflow", "tw-buckets-full", SEVERITY_CRITICAL,
		COUNTER_TIME_WAIT_OVERFLOW, 1, 0, 0),
	SHARE("orphans", "orphans-near-limit", SEVERITY_WARNING, LIMIT_ORPHANS, 25, 20,
		SECONDS(30)),
	SHARE("orphans-critical", "orphans-near-limit", SEVERITY_CRITICAL, LIMIT_ORPHANS, 50, 40,
		SECONDS(10)),
	SHARE("tcp-mem", "tcp-mem-near-limit", SEVERITY_WARNING, LIMIT_TCP_MEM, 66, 53,
		SECONDS(30)),
	RATE("tcp-mem-aborts", "tcp-mem-near-limit", SEVERITY_CRITICAL, COUNTER_ABORT_ON_MEMORY, 1,
		0, 0),
	SHARE("conntrack", "conntrack-near-limit", SEVERITY_WARNING, LIMIT_CONNTRACK, 75, 60,
		SECONDS(30)),
	SHARE("client-ports", "time-wait-client-ports", SEVERITY_WARNING, LIMIT_CLIENT_PORTS, 75,
		60, SECONDS(30)),
	{
		BUILT_IN("accept-queue", "accept-queue-full", SEVERITY_WARNING),
		.sides = {true, true},
		.ownerships = OWNERSHIP_SET_ALL,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_ACCEPT_QUEUE,
		.scopes = EACH_PORT,
		.raise = 90,
		.clear = 50,
		.for_ms = SECONDS(10),
		.keep_ms = MINUTES(1),
	},
	RATE("listen-overflows", "accept-queue-full", SEVERITY_WARNING, COUNTER_LISTEN_OVERFLOWS,
		10, 1, SECONDS(30)),
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

scope_set rule_possible_scopes(const struct rule *r)
{
	if (rule_selects_sockets(r))
		return SCOPE_SET_ALL;
	return r->measure == MEASURE_PERCENT && r->limit == LIMIT_ACCEPT_QUEUE
		       ? SCOPE_BIT(SCOPE_PORT)
		       : SCOPE_BIT(SCOPE_TOTAL);
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

static const char *const ownership_list[] = {
	[OWNERSHIP_NONE] = "none",
	[OWNERSHIP_HELD] = "held",
	[OWNERSHIP_ORPHAN] = "orphan",
	[OWNERSHIP_UNACCEPTED] = "unaccepted",
};

const struct names ownership_names = NAMES(ownership_list);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule: which sockets or which limit to measure, which value triggers an alert, and for how long
 * it must last. */
#ifndef TCPSTATED_JUDGE_RULE_H
#define TCPSTATED_JUDGE_RULE_H

#include "judge/finding.h"
#include "judge/limit.h"
#include "judge/ownership_filter.h"
#include "model/filter.h"
#include "model/limits.h"
#include "model/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is measured, and in which unit raise and clear are given. */
enum measure {
	MEASURE_SOCKETS, /* sockets, a number */
	MEASURE_MEMORY,  /* their kernel memory, bytes */
	MEASURE_OLDEST,  /* how long the oldest has been in its state, seconds */
	MEASURE_GROWTH,  /* more sockets per minute, over the rule's window */
	MEASURE_PERCENT, /* of a limit in use, percent */
	MEASURE_RATE,    /* gain of a counter of the kernel per minute, over the window */
	MEASURE_COUNT,
};

/*
 * What has a number of its own; bit N is enum scope N. With SCOPE_PORT beside it, SCOPE_OWNER sums
 * only services that have no alert of the rule themselves, so that nothing is reported twice.
 */
typedef uint8_t scope_set;

#define SCOPE_BIT(s)  ((scope_set)(1U << (s)))
#define SCOPE_SET_ALL ((scope_set)((1U << SCOPE_COUNT) - 1))

/* Room for a name with its NUL; a name is of lower-case letters, digits and "-". */
#define RULE_NAME_SIZE 44

/* The states whose sockets have an age by cookie (model/ages.h), which older_than needs. */
#define STATE_SET_AGED ((state_set)(STATE_SET_CLOSING & ~STATE_BIT(STATE_TIME_WAIT)))

struct rule {
	char name[RULE_NAME_SIZE];
	const char *diagnosis; /* the id of what its alerts mean, or of another symptom of the
				  same fault (judge/diagnosis.h: diagnosis_explain); NULL: none.
				  Static storage. */
	bool enabled;
	enum severity severity; /* SEVERITY_WARNING or SEVERITY_CRITICAL */

	/* which sockets; only for measures of sockets and for LIMIT_MEMORY */
	state_set states;
	const struct service_set *ports; /* NULL: every service. Borrowed. */
	bool sides[SIDE_COUNT];
	ownership_set ownerships; /* OWNERSHIP_SET_ALL: any */
	uint32_t older_than_ms;   /* only those at least this old; 0: any age */

	enum measure measure;
	enum rule_limit limit;    /* of MEASURE_PERCENT */
	enum tcp_counter counter; /* of MEASURE_RATE */
	uint32_t window_ms;       /* of MEASURE_GROWTH and MEASURE_RATE */
	scope_set scopes;

	double raise; /* in the unit of the measure: at or above it is an alert */
	double clear; /* below raise: at or below it, it is over; between them, nothing changes */
	uint32_t for_ms;    /* raised once it lasted this long */
	uint32_t keep_ms;   /* cleared once it was over this long */
	uint32_t repeat_ms; /* reported again while it lasts; 0: once */
};

/* The rules without any configuration. */
extern const struct rule built_in_rules[];
extern const size_t built_in_rules_count;

/* A rule of the user before its keys are read: every socket, its number, per port, no raise yet. */
#define RULE_DEFAULT                                                                               \
	((struct rule){                                                                            \
		.enabled = true,                                                                   \
		.severity = SEVERITY_WARNING,                                                      \
		.states = STATE_SET_ALL,                                                           \
		.sides = {true, true},                                                             \
		.ownerships = OWNERSHIP_SET_ALL,                                                   \
		.scopes = SCOPE_BIT(SCOPE_PORT),                                                   \
		.window_ms = 10 * 60 * 1000,                                                       \
		.for_ms = 60 * 1000,                                                               \
		.keep_ms = 60 * 1000,                                                              \
	})

/* Whether the rule counts sockets: only then states, ownerships and older_than apply. */
bool rule_selects_sockets(const struct rule *r);

/* The scopes that its measure can have: a limit of the machine has one number, an accept queue is
 * that of one service. */
scope_set rule_possible_scopes(const struct rule *r);

/* Whether its measure has a number for each port. */
static inline bool rule_can_be_per_port(const struct rule *r)
{
	return rule_possible_scopes(r) & SCOPE_BIT(SCOPE_PORT);
}

/* As the configuration and the documents write them: "sockets", "port", "held". */
extern const struct names measure_names;
extern const struct names ownership_names;

#endif

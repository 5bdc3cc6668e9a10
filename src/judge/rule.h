/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule says: which sockets or which limit to measure, from which number on that is an alert,
 * and for how long it must be so. */
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
	MEASURE_GROWTH,  /* sockets more per minute, over the rule's window */
	MEASURE_PERCENT, /* of a limit in use, percent */
	MEASURE_RATE,    /* how much a counter of the kernel gained per minute, over the window */
	MEASURE_COUNT,
};

/* What has a number of its own. */
enum rule_scope {
	SCOPE_PORT,  /* each side and port */
	SCOPE_TOTAL, /* all of them together */
	SCOPE_COUNT,
};

/* Room for a name with its NUL; a name is of lower-case letters, digits and "-". */
#define RULE_NAME_SIZE 44

/* The states whose sockets have an age by cookie (model/ages.h): older_than works on these. */
#define STATE_SET_AGED ((state_set)(STATE_SET_CLOSING & ~STATE_BIT(STATE_TIME_WAIT)))

struct rule {
	char name[RULE_NAME_SIZE];
	const char *diagnosis; /* whose why and advice its alerts carry, or those of another sign
				  of the same fault (judge/diagnosis.h: diagnosis_explain); NULL:
				  of none. Static storage. */
	bool enabled;
	enum severity severity; /* SEVERITY_WARNING or SEVERITY_CRITICAL */

	/* which sockets; only for measures of sockets and for LIMIT_MEMORY */
	state_set states;
	const struct port_set *ports; /* NULL: every port. Borrowed. */
	bool sides[SIDE_COUNT];
	ownership_set ownerships; /* OWNERSHIP_SET_ALL: whoever has them */
	uint32_t older_than_ms;   /* only those that are at least so old; 0: of any age */

	enum measure measure;
	enum rule_limit limit;    /* of MEASURE_PERCENT */
	enum tcp_counter counter; /* of MEASURE_RATE */
	uint32_t window_ms;       /* of MEASURE_GROWTH and MEASURE_RATE */
	enum rule_scope scope;

	double raise; /* in the unit of the measure: at or above it is an alert */
	double clear; /* below raise: at or below it is none any more; between, all stays as it is
		       */
	uint32_t for_ms;    /* raised once it held for so long */
	uint32_t keep_ms;   /* cleared once it was gone for so long */
	uint32_t repeat_ms; /* told again while it lasts; 0: told once */
};

/* The rules that hold without any configuration. */
extern const struct rule built_in_rules[];
extern const size_t built_in_rules_count;

/* A rule of one's own before its keys are read: every socket, its number, per port, no raise yet.
 */
#define RULE_DEFAULT                                                                               \
	((struct rule){                                                                            \
		.enabled = true,                                                                   \
		.severity = SEVERITY_WARNING,                                                      \
		.states = STATE_SET_ALL,                                                           \
		.sides = {true, true},                                                             \
		.ownerships = OWNERSHIP_SET_ALL,                                                   \
		.window_ms = 10 * 60 * 1000,                                                       \
		.for_ms = 60 * 1000,                                                               \
		.keep_ms = 60 * 1000,                                                              \
	})

/* Whether the rule counts sockets (states, ports, side, hold and older_than mean something). */
bool rule_selects_sockets(const struct rule *r);

/* Whether its measure is told for each port; a limit of the machine has one number only. */
bool rule_can_be_per_port(const struct rule *r);

/* As the configuration and the documents write them: "sockets", "port", "held". */
extern const struct names measure_names;
extern const struct names rule_scope_names;
extern const struct names ownership_names;

#endif

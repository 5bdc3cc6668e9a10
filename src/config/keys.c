/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of keys. */
#include "basic/macro.h"
#include "config/types.h"

#include <string.h>

#define SECONDS(n) ((n)*UINT64_C(1000))
#define MINUTES(n) ((n)*UINT64_C(60000))
#define HOURS(n)   ((n)*UINT64_C(3600000))

static const char *const yes_or_no[] = {"no", "yes"};
static const char *const severities[] = {
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_CRITICAL] = "critical",
};
static const char *const scopes[] = {
	[SCOPE_PORT] = "port",
	[SCOPE_TOTAL] = "total",
};

static bool has_ports(const struct rule *r)
{
	return rule_selects_sockets(r) ||
	       (r->measure == MEASURE_PERCENT && r->limit == LIMIT_ACCEPT_QUEUE);
}

static bool has_ages(const struct rule *r)
{
	return rule_selects_sockets(r) && r->measure != MEASURE_GROWTH;
}

static bool has_window(const struct rule *r)
{
	return r->measure == MEASURE_GROWTH || r->measure == MEASURE_RATE;
}

#define OF_CONFIG(field) offsetof(struct config, field)
#define OF_RULE(field)   offsetof(struct rule, field)
#define OF_EXEC(field)   offsetof(struct exec_config, field)

#define WORDS(list) .type = &type_word, .words = (list), .words_count = ARRAY_SIZE(list)
#define DURATION(least, most)                                                                      \
	.type = &type_number, .quantity = QUANTITY_DURATION, .range = {(least), (most)}
#define NUMBER(least, most)                                                                        \
	.type = &type_number, .quantity = QUANTITY_NUMBER, .range = {(least), (most)}

#define WITH_SOCKETS "measure = sockets, memory, oldest, growth or percent memory"

const struct key_row config_keys[KEY_COUNT] = {
	[KEY_INTERVAL] = {SECTION_POLL, "interval", .place = OF_CONFIG(interval_ms),
		DURATION(SECONDS(1), HOURS(1))},
	[KEY_CPU_BUDGET] = {SECTION_POLL, "cpu_budget", .place = OF_CONFIG(cpu_budget_percent),
		.type = &type_number, .store = STORE_DOUBLE, .quantity = QUANTITY_PERCENT,
		.range = {100, 100000}},
	[KEY_TRACKED_SOCKETS] = {SECTION_POLL, "tracked_sockets", .place = OF_CONFIG(tracked_max),
		NUMBER(1024, 4194304)},

	[KEY_LISTED_PORTS] = {SECTION_OUTPUT, "ports", .place = OF_CONFIG(ports_max),
		.store = STORE_SIZE, NUMBER(0, UINT64_C(65536) * SIDE_COUNT), .zero_word = "all"},
	[KEY_SNAPSHOTS] = {SECTION_OUTPUT, "snapshots", .type = &type_file,
		.place = OF_CONFIG(snapshots), .takes_stdout = true},
	[KEY_SNAPSHOT_FILE] = {SECTION_OUTPUT, "snapshot_file", .type = &type_file,
		.place = OF_CONFIG(snapshot_file)},
	[KEY_EVENTS] = {SECTION_OUTPUT, "events", .type = &type_file, .place = OF_CONFIG(events),
		.takes_stdout = true},
	[KEY_JOURNAL] = {SECTION_OUTPUT, "journal", .place = OF_CONFIG(journal),
		.store = STORE_BOOL, WORDS(yes_or_no)},

	[KEY_ENABLED] = {SECTION_ALERT, "enabled", .place = OF_RULE(enabled), .store = STORE_BOOL,
		WORDS(yes_or_no)},
	[KEY_SEVERITY] = {SECTION_ALERT, "severity", .place = OF_RULE(severity),
		.store = STORE_ENUM, WORDS(severities)},
	[KEY_STATES] = {SECTION_ALERT, "states", .type = &type_states, .place = OF_RULE(states),
		.applies = rule_selects_sockets, .only_with = WITH_SOCKETS},
	[KEY_PORTS] = {SECTION_ALERT, "ports", .type = &type_ports, .place = OF_RULE(ports),
		.applies = has_ports, .only_with = WITH_SOCKETS " or percent accept_queue"},
	[KEY_SIDE] = {SECTION_ALERT, "side", .type = &type_sides, .place = OF_RULE(sides),
		.applies = has_ports, .only_with = WITH_SOCKETS " or percent accept_queue"},
	[KEY_OWNERSHIP] = {SECTION_ALERT, "hold", .type = &type_ownerships,
		.place = OF_RULE(ownerships), .applies = rule_selects_sockets,
		.only_with = WITH_SOCKETS},
	[KEY_OLDER_THAN] = {SECTION_ALERT, "older_than", .place = OF_RULE(older_than_ms),
		DURATION(0, HOURS(24)), .applies = has_ages,
		.only_with = "measure = sockets, memory, oldest or percent memory"},
	[KEY_MEASURE] = {SECTION_ALERT, "measure", .type = &type_measure,
		.place = OF_RULE(measure)},
	[KEY_WINDOW] = {SECTION_ALERT, "window", .place = OF_RULE(window_ms),
		DURATION(SECONDS(10), HOURS(1)), .applies = has_window,
		.only_with = "measure = growth or rate COUNTER"},
	[KEY_SCOPE] = {SECTION_ALERT, "scope", .place = OF_RULE(scope), .store = STORE_ENUM,
		WORDS(scopes)},
	[KEY_RAISE] = {SECTION_ALERT, "raise", .type = &type_raise},
	[KEY_CLEAR] = {SECTION_ALERT, "clear", .type = &type_clear},
	[KEY_FOR] = {SECTION_ALERT, "for", .place = OF_RULE(for_ms), DURATION(0, HOURS(24))},
	[KEY_KEEP] = {SECTION_ALERT, "keep", .place = OF_RULE(keep_ms), DURATION(0, HOURS(24))},
	[KEY_REPEAT] = {SECTION_ALERT, "repeat", .place = OF_RULE(repeat_ms),
		DURATION(0, HOURS(168)), .zero_word = "never"},

	[KEY_COMMAND] = {SECTION_EXEC, "command", .type = &type_command, .place = OF_EXEC(command)},
	[KEY_TIMEOUT] = {SECTION_EXEC, "timeout", .place = OF_EXEC(timeout_ms),
		DURATION(SECONDS(1), MINUTES(10))},
	[KEY_ALERTS] = {SECTION_EXEC, "alerts", .type = &type_rule_names, .place = OF_EXEC(alerts)},
};

const char *config_section_name(enum config_section s)
{
	static const char *const names[SECTION_COUNT] = {
		[SECTION_POLL] = "poll",
		[SECTION_OUTPUT] = "output",
		[SECTION_ALERT] = "alert",
		[SECTION_EXEC] = "exec",
	};

	return names[s];
}

enum config_key config_key_find(enum config_section section, const char *name)
{
	enum config_key k = 0;

	while (k < KEY_COUNT &&
		(config_keys[k].section != section || strcmp(config_keys[k].name, name) != 0))
		k++;
	return k;
}

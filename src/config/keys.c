/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of keys. */
#include "config/types.h"

#include <string.h>

#define SECONDS(n) ((n)*UINT64_C(1000))
#define MINUTES(n) ((n)*UINT64_C(60000))
#define HOURS(n)   ((n)*UINT64_C(3600000))

static const char *const section_list[] = {
	[SECTION_POLL] = "poll",
	[SECTION_OUTPUT] = "output",
	[SECTION_ALERT] = "alert",
	[SECTION_EXEC] = "exec",
};
const struct names config_section_names = NAMES(section_list);

static const char *const yes_no_list[] = {"no", "yes"};
static const struct names yes_no_names = NAMES(yes_no_list);

static const char *const side_list[] = {
	[SIDE_SERVER] = "server",
	[SIDE_CLIENT] = "client",
	[SIDE_COUNT] = "both",
};
static const struct names side_names = NAMES(side_list);

static int find_side(const char *word)
{
	enum sock_side side;

	return side_parse(word, &side) == 0 ? (int)side : name_parse(side_names, word);
}

static int find_state(const char *word)
{
	enum tcp_state state;
	int r = state_from_name(word, strlen(word), &state);

	return r < 0 ? r : (int)state;
}

static bool has_ages(const struct rule *r)
{
	return rule_selects_sockets(r) && r->measure != MEASURE_GROWTH;
}

static bool has_window(const struct rule *r)
{
	return r->measure == MEASURE_GROWTH || r->measure == MEASURE_RATE;
}

#define AT(type, field)  .place = offsetof(type, field), .size = sizeof(((type *)NULL)->field)
#define OF_CONFIG(field) AT(struct config, field)
#define OF_RULE(field)   AT(struct rule, field)
#define OF_EXEC(field)   AT(struct exec_config, field)

#define WORD_OF(names) .type = &type_word, .words = &(names)
#define SET_OF(names)  .type = &type_set, .words = &(names)
#define DURATION(least, most)                                                                      \
	.type = &type_number, .quantity = QUANTITY_DURATION, .range = {(least), (most)}
#define NUMBER(least, most)                                                                        \
	.type = &type_number, .quantity = QUANTITY_NUMBER, .range = {(least), (most)}

#define WITH_SOCKETS "measure = sockets, memory, oldest, growth or percent memory"

const struct key_row config_keys[KEY_COUNT] = {
	[KEY_INTERVAL] = {SECTION_POLL, "interval", OF_CONFIG(interval_ms),
		DURATION(SECONDS(1), HOURS(1))},
	[KEY_CPU_BUDGET] = {SECTION_POLL, "cpu_budget", OF_CONFIG(cpu_budget_percent),
		.type = &type_number, .store = STORE_DOUBLE, .quantity = QUANTITY_PERCENT,
		.range = {100, 100000}},
	[KEY_TRACKED_SOCKETS] = {SECTION_POLL, "tracked_sockets", OF_CONFIG(tracked_max),
		NUMBER(1024, 4194304)},

	[KEY_LISTED_PORTS] = {SECTION_OUTPUT, "ports", OF_CONFIG(ports_max),
		NUMBER(0, UINT64_C(65536) * SIDE_COUNT), .zero_word = "all"},
	[KEY_SNAPSHOTS] = {SECTION_OUTPUT, "snapshots", .type = &type_file, OF_CONFIG(snapshots),
		.takes_stdout = true},
	[KEY_SNAPSHOT_FILE] = {SECTION_OUTPUT, "snapshot_file", .type = &type_file,
		OF_CONFIG(snapshot_file)},
	[KEY_EVENTS] = {SECTION_OUTPUT, "events", .type = &type_file, OF_CONFIG(events),
		.takes_stdout = true},
	[KEY_JOURNAL] = {SECTION_OUTPUT, "journal", OF_CONFIG(journal), WORD_OF(yes_no_names)},

	[KEY_ENABLED] = {SECTION_ALERT, "enabled", OF_RULE(enabled), WORD_OF(yes_no_names)},
	[KEY_SEVERITY] = {SECTION_ALERT, "severity", OF_RULE(severity), WORD_OF(severity_names),
		.first = SEVERITY_WARNING},
	[KEY_STATES] = {SECTION_ALERT, "states", OF_RULE(states), SET_OF(state_names),
		.find = find_state, .all_word = "all", .all = STATE_SET_ALL,
		.applies = rule_selects_sockets, .only_with = WITH_SOCKETS},
	[KEY_PORTS] = {SECTION_ALERT, "ports", .type = &type_ports,
		.place = offsetof(struct rule, ports), .applies = rule_can_be_per_port,
		.only_with = WITH_SOCKETS " or percent accept_queue"},
	[KEY_SIDE] = {SECTION_ALERT, "side", OF_RULE(sides), .store = STORE_SIDES,
		WORD_OF(side_names), .find = find_side, .applies = rule_can_be_per_port,
		.only_with = WITH_SOCKETS " or percent accept_queue"},
	[KEY_OWNERSHIP] = {SECTION_ALERT, "hold", OF_RULE(ownerships), SET_OF(ownership_names),
		.first = OWNERSHIP_HELD, .all_word = "any", .all = OWNERSHIP_SET_ALL,
		.applies = rule_selects_sockets, .only_with = WITH_SOCKETS},
	[KEY_OLDER_THAN] = {SECTION_ALERT, "older_than", OF_RULE(older_than_ms),
		DURATION(0, HOURS(24)), .applies = has_ages,
		.only_with = "measure = sockets, memory, oldest or percent memory"},
	[KEY_MEASURE] = {SECTION_ALERT, "measure", .type = &type_measure, OF_RULE(measure)},
	[KEY_WINDOW] = {SECTION_ALERT, "window", OF_RULE(window_ms),
		DURATION(SECONDS(10), HOURS(1)), .applies = has_window,
		.only_with = "measure = growth or rate COUNTER"},
	[KEY_SCOPE] = {SECTION_ALERT, "scope", OF_RULE(scopes), SET_OF(scope_names)},
	[KEY_RAISE] = {SECTION_ALERT, "raise", .type = &type_amount},
	[KEY_CLEAR] = {SECTION_ALERT, "clear", .type = &type_amount},
	[KEY_FOR] = {SECTION_ALERT, "for", OF_RULE(for_ms), DURATION(0, HOURS(24))},
	[KEY_KEEP] = {SECTION_ALERT, "keep", OF_RULE(keep_ms), DURATION(0, HOURS(24))},
	[KEY_REPEAT] = {SECTION_ALERT, "repeat", OF_RULE(repeat_ms), DURATION(0, HOURS(168)),
		.zero_word = "never"},

	[KEY_COMMAND] = {SECTION_EXEC, "command", .type = &type_command, OF_EXEC(command)},
	[KEY_TIMEOUT] = {SECTION_EXEC, "timeout", OF_EXEC(timeout_ms),
		DURATION(SECONDS(1), MINUTES(10))},
	[KEY_ALERTS] = {SECTION_EXEC, "alerts", .type = &type_rule_names,
		.place = offsetof(struct exec_config, alerts)},
};

enum config_key config_key_find(enum config_section section, const char *name, size_t length)
{
	for (enum config_key k = 0; k < KEY_COUNT; k++)
		if (config_keys[k].section == section && strlen(config_keys[k].name) == length &&
			memcmp(config_keys[k].name, name, length) == 0)
			return k;
	return KEY_COUNT;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/options.h"

#include "basic/command_line.h"
#include "basic/macro.h"
#include "basic/quantity.h"
#include "model/sock_list.h"

#include <errno.h>
#include <string.h>

#define PORTS_DEFAULT 50

/* Seconds between the polls of --watch. */
#define INTERVAL_DEFAULT 2
#define INTERVAL_MAX     3600

/* Longer than anybody watches, and far from where milliseconds overflow: ten days. */
#define WATCH_MS_MIN 1000
#define WATCH_MS_MAX (UINT64_C(240) * 3600000)

static int add_thresholds(const struct option_use *use)
{
	const char *word;
	size_t length;

	if (thresholds_parse(use->place, use->argument, &word, &length) < 0)
		return option_refuse(use, word, length);
	return 0;
}

static int add_ports(const struct option_use *use)
{
	struct options *o = use->target;
	const char *word;
	size_t length;

	const int r = service_set_parse(&o->ports, use->argument, &word, &length);

	if (r == -E2BIG)
		return string_fail(use->error, -EINVAL,
			"--%s: too many at '%.*s'; expected at most %d of ADDRESS:PORT",
			use->row->name, (int)length, word, SERVICE_RANGES_MAX);
	if (r < 0)
		return option_refuse(use, word, length);
	o->filter.ports = &o->ports;
	return 0;
}

static int set_states(const struct option_use *use)
{
	const char *word;
	size_t length;

	if (state_set_parse(use->argument, use->place, &word, &length) == 0)
		return 0;
	option_refuse(use, word, length);
	STATE_FOREACH(s)
		string_addf(use->error, "%s%s", s ? ", " : " ", state_name(s));
	return -EINVAL;
}

static int set_side(const struct option_use *use)
{
	struct options *o = use->target;
	enum sock_side side;

	if (side_parse(use->argument, &side) < 0)
		return option_refuse(use, use->argument, strlen(use->argument));
	o->filter.sides[SIDE_SERVER] = side == SIDE_SERVER;
	o->filter.sides[SIDE_CLIENT] = side == SIDE_CLIENT;
	return 0;
}

static int set_watch(const struct option_use *use)
{
	struct options *o = use->target;

	o->action = ACTION_WATCH;
	return use->argument ? option_number(use) : 0;
}

static int set_duration(const struct option_use *use)
{
	const struct range_of_quantity range = {use->row->min, use->row->max};
	const size_t length = strlen(use->argument);

	if (quantity_parse(QUANTITY_SECONDS, use->argument, length, &range, use->place) < 0)
		return option_refuse(use, use->argument, length);
	return 0;
}

static const char *const color_list[] = {
	[COLOR_AUTO] = "auto",
	[COLOR_ALWAYS] = "always",
	[COLOR_NEVER] = "never",
};
static const struct names color_names = NAMES(color_list);

static const char *const table_list[] = {
	[TABLE_AUTO] = "auto",
	[TABLE_SOCK_DIAG] = "sock_diag",
	[TABLE_PROC] = "proc",
};
static const struct names table_names = NAMES(table_list);

#define BIT(action) (1U << ACTION_##action)
#define ANY         (~0U)

/* Actions that print the table of ports. */
#define TABLE (BIT(ONCE) | BIT(WATCH))

/* Actions that end by themselves with a report: of some ports, as JSON, or from a recording. */
#define REPORT (BIT(ONCE) | BIT(EXPLAIN) | BIT(HEARTBEAT))

/* Actions that know states, and prices of objects. */
#define SNAPSHOT (BIT(ONCE) | BIT(CHECK) | BIT(EXPLAIN) | BIT(WATCH))

#define AT(field) offsetof(struct options, field)

/* The group of a row is the set of actions that it goes with; a row that goes with any chooses one.
 */
static const struct option_row rows[] = {
	{"once", NULL, "print one snapshot and exit (the default)", option_value, AT(once),
		.group = BIT(ONCE) | BIT(CHECK), .value = true},
	{"watch", "[=SECONDS]", "print snapshots with what changed, by default every 2 s",
		set_watch, AT(interval_seconds), .group = ANY, .value = ACTION_WATCH,
		.choice = "action", .min = 1, .max = INTERVAL_MAX, .what = "an interval",
		.expected = "whole seconds from 1 to 3600"},
	{"daemon", NULL, "poll, evaluate rules and report, until stopped", option_value, AT(action),
		.group = ANY, .value = ACTION_DAEMON, .choice = "action"},
	{"heartbeat", NULL, "how long peers stay idle, and which timeout fits", option_value,
		AT(action), .group = ANY, .value = ACTION_HEARTBEAT, .choice = "action"},
	{"for", "TIME", "with --heartbeat: watch for that long, e.g. 90s or 10min", set_duration,
		AT(watch_ms), .group = BIT(HEARTBEAT), .choice = "recording", .min = WATCH_MS_MIN,
		.max = WATCH_MS_MAX, .what = "a duration",
		.expected = "1s to 240h, such as 90s or 10min"},
	{"explain", NULL, "findings with causes and fixes, worst first", option_value, AT(action),
		.group = ANY, .value = ACTION_EXPLAIN, .choice = "action"},
	{"processes", NULL, "with --explain: which processes hold the sockets", option_value,
		AT(processes), .group = BIT(EXPLAIN), .value = true},
	{"sockets", "N", "also list the N oldest or largest sockets", option_number,
		AT(sockets_max), .group = BIT(ONCE) | BIT(EXPLAIN), .min = 1, .max = SOCK_LIST_MAX,
		.what = "a number of sockets"},
	{"json", NULL, "print a JSON document", option_value, AT(json), .group = REPORT,
		.value = true, .choice = "form"},
	{"check", NULL, "print one monitoring-plugin line and exit with its status", option_value,
		AT(action), .group = ANY, .value = ACTION_CHECK, .choice = "action"},
	{"warning", "LIST", "with --check: WARNING above these, e.g. 50M,CLOSE_WAIT=500",
		add_thresholds, AT(warning), .group = BIT(CHECK), .what = "a threshold",
		.expected = "a size such as 50M, or STATE=NUMBER such as CLOSE_WAIT=500"},
	{"critical", "LIST", "with --check: CRITICAL above these", add_thresholds, AT(critical),
		.group = BIT(CHECK), .what = "a threshold",
		.expected = "a size such as 50M, or STATE=NUMBER such as CLOSE_WAIT=500"},
	{"port", "LIST", "only these, e.g. 7777,27015-27030,192.0.2.7:80", add_ports, 0,
		.group = SNAPSHOT | BIT(HEARTBEAT), .what = "a port",
		.expected = "ports and ranges from 0 to 65535, such as 7777,27015-27030, "
			    "192.0.2.7:80 or [2001:db8::1]:80"},
	{"state", "LIST", "only these states, e.g. close_wait,fin_wait_2", set_states,
		AT(filter.states), .group = SNAPSHOT, .choice = "states", .what = "a TCP state",
		.expected = "some of"},
	{"side", "SIDE", "only server or only client sockets", set_side, 0,
		.group = SNAPSHOT | BIT(HEARTBEAT), .what = "a side",
		.expected = "server or client"},
	{"closing", NULL, "do not read ESTABLISHED sockets, only count them", option_value,
		AT(closing), .group = TABLE | BIT(CHECK), .value = true, .choice = "states"},
	{"wide", NULL, "a column for every state", option_value, AT(wide), .group = TABLE,
		.value = true, .choice = "form"},
	{"ports", "N", "how many ports to list (default 50; 0: all)", option_number, AT(ports_max),
		.group = SNAPSHOT | BIT(HEARTBEAT), .max = SIZE_MAX, .what = "a number of rows",
		.expected = "0 (every port) or more"},
	{"color", "WHEN", "auto, always or never", option_name, AT(color),
		.group = SNAPSHOT | BIT(HEARTBEAT), .names = &color_names, .what = "known",
		.expected = "auto, always or never"},
	{"record", "FILE", "also write all that was read to FILE", option_word, AT(record),
		.group = REPORT | BIT(CHECK), .choice = "recording"},
	{"replay", "FILE", "read a recording instead of the kernel", option_word, AT(replay),
		.group = REPORT | BIT(CHECK), .choice = "recording"},
	{"slabinfo", "FILE", "take object sizes from FILE", option_word, AT(slabinfo),
		.group = SNAPSHOT | BIT(DAEMON)},
	{"source", "SOURCE", "auto, sock_diag or proc (/proc/net/tcp)", option_name, AT(table),
		.group = SNAPSHOT | BIT(DAEMON), .names = &table_names, .what = "known",
		.expected = "auto, sock_diag or proc"},
	{"state-directory", "DIR", "with --daemon: where to keep what survives a restart",
		option_word, AT(state_directory), .group = BIT(DAEMON)},
	{"config", "FILE", "read FILE in place of the installed configuration", option_word,
		AT(config), .group = BIT(WATCH) | BIT(DAEMON) | BIT(CHECK_CONFIG)},
	{"check-config", NULL, "print the configuration in force and exit", option_value,
		AT(action), .group = ANY, .value = ACTION_CHECK_CONFIG, .choice = "action"},
	{"help", NULL, "print this help and exit", option_value, AT(action), .group = ANY,
		.value = ACTION_HELP, .letter = 'h', .ends = true},
	{"version", NULL, "print the version and exit", option_value, AT(action), .group = ANY,
		.value = ACTION_VERSION, .letter = 'V', .ends = true},
};

static const struct option_table table = {rows, ARRAY_SIZE(rows), "tcpstated"};

/* The option that chose the action; NULL: none was given. */
static const struct option_row *chosen_by(const bool *given)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (given[i] && rows[i].group == ANY)
			return &rows[i];
	return NULL;
}

/* An option that goes with other actions only. */
static int refuse_without_action(const struct option_row *row, struct string *error)
{
	const char *separator = " needs ";

	string_addf(error, "--%s", row->name);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].group != ANY || !(row->group & 1U << rows[i].value))
			continue;
		string_addf(error, "%s--%s", separator, rows[i].name);
		separator = " or ";
	}
	return -EINVAL;
}

static int check_actions(const bool *given, const struct options *o, struct string *error)
{
	const struct option_row *action = chosen_by(given);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!given[i] || rows[i].group & 1U << o->action)
			continue;
		if (action)
			return string_fail(error, -EINVAL, "--%s and --%s cannot be used together",
				action->name, rows[i].name);
		return refuse_without_action(&rows[i], error);
	}
	return 0;
}

/* An address is a server's. */
static int check_side(const struct options *o, struct string *error)
{
	if (!o->filter.ports || o->filter.sides[SIDE_SERVER] ||
		!service_set_is_of_servers(o->filter.ports))
		return 0;
	return string_fail(error, -EINVAL,
		"--side client and an address cannot be used together: the address is a server's");
}

/* Whether a word may be meant as the port of a report. */
static bool is_like_port(const char *word)
{
	return strchr("0123456789[*", *word) && *word;
}

/* Arguments are ports of a report. */
static int take_arguments(char **words, int count, struct options *o, struct string *error)
{
	struct option_use use = {
		.row = &rows[option_index(&table, "port")], .target = o, .error = error};

	for (int i = 0; i < count; i++) {
		use.argument = words[i];
		if (!(REPORT & 1U << o->action) || !is_like_port(words[i]))
			return string_fail(error, -EINVAL,
				"unexpected argument '%s'; try 'tcpstated 80' or --help", words[i]);
		if (add_ports(&use) < 0)
			return -EINVAL;
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret, struct string *error)
{
	bool given[ARRAY_SIZE(rows)];
	int arguments, r;

	*ret = (struct options){
		.filter = FILTER_ALL,
		.ports_max = PORTS_DEFAULT,
		.interval_seconds = INTERVAL_DEFAULT,
	};
	arguments = command_line_read(&table, argc, argv, ret, given, error);
	if (arguments < 0)
		return arguments;
	if (ret->action == ACTION_HELP || ret->action == ACTION_VERSION)
		return 0;
	r = take_arguments(argv + 1, arguments, ret, error);
	if (r == 0)
		r = check_actions(given, ret, error);
	if (r == 0)
		r = check_side(ret, error);
	if (r == 0 && ret->replay && given[option_index(&table, "source")])
		r = string_fail(error, -EINVAL, "--source and --replay cannot be used together");
	return r;
}

void options_help(FILE *out)
{
	fputs("Usage: tcpstated [OPTION]... [PORT]...\n"
	      "       tcpstated --explain | --heartbeat [OPTION]... [PORT]...\n"
	      "       tcpstated --watch | --daemon | --check [OPTION]...\n"
	      "Counts TCP sockets per service port and state, and the kernel memory they hold.\n"
	      "\n",
		out);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		option_print_help(&rows[i], out);
	fputs("\n"
	      "Exit status: 0 success; 1 the sockets could not be read; 2 wrong usage; with "
	      "--check\n"
	      "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n"
	      "Full description: tcpstated(8).\n",
		out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/options.h"

#include "basic/macro.h"
#include "basic/quantity.h"
#include "basic/unknown.h"
#include "model/sock_list.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_DEFAULT 50

/* Seconds between the looks of --watch. */
#define INTERVAL_DEFAULT 2
#define INTERVAL_MAX     3600

enum option_id {
	OPTION_ONCE = CHAR_MAX + 1, /* above any short option */
	OPTION_WATCH,
	OPTION_DAEMON,
	OPTION_HEARTBEAT,
	OPTION_FOR,
	OPTION_EXPLAIN,
	OPTION_PROCESSES,
	OPTION_SOCKETS,
	OPTION_JSON,
	OPTION_CHECK,
	OPTION_WARNING,
	OPTION_CRITICAL,
	OPTION_PORT,
	OPTION_STATE,
	OPTION_SIDE,
	OPTION_CLOSING,
	OPTION_WIDE,
	OPTION_PORTS,
	OPTION_COLOR,
	OPTION_RECORD,
	OPTION_REPLAY,
	OPTION_SLABINFO,
	OPTION_SOURCE,
	OPTION_STATE_DIRECTORY,
	OPTION_CONFIG,
	OPTION_CHECK_CONFIG,
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
};

struct error {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int fail(
	const struct error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->text, e->size, format, args);
	va_end(args);
	return -EINVAL;
}

static int set_thresholds(
	struct thresholds *t, const char *option, const char *argument, const struct error *e)
{
	const char *word;
	size_t length;

	if (thresholds_parse(t, argument, &word, &length) < 0)
		return fail(e,
			"%s: '%.*s' is no threshold; expected a size such as 50M, or STATE=NUMBER "
			"such as CLOSE_WAIT=500",
			option, (int)length, word);
	return 0;
}

static int set_warning(struct options *o, const char *argument, const struct error *e)
{
	return set_thresholds(&o->warning, "--warning", argument, e);
}

static int set_critical(struct options *o, const char *argument, const struct error *e)
{
	return set_thresholds(&o->critical, "--critical", argument, e);
}

static int add_ports(
	struct options *o, const char *option, const char *argument, const struct error *e)
{
	const char *word;
	size_t length;

	if (port_set_parse(&o->ports, argument, &word, &length) < 0)
		return fail(e,
			"%s: '%.*s' is no port; expected ports and ranges from 0 to 65535, "
			"such as 7777,27015-27030",
			option, (int)length, word);
	o->filter.ports = &o->ports;
	return 0;
}

static int set_port(struct options *o, const char *argument, const struct error *e)
{
	return add_ports(o, "--port", argument, e);
}

static int set_for(struct options *o, const char *argument, const struct error *e)
{
	/* Up to ten days: longer than anybody watches, and far from where milliseconds overflow. */
	static const struct range_of_quantity range = {1000, UINT64_C(240) * 3600000};

	if (quantity_parse(QUANTITY_SECONDS, argument, strlen(argument), &range, &o->watch_ms) < 0)
		return fail(e,
			"--for: '%s' is no time to watch; expected 1s to 240h, such as 90s or "
			"10min",
			argument);
	return 0;
}

static int set_state(struct options *o, const char *argument, const struct error *e)
{
	const char *word;
	size_t length;

	if (state_set_parse(argument, &o->filter.states, &word, &length) == 0)
		return 0;

	char names[256] = "";
	STATE_FOREACH(s) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
			state_name(s));
	}
	return fail(e, "--state: '%.*s' is no TCP state; expected some of %s", (int)length, word,
		names);
}

static int set_side(struct options *o, const char *argument, const struct error *e)
{
	enum sock_side side;

	if (side_parse(argument, &side) < 0)
		return fail(e, "--side: '%s' is no side; expected server or client", argument);
	o->filter.sides[SIDE_SERVER] = side == SIDE_SERVER;
	o->filter.sides[SIDE_CLIENT] = side == SIDE_CLIENT;
	return 0;
}

static int set_ports(struct options *o, const char *argument, const struct error *e)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(argument, &end, 10);
	if (argument[0] < '0' || argument[0] > '9' || *end || errno)
		return fail(e,
			"--ports: '%s' is no number of rows; expected 0 (every port) or more",
			argument);
	o->ports_max = value;
	return 0;
}

static int set_sockets(struct options *o, const char *argument, const struct error *e)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(argument, &end, 10);
	if (argument[0] < '0' || argument[0] > '9' || *end || errno || value < 1 ||
		value > SOCK_LIST_MAX)
		return fail(e, "--sockets: '%s' is no number of sockets; expected 1 to %d",
			argument, SOCK_LIST_MAX);
	o->sockets_max = value;
	return 0;
}

static int set_watch(struct options *o, const char *argument, const struct error *e)
{
	unsigned long value = INTERVAL_DEFAULT;
	char *end;

	errno = 0;
	if (argument) {
		value = strtoul(argument, &end, 10);
		if (argument[0] < '0' || argument[0] > '9' || *end || errno || value < 1 ||
			value > INTERVAL_MAX)
			return fail(e,
				"--watch: '%s' is no interval; expected whole seconds from 1 to %d",
				argument, INTERVAL_MAX);
	}
	o->interval_ms = (uint32_t)value * 1000;
	o->action = ACTION_WATCH;
	return 0;
}

/* Finds a word in a list; the lists below are in the order of their enums. */
static int find_word(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -EINVAL;
}

static int set_color(struct options *o, const char *argument, const struct error *e)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
	};
	int i = find_word(words, ARRAY_SIZE(words), argument);

	if (i < 0)
		return fail(
			e, "--color: '%s' is not known; expected auto, always or never", argument);
	o->color = i;
	return 0;
}

static int set_source(struct options *o, const char *argument, const struct error *e)
{
	static const char *const words[] = {
		[TABLE_AUTO] = "auto",
		[TABLE_SOCK_DIAG] = "sock_diag",
		[TABLE_PROC] = "proc",
	};
	int i = find_word(words, ARRAY_SIZE(words), argument);

	if (i < 0)
		return fail(e, "--source: '%s' is not known; expected auto, sock_diag or proc",
			argument);
	o->table = i;
	return 0;
}

#define ACTION_BIT(action) (1U << (action))
#define ANY_ACTION         (~0U)

/* The actions that print a snapshot in a form that was chosen. */
#define PRINTING (ACTION_BIT(ACTION_ONCE) | ACTION_BIT(ACTION_WATCH))

/* Those that end by themselves with a report, and can tell it of some ports only, as JSON, or from
 * a recording. */
#define REPORTING                                                                                  \
	(ACTION_BIT(ACTION_ONCE) | ACTION_BIT(ACTION_HEARTBEAT) | ACTION_BIT(ACTION_EXPLAIN))

/* Those that read this machine's sockets. */
#define LIVE (PRINTING | ACTION_BIT(ACTION_DAEMON) | ACTION_BIT(ACTION_EXPLAIN))

/* Those that take one look at single sockets. */
#define LOOKING (ACTION_BIT(ACTION_ONCE) | ACTION_BIT(ACTION_EXPLAIN))

/* An option either has a setter of its own, or stores its value at a place in struct options. */
static const struct option_row {
	enum option_id id;
	const char *name;
	const char *argument; /* its name in --help; NULL: takes none; "[" first: may be left out */
	const char *help;
	int (*set)(struct options *o, const char *argument, const struct error *e);
	size_t place; /* without set: of an int that becomes value, or, with an argument, of the
			 string */
	int value;
	unsigned actions; /* which it goes with */
} table[] = {
	{OPTION_ONCE, "once", NULL, "print one snapshot and exit (the default)", NULL,
		offsetof(struct options, action), ACTION_ONCE, ANY_ACTION},
	{OPTION_WATCH, "watch", "[=SECONDS]", "print one after the other, with changes (default 2)",
		set_watch, offsetof(struct options, action), ACTION_WATCH, ANY_ACTION},
	{OPTION_DAEMON, "daemon", NULL, "look time and again, judge and tell, until stopped", NULL,
		offsetof(struct options, action), ACTION_DAEMON, ANY_ACTION},
	{OPTION_HEARTBEAT, "heartbeat", NULL, "how long peers are silent, and which timeout fits",
		NULL, offsetof(struct options, action), ACTION_HEARTBEAT, ANY_ACTION},
	{OPTION_FOR, "for", "TIME", "with --heartbeat: watch for so long, e.g. 90s or 10min",
		set_for, 0, 0, ACTION_BIT(ACTION_HEARTBEAT)},
	{OPTION_EXPLAIN, "explain", NULL, "since when, whose, why, and what to do, worst first",
		NULL, offsetof(struct options, action), ACTION_EXPLAIN, ANY_ACTION},
	{OPTION_PROCESSES, "processes", NULL, "with --explain: which processes hold the sockets",
		NULL, offsetof(struct options, processes), true, ACTION_BIT(ACTION_EXPLAIN)},
	{OPTION_SOCKETS, "sockets", "N", "also list the N oldest or largest sockets", set_sockets,
		0, 0, LOOKING},
	{OPTION_JSON, "json", NULL, "print it as a JSON document", NULL,
		offsetof(struct options, output), OUTPUT_JSON, REPORTING},
	{OPTION_CHECK, "check", NULL, "print one monitoring-plugin line and exit with its status",
		NULL, offsetof(struct options, output), OUTPUT_CHECK, ACTION_BIT(ACTION_ONCE)},
	{OPTION_WARNING, "warning", "LIST",
		"with --check: WARNING above these, e.g. 50M,CLOSE_WAIT=500", set_warning, 0, 0,
		ACTION_BIT(ACTION_ONCE)},
	{OPTION_CRITICAL, "critical", "LIST", "with --check: CRITICAL above these", set_critical, 0,
		0, ACTION_BIT(ACTION_ONCE)},
	{OPTION_PORT, "port", "LIST", "only these ports, e.g. 7777,27015-27030", set_port, 0, 0,
		PRINTING | REPORTING},
	{OPTION_STATE, "state", "LIST", "only these states, e.g. close_wait,fin_wait_2", set_state,
		0, 0, PRINTING | ACTION_BIT(ACTION_EXPLAIN)},
	{OPTION_SIDE, "side", "SIDE", "only server or only client sockets", set_side, 0, 0,
		PRINTING | REPORTING},
	{OPTION_CLOSING, "closing", NULL, "do not read ESTABLISHED sockets, only count them", NULL,
		offsetof(struct options, closing), true, PRINTING},
	{OPTION_WIDE, "wide", NULL, "a column for every state", NULL,
		offsetof(struct options, wide), true, PRINTING},
	{OPTION_PORTS, "ports", "N", "how many ports to list (default 50; 0: all)", set_ports, 0, 0,
		PRINTING | REPORTING},
	{OPTION_COLOR, "color", "WHEN", "auto, always or never", set_color, 0, 0,
		PRINTING | REPORTING},
	{OPTION_RECORD, "record", "FILE", "also write all that was read to FILE", NULL,
		offsetof(struct options, record), 0, REPORTING},
	{OPTION_REPLAY, "replay", "FILE", "read a recording instead of the kernel", NULL,
		offsetof(struct options, replay), 0, REPORTING},
	{OPTION_SLABINFO, "slabinfo", "FILE", "take object sizes from FILE", NULL,
		offsetof(struct options, slabinfo), 0, LIVE},
	{OPTION_SOURCE, "source", "SOURCE", "auto, sock_diag or proc (/proc/net/tcp)", set_source,
		0, 0, LIVE},
	{OPTION_STATE_DIRECTORY, "state-directory", "DIR",
		"with --daemon: where it keeps what survives a restart", NULL,
		offsetof(struct options, state_directory), 0, ACTION_BIT(ACTION_DAEMON)},
	{OPTION_CONFIG, "config", "FILE", "read FILE in place of the installed configuration", NULL,
		offsetof(struct options, config), 0,
		ACTION_BIT(ACTION_WATCH) | ACTION_BIT(ACTION_DAEMON) |
			ACTION_BIT(ACTION_CHECK_CONFIG)},
	{OPTION_CHECK_CONFIG, "check-config", NULL, "print the configuration in force and exit",
		NULL, offsetof(struct options, action), ACTION_CHECK_CONFIG, ANY_ACTION},
	{OPTION_HELP, "help", NULL, "print this help and exit", NULL,
		offsetof(struct options, action), ACTION_HELP, ANY_ACTION},
	{OPTION_VERSION, "version", NULL, "print the version and exit", NULL,
		offsetof(struct options, action), ACTION_VERSION, ANY_ACTION},
};

static int apply(const struct option_row *row, struct options *o, const char *argument,
	const struct error *e)
{
	void *place = (char *)o + row->place;

	if (row->set)
		return row->set(o, argument, e);
	if (row->argument)
		*(const char **)place = argument;
	else
		*(int *)place = row->value;
	return 0;
}

/* Pairs that say two different things. */
static const enum option_id exclusive[][2] = {
	{OPTION_JSON, OPTION_CHECK},
	{OPTION_JSON, OPTION_WIDE},
	{OPTION_CHECK, OPTION_WIDE},
	{OPTION_RECORD, OPTION_REPLAY},
	{OPTION_CLOSING, OPTION_STATE},
	{OPTION_CHECK, OPTION_SOCKETS},
	{OPTION_SOURCE, OPTION_REPLAY},
	/* A recording holds one look. */
	{OPTION_FOR, OPTION_RECORD},
	{OPTION_FOR, OPTION_REPLAY},
};

/* The first means nothing without the second. */
static const enum option_id needs[][2] = {
	{OPTION_WARNING, OPTION_CHECK},
	{OPTION_CRITICAL, OPTION_CHECK},
};

static bool may_be_left_out(const struct option_row *row)
{
	return row->argument && row->argument[0] == '[';
}

static int argument_kind(const struct option_row *row)
{
	if (may_be_left_out(row))
		return optional_argument;
	return row->argument ? required_argument : no_argument;
}

/*
 * getopt_long() takes an argument that may be left out only behind a "="; a word that begins with a
 * digit is one, too, since there are no arguments but those of options.
 */
static const char *optional_word(const struct option_row *row, int argc, char **argv)
{
	if (optarg || !may_be_left_out(row) || optind >= argc)
		return optarg;
	if (argv[optind][0] < '0' || argv[optind][0] > '9')
		return NULL;
	return argv[optind++];
}

static size_t index_of(enum option_id id)
{
	size_t i = 0;

	while (table[i].id != id)
		i++;
	return i;
}

/* What chooses an action is held against the other options, and not the other way round. */
static bool is_action(const struct option_row *row)
{
	return row->actions == ANY_ACTION;
}

/* The option that chose the action; NULL: none was given. Two of them are one too many. */
static int find_action(const bool *given, const struct option_row **ret, const struct error *e)
{
	*ret = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!given[i] || !is_action(&table[i]))
			continue;
		if (*ret)
			return fail(e, "--%s and --%s cannot be used together", (*ret)->name,
				table[i].name);
		*ret = &table[i];
	}
	return 0;
}

static int check_actions(const bool *given, const struct options *o, const struct error *e)
{
	const struct option_row *action;
	int r = find_action(given, &action, e);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(table); i++) {
		if (!given[i] || table[i].actions & ACTION_BIT(o->action))
			continue;
		if (action && action->value != ACTION_ONCE)
			r = fail(e, "--%s and --%s cannot be used together", action->name,
				table[i].name);
		else
			r = fail(e,
				"--%s has no meaning for a single snapshot; see tcpstated --help",
				table[i].name);
	}
	return r;
}

static int check_combinations(const bool *given, const struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(exclusive); i++) {
		size_t a = index_of(exclusive[i][0]), b = index_of(exclusive[i][1]);

		if (given[a] && given[b])
			return fail(e, "--%s and --%s cannot be used together", table[a].name,
				table[b].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		size_t a = index_of(needs[i][0]), b = index_of(needs[i][1]);

		if (given[a] && !given[b])
			return fail(e, "--%s needs --%s", table[a].name, table[b].name);
	}
	return 0;
}

static int fail_unknown(char **argv, int c, const struct error *e)
{
	/* getopt leaves the letter of a short option in optopt; of a long one only the word itself
	 * is left. */
	const char *word = argv[optind - 1];

	if (c == ':')
		return fail(e, "%s needs a value; see tcpstated --help", word);
	if (optopt && optopt <= CHAR_MAX && strncmp(word, "--", 2) != 0)
		return fail(e, "'-%c' is not an option; see tcpstated --help", optopt);
	if (optopt)
		return fail(e, "'%s': this option takes no value", word);
	return fail(e, "'%s' is not an option, or not a clear one; see tcpstated --help", word);
}

/* The option whose action has ports for arguments; NULL: it has none. */
static const char *takes_ports(int action)
{
	if (action == ACTION_EXPLAIN)
		return "--explain";
	return action == ACTION_HEARTBEAT ? "--heartbeat" : NULL;
}

int options_parse(int argc, char **argv, struct options *ret, char *error, size_t error_size)
{
	const struct error e = {error, error_size};
	struct option long_options[ARRAY_SIZE(table) + 1] = {{0}};
	bool given[ARRAY_SIZE(table)] = {false};
	int c;

	memset(ret, 0, sizeof(*ret));
	ret->filter = FILTER_ALL;
	ret->ports_max = PORTS_DEFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		long_options[i] = (struct option){
			.name = table[i].name,
			.has_arg = argument_kind(&table[i]),
			.val = (int)table[i].id,
		};

	optind = 0; /* starts anew, also in a process that has read another command line */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hV", long_options, NULL)) != -1) {
		size_t i;
		int r;

		if (c == '?' || c == ':')
			return fail_unknown(argv, c, &e);
		i = index_of((enum option_id)c);
		given[i] = true;
		r = apply(&table[i], ret, optional_word(&table[i], argc, argv), &e);
		if (r < 0)
			return r;
		if (ret->action == ACTION_HELP || ret->action == ACTION_VERSION)
			return 0;
	}
	for (; optind < argc; optind++) {
		const char *action = takes_ports(ret->action);

		if (!action)
			return fail(&e,
				"'%s': there are no arguments but options; see tcpstated --help",
				argv[optind]);
		if (add_ports(ret, action, argv[optind], &e) < 0)
			return -EINVAL;
	}
	if (check_actions(given, ret, &e) < 0)
		return -EINVAL;
	return check_combinations(given, &e);
}

void options_help(FILE *out)
{
	fputs("Usage: tcpstated [OPTION]...\n"
	      "       tcpstated --explain [OPTION]... [PORT]...\n"
	      "       tcpstated --heartbeat [OPTION]... [PORT]...\n"
	      "Counts this machine's TCP sockets per service port and state, and tells how much "
	      "kernel memory they hold.\n"
	      "\n",
		out);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char left[32];

		snprintf(left, sizeof(left), "--%s%s%s", table[i].name,
			table[i].argument && !may_be_left_out(&table[i]) ? "=" : "",
			table[i].argument ? table[i].argument : "");
		if (table[i].id <= CHAR_MAX)
			fprintf(out, "  -%c, %-21s %s\n", table[i].id, left, table[i].help);
		else
			fprintf(out, "      %-21s %s\n", left, table[i].help);
	}
	fputs("\n"
	      "Exit status: 0 success; 1 the sockets could not be read; 2 wrong usage; with "
	      "--check\n"
	      "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n"
	      "Full description: tcpstated(8).\n",
		out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "config/config.h"
#include "config/files.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static struct config *config;
static struct config_errors errors;

static int load_path(const char *path)
{
	config = config_free(config);
	config_errors_release(&errors);
	return config_load(path, &config, &errors);
}

static int load_bytes(const char *text, size_t size)
{
	FILE *f = fopen("t", "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
	return load_path("t");
}

/* Reads the text as the file t. */
static int load(const char *text)
{
	return load_bytes(text, strlen(text));
}

static void load_good(const char *text)
{
	int r = load(text);

	if (errors.count)
		fail_msg("\"%s\": %s", text, errors.list[0]);
	assert_int_equal(r, 0);
}

static char working_folder[] = "/tmp/tcpstated-test-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(working_folder) ? chdir(working_folder) : -1;
}

static int release(void **state)
{
	(void)state;
	config = config_free(config);
	config_errors_release(&errors);
	return 0;
}

static int teardown(void **state)
{
	(void)unlink("t");
	return release(state) || rmdir(working_folder);
}

static const struct rule *find_rule(const char *name)
{
	for (size_t i = 0; i < config->rules_count; i++)
		if (strcmp(config->rules[i].name, name) == 0)
			return &config->rules[i];
	fail_msg("no rule %s", name);
	return NULL;
}

static char *print(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	config_print(c, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* What is printed for a key, up to the end of its line; the caller frees it. */
static char *printed(const char *section, const char *key)
{
	cleanup_(freep) char *text = print(config);
	char heading[64], start[64], *at, *next;

	snprintf(heading, sizeof(heading), "[%s]\n", section);
	snprintf(start, sizeof(start), "\n%s = ", key);
	at = strstr(text, heading);
	if (!at)
		return strdup("(no such section)");
	next = strstr(at, "\n[");
	if (next)
		*next = '\0';
	at = strstr(at, start);
	if (!at)
		return strdup("(no such key)");
	at += strlen(start);
	at[strcspn(at, "\n")] = '\0';
	return strdup(at);
}

/* -- values --------------------------------------------------------------------------------- */

#define OWN "[alert own]\nraise = 10\n"

/* Each value as it is printed, with where it comes from. */
static void test_config_values(void **state)
{
	static const struct {
		const char *text, *section, *key, *value;
	} rows[] = {
		{"", "poll", "interval", "5s ; built in"},
		{"", "poll", "cpu_budget", "1% ; built in"},
		{"", "poll", "tracked_sockets", "262144 ; built in"},
		{"", "output", "ports", "50 ; built in"},
		{"", "output", "snapshots", "none ; built in"},
		{"", "output", "journal", "yes ; built in"},
		{"[poll]\ninterval = 1s", "poll", "interval", "1s ; t:2"},
		{"[poll]\ninterval = 90s", "poll", "interval", "90s ; t:2"},
		{"[poll]\ninterval = 120 s", "poll", "interval", "2min ; t:2"},
		{"[poll]\ninterval=60min\n", "poll", "interval", "1h ; t:2"},
		{"[poll]\ncpu_budget = 0.1%", "poll", "cpu_budget", "0.1% ; t:2"},
		{"[poll]\ncpu_budget = 12.345 %", "poll", "cpu_budget", "12.345% ; t:2"},
		{"[poll]\ncpu_budget = 2.50%", "poll", "cpu_budget", "2.5% ; t:2"},
		{"[poll]\ntracked_sockets = 4194304", "poll", "tracked_sockets", "4194304 ; t:2"},
		{"[output]\nports = 0", "output", "ports", "all ; t:2"},
		{"[output]\nports = all", "output", "ports", "all ; t:2"},
		{"[output]\nsnapshots = stdout", "output", "snapshots", "stdout ; t:2"},
		{"[output]\nevents = /a b/c;d#e # f", "output", "events", "/a b/c;d#e ; t:2"},
		{"[output]\nsnapshot_file = /run/x", "output", "snapshot_file", "/run/x ; t:2"},
		{"[output]\nsnapshot_file = /x\nsnapshot_file = none", "output", "snapshot_file",
			"none ; t:3"},
		{"[output]\njournal = no", "output", "journal", "no ; t:2"},
		/* a rule of the operator's own */
		{OWN, "alert own", "enabled", "yes ; built in"},
		{OWN, "alert own", "states", "all ; built in"},
		{OWN, "alert own", "ports", "all ; built in"},
		{OWN, "alert own", "side", "both ; built in"},
		{OWN, "alert own", "hold", "any ; built in"},
		{OWN, "alert own", "older_than", "0s ; built in"},
		{OWN, "alert own", "measure", "sockets ; built in"},
		{OWN, "alert own", "window", "(no such key)"},
		{OWN, "alert own", "scope", "port ; built in"},
		{OWN, "alert own", "raise", "10 ; t:2"},
		{OWN, "alert own", "clear", "5 ; t:2"},
		{OWN, "alert own", "repeat", "never ; built in"},
		{OWN "repeat = 0", "alert own", "repeat", "never ; t:3"},
		{OWN "repeat = 6h", "alert own", "repeat", "6h ; t:3"},
		{OWN "for = 0", "alert own", "for", "0s ; t:3"},
		{OWN "enabled = no", "alert own", "enabled", "no ; t:3"},
		{OWN "severity = critical", "alert own", "severity", "critical ; t:3"},
		{OWN "states = close-wait, LAST_ACK", "alert own", "states",
			"CLOSE_WAIT, LAST_ACK ; t:3"},
		{OWN "ports = 27015-27030 , 25565,27031", "alert own", "ports",
			"25565,27015-27031 ; t:3"},
		{OWN "ports = 192.0.2.7:80, [2001:DB8::1]:443-444, 25", "alert own", "ports",
			"25,192.0.2.7:80,[2001:db8::1]:443-444 ; t:3"},
		{OWN "ports = 1\nports = all", "alert own", "ports", "all ; t:4"},
		{OWN "side = client", "alert own", "side", "client ; t:3"},
		{OWN "side = client\nside = both", "alert own", "side", "both ; t:4"},
		{OWN "hold = unaccepted,held", "alert own", "hold", "held, unaccepted ; t:3"},
		{OWN "hold = held\nhold = any", "alert own", "hold", "any ; t:4"},
		{OWN "states = CLOSE_WAIT\nolder_than = 10min", "alert own", "older_than",
			"10min ; t:4"},
		{OWN "measure = growth\nwindow = 1h", "alert own", "window", "1h ; t:4"},
		{OWN "scope = total", "alert own", "scope", "total ; t:3"},
		{OWN "scope = owner", "alert own", "scope", "owner ; t:3"},
		{OWN "scope = owner, port", "alert own", "scope", "port, owner ; t:3"},
		{"", "alert close-wait-leak", "scope", "port, owner ; built in"},
		/* raise and clear are in the unit of the measure, wherever that is given */
		{"[alert own]\nraise = 1\n", "alert own", "clear", "0 ; t:2"},
		{"[alert own]\nraise = 3G\nmeasure = memory", "alert own", "raise", "3G ; t:2"},
		{"[alert own]\nraise = 3G\nmeasure = memory", "alert own", "clear", "1536M ; t:2"},
		{"[alert own]\nraise = 1000\nmeasure = memory", "alert own", "raise", "1000 ; t:2"},
		{"[alert own]\nraise = 64 KiB\nmeasure = memory", "alert own", "raise",
			"64K ; t:2"},
		{"[alert own]\nraise = 1T\nmeasure = memory", "alert own", "raise", "1T ; t:2"},
		{"[alert own]\nraise = 5s\nmeasure = oldest", "alert own", "clear", "2s ; t:2"},
		{"[alert own]\nraise = 0.001\nmeasure = growth", "alert own", "clear", "0 ; t:2"},
		{"[alert own]\nraise = 0.3\nmeasure = growth", "alert own", "clear", "0.15 ; t:2"},
		{"[alert own]\nraise = 80%\nmeasure = percent conntrack", "alert own", "clear",
			"40% ; t:2"},
		{"[alert own]\nraise = 80%\nmeasure = percent conntrack", "alert own", "scope",
			"total ; built in"},
		{"[alert own]\nraise = 80%\nmeasure = percent  accept_queue", "alert own", "scope",
			"port ; built in"},
		{"[alert own]\nraise = 1\nmeasure = rate TCPAbortOnData", "alert own", "measure",
			"rate TCPAbortOnData ; t:3"},
		{"[alert own]\nraise = 1\nmeasure = rate TCPAbortOnData", "alert own", "window",
			"10min ; built in"},
		{"[alert own]\nraise = 1\nclear = 0.5\nmeasure = rate OutRsts", "alert own",
			"clear", "0.5 ; t:3"},
		/* a built-in rule, retuned */
		{"", "alert tw-buckets", "raise", "75% ; built in"},
		{"", "alert tw-buckets", "states", "(no such key)"},
		{"", "alert close-wait-growing", "older_than", "(no such key)"},
		{"", "alert accept-queue", "ports", "all ; built in"},
		{"", "alert accept-queue", "side", "both ; built in"},
		{"[alert tw-buckets]\nraise = 50%", "alert tw-buckets", "clear", "40% ; t:2"},
		{"[alert tw-buckets]\nclear = 50%", "alert tw-buckets", "raise", "75% ; built in"},
		{"[alert tw-buckets]\nclear = 50%", "alert tw-buckets", "clear", "50% ; t:2"},
		{"[alert tw-buckets-overflow]\nraise = 9", "alert tw-buckets-overflow", "clear",
			"0 ; t:2"},
		{"[alert close-wait-leak]\nmeasure = memory\nraise = 1M", "alert close-wait-leak",
			"clear", "512K ; t:3"},
		{"[alert close-wait-leak]\nmeasure = growth\nraise = 2", "alert close-wait-leak",
			"older_than", "(no such key)"},
		{"[alert tw-buckets]\nmeasure = sockets\nraise = 5", "alert tw-buckets", "states",
			"all ; built in"},
		{"[alert close-wait-leak]\nmeasure = rate OutRsts\nraise = 2",
			"alert close-wait-leak", "scope", "total ; built in"},
		/* commands */
		{"[exec x]\ncommand = a;b  'c  d' # e", "exec x", "command", "a;b  'c  d' # e"},
		{"[exec x]\ncommand = a 'b #1' \"#2\" #3", "exec x", "command",
			"a 'b #1' \"#2\" #3"},
		{"[exec x]\ncommand = a\ntimeout = 1min # or more", "exec x", "timeout",
			"1min ; t:3"},
		{"[exec x]\ncommand = a", "exec x", "timeout", "10s ; built in"},
		{"[exec x]\ncommand = a\ntimeout=1min", "exec x", "timeout", "1min ; t:3"},
		{"[exec x]\ncommand = a", "exec x", "alerts", "all ; built in"},
		{"[exec x]\ncommand = a\nalerts = own , tcp-mem\n" OWN, "exec x", "alerts",
			"own, tcp-mem ; t:3"},
		{"[exec x]\ncommand = a\nalerts = tcp-mem\nalerts = all", "exec x", "alerts",
			"all ; t:4"},
		/* the later wins, in one section or in two */
		{"[poll]\ninterval = 1s\ninterval = 2s", "poll", "interval", "2s ; t:3"},
		{"[poll]\ninterval = 1s\n[output]\n[poll]\ninterval = 2s", "poll", "interval",
			"2s ; t:5"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(freep) char *value = NULL;

		load_good(rows[i].text);
		value = printed(rows[i].section, rows[i].key);
		if (strcmp(value, rows[i].value) != 0)
			fail_msg("row %zu, \"%s\": %s = \"%s\", not \"%s\"", i, rows[i].text,
				rows[i].key, value, rows[i].value);
	}
}

/* What the program gets, in the units of its structs. */
static void test_config_stores_in_its_units(void **state)
{
	const struct rule *r;

	(void)state;
	load_good("[poll]\ninterval = 2s\ncpu_budget = 0.5%\ntracked_sockets = 2048\n"
		  "[output]\nports = 7\njournal = no\nevents = stdout\n"
		  "[exec x]\ncommand = a\ntimeout = 3s\nalerts = own\n"
		  "[alert own]\nmeasure = oldest\nstates = CLOSE_WAIT\nports = 7777\n"
		  "side = server\nhold = orphan\nolder_than = 3s\nraise = 2min\nfor = 4s\n"
		  "keep = 5s\nrepeat = 6s\n"
		  "[alert grown]\nmeasure = growth\nraise = 0.25\nwindow = 20s\n");
	assert_int_equal(config->interval_ms, 2000);
	assert_true(config->cpu_budget_percent == 0.5);
	assert_int_equal(config->tracked_max, 2048);
	assert_int_equal(config->ports_max, 7);
	assert_false(config->journal);
	assert_string_equal(config->events, "stdout");
	assert_null(config->snapshots);
	assert_int_equal(config->execs_count, 1);
	assert_int_equal(config->execs[0].timeout_ms, 3000);
	assert_int_equal(config->execs[0].alerts_count, 1);
	assert_string_equal(config->execs[0].alerts[0], "own");
	assert_int_equal(config->rules_count, built_in_rules_count + 2);

	r = find_rule("own");
	assert_int_equal(r->measure, MEASURE_OLDEST);
	assert_int_equal(r->states, STATE_BIT(STATE_CLOSE_WAIT));
	assert_true(port_set_has(&r->ports->ports, 7777));
	assert_true(r->sides[SIDE_SERVER] && !r->sides[SIDE_CLIENT]);
	assert_int_equal(r->ownerships, OWNERSHIP_BIT(OWNERSHIP_ORPHAN));
	assert_int_equal(r->older_than_ms, 3000);
	assert_true(r->raise == 120 && r->clear == 60);
	assert_int_equal(r->for_ms, 4000);
	assert_int_equal(r->keep_ms, 5000);
	assert_int_equal(r->repeat_ms, 6000);
	r = find_rule("grown");
	assert_true(r->raise == 0.25 && r->clear == 0.125);
	assert_int_equal(r->window_ms, 20000);
}

/* What a diagnosis says is wrong of other sockets than those it is about. */
static void test_config_retuned_rule_keeps_its_diagnosis_while_it_fits(void **state)
{
	static const struct {
		const char *text, *name;
		bool keeps;
	} rows[] = {
		{"[alert close-wait-leak]\nraise = 5", "close-wait-leak", true},
		{"[alert close-wait-leak]\nports = 7777", "close-wait-leak", true},
		{"[alert close-wait-leak]\nmeasure = memory\nraise = 5M", "close-wait-leak", true},
		{"[alert close-wait-leak]\nstates = LAST_ACK", "close-wait-leak", false},
		{"[alert close-wait-leak]\nhold = any", "close-wait-leak", false},
		{"[alert close-wait-leak]\nmeasure = rate OutRsts\nraise = 5", "close-wait-leak",
			false},
		{"[alert tw-buckets]\nraise = 5%", "tw-buckets", true},
		{"[alert tw-buckets]\nmeasure = percent orphans", "tw-buckets", false},
		{"[alert tcp-mem-aborts]\nraise = 2", "tcp-mem-aborts", true},
		{"[alert tcp-mem-aborts]\nmeasure = rate OutRsts", "tcp-mem-aborts", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		load_good(rows[i].text);
		if ((find_rule(rows[i].name)->diagnosis != NULL) != rows[i].keeps)
			fail_msg("row %zu: \"%s\"", i, rows[i].text);
	}
}

/* -- mistakes ------------------------------------------------------------------------------- */

#define MISTAKES_MAX 4
#define LONG_50      "12345678901234567890123456789012345678901234567890"

static void test_config_mistakes_name_line_word_and_expectation(void **state)
{
	static const struct {
		const char *text;
		/* the start of each sentence, and what else is in it */
		const char *starts[MISTAKES_MAX], *contains[MISTAKES_MAX];
	} rows[] = {
		/* sections and keys */
		{"interval = 5s", {"t:1: 'interval': "}, {"[poll]"}},
		{"\n[pole]\na = b", {"t:2: 'pole': ", "t:3: 'a': "},
			{"[poll], [output], [alert NAME]", "a key of [poll]: interval"}},
		{"[poll x]", {"t:1: 'poll x': "}, {"[poll]"}},
		{"[]", {"t:1: '': "}, {"[poll]"}},
		{"[alert]", {"t:1: 'alert': "}, {"name"}},
		{"[alert A]", {"t:1: 'A': "}, {"lower-case"}},
		{"[alert a b]", {"t:1: 'a b': "}, {"lower-case"}},
		{"[alert 1234567890123456789012345678901234567890123]",
			{"t:1: '1234567890123456789012345678901234567890123': "}, {"raise"}},
		{"[alert 12345678901234567890123456789012345678901234]\nx=y",
			{"t:1: '12345678901234567890123456789012345678901234': ", "t:2: 'x': "},
			{"at most 43", "enabled"}},
		{"[exec 12345678901234567890123456789012345678901234]",
			{"t:1: '12345678901234567890123456789012345678901234': "}, {"at most 43"}},
		{"[poll\ninterval = x", {"t:1: '[poll': ", "t:2: 'x': "}, {"']'", "duration"}},
		{"[poll] interval = 5s", {"t:1: '[poll] interval = 5s': "}, {"nothing after the"}},
		{"[poll]\nInterval = 5s", {"t:2: 'Interval': "},
			{"interval, cpu_budget, tracked_sockets"}},
		{"[poll]\njournal = no", {"t:2: 'journal': "}, {"interval"}},
		{"[poll]\ninterval", {"t:2: 'interval': "}, {"KEY = VALUE"}},
		{"[poll]\ninterval ; = 5s", {"t:2: 'interval': "}, {"KEY = VALUE"}},
		{"[poll]\n= 5s", {"t:2: '': "}, {"interval"}},
		{"[poll]\n" LONG_50 " = 1", {"t:2: '" LONG_50 "': "}, {"interval"}},
		/* all of them, in the order of the lines */
		{"a = b\n[c]\nd = e\n[poll]\nf = g\ninterval = h",
			{"t:1: 'a'", "t:2: 'c'", "t:5: 'f'", "t:6: 'h'"},
			{"section", "[poll]", "interval", "duration"}},
		/* values */
		{"[poll]\ninterval =", {"t:2: 'interval': "}, {"a value: a duration"}},
		{"[poll]\ninterval = 5", {"t:2: '5': "}, {"a duration from 1s to 1h, such as"}},
		{"[poll]\ninterval = 0", {"t:2: '0': "}, {"from 1s"}},
		{"[poll]\ninterval = 5ms", {"t:2: '5ms': "}, {"duration"}},
		{"[poll]\ninterval = 1.5min", {"t:2: '1.5min': "}, {"duration"}},
		{"[poll]\ninterval = -5s", {"t:2: '-5s': "}, {"duration"}},
		{"[poll]\ninterval = 5s5", {"t:2: '5s5': "}, {"duration"}},
		{"[poll]\ninterval = 61min", {"t:2: '61min': "}, {"to 1h"}},
		{"[poll]\ninterval = 18446744073709551616s", {"t:2: '18446744073709551616s': "},
			{"to 1h"}},
		{"[poll]\ninterval = 18446744073709551615h", {"t:2: '18446744073709551615h': "},
			{"to 1h"}},
		{"[poll]\ninterval = 5s# five", {"t:2: '5s# five': "}, {"duration"}},
		{"[poll]\ninterval # = 5s", {"t:2: 'interval': "}, {"KEY = VALUE"}},
		{"[poll]\ninterval = # 5s", {"t:2: 'interval': "}, {"a value: a duration"}},
		{"[poll]\ncpu_budget = 1", {"t:2: '1': "}, {"a percentage from 0.1% to 100%"}},
		{"[poll]\ncpu_budget = 0.09%", {"t:2: '0.09%': "}, {"0.1%"}},
		{"[poll]\ncpu_budget = 1.2345%", {"t:2: '1.2345%': "}, {"percentage"}},
		{"[poll]\ncpu_budget = 1.%", {"t:2: '1.%': "}, {"percentage"}},
		{"[poll]\ncpu_budget = .5%", {"t:2: '.5%': "}, {"percentage"}},
		{"[poll]\ntracked_sockets = 1023", {"t:2: '1023': "}, {"from 1024 to 4194304"}},
		{"[poll]\ntracked_sockets = 1e6", {"t:2: '1e6': "}, {"number"}},
		{"[poll]\ntracked_sockets = 2K", {"t:2: '2K': "}, {"number"}},
		{"[output]\nports = 131073", {"t:2: '131073': "}, {"131072, or all"}},
		{"[output]\nsnapshots = a.json", {"t:2: 'a.json': "}, {"stdout, a file by"}},
		{"[output]\nsnapshots = /", {"t:2: '/': "}, {"file"}},
		{"[output]\nevents = a # b", {"t:2: 'a': "}, {"stdout, a file by"}},
		{"[output]\nsnapshot_file = stdout", {"t:2: 'stdout': "}, {"a file by its"}},
		{"[output]\nevents = /a\nsnapshot_file = /a", {"t:3: '/a': "}, {"another file"}},
		{"[output]\njournal = true", {"t:2: 'true': "}, {"no or yes"}},
		{OWN "severity = ok", {"t:3: 'ok': "}, {"warning or critical"}},
		{OWN "states = CLOSE_WAIT, CLOSED", {"t:3: 'CLOSED': "}, {"TIME_WAIT"}},
		{OWN "states = tw,CLOSE_WAIT, cw", {"t:3: 'tw': ", "t:3: 'cw': "},
			{"TIME_WAIT", "for states: as listed above"}},
		{OWN "ports = 80,http,443,x-y", {"t:3: 'http': ", "t:3: 'x-y': "},
			{"7777", "7777"}},
		{OWN "states = CLOSE_WAIT,,LISTEN", {"t:3: 'states': "}, {"no empty part"}},
		{OWN "ports = 80,http", {"t:3: 'http': "}, {"7777,27015-27030"}},
		{OWN "ports = 192.0.2.7, 80", {"t:3: '192.0.2.7': "}, {"192.0.2.7:80"}},
		{OWN "ports = [2001:db8::1]:x", {"t:3: '[2001:db8::1]:x': "}, {"65535"}},
		{OWN "ports = 192.0.2.7:80\nside = client", {"t:4: 'client': "},
			{"server or both with an address in ports"}},
		{OWN "ports = 2-1", {"t:3: '2-1': "}, {"65535"}},
		{OWN "side = left", {"t:3: 'left': "}, {"server or client or both"}},
		{OWN "hold = held,none", {"t:3: 'none': "}, {"held, orphan, unaccepted"}},
		{OWN "measure = bytes", {"t:3: 'bytes': "}, {"oldest"}},
		{OWN "measure = percent", {"t:3: 'percent': "},
			{"for measure: percent LIMIT, where LIMIT is tw_buckets"}},
		{OWN "measure = percent tw", {"t:3: 'tw': "}, {"tw_buckets"}},
		{OWN "measure = rate listenoverflows", {"t:3: 'listenoverflows': "},
			{"ListenOverflows"}},
		{OWN "measure = sockets 5", {"t:3: 'sockets 5': "}, {"percent LIMIT"}},
		{OWN "measure = growth\nwindow = 9s", {"t:4: '9s': "}, {"from 10s to 1h"}},
		{OWN "scope = all", {"t:3: 'all': "}, {"some of port, owner, total"}},
		{"[exec x]\ncommand = a\ntimeout = 0s", {"t:3: '0s': "}, {"from 1s to 10min"}},
		{"[exec x]\ncommand = a\nalerts = A", {"t:3: 'A': "}, {"names of"}},
		{"[exec x]\ncommand =", {"t:2: 'command': "}, {"a value"}},
		{"[exec x]\ncommand = # a", {"t:2: 'command': "}, {"a value"}},
		/* a ';' that is the shell's to one reader, and begins a comment to another */
		{"[exec x]\ncommand = a ; b", {"t:2: ';': "}, {"script"}},
		{"[exec x]\ncommand = a\t;b", {"t:2: ';': "}, {"script"}},
		{"[exec x]\ncommand = ;b", {"t:2: ';': "}, {"script"}},
		{"[exec x]\ncommand =;b", {"t:2: ';': "}, {"script"}},
		/* what depends on other keys; a key with a mistake in it is in no other one */
		{"[alert own]", {"t:1: 'own': "}, {"raise"}},
		{"[poll]\n[alert own]\n[poll]\n[alert own]\nclear = 5", {"t:2: 'own': "},
			{"raise"}},
		{"[alert own]\nraise = x\nclear = y", {"t:2: 'x': ", "t:3: 'y': "},
			{"raise", "clear"}},
		{"[alert own]\nmeasure = x\nclear = y", {"t:1: 'own': ", "t:2: 'x': "},
			{"raise", "measure"}},
		{"[alert own]\nmeasure = x\nraise = y\nscope = port", {"t:2: 'x': "}, {"measure"}},
		{"[alert tw-buckets]\nseverity = x\nstates = TIME_WAIT\nclear = 99%",
			{"t:2: 'x': ", "t:3: 'states': ", "t:4: '99%': "},
			{"severity", "only with", "clear below raise"}},
		{"[alert own]\nraise =", {"t:2: 'raise': "}, {"a value: an amount"}},
		{"[alert own]\nraise = 5\nstates = LISTEN, x\nolder_than = 5s", {"t:3: 'x': "},
			{"TIME_WAIT"}},
		{"[alert own]\nraise = 0", {"t:2: '0': "}, {"from 1 to 1000000000"}},
		{"[alert own]\nraise = 5.5", {"t:2: '5.5': "}, {"with measure = sockets"}},
		{"[alert own]\nraise = 5M\nmeasure = oldest", {"t:2: '5M': "}, {"a duration"}},
		{"[alert own]\nraise = 5MB\nmeasure = memory", {"t:2: '5MB': "}, {"a size"}},
		{"[alert own]\nraise = 5\nmeasure = percent orphans", {"t:2: '5': "},
			{"a percentage"}},
		{"[alert own]\nraise = 5\nclear = 5", {"t:3: '5': "}, {"clear below raise"}},
		{"[alert own]\nclear = 6\nraise = 5", {"t:2: '6': "}, {"clear below raise"}},
		{"[alert tw-buckets]\nclear = 75%", {"t:2: '75%': "}, {"clear below raise"}},
		{"[alert tw-buckets]\nmeasure = sockets", {"t:2: 'measure': "}, {"raise"}},
		{"[alert tw-buckets]\nstates = TIME_WAIT", {"t:2: 'states': "},
			{"only with measure = sockets"}},
		{"[alert accept-queue]\nports = 1\nside = server\nhold = held", {"t:4: 'hold': "},
			{"only with"}},
		{"[alert close-wait-growing]\nolder_than = 1min", {"t:2: 'older_than': "},
			{"only with measure"}},
		{"[alert close-wait-leak]\nwindow = 1min", {"t:2: 'window': "}, {"growth or rate"}},
		{"[alert tw-buckets]\nscope = port", {"t:2: 'port': "}, {"total"}},
		{"[alert tw-buckets]\nscope = total, owner", {"t:2: 'owner': "}, {"total"}},
		{"[alert accept-queue]\nscope = owner", {"t:2: 'owner': "}, {"port"}},
		{OWN "older_than = 1s", {"t:3: 'older_than': "}, {"CLOSE_WAIT"}},
		{"[alert close-wait-leak]\nstates = TIME_WAIT", {"t:2: 'older_than': "},
			{"CLOSE_WAIT"}},
		{"[alert own]\nmeasure = oldest\nraise = 1s\nstates = LISTEN", {"t:4: 'oldest': "},
			{"closing state"}},
		{"[exec x]\nalerts = nobody", {"t:1: 'x': ", "t:2: 'nobody': "},
			{"command", "built-in rules"}},
		{"[exec x]\nalerts = A, nobody, tcp-mem\ncommand = # a",
			{"t:2: 'A': ", "t:2: 'nobody': ", "t:3: 'command': "},
			{"names of", "built-in rules", "a value"}},
		/* bytes that are not text */
		{"[poll]\n\x01", {"t:2: '\\x01': "}, {"control characters"}},
		{"[poll]\ninterval = 5s\rcpu_budget = 1%", {"t:2: '\\x0d': "}, {"control"}},
		{"[po\x1bll]\ninterval = x", {"t:1: '\\x1b': ", "t:2: 'x': "},
			{"control", "duration"}},
		{"[exec x]\ncommand = a\x1b", {"t:2: '\\x1b': "}, {"control"}},
		{"[poll]\ninterval = \xff", {"t:2: '?': "}, {"duration"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t count = 0;

		assert_int_equal(load(rows[i].text), -EINVAL);
		assert_null(config);
		for (; count < MISTAKES_MAX && rows[i].starts[count] && count < errors.count;
			count++) {
			const char *sentence = errors.list[count];

			if (strncmp(sentence, rows[i].starts[count],
				    strlen(rows[i].starts[count])) != 0 ||
				!strstr(sentence, "': expected ") ||
				!strstr(sentence, rows[i].contains[count]))
				fail_msg("row %zu, \"%s\": \"%s\" should start with \"%s\" and "
					 "hold \"%s\"",
					i, rows[i].text, sentence, rows[i].starts[count],
					rows[i].contains[count]);
		}
		if (errors.count != count || (count < MISTAKES_MAX && rows[i].starts[count]))
			fail_msg("row %zu, \"%s\": %zu mistakes, %s", i, rows[i].text, errors.count,
				errors.count > count ? errors.list[count] : "fewer than expected");
	}
}

/* -- lines ----------------------------------------------------------------------------------- */

static void test_config_text_forms(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{"\xef\xbb\xbf[poll]\ninterval = 7s\n", "7s ; t:2"},
		{"[poll]\r\ninterval = 7s\r\n", "7s ; t:2"},
		{"[poll]\ninterval = 7s", "7s ; t:2"},
		{"; x\n# y\n\n[poll]\ninterval = 7s ; seven", "7s ; t:5"},
		{"[poll] ; x\ninterval:7s", "7s ; t:2"},
		{"[poll] # x ] y\ninterval = 7s # = seven", "7s ; t:2"},
		{"#\n[poll]\t#x\ninterval = 7s\t# seven ; 7", "7s ; t:3"},
		{"[poll]\n#interval = 8s\ninterval = 7s # 8s", "7s ; t:3"},
		/* an indented line continues nothing */
		{"[poll]\n\tinterval = 7s", "7s ; t:2"},
		{"[poll]\ncpu_budget = 1%\n  interval = 7s\n  ; x\n  # y", "7s ; t:3"},
		{"  [ poll ]\ninterval = 7s", "7s ; t:2"},
		{"[poll]\ninterval = 7s\n; \xc3\xa4 = \xff", "7s ; t:2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(freep) char *value = NULL;

		load_good(rows[i].text);
		value = printed("poll", "interval");
		if (strcmp(value, rows[i].value) != 0)
			fail_msg("row %zu: %s", i, value);
	}
	assert_int_equal(load("[exec x]\ncommand = a\n  b --c"), -EINVAL);
	assert_int_equal(load("[exec x]\ncommand = a\n  --b=c"), -EINVAL);
	assert_non_null(strstr(errors.list[0], "t:3: '--b': "));
}

static void test_config_text_with_nul(void **state)
{
	static const char text[] = "[poll]\ninterval = 5s\0x\ncpu_budget = 2%\n";

	(void)state;
	assert_int_equal(load_bytes(text, sizeof(text) - 1), -EINVAL);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.list[0], "t:2: '\\x00': "));
	assert_null(config);
}

/* A command of so many bytes that has whatever means something elsewhere, everywhere. */
static void fill(char *command, size_t length, unsigned seed)
{
	static const char characters[] = "abc ;#[]=:x  y";

	for (size_t i = 0; i < length; i++) {
		char c = characters[(i * 5 + i / 13 + seed) % (sizeof(characters) - 1)];

		/* " ;" would be refused, and blanks at the ends are no part of it. */
		if ((c == ';' && i && command[i - 1] == ' ') ||
			(c == ' ' && (i == 0 || i == length - 1)))
			c = 'z';
		command[i] = c;
	}
	if (command[0] == ';' || command[0] == '#')
		command[0] = 'z';
	command[length] = '\0';
}

static void test_config_long_lines_are_read_completely(void **state)
{
	char command[4096], text[8192];

	(void)state;
	for (size_t length = 150; length < 3900; length += length < 450 ? 1 : 97) {
		for (unsigned seed = 0; seed < 14; seed++) {
			fill(command, length, seed);
			snprintf(text, sizeof(text), "[exec x]\ncommand=%s\ntimeout = 5s\n",
				command);
			load_good(text);
			assert_string_equal(config->execs[0].command, command);
			assert_int_equal(config->execs[0].timeout_ms, 5000);
		}
	}
}

static void test_config_lines_that_are_too_long(void **state)
{
	static char text[16384];
	char *end;

	(void)state;
	/* 4095 bytes are the most, without the comment. */
	for (int more = 0; more < 2; more++) {
		end = stpcpy(text, "[exec x]\ncommand=");
		memset(end, 'x', (size_t)(4095 - 8 + more));
		strcpy(end + 4095 - 8 + more, "\ntimeout = 5s\n");
		assert_int_equal(load(text), more ? -EINVAL : 0);
	}
	assert_non_null(strstr(errors.list[0], "t:2: 'command=xxx"));
	assert_non_null(strstr(errors.list[0], "at most 4095 bytes"));
	/* The command is there: it only is too long. */
	assert_int_equal(errors.count, 1);

	end = stpcpy(text, "[poll]\ninterval = 5s ;");
	memset(end, 'x', 9000);
	strcpy(end + 9000, "\n");
	load_good(text);

	/* Neither a long key nor many blanks are special. */
	end = stpcpy(text, "[exec x]\ncommand = a\n");
	memset(end, 'k', 300);
	strcpy(end + 300, " = 1\n");
	assert_int_equal(load(text), -EINVAL);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.list[0], "t:3: 'kkk"));
	assert_non_null(strstr(errors.list[0], "a key of [exec NAME]: command"));
	end = stpcpy(text, "[exec x]\ncommand = a");
	memset(end, ' ', 300);
	strcpy(end + 300, "b\n");
	load_good(text);
	assert_int_equal(strlen(config->execs[0].command), 302);
}

/* Checks that the text has these mistakes, each from its start on, and no other. */
static void assert_mistakes(const char *text, const char *const *starts, size_t count)
{
	assert_int_equal(load(text), -EINVAL);
	assert_null(config);
	for (size_t i = 0; i < count && i < errors.count; i++)
		if (strncmp(errors.list[i], starts[i], strlen(starts[i])) != 0)
			fail_msg("\"%s\" should start with \"%s\"", errors.list[i], starts[i]);
	assert_int_equal(errors.count, count);
}

/* Keys of a section with a mistake in its name are checked as keys of the section that was meant,
 * and never as keys of the section before. */
static void test_config_keys_of_a_faulty_section_are_checked(void **state)
{
	static const char *const starts[] = {
		"t:2: '12345678901234567890123456789012345678901234': expected a name",
		"t:3: 'interval': expected a key of [alert NAME]",
		"t:4: 'nonsense': expected for for: a duration",
		"t:6: '3h': expected for interval",
		"t:7: 'alrt own': expected one of",
		"t:7: 'own': expected raise",
		"t:8: 'x': expected for states",
		"t:9: 'output x': expected one of",
		"t:10: 'interval': expected a key of [output]",
		"t:11: 'elsewhere': expected one of",
	};

	(void)state;
	assert_mistakes("[poll]\n[alert 12345678901234567890123456789012345678901234]\n"
			"interval = 1s\nfor = nonsense\n[poll]\ninterval = 3h\n"
			"[alrt own]\nstates = x\n[output x]\ninterval = 1s\n[elsewhere]\na = b\n",
		starts, ARRAY_SIZE(starts));
}

/* Mistakes that only show once all files are read are in their place, too. */
static void test_config_mistakes_are_in_file_order(void **state)
{
	static const char *const starts[] = {
		"t:1: 'own': expected raise",
		"t:2: 'states': expected only with",
		"t:4: '5': expected for interval",
		"t:6: 'nobody': expected names",
		"t:7: 'x': expected a key of [exec NAME]",
		"t:12: '99%': expected clear below raise",
	};

	(void)state;
	assert_mistakes("[alert own]\nstates = CLOSE_WAIT\n[poll]\ninterval = 5\n"
			"[exec x]\nalerts = nobody\nx = y\ncommand = a\n"
			"[alert own]\nmeasure = percent orphans\n[alert tw-buckets]\n"
			"clear = 99%\n",
		starts, ARRAY_SIZE(starts));
}

static void test_config_near_misses_name_what_was_meant(void **state)
{
	static const struct {
		const char *text, *candidate; /* NULL: none */
	} rows[] = {
		{"[pol]", "poll"},
		{"[Output]", "output"},
		{"[aelrt x]\nraise = 1", "alert"},
		{"[poll]\nintreval = 5s", "interval"},
		{"[poll]\nCPU_BUDGET = 5%", "cpu_budget"},
		{"[poll]\nnonsense = 5s", NULL},
		{"[output]\njournal = yse", "yes"},
		{"[output]\njournal = on", NULL},
		{"[output]\nevents = stdut", "stdout"},
		{OWN "states = CLOSE_WIAT", "CLOSE_WAIT"},
		{OWN "states = FIN_WAIT", "FIN_WAIT_1"},
		{OWN "hold = orphans", "orphan"},
		{OWN "hold = none", NULL},
		{OWN "side = sever", "server"},
		{OWN "severity = Warning", "warning"},
		{OWN "scope = prot", "port"},
		{OWN "repeat = nevr", "never"},
		{OWN "measure = socket", "sockets"},
		{OWN "measure = tw_buckets", NULL},
		{OWN "measure = percent tw_bucket", "tw_buckets"},
		{OWN "measure = rate listenoverflows", "ListenOverflows"},
		{"[alert close-wait-leek]", "close-wait-leak"},
		{"[alert Close-Wait-Leak]", "close-wait-leak"},
		{"[exec x]\ncommand = a\nalerts = tcpmem", "tcp-mem"},
		{"[exec x]\ncommand = a\nalerts = ow-n\n" OWN, "own"},
		{"[exec x]\ncommand = a\nalerts = TCP-MEM", "tcp-mem"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char end[64] = "";

		assert_int_equal(load(rows[i].text), -EINVAL);
		assert_int_equal(errors.count, 1);
		if (rows[i].candidate)
			snprintf(end, sizeof(end), "; did you mean '%s'?", rows[i].candidate);
		if (!strstr(errors.list[0], end) ||
			(!*end && strstr(errors.list[0], "did you mean")))
			fail_msg("row %zu: %s", i, errors.list[0]);
	}
}

/* A list of accepted words is printed with the first mistake that calls for it. */
static void test_config_lists_of_words_are_printed_once(void **state)
{
	static const char *const texts[] = {
		"[poll]\nx = 1\n[poll]\ny = 1\n",
		OWN "states = x\nstates = y\n",
		OWN "measure = x\nmeasure = y\n",
		OWN "measure = percent x\nmeasure = percent y\n",
	};
	static const char *const words[] = {
		"tracked_sockets", "LAST_ACK", "growth", "client_ports"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(load(texts[i]), -EINVAL);
		assert_int_equal(errors.count, 2);
		assert_non_null(strstr(errors.list[0], words[i]));
		assert_null(strstr(errors.list[1], words[i]));
		assert_non_null(strstr(errors.list[1], "as listed above"));
	}
}

/* Neither a quoted word nor the name of a file breaks a character or steers a terminal. */
static void test_config_sentences_are_printable(void **state)
{
	char text[128] = "[poll]\n";

	(void)state;
	/* Two bytes each: the quoted part ends between two of them. */
	for (int i = 0; i < 40; i++)
		strcat(text, "\xc3\xa4");
	assert_int_equal(load(strcat(text, " = 1")), -EINVAL);
	assert_non_null(strstr(errors.list[0], "\xc3\xa4...': expected"));
	assert_null(strchr(errors.list[0], '?'));
	assert_int_equal(load("[poll]\nx\xe2\x80\xaey\xc2\x9bz = 1"), -EINVAL);
	assert_non_null(strstr(errors.list[0], "'x???y??z': "));
	assert_int_equal(load_path("a\x1b[2Jb\xc3\xa4"), -ENOENT);
	assert_string_equal(errors.list[0], "a?[2Jb\xc3\xa4: No such file or directory");
}

static void test_config_bounds(void **state)
{
	static char text[1 << 20];
	char *end = text;

	(void)state;
	for (size_t i = 0; i < 257 - built_in_rules_count; i++)
		end += sprintf(end, "[alert a%zu]\nraise = 5\n", i);
	assert_int_equal(load(text), -EINVAL);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.list[0], "at most 256"));

	end = text;
	for (int i = 0; i < 65; i++)
		end += sprintf(end, "[exec a%d]\ncommand = a\n", i);
	assert_int_equal(load(text), -EINVAL);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.list[0], "at most 64"));

	end = text;
	for (int i = 0; i < 1200; i++)
		end = stpcpy(end, "x\n");
	assert_int_equal(load(text), -EINVAL);
	assert_int_equal(errors.count, 1001);
	assert_string_equal(errors.list[1000], "there are more mistakes than these 1000");
}

/* -- printing -------------------------------------------------------------------------------- */

/* Removes the origins. */
static char *without_comments(char *text)
{
	char *to = text;

	for (char *line = text; *line;) {
		char *end = strchrnul(line, '\n'), *comment = strstr(line, " ;");
		size_t length = (size_t)((comment && comment < end ? comment : end) - line);

		if (*line != ';') {
			memmove(to, line, length);
			to += length;
			*to++ = '\n';
		}
		line = *end ? end + 1 : end;
	}
	*to = '\0';
	return text;
}

static void test_config_print_reads_back_the_same(void **state)
{
	static const char *const texts[] = {
		"",
		"[poll]\ninterval = 90s\ncpu_budget = 0.333%\n[output]\nports = 0\n"
		"snapshots = stdout\nevents = /a\nsnapshot_file = /b\njournal = no\n",
		OWN "states = close_wait,listen\nports = 1,3,5-9\nside=client\nhold = held\n"
		    "scope = total\nrepeat = 1h\nenabled = no\nseverity = critical\n",
		"[alert a]\nmeasure = growth\nraise = 0.123\n[alert b]\nmeasure = memory\n"
		"raise = 1234567\n[alert c]\nmeasure = oldest\nstates = time_wait\nraise = 61s\n"
		"[alert d]\nmeasure = percent memory\nraise = 0.7%\n[alert e]\n"
		"measure = rate TWKilled\nraise = 100\n",
		"[alert tw-buckets]\nmeasure = sockets\nstates = TIME_WAIT\nraise = 7\n"
		"[alert close-wait-leak]\nmeasure = percent accept_queue\nraise = 7%\n",
		"[exec x]\ncommand = a;b 'c' # d\nalerts = tcp-mem,orphans\n[exec y]\n"
		"command = y\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_(freep) char *first = NULL, *second = NULL, *third = NULL;

		load_good(texts[i]);
		first = print(config);
		load_good(first);
		second = print(config);
		load_good(second);
		third = print(config);
		assert_string_equal(second, third);
		assert_null(strstr(second, "built in"));
		assert_string_equal(without_comments(first), without_comments(second));
	}
}

/* A comment after a command would be handed to the shell. */
static void test_config_print_puts_the_origin_of_a_command_before_it(void **state)
{
	cleanup_(freep) char *text = NULL;

	(void)state;
	load_good("[exec x]\n\ncommand = a\n");
	text = print(config);
	assert_non_null(strstr(text, "[exec x]\n; t:3\ncommand = a\ntimeout = 10s ; built in\n"));
}

/* -- files ----------------------------------------------------------------------------------- */

static char folder[] = "/tmp/tcpstated-test-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	strcpy(folder, "/tmp/tcpstated-test-XXXXXX");
	return system(command) || release(state); /* NOLINT: no word of it is foreign */
}

static void test_config_drop_ins_win_in_the_order_of_their_names(void **state)
{
	cleanup_(freep) char *interval = NULL, *budget = NULL, *sockets = NULL;
	char expected[300];

	(void)state;
	write_file("a", "[poll]\ninterval = 1s\ncpu_budget = 1%\ntracked_sockets = 2000\n");
	assert_int_equal(mkdir(in_folder("a.d"), 0700), 0);
	write_file("a.d/20-x.conf", "[poll]\ninterval = 3s\n");
	write_file("a.d/10-x.conf", "[poll]\ninterval = 2s\ncpu_budget = 2%\n");
	write_file("a.d/.30.conf", "nonsense");
	write_file("a.d/40.conf~", "nonsense");
	write_file("a.d/.conf", "nonsense");
	assert_int_equal(symlink("/dev/null", in_folder("a.d/50.conf")), 0);
	assert_int_equal(load_path(in_folder("a")), 0);
	interval = printed("poll", "interval");
	snprintf(expected, sizeof(expected), "3s ; %s:2", in_folder("a.d/20-x.conf"));
	assert_string_equal(interval, expected);
	budget = printed("poll", "cpu_budget");
	snprintf(expected, sizeof(expected), "2%% ; %s:3", in_folder("a.d/10-x.conf"));
	assert_string_equal(budget, expected);
	sockets = printed("poll", "tracked_sockets");
	snprintf(expected, sizeof(expected), "2000 ; %s:4", in_folder("a"));
	assert_string_equal(sockets, expected);
}

static void test_config_mistakes_of_every_file_are_reported(void **state)
{
	(void)state;
	write_file("a", "x\n");
	assert_int_equal(mkdir(in_folder("a.d"), 0700), 0);
	write_file("a.d/1.conf", "[poll]\ny = z\n");
	assert_int_equal(mkdir(in_folder("a.d/2.conf"), 0700), 0);
	write_file("a.d/3.conf", "[alert own]\n");
	assert_int_equal(load_path(in_folder("a")), -EISDIR);
	assert_int_equal(errors.count, 4);
	assert_non_null(strstr(errors.list[0], "/a:1: 'x': "));
	assert_non_null(strstr(errors.list[1], "/a.d/1.conf:2: 'y': "));
	assert_non_null(strstr(errors.list[2], "/a.d/2.conf: a directory"));
	assert_non_null(strstr(errors.list[3], "/a.d/3.conf:1: 'own': "));
	assert_null(config);
}

/* What is not a regular file is reported at once: nothing waits for somebody to write into it. */
static void test_config_what_is_not_a_file(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(load_path(in_folder("none")), -ENOENT);
	assert_non_null(strstr(errors.list[0], "/none: No such file"));
	assert_int_equal(load_path(folder), -EISDIR);
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	assert_int_equal(load_path(in_folder("fifo")), -EBADF);
	assert_non_null(strstr(errors.list[0], "/fifo: not a regular file"));
	assert_int_equal(load_path("/dev/zero"), -EBADF);
	assert_int_equal(load_path("/dev/null"), 0);

	fd = open(in_folder("large"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)5 << 30), 0);
	close(fd);
	assert_int_equal(load_path(in_folder("large")), -EFBIG);
	assert_non_null(strstr(errors.list[0], "larger than 1 MiB"));

	/* A file in place of the folder of drop-ins. */
	write_file("a", "");
	write_file("a.d", "");
	assert_int_equal(load_path(in_folder("a")), -ENOTDIR);
	assert_non_null(strstr(errors.list[0], "/a.d: Not a directory"));
}

static void test_config_file_of_the_largest_size(void **state)
{
	static char text[CONFIG_FILE_SIZE_MAX + 2];

	(void)state;
	memset(text, '\n', CONFIG_FILE_SIZE_MAX);
	write_file("a", text);
	assert_int_equal(load_path(in_folder("a")), 0);
	memset(text, '\n', CONFIG_FILE_SIZE_MAX + 1);
	write_file("a", text);
	assert_int_equal(load_path(in_folder("a")), -EFBIG);
}

static void test_config_number_of_drop_ins(void **state)
{
	(void)state;
	write_file("a", "");
	assert_int_equal(mkdir(in_folder("a.d"), 0700), 0);
	for (int i = 0; i < 1001; i++) {
		char name[32];

		snprintf(name, sizeof(name), "a.d/%d.conf", i);
		assert_int_equal(symlink("/dev/null", in_folder(name)), 0);
		if (i == 999)
			assert_int_equal(load_path(in_folder("a")), 0);
	}
	assert_int_equal(load_path(in_folder("a")), -E2BIG);
	assert_non_null(strstr(errors.list[0], "/a.d: more than 1000"));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_values),
		cmocka_unit_test(test_config_stores_in_its_units),
		cmocka_unit_test(test_config_retuned_rule_keeps_its_diagnosis_while_it_fits),
		cmocka_unit_test(test_config_mistakes_name_line_word_and_expectation),
		cmocka_unit_test(test_config_text_forms),
		cmocka_unit_test(test_config_text_with_nul),
		cmocka_unit_test(test_config_long_lines_are_read_completely),
		cmocka_unit_test(test_config_lines_that_are_too_long),
		cmocka_unit_test(test_config_keys_of_a_faulty_section_are_checked),
		cmocka_unit_test(test_config_mistakes_are_in_file_order),
		cmocka_unit_test(test_config_near_misses_name_what_was_meant),
		cmocka_unit_test(test_config_lists_of_words_are_printed_once),
		cmocka_unit_test(test_config_sentences_are_printable),
		cmocka_unit_test(test_config_bounds),
		cmocka_unit_test(test_config_print_reads_back_the_same),
		cmocka_unit_test(test_config_print_puts_the_origin_of_a_command_before_it),
		WITH_FOLDER(test_config_drop_ins_win_in_the_order_of_their_names),
		WITH_FOLDER(test_config_mistakes_of_every_file_are_reported),
		WITH_FOLDER(test_config_what_is_not_a_file),
		WITH_FOLDER(test_config_file_of_the_largest_size),
		WITH_FOLDER(test_config_number_of_drop_ins),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

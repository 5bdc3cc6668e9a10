/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "command/options.h"
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define WORDS_MAX 8

static struct options options;
static char error_text[512];

static int parse(const char *const words[WORDS_MAX])
{
	static char storage[WORDS_MAX][2048]; /* the options point into it */
	char *argv[WORDS_MAX + 2];
	int argc = 1;

	/* getopt_long() permutes what it is given. */
	static char name[] = "tcpstated";
	argv[0] = name;
	for (; argc <= WORDS_MAX && words[argc - 1]; argc++) {
		snprintf(storage[argc - 1], sizeof(storage[0]), "%s", words[argc - 1]);
		argv[argc] = storage[argc - 1];
	}
	argv[argc] = NULL;
	struct string error = STRING_IN(error_text);
	return options_parse(argc, argv, &options, &error);
}

#define PARSE(...) parse((const char *const[WORDS_MAX]){__VA_ARGS__})

static void test_options_parse_defaults(void **state)
{
	(void)state;
	assert_int_equal(PARSE(NULL), 0);
	assert_int_equal(options.action, ACTION_ONCE);
	assert_false(options.json);
	assert_int_equal(options.ports_max, 50);
	assert_int_equal(options.filter.states, STATE_SET_ALL);
	assert_null(options.filter.ports);
	assert_true(options.filter.sides[SIDE_SERVER] && options.filter.sides[SIDE_CLIENT]);
	assert_null(options.record);
}

static void test_options_parse_everything(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--json", "--port=7777", "--port", "80-81", "--state=close_wait",
				 "--side=server", "--ports=0"),
		0);
	assert_true(options.json);
	assert_true(port_set_has(&options.filter.ports->ports, 7777));
	assert_true(port_set_has(&options.filter.ports->ports, 81));
	assert_int_equal(options.filter.states, STATE_BIT(STATE_CLOSE_WAIT));
	assert_false(options.filter.sides[SIDE_CLIENT]);
	assert_int_equal(options.ports_max, 0);

	assert_int_equal(PARSE("--closing", "--wide", "--color=never", "--source=proc",
				 "--record=a", "--slabinfo=b"),
		0);
	assert_true(options.closing && options.wide);
	assert_int_equal(options.color, COLOR_NEVER);
	assert_int_equal(options.table, TABLE_PROC);
	assert_string_equal(options.record, "a");
	assert_string_equal(options.slabinfo, "b");

	/* The file to check may be named after it. */
	assert_int_equal(PARSE("--check-config", "--config=c"), 0);
	assert_int_equal(options.action, ACTION_CHECK_CONFIG);
	assert_string_equal(options.config, "c");
}

static void test_options_parse_watch(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--watch"), 0);
	assert_int_equal(options.action, ACTION_WATCH);
	assert_int_equal(options.interval_seconds, 2);
	assert_int_equal(PARSE("--watch=5"), 0);
	assert_int_equal(options.interval_seconds, 5);
	assert_int_equal(PARSE("--watch", "3600"), 0);
	assert_int_equal(options.interval_seconds, 3600);

	/* The next word belongs to it only if it is a number. */
	assert_int_equal(PARSE("--watch", "--port", "80"), 0);
	assert_int_equal(options.interval_seconds, 2);
	assert_true(port_set_has(&options.filter.ports->ports, 80));
	assert_int_equal(PARSE("--wide", "--watch", "5", "--port=80", "--state", "listen"), 0);
	assert_int_equal(options.interval_seconds, 5);
	assert_true(options.wide);
	assert_int_equal(options.filter.states, STATE_BIT(STATE_LISTEN));
}

static void test_options_parse_heartbeat(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--heartbeat"), 0);
	assert_int_equal(options.action, ACTION_HEARTBEAT);
	assert_null(options.filter.ports);
	assert_int_equal(options.watch_ms, 0);

	/* Ports may stand anywhere, any number of them. */
	assert_int_equal(
		PARSE("7777", "--heartbeat", "80-81,90", "--port=100", "--for=2h", "--json"), 0);
	assert_true(port_set_has(&options.filter.ports->ports, 7777));
	assert_true(port_set_has(&options.filter.ports->ports, 81));
	assert_true(port_set_has(&options.filter.ports->ports, 100));
	assert_false(port_set_has(&options.filter.ports->ports, 82));
	assert_int_equal(options.watch_ms, 7200000);
	assert_true(options.json);
	assert_int_equal(PARSE("--heartbeat", "--for=90"), 0);
	assert_int_equal(options.watch_ms, 90000);
	assert_int_equal(PARSE("--heartbeat", "--for=1s"), 0);
	assert_int_equal(PARSE("--heartbeat", "--for=240h"), 0);
	assert_int_equal(options.watch_ms, 864000000);
	assert_int_equal(PARSE("--heartbeat", "--for=10m"), 0);
	assert_int_equal(options.watch_ms, 600000);
}

static void test_options_parse_explain(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--explain"), 0);
	assert_int_equal(options.action, ACTION_EXPLAIN);
	assert_null(options.filter.ports);
	assert_false(options.processes);
	assert_int_equal(options.sockets_max, 0);
	assert_int_equal(PARSE("7777", "--explain", "80-81", "--processes", "--sockets=10000",
				 "--state=close_wait", "--json"),
		0);
	assert_true(port_set_has(&options.filter.ports->ports, 7777));
	assert_true(port_set_has(&options.filter.ports->ports, 81));
	assert_true(options.processes);
	assert_int_equal(options.sockets_max, 10000);
	assert_int_equal(options.filter.states, STATE_BIT(STATE_CLOSE_WAIT));
	assert_int_equal(PARSE("--sockets=1"), 0);
	assert_int_equal(options.action, ACTION_ONCE);
	assert_int_equal(options.sockets_max, 1);
}

static void test_options_parse_ports_as_arguments(void **state)
{
	(void)state;
	assert_int_equal(PARSE("80", "--json", "443", "--port=8080"), 0);
	assert_int_equal(options.action, ACTION_ONCE);
	assert_true(options.json);
	for (size_t i = 0; i < 3; i++)
		assert_true(port_set_has(
			&options.filter.ports->ports, ((const uint16_t[]){80, 443, 8080})[i]));
	assert_false(port_set_has(&options.filter.ports->ports, 81));
	/* What follows "--" is no option. */
	assert_int_equal(PARSE("81", "--json", "--", "82"), 0);
	assert_true(port_set_has(&options.filter.ports->ports, 81));
	assert_true(port_set_has(&options.filter.ports->ports, 82));
	assert_int_equal(PARSE("--", "--json"), -EINVAL);
	assert_non_null(strstr(error_text, "'--json'"));
	/* --help wins over an argument that is none. */
	assert_int_equal(PARSE("nginx", "--help"), 0);
	assert_int_equal(options.action, ACTION_HELP);
}

static void test_options_parse_addresses_with_a_port(void **state)
{
	static const char *const words[][2] = {
		{"--port=192.0.2.7:80,[2001:db8::1]:443", "--json"},
		{"192.0.2.7:80", "[2001:db8::1]:443"},
		{"--explain", "192.0.2.7:80,[2001:db8::1]:443"},
		{"--heartbeat", "192.0.2.7:80,[2001:db8::1]:443"},
	};
	struct service_key k = {.port = 80};
	uint8_t bytes[16] = {192, 0, 2, 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(PARSE(words[i][0], words[i][1]), 0);
		k.address = sock_address_of(AF_INET, bytes);
		assert_true(filter_has(&options.filter, &k));
		k.address = (struct sock_address){0};
		assert_false(filter_has(&options.filter, &k));
		assert_int_equal(options.filter.ports->ranges_count, 2);
	}
	assert_int_equal(PARSE("*:80"), 0);
	assert_true(filter_has(&options.filter, &k));
	/* With a port of both sides, it may still be asked for clients. */
	assert_int_equal(PARSE("192.0.2.7:80", "81", "--side=client"), 0);
}

/* 65 of them. */
static void test_options_parse_refuses_too_many_addresses(void **state)
{
	char text[65 * sizeof("192.0.2.1:10000,")];
	struct string list = STRING_IN(text);

	(void)state;
	for (unsigned i = 0; i < 65; i++)
		string_addf(&list, "%s192.0.2.1:%u", i ? "," : "", 10000 + i);
	assert_int_equal(PARSE("--port", text), -EINVAL);
	assert_string_equal(error_text,
		"--port: too many at '192.0.2.1:10064'; expected at most 64 of ADDRESS:PORT");
}

static void test_options_parse_check(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--check", "--once", "--warning=CLOSE_WAIT=5"), 0);
	assert_int_equal(options.action, ACTION_CHECK);
	assert_int_equal(PARSE("--once", "--check", "--replay=a", "--closing"), 0);
	assert_int_equal(options.action, ACTION_CHECK);
	assert_string_equal(options.replay, "a");
}

static void test_options_parse_help_ends_the_reading(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-h", "--nonsense"), 0);
	assert_int_equal(options.action, ACTION_HELP);
	assert_int_equal(PARSE("--version", "nonsense"), 0);
	assert_int_equal(options.action, ACTION_VERSION);
}

/* Each refusal names the word that was wrong and what was expected instead. */
static void test_options_parse_refusals_name_word_and_expectation(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		const char *names, *expects;
	} rows[] = {
		{{"--nonsense"}, "--nonsense", "--help"},
		{{"-x"}, "-x", "--help"},
		{{"--json", "-hx", NULL}, NULL, NULL}, /* -h first: accepted */
		{{"--port"}, "--port", "value"},
		{{"--json=yes"}, "--json=yes", "no value"},
		{{"word"}, "unexpected argument 'word'", "'tcpstated 80' or --help"},
		{{"70000"}, "'70000'", "65535"},
		{{"80", "x"}, "'x'", "--help"},
		{{"--check", "80"}, "'80'", "--help"},
		/* The unknown letter and not the word before it. */
		{{"--json", "-xh"}, "'-x'", "not an option"},
		{{"--s=1"}, "'--s=1'", "ambiguous"},
		{{"--state=close_wait,nonsense"}, "nonsense", "ESTABLISHED"},
		{{"--port=1,x"}, "'x'", "7777"},
		{{"--port=70000"}, "70000", "65535"},
		{{"--port=192.0.2.7"}, "'192.0.2.7'", "192.0.2.7:80"},
		{{"--port=80,2001:db8::1:80"}, "'2001:db8::1:80'", "[2001:db8::1]:80"},
		{{"--port=192.0.2.7:80-70"}, "'192.0.2.7:80-70'", "65535"},
		{{"[2001:db8::1]"}, "'[2001:db8::1]'", "[2001:db8::1]:80"},
		{{""}, "''", "--help"},
		{{"--side=client", "192.0.2.7:80"}, "--side client", "the address is a server's"},
		{{"--side=left"}, "left", "server or client"},
		{{"--ports=-1"}, "-1", "0"},
		{{"--ports=99999999999999999999999"}, "999", "0"},
		{{"--color=red"}, "red", "always"},
		{{"--source=ss"}, "'ss'", "sock_diag"},
		{{"--json", "--check"}, "--json", "--check"},
		{{"--json", "--wide"}, "--wide", "together"},
		{{"--record=a", "--replay=b"}, "--record", "--replay"},
		{{"--watch=0"}, "'0'", "3600"},
		{{"--watch", "3601"}, "'3601'", "3600"},
		{{"--watch=0.5"}, "'0.5'", "whole seconds"},
		{{"--watch="}, "''", "whole seconds"},
		{{"--watch", "5x"}, "'5x'", "whole seconds"},
		{{"--watch", "x"}, "'x'", "--help"},
		{{"--watch", "5", "6"}, "'6'", "--help"},
		{{"--watch", "--once"}, "--watch", "--once"},
		{{"--watch", "--json"}, "--watch", "--json"},
		{{"--check", "--watch"}, "--watch", "--check"},
		{{"--watch", "--record=a"}, "--watch", "--record"},
		{{"--watch", "--replay=a"}, "--watch", "--replay"},
		{{"--closing", "--state=listen"}, "--closing", "--state"},
		{{"--check-config", "--json"}, "--check-config", "--json"},
		{{"--check-config", "--nonsense"}, "--nonsense", "--help"},
		{{"--warning=50M"}, "--warning", "--check"},
		{{"--check", "--warning=CLOSE_WAIT=x"}, "CLOSE_WAIT=x", "CLOSE_WAIT=500"},
		{{"--check", "--critical=NONSENSE=1"}, "NONSENSE=1", "50M"},
		{{"--heartbeat", "7777,x"}, "'x'", "65535"},
		{{"--heartbeat", "--for=0"}, "'0'", "90s"},
		{{"--heartbeat", "--for=5ms"}, "'5ms'", "10min"},
		{{"--heartbeat", "--for=-5"}, "'-5'", "10min"},
		{{"--heartbeat", "--for=241h"}, "'241h'", "240h"},
		{{"--heartbeat", "--for=99999999999999999999s"}, "999s", "240h"},
		{{"--heartbeat", "--for=18446744073709551h"}, "551h", "240h"},
		{{"--for=5s"}, "--for", "needs --heartbeat"},
		{{"--heartbeat", "--daemon"}, "--heartbeat", "--daemon"},
		{{"--heartbeat", "--check"}, "--heartbeat", "--check"},
		{{"--heartbeat", "--wide"}, "--heartbeat", "--wide"},
		{{"--heartbeat", "--source=proc"}, "--heartbeat", "--source"},
		{{"--heartbeat", "--for=5s", "--record=a"}, "--for", "--record"},
		{{"--heartbeat", "--for=5s", "--replay=a"}, "--for", "--replay"},
		{{"--explain", "x"}, "'x'", "--help"},
		{{"--explain", "7,x"}, "'x'", "65535"},
		{{"--explain", "--heartbeat"}, "--explain", "--heartbeat"},
		{{"--explain", "--check"}, "--explain", "--check"},
		{{"--explain", "--wide"}, "--explain", "--wide"},
		{{"--processes"}, "--processes", "needs --explain"},
		{{"--state-directory=a"}, "--state-directory", "needs --daemon"},
		{{"--config=a"}, "--config needs --watch", "--daemon or --check-config"},
		{{"--explain", "--once"}, "--explain", "--once"},
		{{"--daemon", "--check"}, "--daemon", "--check"},
		{{"--source=proc", "--replay=a"}, "--source", "--replay"},
		{{"--state=tw"}, "'tw' is not a TCP state", "ESTABLISHED, SYN_SENT"},
		{{"--sockets=0"}, "'0'", "10000"},
		{{"--sockets=10001"}, "'10001'", "10000"},
		{{"--sockets=-1"}, "'-1'", "10000"},
		{{"--sockets=1", "--watch"}, "--watch", "--sockets"},
		{{"--sockets=1", "--check"}, "--check", "--sockets"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = parse(rows[i].words);

		if (!rows[i].names) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, -EINVAL);
		if (!strstr(error_text, rows[i].names) || !strstr(error_text, rows[i].expects))
			fail_msg("row %zu: \"%s\" should name %s and expect %s", i, error_text,
				rows[i].names, rows[i].expects);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_parse_defaults),
		cmocka_unit_test(test_options_parse_everything),
		cmocka_unit_test(test_options_parse_watch),
		cmocka_unit_test(test_options_parse_heartbeat),
		cmocka_unit_test(test_options_parse_explain),
		cmocka_unit_test(test_options_parse_ports_as_arguments),
		cmocka_unit_test(test_options_parse_addresses_with_a_port),
		cmocka_unit_test(test_options_parse_refuses_too_many_addresses),
		cmocka_unit_test(test_options_parse_check),
		cmocka_unit_test(test_options_parse_help_ends_the_reading),
		cmocka_unit_test(test_options_parse_refusals_name_word_and_expectation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "unit.h"

#include "json.h"
#include "judge/diagnosis.h"
#include "model/tally.h"
#include "output/event_json.h"
#include "sample_event.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SCHEMA "tcpstated.event.schema.json"

#define DESTINATION(address, device, port, source)                                                 \
	"\"destination\":{\"address\":" address ",\"device\":" device ",\"port\":" port            \
	",\"source\":" source "}"

static char *format(const struct alert_event *e)
{
	char *text = NULL;

	assert_int_equal(event_json_format(e, &text), 0);
	assert_null(strchr(text, '\n'));
	return text;
}

/* An event of which nothing is known that need not be. */
static struct alert_event sparse_event(void)
{
	struct alert_event e = sample_event;

	e.kind = EVENT_CLEARED;
	e.host[0] = e.netns[0] = '\0';
	e.alert = (struct alert){
		.rule =
			{
				.name = "overflow",
				.severity = SEVERITY_CRITICAL,
				.ownerships = OWNERSHIP_SET_ALL,
				.measure = MEASURE_RATE,
				.counter = COUNTER_LISTEN_OVERFLOWS,
			},
		.key.scope = SCOPE_TOTAL,
		.since = e.alert.since,
		.numbers = {UNKNOWN_DOUBLE, UNKNOWN, UNKNOWN, UNKNOWN_U32, UNKNOWN, UNKNOWN,
			{UNKNOWN, UNKNOWN}, {0}},
	};
	e.explanation = (struct explanation){NULL, CAUSE_NONE};
	return e;
}

static void test_event_json_format(void **state)
{
	cleanup_(freep) char *text = format(&sample_event);

	(void)state;
	assert_string_equal(text,
		"{\"schema\":\"tcpstated.event/1\",\"sequence\":17,\"event\":\"raised\","
		"\"time\":\"2026-11-22T09:40:00.123Z\",\"since\":\"2026-11-22T09:39:30.120Z\","
		"\"host\":\"gs1\",\"key\":\"close-wait-leak/host/server/7777\","
		"\"alert\":\"close-wait-leak\",\"id\":\"close-wait-eof-unread\",\"cause\":null,"
		"\"severity\":\"warning\",\"netns\":\"host\",\"scope\":\"port\",\"side\":"
		"\"server\","
		"\"address\":null,\"device\":null,\"port\":7777,\"only_service_of_port\":false,"
		"\"owner\":{\"kind\":\"unit\",\"unit\":\"game.service\","
		"\"container\":null,\"cgroup\":\"/system.slice/game.service\","
		"\"user\":null,\"mixed\":false,\"gone\":false},\"cgroup_id\":null,\"destination\":"
		"null,"
		"\"states\":[\"CLOSE_WAIT\"],\"ownership\":[\"held\"],\"older_than_seconds\":60.0,"
		"\"measure\":\"sockets\",\"limit\":null,\"counter\":null,\"window_seconds\":null,"
		"\"value\":412.0,\"raise\":100.0,\"clear\":50.0,\"rule_gone\":false,"
		"\"ports\":null,\"listeners\":null,\"used\":null,\"max\":null,"
		"\"sockets\":412,\"memory_bytes\":1594000,\"oldest_seconds\":913.4,"
		"\"rule_diagnosis\":\"close-wait-not-closed\","
		"\"what\":\"port 7777 (game.service): 412 CLOSE_WAIT for 60 s or "
		"longer, not closed by the program, 1.5 MiB, oldest 15 min\","
		"\"diagnoses\":{\"close-wait-eof-unread\":{"
		"\"why\":\"The peer has closed, and the program has not even read that: it no "
		"longer calls recv() on these sockets, because it lost track of them, does not "
		"poll "
		"them, or is stuck. The kernel never ends this state by itself: each socket keeps "
		"its memory and its file descriptor, until the program has no descriptors left for "
		"new connections.\","
		"\"do\":\"Find out why these sockets are not in the program's event loop (every "
		"descriptor must be polled for reading until it is closed, even while nothing is "
		"expected), or which thread is stuck. Restarting the program frees them for now; "
		"no "
		"sysctl does.\","
		"\"see\":\"recv(2), epoll(7); RFC 9293 section 3.6; tcpstated-lab run "
		"close-wait-leak\",\"causes\":{}}}}");
	assert_true(schema_accepts(SCHEMA, text));
}

static void test_event_json_unknown_is_null(void **state)
{
	struct alert_event e = sparse_event();
	cleanup_(freep) char *text = format(&e);
	struct json_object *doc = json_tokener_parse(text);
	static const char *const unknown[] = {"/host", "/netns", "/side", "/address", "/device",
		"/port", "/owner", "/destination", "/states", "/ownership", "/older_than_seconds",
		"/limit", "/window_seconds", "/value", "/used", "/max", "/sockets", "/memory_bytes",
		"/oldest_seconds", "/rule_diagnosis", "/id", "/cause"};

	(void)state;
	assert_true(schema_accepts(SCHEMA, text));
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_string_equal(at(doc, unknown[i]), "null");
	assert_string_equal(at(doc, "/key"), "\"overflow/\"");
	assert_string_equal(at(doc, "/diagnoses"), "{}");
	json_object_put(doc);
}

static void assert_same(const struct alert_event *a, const struct alert_event *b)
{
	const struct alert *x = &a->alert, *y = &b->alert;
	cleanup_(freep) char *one = format(a), *two = format(b);

	/* What it says is the same, word for word. */
	assert_string_equal(one, two);
	assert_int_equal(a->sequence, b->sequence);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->time.tv_sec, b->time.tv_sec);
	assert_int_equal(a->time.tv_nsec, b->time.tv_nsec);
	assert_int_equal(x->since.tv_sec, y->since.tv_sec);
	assert_int_equal(x->since.tv_nsec, y->since.tv_nsec);
	assert_int_equal(x->rule.severity, y->rule.severity);
	assert_string_equal(x->rule.name, y->rule.name);
	assert_string_equal(a->host, b->host);
	assert_string_equal(a->netns, b->netns);
	assert_int_equal(x->key.scope, y->key.scope);
	assert_int_equal(owner_key_compare(&x->key.owner_key, &y->key.owner_key), 0);
	assert_int_equal(x->key.service.side, y->key.service.side);
	assert_int_equal(x->key.service.port, y->key.service.port);
	assert_true(sock_address_equal(&x->key.service.address, &y->key.service.address));
	assert_string_equal(x->device, y->device);
	assert_int_equal(x->is_only, y->is_only);
	assert_int_equal(x->owner.kind, y->owner.kind);
	assert_string_equal(x->owner.name, y->owner.name);
	assert_string_equal(x->owner.unit, y->owner.unit);
	assert_string_equal(x->owner.container, y->owner.container);
	assert_string_equal(x->owner.cgroup, y->owner.cgroup);
	assert_string_equal(x->owner.user, y->owner.user);
	assert_int_equal(x->owner.is_mixed, y->owner.is_mixed);
	assert_int_equal(x->owner.is_gone, y->owner.is_gone);
	assert_int_equal(x->is_ruleless, y->is_ruleless);
	assert_int_equal(x->rule.measure, y->rule.measure);
	assert_int_equal(x->rule.limit, y->rule.limit);
	assert_int_equal(x->rule.counter, y->rule.counter);
	assert_int_equal(x->rule.states, y->rule.states);
	assert_int_equal(x->rule.ownerships, y->rule.ownerships);
	assert_int_equal(x->rule.older_than_ms, y->rule.older_than_ms);
	assert_int_equal(x->rule.window_ms, y->rule.window_ms);
	assert_true(x->rule.raise == y->rule.raise && x->rule.clear == y->rule.clear);
	assert_true(x->numbers.value == y->numbers.value ||
		    (isnan(x->numbers.value) && isnan(y->numbers.value)));
	assert_int_equal(x->numbers.sockets, y->numbers.sockets);
	assert_int_equal(x->numbers.memory_bytes, y->numbers.memory_bytes);
	assert_int_equal(x->numbers.oldest_ms, y->numbers.oldest_ms);
	assert_int_equal(x->numbers.ports, y->numbers.ports);
	assert_int_equal(x->numbers.listeners, y->numbers.listeners);
	assert_int_equal(x->numbers.usage.used, y->numbers.usage.used);
	assert_int_equal(x->numbers.usage.max, y->numbers.usage.max);
	assert_int_equal(!x->numbers.destination.sockets, !y->numbers.destination.sockets);
	assert_memory_equal(x->numbers.destination.address, y->numbers.destination.address, 16);
	assert_memory_equal(x->numbers.destination.source, y->numbers.destination.source, 16);
	assert_string_equal(x->numbers.destination.device_name, y->numbers.destination.device_name);
	assert_int_equal(x->numbers.destination.port, y->numbers.destination.port);
	assert_ptr_equal(x->rule.diagnosis, y->rule.diagnosis);
	assert_ptr_equal(a->explanation.id, b->explanation.id);
	assert_int_equal(a->explanation.cause, b->explanation.cause);
}

/* Of the longest texts, each byte of which is two in the document. */
static void longest_owner(struct owner *o)
{
	char path[OWNER_CGROUP_MAX], user[OWNER_USER_MAX];

	memset(path, '"', sizeof(path));
	memcpy(path, "/lxc.payload.", strlen("/lxc.payload."));
	memcpy(path + 60, "/a", 2);
	memset(path + 62, '\\', sizeof(path) - 62);
	strcpy(path + sizeof(path) - sizeof(".service"), ".service");
	memset(user, '"', sizeof(user));
	user[sizeof(user) - 1] = '\0';
	owner_restore(path, user, true, o);
}

/* Events that differ in whatever the document can say. */
static void test_event_json_round_trip(void **state)
{
	struct alert_event e[17];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(e); i++) {
		e[i] = sample_event;
		/* The ids are those of the table. */
		e[i].alert.rule.diagnosis = diagnosis_find(sample_event.alert.rule.diagnosis)->id;
		e[i].explanation.id = diagnosis_find(sample_event.explanation.id)->id;
	}
	e[1] = sparse_event();
	e[2].kind = EVENT_REPEATED;
	e[2].alert.key = (struct alert_key){.scope = SCOPE_PORT, .service.side = SIDE_CLIENT};
	e[2].alert.rule.states = STATE_SET_ALL;
	e[3].sequence = UINT64_MAX - 1;
	e[3].alert.numbers.sockets = e[3].alert.numbers.memory_bytes = UINT64_MAX - 1;
	e[3].alert.key.service.port = 65535;
	e[4].alert.rule.measure = MEASURE_GROWTH;
	e[4].alert.rule.window_ms = 600001;
	e[4].alert.numbers.value = -3.125;
	e[4].alert.rule.raise = 0.25;
	e[4].alert.rule.clear = 1e15;
	e[4].alert.numbers.oldest_ms = 0;
	memset(e[5].host, 'h', sizeof(e[5].host) - 1);
	memset(e[5].netns, 'n', sizeof(e[5].netns) - 1);
	memset(e[5].alert.rule.name, 'a', sizeof(e[5].alert.rule.name) - 1);
	longest_owner(&e[5].alert.owner);
	strcpy(e[6].host, "\"\\/\xc3\xa4");
	e[6].alert.rule.measure = MEASURE_PERCENT;
	e[6].alert.rule.limit = LIMIT_MEMORY;
	e[6].alert.numbers.usage = (struct usage){1594000, UINT64_C(16) << 30};
	e[6].alert.numbers.oldest_ms = UNKNOWN_U32 - 95; /* whole tenths of a second */
	e[7].alert.rule.states = 0;
	e[7].alert.rule.measure = MEASURE_PERCENT;
	e[7].alert.rule.limit = LIMIT_CLIENT_PORTS;
	e[7].alert.numbers.usage = (struct usage){27000, 28232};
	e[7].alert.numbers.destination = (struct destination){
		.sockets = 1, .port = 3306, .family = AF_INET, .address = {10, 0, 0, 5}};
	e[11] = e[7];
	e[11].alert.numbers.destination =
		(struct destination){.sockets = 1, .family = AF_INET, .source = {10, 0, 0, 1}};
	e[8] = e[7];
	e[8].alert.numbers.destination = (struct destination){.sockets = 1,
		.port = 443,
		.family = AF_INET6,
		.source = {0x20, 0x01, 0x0d, 0xb8, [15] = 2},
		.address = {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
		.device_name = "eth1"};
	e[9].explanation.cause = SYMPTOM_FIN_NOT_TAKEN;
	e[9].alert.owner.is_mixed = true;
	e[12].alert.key = (struct alert_key){.scope = SCOPE_OWNER,
		.owner_key = {.cgroup = UINT64_C(1) << 62, .side = SIDE_COUNT}};
	e[12].alert.numbers.ports = 600;
	e[13].alert.key = (struct alert_key){.scope = SCOPE_OWNER, .owner_key.side = SIDE_CLIENT};
	e[13].alert.numbers.listeners = 4;
	e[9].alert.is_ruleless = true;
	e[10].alert.rule.ownerships =
		OWNERSHIP_BIT(OWNERSHIP_ORPHAN) | OWNERSHIP_BIT(OWNERSHIP_NONE);
	e[14].alert.key.service.address = (struct sock_address){AF_INET, {192, 0, 2, 7}};
	e[14].alert.is_only = true;
	e[15].alert.key.service.address = (struct sock_address){AF_INET6, {0xfe, 0x80, [15] = 7}};
	strcpy(e[15].alert.device, "eth1.100");
	e[16].alert.key.service.side = SIDE_CLIENT;
	memset(e[16].alert.device, '9', sizeof(e[16].alert.device) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(e); i++) {
		cleanup_(freep) char *text = format(&e[i]);
		struct alert_event again;

		assert_true(schema_accepts(SCHEMA, text));
		assert_int_equal(event_json_parse(text, strlen(text), &again), 0);
		assert_same(&e[i], &again);
	}
}

/* Equal for every event of an alert, also of one that was read back; different for alerts that
 * differ in any part of what they are about. */
static void test_event_json_key(void **state)
{
	static const struct {
		const char *rule, *netns;
		enum scope scope;
		uint64_t cgroup; /* of SCOPE_OWNER */
		enum sock_side side;
		const char *address, *device;
		uint16_t port;
		const char *key;
	} rows[] = {
		{"a", "host", SCOPE_PORT, 0, SIDE_SERVER, NULL, "", 80, "a/host/server/80"},
		{"b", "host", SCOPE_PORT, 0, SIDE_SERVER, NULL, "", 80, "b/host/server/80"},
		{"a", "blue", SCOPE_PORT, 0, SIDE_SERVER, NULL, "", 80, "a/blue/server/80"},
		{"a", "host", SCOPE_PORT, 0, SIDE_CLIENT, NULL, "", 80, "a/host/client/80"},
		{"a", "host", SCOPE_PORT, 0, SIDE_SERVER, NULL, "", 81, "a/host/server/81"},
		{"a", "host", SCOPE_PORT, 0, SIDE_SERVER, "192.0.2.7", "", 80,
			"a/host/server/192.0.2.7:80"},
		{"a", "host", SCOPE_PORT, 0, SIDE_SERVER, "192.0.2.7", "eth1", 80,
			"a/host/server/192.0.2.7%eth1:80"},
		{"a", "host", SCOPE_PORT, 0, SIDE_SERVER, NULL, "eth1", 80,
			"a/host/server/*%eth1:80"},
		{"a", "host", SCOPE_PORT, 0, SIDE_SERVER, "fe80::7", "2", 80,
			"a/host/server/[fe80::7%2]:80"},
		{"a", "host", SCOPE_TOTAL, 0, 0, NULL, "", 0, "a/host"},
		{"a", "host", SCOPE_OWNER, 4711, 0, NULL, "", 0, "a/host/owner/4711"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct alert_event e = sample_event, again;
		cleanup_(freep) char *text = NULL, *cleared = NULL, *expected = NULL;
		struct service_key *k = &e.alert.key.service;
		uint8_t bytes[16] = {0};
		int family;

		strcpy(e.alert.rule.name, rows[i].rule);
		strcpy(e.netns, rows[i].netns);
		strcpy(e.alert.device, rows[i].device);
		e.alert.key = (struct alert_key){
			.scope = rows[i].scope, .owner_key = {rows[i].cgroup, SIDE_COUNT}};
		*k = (struct service_key){.side = (uint8_t)rows[i].side, .port = rows[i].port};
		if (rows[i].address) {
			family = strchr(rows[i].address, ':') ? AF_INET6 : AF_INET;
			assert_int_equal(inet_pton(family, rows[i].address, bytes), 1);
			k->address = sock_address_of((uint8_t)family, bytes);
		}
		text = format(&e);
		assert_int_equal(asprintf(&expected, "\"key\":\"%s\",", rows[i].key) < 0, 0);
		assert_non_null(strstr(text, expected));
		/* What is told of it may change meanwhile, and its index is not in the document. */
		assert_int_equal(event_json_parse(text, strlen(text), &again), 0);
		again.kind = EVENT_CLEARED;
		again.alert.numbers.value = 0;
		again.alert.is_only = !again.alert.is_only;
		again.alert.owner = (struct owner){0};
		cleared = format(&again);
		assert_non_null(strstr(cleared, expected));
	}
}

/* The oldest age is written in tenths of a second, of which the last is beyond what fits. */
static void test_event_json_oldest_age_reads_back(void **state)
{
	struct alert_event e = sample_event, again;
	cleanup_(freep) char *text = NULL;

	(void)state;
	e.alert.numbers.oldest_ms = UNKNOWN_U32 - 1;
	text = format(&e);
	assert_int_equal(event_json_parse(text, strlen(text), &again), 0);
	assert_int_equal(again.alert.numbers.oldest_ms, UNKNOWN_U32 - 1);
}

static void test_event_json_foreign_text_stays_json(void **state)
{
	struct alert_event e = sample_event, again;
	cleanup_(freep) char *text = NULL;

	(void)state;
	strcpy(e.host, "\"},\xff\n\033");
	text = format(&e);
	assert_true(schema_accepts(SCHEMA, text));
	assert_int_equal(event_json_parse(text, strlen(text), &again), 0);
	assert_string_equal(again.host, "\"},???");
}

/* The text with one place changed; the caller frees it. */
static char *changed(const char *text, const char *from, const char *to)
{
	const char *place = strstr(text, from);
	size_t size = strlen(text) + strlen(to) + 1;
	char *result = malloc(size);

	if (!place)
		fail_msg("there is no '%s' in '%s'", from, text);
	assert_non_null(result);
	snprintf(result, size, "%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
	return result;
}

/* With every such place changed, so that the key is that of the rest. */
static char *changed_everywhere(const char *text, const char *from, const char *to)
{
	char *result = changed(text, from, to);
	size_t done = (size_t)(strstr(text, from) - text) + strlen(to);

	while (strstr(result + done, from)) {
		char *tail = changed(result + done, from, to), *longer = NULL;
		size_t place = (size_t)(strstr(result + done, from) - result);

		assert_int_equal(asprintf(&longer, "%.*s%s", (int)done, result, tail) < 0, 0);
		free(tail);
		free(result);
		result = longer;
		done = place + strlen(to);
	}
	return result;
}

static void test_event_json_parse_takes_what_a_later_version_adds(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"{", " { \"more\" : [{}], "},
		{"412.0,\"raise\"", "4.12e2,\"raise\""},
		{"\"diagnoses\":{", "\"diagnoses\":{\"more\":{},"},
		{"}}}}", "}}}}\n"},
	};
	cleanup_(freep) char *text = format(&sample_event);
	struct alert_event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(freep) char *other = changed(text, rows[i].from, rows[i].to);

		assert_int_equal(event_json_parse(other, strlen(other), &e), 0);
		{
			cleanup_(freep) char *again = format(&e);

			assert_string_equal(again, text);
		}
	}
}

static void test_event_json_parse_refuses(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"tcpstated.event/1", "tcpstated.event/2"},
		{"\"sequence\":17,", ""},
		{"\"sequence\":17", "\"sequence\":-1"},
		{"\"sequence\":17", "\"sequence\":1.5"},
		{"\"sequence\":17", "\"sequence\":18446744073709551615"},
		{"\"raised\"", "\"risen\""},
		{"\"raised\"", "null"},
		{"\"raised\"", "0"},
		{"T09:40:00.123Z", " 09:40:00.123Z"},
		{"T09:40:00.123Z", "T09:40:00Z"},
		{"T09:40:00.123Z", "T09:40:00.-23Z"},
		{"T09:40:00.123Z", "T09:40:00.123Z "},
		{"2026-11-22T09:40", "2026-11-32T09:40"},
		{"2026-11-22T09:40", "2026-02-29T09:40"},
		{"\"2026-11-22T09:40:00.123Z\"", "null"},
		{"\"gs1\"", "1"},
		{"\"gs1\"", "\"\""},
		{"\"gs1\"", "\"a\\u0000b\""},
		{"\"gs1\"", "\"a\\nb\""},
		{"close-wait-leak", "Close"},
		{"close-wait-leak", "a\\nb"},
		{"close-wait-leak", ""},
		{"close-wait-leak", "a-name-that-is-longer-than-any-that-a-rule-may-have"},
		{"\"warning\"", "\"ok\""},
		{"\"scope\":\"port\"", "\"scope\":\"total\""},
		{"\"scope\":\"port\"", "\"scope\":\"owner\""},
		{"\"scope\":\"port\"", "\"scope\":null"},
		{"\"cgroup_id\":null", "\"cgroup_id\":1"},
		{"\"ports\":null", "\"ports\":-1"},
		{"\"server\"", "null"},
		{"\"server\"", "\"both\""},
		{"7777", "null"},
		{"7777", "65536"},
		{"7777", "-1"},
		{"7777", "\"7777\""},
		{"[\"CLOSE_WAIT\"]", "[]"},
		{"[\"CLOSE_WAIT\"]", "[\"CLOSEWAIT\"]"},
		{"[\"CLOSE_WAIT\"]", "[null]"},
		{"[\"CLOSE_WAIT\"]", "\"CLOSE_WAIT\""},
		{"\"sockets\",\"limit\"", "\"socks\",\"limit\""},
		{"\"raise\":100.0", "\"raise\":null"},
		{"\"raise\":100.0", "\"raise\":1e999"},
		{"\"raise\":100.0", "\"raise\":NaN"},
		{"\"raise\":100.0", "\"raise\":true"},
		{"\"value\":412.0", "\"value\":Infinity"},
		{"\"sockets\":412", "\"sockets\":-1"},
		{"\"sockets\":412", "\"sockets\":99999999999999999999"},
		{"\"memory_bytes\":1594000", "\"memory_bytes\":\"x\""},
		{"913.4", "-0.1"},
		{"913.4", "4294968"},
		{"\"what\":", "\"that\":"},
		{"\"what\":", "\"what\":0,\"more\":"},
		{"\"diagnoses\":{", "\"diagnoses\":null,\"more\":{"},
		{"\"diagnoses\":{", "\"diagnoses\":[],\"more\":{"},
		{"\"address\":null", "\"address\":0"},
		{"\"address\":null", "\"address\":\"\""},
		{"\"address\":null", "\"address\":\"192.0.2.7\""}, /* the key says none */
		{"\"address\":null,", ""},
		{"\"device\":null", "\"device\":\"eth1\""},
		{"\"device\":null", "\"device\":7"},
		{"\"device\":null,", ""},
		{"server/7777", "client/7777"},
		{"server/7777", "server/7777 "},
		{"server/7777", "server/7777\\u0000"},
		{"server/7777", "server/*:7777"},
		{"leak/host", "leak/blue"},
		{"\"key\":\"close", "\"key\":null,\"more\":\"close"},
		{"\"only_service_of_port\":false", "\"only_service_of_port\":null"},
		{"\"owner\":{", "\"owner\":7,\"more\":{"},
		{"\"owner\":{", "\"owner\":{},\"more\":{"},
		{"\"mixed\":false", "\"mixed\":0"},
		{"\"gone\":false", "\"gone\":null"},
		{"\"gone\":false}", "\"goner\":false}"},
		{"\"kind\":\"unit\"", "\"kind\":\"docker\""},
		{"\"kind\":\"unit\"", "\"kind\":1"},
		{"\"unit\":\"game.service\"", "\"unit\":\"other.service\""},
		{"\"unit\":\"game.service\"", "\"unit\":null"},
		{"\"container\":null", "\"container\":\"x\""},
		{"\"cgroup\":\"/system.slice/game.service\"", "\"cgroup\":null"},
		{"\"user\":null", "\"user\":1000"},
		{"\"destination\":null", "\"destination\":\"10.0.0.5:3306\""},
		{"\"destination\":null", "\"destination\":{\"address\":\"10.0.0.5\"}"},
		{"\"destination\":null", DESTINATION("\"10.0.0\"", "null", "1", "null")},
		{"\"destination\":null", DESTINATION("\"::1\"", "null", "65536", "null")},
		{"\"destination\":null", DESTINATION("\"::1\"", "null", "null", "null")},
		{"\"destination\":null", DESTINATION("\"::1\"", "null", "1", "\"here\"")},
		{"\"destination\":null", DESTINATION("\"::1\"", "7", "1", "null")},
		{"\"destination\":null", DESTINATION("null", "null", "null", "null")},
		{"\"destination\":null", DESTINATION("null", "null", "1", "\"::1\"")},
		{"[\"held\"]", "[]"},
		{"[\"held\"]", "[\"holds\"]"},
		{"\"limit\":null", "\"limit\":\"orphans\""},
		{"\"counter\":null", "\"counter\":\"ListenOverflows\""},
		{"\"older_than_seconds\":60.0", "\"older_than_seconds\":-1"},
		{"\"used\":null", "\"used\":-1"},
		{"\"rule_diagnosis\":\"close", "\"rule_diagnosis\":7,\"more\":\"close"},
		{"\"cause\":null", "\"cause\":\"bad luck\""},
		{"\"do\"", "do"},
		{"}}}}", "}}}} {}"},
		{"}}}}", "}}}"},
		{"{", "[{"},
	};
	cleanup_(freep) char *text = format(&sample_event);
	struct alert_event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(freep) char *wrong = changed_everywhere(text, rows[i].from, rows[i].to);

		if (event_json_parse(wrong, strlen(wrong), &e) != -EINVAL)
			fail_msg("'%s' is taken for '%s'", rows[i].to, rows[i].from);
	}
}

/* An address or a device that does not fit, with a key that does. */
static void test_event_json_parse_refuses_what_no_service_has(void **state)
{
	static const struct {
		const char *from, *to, *key;
	} rows[] = {
		{"\"192.0.2.7\"", "\"0.0.0.0\"", "0.0.0.0%eth1"},
		{"\"192.0.2.7\"", "\"::ffff:192.0.2.7\"", "192.0.2.7%eth1"},
		{"\"192.0.2.7\"", "\"2001:DB8::1\"", "[2001:db8::1%eth1]"},
		{"\"192.0.2.7\"", "\"192.0.2.7 \"", "192.0.2.7%eth1"},
		{"\"192.0.2.7\"", "\"192.0.2\"", "192.0.2.7%eth1"},
		{"\"192.0.2.7\"", "\"localhost\"", "192.0.2.7%eth1"},
		{"\"eth1\"", "\"eth/1\"", "192.0.2.7%eth/1"},
		{"\"eth1\"", "\"eth:1\"", "192.0.2.7%eth:1"},
		{"\"eth1\"", "\"e h1\"", "192.0.2.7%e h1"},
		{"\"eth1\"", "\"0123456789abcdef\"", "192.0.2.7%0123456789abcde"},
	};
	struct alert_event e = sample_event, again;
	cleanup_(freep) char *text = NULL;

	(void)state;
	e.alert.key.service.address = (struct sock_address){AF_INET, {192, 0, 2, 7}};
	strcpy(e.alert.device, "eth1");
	text = format(&e);
	assert_int_equal(event_json_parse(text, strlen(text), &again), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(freep) char *wrong = changed(text, rows[i].from, rows[i].to);
		cleanup_(freep) char *keyed = changed(wrong, "192.0.2.7%eth1", rows[i].key);

		if (event_json_parse(keyed, strlen(keyed), &again) != -EINVAL)
			fail_msg("'%s' is taken for '%s'", rows[i].to, rows[i].from);
	}
}

/* The schema must be able to say no, or that it accepts proves nothing. */
static void test_event_schema_refuses_what_the_contract_forbids(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"{", "{\"surprise\":1,"},
		{"\"sequence\":17,", ""},
		{"T09:40:00.123Z", " 09:40:00.123Z"},
		{"\"warning\"", "\"ok\""},
		{":7777", ":65536"},
		{"[\"CLOSE_WAIT\"]", "[]"},
		{"\"raise\":100.0", "\"raise\":null"},
		{"913.4", "-0.1"},
		{"\"address\":null", "\"address\":\"\""},
		{"\"why\":", "\"because\":"},
	};
	cleanup_(freep) char *text = format(&sample_event);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(freep) char *wrong = changed(text, rows[i].from, rows[i].to);

		if (schema_accepts(SCHEMA, wrong))
			fail_msg("the schema accepts '%s' for '%s'", rows[i].to, rows[i].from);
	}
}

/* Any part of a document is none: a file that was cut short. */
static void test_event_json_parse_refuses_what_is_cut(void **state)
{
	cleanup_(freep) char *text = format(&sample_event);
	cleanup_(freep) char *big = malloc(EVENT_JSON_SIZE_MAX + 1);
	struct alert_event e;

	(void)state;
	for (size_t i = 0; i < strlen(text); i++) {
		/* A block of its own, so that a read beyond it is seen. */
		cleanup_(freep) char *piece = malloc(i ? i : 1);

		assert_non_null(piece);
		memcpy(piece, text, i);
		assert_int_equal(event_json_parse(piece, i, &e), -EINVAL);
	}
	assert_non_null(big);
	memset(big, ' ', EVENT_JSON_SIZE_MAX + 1);
	memcpy(big, text, strlen(text));
	assert_int_equal(event_json_parse(big, EVENT_JSON_SIZE_MAX + 1, &e), -EINVAL);
	assert_int_equal(event_json_parse(big, EVENT_JSON_SIZE_MAX, &e), 0);
	big[strlen(text)] = '\0';
	assert_int_equal(event_json_parse(big, EVENT_JSON_SIZE_MAX, &e), -EINVAL);
}

/* Of every diagnosis, and of one that only a later version knows. */
static void test_event_json_the_programs_own_sentences_read_back(void **state)
{
	struct alert_event e = sample_event, again;
	cleanup_(freep) char *later = NULL, *text = NULL;

	(void)state;
	for (const struct diagnosis *d = diagnoses; d->id; d++) {
		cleanup_(freep) char *before = NULL, *after = NULL;

		e.alert.rule.diagnosis = e.explanation.id = d->id;
		e.explanation.cause = d->causes ? SYMPTOM_FIN_UNANSWERED : CAUSE_NONE;
		before = format(&e);
		assert_int_equal(event_json_parse(before, strlen(before), &again), 0);
		after = format(&again);
		assert_string_equal(before, after);
	}
	text = format(&sample_event);
	later = changed(text, "\"id\":\"close-wait-eof-unread\"", "\"id\":\"of-a-later-version\"");
	assert_int_equal(event_json_parse(later, strlen(later), &again), 0);
	assert_null(again.explanation.id);
}

/* A command gets it on its standard input, a pipe that may have one page (deliver/command.c). */
static void test_event_json_longest_fits_into_a_page(void **state)
{
	struct alert_event e = sample_event;

	(void)state;
	memset(e.host, '"', 64); /* HOST_NAME_MAX */
	memset(e.netns, '"', sizeof(e.netns) - 1);
	longest_owner(&e.alert.owner);
	memset(e.alert.rule.name, 'a', sizeof(e.alert.rule.name) - 1);
	e.alert.rule.states = STATE_SET_ALL & ~STATE_BIT(STATE_LISTEN);
	for (const struct diagnosis *d = diagnoses; d->id; d++) {
		cleanup_(freep) char *text = NULL;

		e.alert.rule.diagnosis = e.explanation.id = d->id;
		e.explanation.cause = d->causes ? SYMPTOM_FIN_UNANSWERED : CAUSE_NONE;
		text = format(&e);
		assert_true(strlen(text) < 4096);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_json_format),
		cmocka_unit_test(test_event_json_unknown_is_null),
		cmocka_unit_test(test_event_json_round_trip),
		cmocka_unit_test(test_event_json_key),
		cmocka_unit_test(test_event_json_oldest_age_reads_back),
		cmocka_unit_test(test_event_json_the_programs_own_sentences_read_back),
		cmocka_unit_test(test_event_json_longest_fits_into_a_page),
		cmocka_unit_test(test_event_json_foreign_text_stays_json),
		cmocka_unit_test(test_event_json_parse_takes_what_a_later_version_adds),
		cmocka_unit_test(test_event_json_parse_refuses),
		cmocka_unit_test(test_event_json_parse_refuses_what_no_service_has),
		cmocka_unit_test(test_event_schema_refuses_what_the_contract_forbids),
		cmocka_unit_test(test_event_json_parse_refuses_what_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

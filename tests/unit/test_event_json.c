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

#include <errno.h>
#include <math.h>
#include <string.h>

#define SCHEMA "tcpstated.event.schema.json"

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
	e.severity = SEVERITY_CRITICAL;
	e.host[0] = e.netns[0] = '\0';
	e.key = (struct alert_key){0};
	e.states = 0;
	e.measure = MEASURE_RATE;
	e.numbers = (struct alert_numbers){(double)NAN, UNKNOWN, UNKNOWN, UNKNOWN_U32};
	e.why = e.advice = NULL;
	return e;
}

static void test_event_json_format(void **state)
{
	cleanup_(freep) char *text = format(&sample_event);

	(void)state;
	assert_string_equal(text,
		"{\"schema\":\"tcpstated.event/1\",\"sequence\":17,\"event\":\"raised\","
		"\"time\":\"2026-11-22T09:40:00.123Z\",\"since\":\"2026-11-22T09:39:30.120Z\","
		"\"host\":\"gs1\",\"netns\":\"host\",\"alert\":\"close-wait-leak\","
		"\"severity\":\"warning\",\"side\":\"server\",\"port\":7777,"
		"\"states\":[\"CLOSE_WAIT\"],\"measure\":\"sockets\",\"value\":412,\"raise\":100,"
		"\"clear\":50,\"sockets\":412,\"memory_bytes\":1594000,\"oldest_seconds\":913.4,"
		"\"text\":\"port 7777: 412 CLOSE_WAIT held by a program, 1.5 MiB, oldest 15 min\","
		"\"why\":\"The peer has closed.\",\"do\":\"Close the socket.\"}");
	assert_true(schema_accepts(SCHEMA, text));
}

static void test_event_json_unknown_is_null(void **state)
{
	struct alert_event e = sparse_event();
	cleanup_(freep) char *text = format(&e);
	struct json_object *doc = json_tokener_parse(text);
	static const char *const unknown[] = {"/host", "/netns", "/side", "/port", "/states",
		"/value", "/sockets", "/memory_bytes", "/oldest_seconds", "/why", "/do"};

	(void)state;
	assert_true(schema_accepts(SCHEMA, text));
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_string_equal(at(doc, unknown[i]), "null");
	json_object_put(doc);
}

static void assert_same(const struct alert_event *a, const struct alert_event *b)
{
	assert_int_equal(a->sequence, b->sequence);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->time.tv_sec, b->time.tv_sec);
	assert_int_equal(a->time.tv_nsec, b->time.tv_nsec);
	assert_int_equal(a->since.tv_sec, b->since.tv_sec);
	assert_int_equal(a->since.tv_nsec, b->since.tv_nsec);
	assert_int_equal(a->severity, b->severity);
	assert_string_equal(a->alert, b->alert);
	assert_string_equal(a->host, b->host);
	assert_string_equal(a->netns, b->netns);
	assert_int_equal(a->key.has_port, b->key.has_port);
	assert_int_equal(a->key.side, b->key.side);
	assert_int_equal(a->key.port, b->key.port);
	assert_int_equal(a->measure, b->measure);
	assert_int_equal(a->states, b->states);
	assert_true(a->raise == b->raise && a->clear == b->clear);
	assert_true(a->numbers.value == b->numbers.value ||
		    (isnan(a->numbers.value) && isnan(b->numbers.value)));
	assert_int_equal(a->numbers.sockets, b->numbers.sockets);
	assert_int_equal(a->numbers.memory_bytes, b->numbers.memory_bytes);
	assert_int_equal(a->numbers.oldest_ms, b->numbers.oldest_ms);
	assert_string_equal(a->text, b->text);
}

/* Events that differ in whatever the document can say. */
static void test_event_json_round_trip(void **state)
{
	struct alert_event e[7];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(e); i++)
		e[i] = sample_event;
	e[1] = sparse_event();
	e[2].kind = EVENT_REPEATED;
	e[2].key = (struct alert_key){true, SIDE_CLIENT, 0};
	e[2].states = STATE_SET_ALL;
	e[3].sequence = UINT64_MAX - 1;
	e[3].numbers.sockets = e[3].numbers.memory_bytes = UINT64_MAX - 1;
	e[3].key.port = 65535;
	e[4].measure = MEASURE_GROWTH;
	e[4].numbers.value = -3.125;
	e[4].raise = 0.25;
	e[4].clear = 1e15;
	e[4].numbers.oldest_ms = 0;
	memset(e[5].host, 'h', sizeof(e[5].host) - 1);
	memset(e[5].netns, 'n', sizeof(e[5].netns) - 1);
	memset(e[5].alert, 'a', sizeof(e[5].alert) - 1);
	memset(e[5].text, 't', sizeof(e[5].text) - 1);
	strcpy(e[6].host, "\"\\/\xc3\xa4");
	e[6].measure = MEASURE_PERCENT;
	e[6].numbers.oldest_ms = UNKNOWN_U32 - 95; /* whole tenths of a second */
	for (size_t i = 0; i < ARRAY_SIZE(e); i++) {
		cleanup_(freep) char *text = format(&e[i]);
		struct alert_event again;

		assert_true(schema_accepts(SCHEMA, text));
		assert_int_equal(event_json_parse(text, strlen(text), &again), 0);
		assert_same(&e[i], &again);
		assert_null(again.why);
		assert_null(again.advice);
	}
}

/* The oldest age is written in tenths of a second, of which the last is beyond what fits. */
static void test_event_json_oldest_age_reads_back(void **state)
{
	struct alert_event e = sample_event, again;
	cleanup_(freep) char *text = NULL;

	(void)state;
	e.numbers.oldest_ms = UNKNOWN_U32 - 1;
	text = format(&e);
	assert_int_equal(event_json_parse(text, strlen(text), &again), 0);
	assert_int_equal(again.numbers.oldest_ms, UNKNOWN_U32 - 1);
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

static void test_event_json_parse_takes_what_a_later_version_adds(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"{", " { \"more\" : [{}], "},
		{"412,\"raise\"", "4.12e2,\"raise\""},
		{"}", "}\n"},
	};
	cleanup_(freep) char *text = format(&sample_event);
	struct alert_event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(freep) char *other = changed(text, rows[i].from, rows[i].to);

		assert_int_equal(event_json_parse(other, strlen(other), &e), 0);
		assert_same(&e, &sample_event);
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
		{"\"sockets\",\"value\"", "\"socks\",\"value\""},
		{"\"raise\":100", "\"raise\":null"},
		{"\"raise\":100", "\"raise\":1e999"},
		{"\"raise\":100", "\"raise\":NaN"},
		{"\"raise\":100", "\"raise\":true"},
		{"\"value\":412", "\"value\":Infinity"},
		{"\"sockets\":412", "\"sockets\":-1"},
		{"\"sockets\":412", "\"sockets\":99999999999999999999"},
		{"\"memory_bytes\":1594000", "\"memory_bytes\":\"x\""},
		{"913.4", "-0.1"},
		{"913.4", "4294968"},
		{"\"text\":", "\"test\":"},
		{"\"do\"", "do"},
		{"}", "} {}"},
		{"}", ""},
		{"{", "[{"},
	};
	cleanup_(freep) char *text = format(&sample_event);
	struct alert_event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(freep) char *wrong = changed(text, rows[i].from, rows[i].to);

		if (event_json_parse(wrong, strlen(wrong), &e) != -EINVAL)
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
		{"7777", "65536"},
		{"[\"CLOSE_WAIT\"]", "[]"},
		{"\"raise\":100", "\"raise\":null"},
		{"913.4", "-0.1"},
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
		cleanup_(freep) char *part = malloc(i ? i : 1);

		assert_non_null(part);
		memcpy(part, text, i);
		assert_int_equal(event_json_parse(part, i, &e), -EINVAL);
	}
	assert_non_null(big);
	memset(big, ' ', EVENT_JSON_SIZE_MAX + 1);
	memcpy(big, text, strlen(text));
	assert_int_equal(event_json_parse(big, EVENT_JSON_SIZE_MAX + 1, &e), -EINVAL);
	assert_int_equal(event_json_parse(big, EVENT_JSON_SIZE_MAX, &e), 0);
	big[strlen(text)] = '\0';
	assert_int_equal(event_json_parse(big, EVENT_JSON_SIZE_MAX, &e), -EINVAL);
}

/* What the program said itself is what it says again. */
static void test_event_json_the_programs_own_sentences_read_back(void **state)
{
	struct alert_event e = sample_event, again;

	(void)state;
	for (const struct diagnosis *d = diagnoses; d->id; d++) {
		cleanup_(freep) char *text = NULL;

		e.why = d->why;
		e.advice = d->causes && d->causes->words ? d->causes->advice : d->advice;
		text = format(&e);
		assert_int_equal(event_json_parse(text, strlen(text), &again), 0);
		assert_ptr_equal(again.why, e.why);
		assert_ptr_equal(again.advice, e.advice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_json_format),
		cmocka_unit_test(test_event_json_unknown_is_null),
		cmocka_unit_test(test_event_json_round_trip),
		cmocka_unit_test(test_event_json_oldest_age_reads_back),
		cmocka_unit_test(test_event_json_the_programs_own_sentences_read_back),
		cmocka_unit_test(test_event_json_foreign_text_stays_json),
		cmocka_unit_test(test_event_json_parse_takes_what_a_later_version_adds),
		cmocka_unit_test(test_event_json_parse_refuses),
		cmocka_unit_test(test_event_schema_refuses_what_the_contract_forbids),
		cmocka_unit_test(test_event_json_parse_refuses_what_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

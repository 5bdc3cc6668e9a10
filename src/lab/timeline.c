/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/timeline.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/file.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/string.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The duration of a call is reported from here on. */
#define SLOW_CALL_US 10000

#define TEXT_SIZE 512

const char *host_name(enum host host)
{
	return host == SERVER ? "server" : "client";
}

const char *error_name(long number)
{
	/* musl has no strerrorname_np(). */
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{EADDRINUSE, "EADDRINUSE"},
		{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
		{EAGAIN, "EAGAIN"},
		{ECONNREFUSED, "ECONNREFUSED"},
		{ECONNRESET, "ECONNRESET"},
		{EINPROGRESS, "EINPROGRESS"},
		{EINVAL, "EINVAL"},
		{ENOTCONN, "ENOTCONN"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
		{EPIPE, "EPIPE"},
		{ETIMEDOUT, "ETIMEDOUT"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].error == -number)
			return names[i].name;
	return NULL;
}

static bool is_text(const struct timeline *t)
{
	return t->events < 0;
}

/* host is "" for a line that is not a call. */
__attribute__((format(printf, 4, 5))) static void print_line(
	const struct timeline *t, uint64_t at_us, const char *host, const char *format, ...)
{
	va_list arguments;

	printf("%s%8.3f s%s  %-6s  ", t->color ? "\033[2m" : "",
		(double)(at_us - t->start_us) / 1e6, t->color ? "\033[0m" : "", host);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	/* At once, into a pipe too, and before a call that blocks. */
	fflush(stdout);
}

static struct json_object *text_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static struct json_object *seconds(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", value);
	return json_object_new_double_s(value, text);
}

static struct json_object *event_new(
	const struct timeline *t, uint64_t at_us, const enum host *host)
{
	struct json_object *event = json_object_new_object();

	json_object_object_add(event, "seconds", seconds((double)(at_us - t->start_us) / 1e6));
	json_object_object_add(event, "host", text_or_null(host ? host_name(*host) : NULL));
	return event;
}

/* An event is a few hundred bytes. */
#define EVENT_SIZE_MAX ((size_t)64 << 10)

/* In one write(), so that a process that is killed leaves no part of an event. */
static void event_put(struct timeline *t, struct json_object *event)
{
	cleanup_(string_release) struct string s = string_up_to(EVENT_SIZE_MAX);

	string_addf(&s, "%s%s", t->has_events ? "," : "",
		json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN));
	if (!s.error && file_write_all(t->events, s.text, s.length) == 0)
		t->has_events = true;
	json_object_put(event);
}

void timeline_call(
	struct timeline *t, uint64_t began_us, enum host host, const char *name, long returned)
{
	const uint64_t took_us = clock_us(CLOCK_MONOTONIC) - began_us;
	const char *error = error_name(returned);
	struct json_object *event;

	if (is_text(t)) {
		char took[32] = "", result[TEXT_SIZE];

		if (took_us >= SLOW_CALL_US)
			snprintf(took, sizeof(took), " after %.2f s", (double)took_us / 1e6);
		if (returned < 0)
			snprintf(result, sizeof(result), "-1 %s (%s)", error ? error : "?",
				strerror((int)-returned));
		else
			snprintf(result, sizeof(result), "%ld", returned);
		print_line(t, began_us, host_name(host), "%s = %s%s", name, result, took);
		return;
	}
	event = event_new(t, began_us, &host);
	json_object_object_add(event, "call", json_object_new_string(name));
	json_object_object_add(
		event, "returned", json_object_new_int64(returned < 0 ? -1 : returned));
	json_object_object_add(event, "error", text_or_null(error));
	json_object_object_add(event, "took_seconds", seconds((double)took_us / 1e6));
	event_put(t, event);
}

/* A queue of so many bytes, the FIN counting as one. */
static void add_queue(struct string *text, uint32_t bytes, bool has_fin, const char *what)
{
	char count[FORMAT_SIZE];

	if (bytes == 0)
		return;
	if (has_fin && bytes == 1)
		string_addf(text, ", the FIN %s", what);
	else
		string_addf(text, ", %s byte%s%s %s", format_count(count, bytes - has_fin),
			bytes - has_fin == 1 ? "" : "s", has_fin ? " and the FIN" : "", what);
}

static const char *timer_text(const struct sock_record *r)
{
	switch ((enum sock_timer)r->timer) {
	case TIMER_NONE:
		break;
	case TIMER_RETRANSMIT:
		return "retransmission in";
	case TIMER_KEEPALIVE:
		/* The kernel has one timer for both (net/ipv4/tcp_timer.c: tcp_keepalive_timer). */
		return r->ownership == OWNERSHIP_ORPHAN ? "the kernel ends it in" : "keepalive in";
	case TIMER_TIME_WAIT:
		return "the kernel ends it in";
	case TIMER_PROBE:
		return "window probe in";
	}
	return NULL;
}

static void add_socket(struct string *text, const struct sock_record *r)
{
	static const state_set fin_received = STATE_BIT(STATE_CLOSE_WAIT);
	static const state_set fin_sent =
		STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_LAST_ACK);
	static const char *const ownerships[OWNERSHIP_COUNT] = {
		[OWNERSHIP_ORPHAN] = ", orphan",
		[OWNERSHIP_UNACCEPTED] = ", not accepted",
	};
	const char *ownership = ownerships[r->ownership], *timer = timer_text(r);
	char duration[FORMAT_SIZE];

	string_addf(text, "%s%s%s", state_name(r->state), ownership ? ownership : "",
		r->kind == KIND_MINI ? ", mini socket" : "");
	add_queue(text, r->send_queue, state_set_has(fin_sent, r->state), "not acknowledged");
	/* Nobody will read what an orphan has received. */
	if (r->ownership != OWNERSHIP_ORPHAN)
		add_queue(
			text, r->receive_queue, state_set_has(fin_received, r->state), "not read");
	if (timer)
		string_addf(text, ", %s %s", timer, format_duration(duration, r->expires_ms));
}

static void report_state(const struct timeline *t, enum host host, unsigned number,
	const struct sighting *before, const struct sighting *now)
{
	char buf[TEXT_SIZE];
	struct string text = STRING_IN(buf);

	string_add(&text, host_name(host));
	if (number)
		string_addf(&text, " #%u", number);
	if (before->seen && (!now->seen || now->record.state != before->record.state))
		string_addf(&text, " %s ->", state_name(before->record.state));
	string_add_char(&text, ' ');
	if (now->seen)
		add_socket(&text, &now->record);
	else
		string_add(&text, "gone");
	print_line(t, clock_us(CLOCK_MONOTONIC), "", "%s", text.text);
}

static struct json_object *state_or_null(const struct sighting *s)
{
	return text_or_null(s->seen ? state_name(s->record.state) : NULL);
}

static void put_socket(struct json_object *event, const struct sock_record *r)
{
	static const char *const ownerships[OWNERSHIP_COUNT] = {
		NULL, "held", "orphan", "unaccepted"};
	static const char *const kinds[KIND_COUNT] = {"full", "mini", "request"};
	static const char *const timers[] = {NULL, "retransmit", "keepalive", "time_wait", "probe"};
	const char *timer = timers[r->timer];

	json_object_object_add(event, "kind", json_object_new_string(kinds[r->kind]));
	json_object_object_add(event, "hold", text_or_null(ownerships[r->ownership]));
	json_object_object_add(
		event, "receive_queue_bytes", json_object_new_int64(r->receive_queue));
	json_object_object_add(event, "send_queue_bytes", json_object_new_int64(r->send_queue));
	json_object_object_add(event, "timer", text_or_null(timer));
	json_object_object_add(
		event, "timer_seconds", timer ? seconds(r->expires_ms / 1000.0) : NULL);
}

void timeline_state(struct timeline *t, enum host host, unsigned number,
	const struct sighting *before, const struct sighting *now)
{
	struct json_object *event;

	if (is_text(t)) {
		report_state(t, host, number, before, now);
		return;
	}
	event = event_new(t, clock_us(CLOCK_MONOTONIC), &host);
	json_object_object_add(event, "connection", json_object_new_int64(MAX(number, 1U)));
	json_object_object_add(event, "from", state_or_null(before));
	json_object_object_add(event, "state", state_or_null(now));
	if (now->seen)
		put_socket(event, &now->record);
	event_put(t, event);
}

void timeline_crowd(struct timeline *t, enum host host, const uint64_t sockets[STATE_COUNT])
{
	char buf[TEXT_SIZE];
	struct string text = STRING_IN(buf);
	struct json_object *event, *states;
	char count[FORMAT_SIZE];

	if (is_text(t)) {
		STATE_FOREACH(state)
			if (sockets[state])
				string_addf(&text, "%s%s %s", text.length ? ", " : "",
					format_count(count, sockets[state]), state_name(state));
		print_line(t, clock_us(CLOCK_MONOTONIC), "", "%s %s", host_name(host),
			text.length ? text.text : "all others gone");
		return;
	}
	event = event_new(t, clock_us(CLOCK_MONOTONIC), &host);
	states = json_object_new_object();
	STATE_FOREACH(state)
		if (sockets[state])
			json_object_object_add(
				states, state_name(state), json_object_new_uint64(sockets[state]));
	json_object_object_add(event, "sockets", states);
	event_put(t, event);
}

void timeline_remark(struct timeline *t, const enum host *host, const char *text)
{
	const uint64_t now_us = clock_us(CLOCK_MONOTONIC);
	struct json_object *event;

	if (is_text(t)) {
		print_line(t, now_us, host ? host_name(*host) : "", "%s", text);
		return;
	}
	event = event_new(t, now_us, host);
	json_object_object_add(event, "note", json_object_new_string(text));
	event_put(t, event);
}

void timeline_check(
	struct timeline *t, const char *expected, const char *seen, bool ok, enum check_kind kind)
{
	const uint64_t now_us = clock_us(CLOCK_MONOTONIC);
	struct json_object *event;

	if (!is_text(t)) {
		event = event_new(t, now_us, NULL);
		json_object_object_add(event, "expected", json_object_new_string(expected));
		json_object_object_add(event, "seen", json_object_new_string(seen));
		json_object_object_add(event, "ok", json_object_new_boolean(ok));
		event_put(t, event);
	} else if (!ok) {
		print_line(t, now_us, "", "%sFAILED%s: expected: %s; seen: %s",
			t->color ? "\033[1;31m" : "", t->color ? "\033[0m" : "", expected, seen);
	} else if (kind != CHECK_REPORTED) {
		print_line(t, now_us, "", "as expected: %s%s%s", expected,
			kind == CHECK_RANGE ? ": " : "", kind == CHECK_RANGE ? seen : "");
	}
}

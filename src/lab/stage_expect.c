/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must be observed. */
#include "basic/clock.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "basic/unknown.h"
#include "kernel/limits.h"
#include "lab/stage_private.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A counter is up to date when the call that moves it returns, unless another CPU moves it. */
#define COUNTER_WAIT_MS 1000

void stage_wait(uint64_t since_us)
{
	const uint64_t waited_ms = (clock_us(CLOCK_MONOTONIC) - since_us) / 1000;

	poll(NULL, 0, (int)MIN(2 + waited_ms / 20, UINT64_C(50)));
}

static bool is_over(uint64_t since_us, unsigned wait_ms)
{
	return clock_us(CLOCK_MONOTONIC) - since_us > (uint64_t)wait_ms * 1000;
}

/* Reports an expectation; what was seen is given as to printf(). */
__attribute__((format(printf, 5, 6))) static bool conclude(struct stage *s, bool ok,
	enum check_kind kind, const char *expected, const char *format, ...)
{
	char seen[SENTENCE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	string_printv(seen, sizeof(seen), format, arguments);
	va_end(arguments);
	timeline_check(&s->timeline, expected, seen, ok, kind);
	if (!ok)
		outcome_fail(s->outcome, "expected: %s; seen: %s", expected, seen);
	return ok;
}

static const char *seen_state(const struct question *q)
{
	return q->seen ? state_name(q->record.state) : "gone";
}

/* Observes, the first time closely or not, until the answer is as expected or the time is over. */
static void await(struct stage *s, struct question *q, bool (*is_met)(const struct question *q),
	unsigned wait_ms, bool closely)
{
	const uint64_t since = clock_us(CLOCK_MONOTONIC);

	for (stage_observe(s, q, closely); !is_met(q) && !is_over(since, wait_ms);
		stage_observe(s, q, false))
		stage_wait(since);
}

static bool has_state(const struct question *q)
{
	return q->seen && q->record.state == q->state;
}

static bool is_gone(const struct question *q)
{
	return !q->seen;
}

static bool has_count(const struct question *q)
{
	return q->count == q->expected;
}

bool expect_state(struct stage *s, const struct end *e, enum tcp_state state, unsigned wait_ms,
	struct sock_record *ret)
{
	struct question q = {.end = e, .state = state};
	char expected[64];

	await(s, &q, has_state, wait_ms, true);
	if (ret && q.seen)
		*ret = q.record;
	snprintf(expected, sizeof(expected), "%s in %s", host_name(e->side), state_name(state));
	return conclude(s, has_state(&q), CHECK_REPORTED, expected, "%s", seen_state(&q));
}

bool expect_stays(struct stage *s, const struct end *e, enum tcp_state state, unsigned for_ms)
{
	struct question q = {.end = e, .state = state};
	const uint64_t since = clock_us(CLOCK_MONOTONIC);
	char expected[96];

	for (stage_observe(s, &q, false); has_state(&q) && !is_over(since, for_ms);
		stage_observe(s, &q, false))
		stage_wait(since);
	snprintf(expected, sizeof(expected), "%s stays in %s for %.1f s", host_name(e->side),
		state_name(state), for_ms / 1000.0);
	return conclude(s, has_state(&q), CHECK_EXACT, expected, "%s after %.1f s", seen_state(&q),
		(double)(clock_us(CLOCK_MONOTONIC) - since) / 1e6);
}

bool expect_gone(struct stage *s, const struct end *e, unsigned wait_ms)
{
	struct question q = {.end = e};
	char expected[64];

	await(s, &q, is_gone, wait_ms, true);
	snprintf(expected, sizeof(expected), "%s gone", host_name(e->side));
	return conclude(s, is_gone(&q), CHECK_REPORTED, expected, "%s", seen_state(&q));
}

/* "10.0.0.2 port 7777 of to-there", or what of that the listener is bound to. */
static void place_text(char buf[128], const struct connect_options *o, enum host side)
{
	const enum stage_device device = side == SERVER ? o->server_device : o->client_device;
	const union address target = options_target(o);
	char address[INET6_ADDRSTRLEN] = "";
	struct string text = string_in(buf, 128);

	if (o->own_address)
		inet_ntop(target.any.sa_family,
			target.any.sa_family == AF_INET ? (const void *)&target.in.sin_addr
							: &target.in6.sin6_addr,
			address, sizeof(address));
	string_addf(&text, "%s%sport %u", address, *address ? " " : "", o->port);
	if (device != ANY_DEVICE)
		string_addf(&text, " of the %s cable", device == FIRST_CABLE ? "first" : "second");
}

bool expect_count_of(struct stage *s, enum host side, enum tcp_state state,
	const struct connect_options *o, uint64_t count)
{
	const struct connect_options of = options_complete(o);
	struct question q = {.of = &of, .side = side, .state = state, .expected = count};
	char expected[256], place[128], number[FORMAT_SIZE];

	await(s, &q, has_count, SOON_MS, false);
	stage_observe(s, &q, true);
	place_text(place, &of, side);
	snprintf(expected, sizeof(expected), "%s has %s %s on %s", host_name(side),
		format_count(number, count), state_name(state), place);
	return conclude(
		s, has_count(&q), CHECK_EXACT, expected, "%s", format_count(number, q.count));
}

bool expect_count(struct stage *s, enum host host, enum tcp_state state, uint64_t count)
{
	return expect_count_of(s, host, state, &(struct connect_options){0}, count);
}

static uint64_t moved(struct stage *s, enum host host, enum tcp_counter counter)
{
	struct limits now;

	stage_read_limits(s, host, &now);
	return counter_moved(&s->limits[host], &now, counter);
}

bool expect_counter(struct stage *s, enum host host, enum tcp_counter counter, uint64_t least)
{
	const uint64_t since = clock_us(CLOCK_MONOTONIC);
	char expected[128], number[FORMAT_SIZE];
	uint64_t by;

	while ((by = moved(s, host, counter)) < least && !is_over(since, COUNTER_WAIT_MS))
		stage_wait(since);
	snprintf(expected, sizeof(expected), "%s of the %s moves by %" PRIu64 " or more",
		name_of(counter_names, counter), host_name(host), least);
	return conclude(s, by != UNKNOWN && by >= least, CHECK_RANGE, expected, "+%s",
		format_count(number, by));
}

static const char *number_text(char buf[FORMAT_SIZE], long number)
{
	const char *name = error_name(number);

	if (name)
		return name;
	snprintf(buf, FORMAT_SIZE, "%ld", number);
	return buf;
}

bool expect_number(struct stage *s, const char *what, long got, long expected)
{
	char sentence[SENTENCE_SIZE], number[FORMAT_SIZE];

	snprintf(sentence, sizeof(sentence), "%s %s", what, number_text(number, expected));
	return conclude(s, got == expected, CHECK_EXACT, sentence, "%s", number_text(number, got));
}

bool expect_receive(struct stage *s, struct end *e, size_t size, unsigned wait_ms, long expected)
{
	char what[64];

	snprintf(what, sizeof(what), "recv() of the %s returns", host_name(e->side));
	return expect_number(s, what, call_receive(s, e, size, wait_ms), expected);
}

bool expect_between(struct stage *s, const char *what, double got, double least, double most)
{
	char sentence[SENTENCE_SIZE];

	snprintf(sentence, sizeof(sentence), "%s: %g to %g", what, least, most);
	return conclude(s, got >= least && got <= most, CHECK_RANGE, sentence, "%g", got);
}

bool expect_true(struct stage *s, const char *what, bool condition)
{
	return conclude(s, condition, CHECK_EXACT, what, "%s", condition ? "yes" : "no");
}

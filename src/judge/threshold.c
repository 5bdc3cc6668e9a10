/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/threshold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool range_alerts(const struct range *r, uint64_t value)
{
	bool within = r->start <= value && value <= r->end;

	return r->set && within == r->inside;
}

const char *range_format(char buf[RANGE_SIZE], const struct range *r)
{
	const char *at = r->inside ? "@" : "";

	if (!r->set)
		buf[0] = '\0';
	else if (r->end == UINT64_MAX)
		snprintf(buf, RANGE_SIZE, "%s%" PRIu64 ":", at, r->start);
	else if (r->start)
		snprintf(buf, RANGE_SIZE, "%s%" PRIu64 ":%" PRIu64, at, r->start, r->end);
	else
		snprintf(buf, RANGE_SIZE, "%s%" PRIu64, at, r->end);
	return buf;
}

/* How far a unit shifts a number, or 0 when the character is none. */
static unsigned unit_shift(char c)
{
	static const char units[] = "KMGT";

	for (unsigned i = 0; units[i]; i++)
		if (c == units[i] || c == units[i] + ('a' - 'A'))
			return 10 * (i + 1);
	return 0;
}

/* Reads a number at *p, before end, and moves *p behind it. UINT64_MAX is kept for infinity. */
static int parse_number(const char **p, const char *end, bool sizes, uint64_t *ret)
{
	const char *s = *p;
	uint64_t value = 0;
	unsigned shift;

	if (s == end || *s < '0' || *s > '9')
		return -EINVAL;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		if (__builtin_mul_overflow(value, 10U, &value) ||
			__builtin_add_overflow(value, (unsigned)(*s - '0'), &value))
			return -EINVAL;
	}
	shift = sizes && s < end ? unit_shift(*s) : 0;
	if (shift) {
		if (value > UINT64_MAX >> shift)
			return -EINVAL;
		value <<= shift;
		s++;
	}
	if (value == UINT64_MAX)
		return -EINVAL;
	*p = s;
	*ret = value;
	return 0;
}

/* Reads [@][start:][end] in [s, end). */
static int parse_range(const char *s, const char *end, bool sizes, struct range *ret)
{
	struct range r = {.set = true, .end = UINT64_MAX};
	const char *colon;

	if (s < end && *s == '@') {
		r.inside = true;
		s++;
	}
	colon = memchr(s, ':', (size_t)(end - s));
	if (colon) {
		if (s + 1 == colon && *s == '~')
			s++;
		else if (s < colon && parse_number(&s, colon, sizes, &r.start) < 0)
			return -EINVAL;
		if (s != colon)
			return -EINVAL;
		s++;
	}
	/* Only after a colon may the end be left out: then there is none. */
	if ((!colon || s < end) && (parse_number(&s, end, sizes, &r.end) < 0 || s != end))
		return -EINVAL;
	if (r.start > r.end)
		return -EINVAL;
	*ret = r;
	return 0;
}

static int parse_threshold(struct thresholds *t, const char *word, size_t length)
{
	const char *equals = memchr(word, '=', length), *end = word + length;
	enum tcp_state state;

	if (!equals)
		return parse_range(word, end, true, &t->closing_memory);
	if (state_from_name(word, (size_t)(equals - word), &state) < 0)
		return -EINVAL;
	return parse_range(equals + 1, end, false, &t->states[state]);
}

int thresholds_parse(
	struct thresholds *t, const char *list, const char **ret_word, size_t *ret_length)
{
	for (const char *word = list;; word++) {
		size_t length = strcspn(word, ",");

		if (parse_threshold(t, word, length) < 0) {
			*ret_word = word;
			*ret_length = length;
			return -EINVAL;
		}
		word += length;
		if (!*word)
			return 0;
	}
}

bool thresholds_any(const struct thresholds *t)
{
	bool any = t->closing_memory.set;

	STATE_FOREACH(s)
		any = any || t->states[s].set;
	return any;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/threshold.h"

#include "basic/quantity.h"

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

/* UINT64_MAX is kept for infinity. */
static int parse_bound(const char *s, const char *end, enum quantity q, uint64_t *ret)
{
	static const struct range_of_quantity range = {0, UINT64_MAX - 1};

	return quantity_parse(q, s, (size_t)(end - s), &range, ret);
}

/* Reads [@][start:][end] in [s, end). */
static int parse_range(const char *s, const char *end, enum quantity q, struct range *ret)
{
	struct range r = {.set = true, .end = UINT64_MAX};
	const char *colon;

	if (s < end && *s == '@') {
		r.inside = true;
		s++;
	}
	colon = memchr(s, ':', (size_t)(end - s));
	if (colon) {
		bool is_infinite = s + 1 == colon && *s == '~';

		if (s < colon && !is_infinite && parse_bound(s, colon, q, &r.start) < 0)
			return -EINVAL;
		s = colon + 1;
	}
	/* Only after a colon may the end be left out: then there is no upper bound. */
	if ((!colon || s < end) && parse_bound(s, end, q, &r.end) < 0)
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
		return parse_range(word, end, QUANTITY_SIZE, &t->closing_memory);
	if (state_from_name(word, (size_t)(equals - word), &state) < 0)
		return -EINVAL;
	return parse_range(equals + 1, end, QUANTITY_NUMBER, &t->states[state]);
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

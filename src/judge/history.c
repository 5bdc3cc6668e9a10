/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/history.h"

#include "basic/macro.h"
#include "basic/unknown.h"

#include <math.h>
#include <stddef.h>

static const struct port_history_shape shape = {
	.numbers = 1,
	.polls = HISTORY_SEGMENTS + 1,
	.services_max = HISTORY_PORTS_MAX,
};

void history_release(struct history *h)
{
	port_history_release(&h->numbers);
}

int history_start(struct history *h, uint64_t now_ms, uint32_t window_ms)
{
	const uint32_t segment_ms = MAX(window_ms / HISTORY_SEGMENTS, 1U);
	struct port_history *p = &h->numbers;

	/* The last poll is the present one: it is replaced until a segment is behind it. */
	return port_history_start(p, &shape, now_ms,
		p->polls >= 2 && now_ms - p->times_ms[p->polls - 2] < segment_ms, 0);
}

/* What a history finds a key by; NULL: the one of all together. */
static const struct service_key *place_of(const struct alert_key *key, struct service_key *owner)
{
	*owner = owner_key_as_service(&key->owner_key);
	return key->scope == SCOPE_PORT ? &key->service : key->scope == SCOPE_OWNER ? owner : NULL;
}

/* A number of 0 needs no room. Returns false when there is none. */
static bool add_number(struct history *h, const struct alert_key *key, double number)
{
	struct service_key owner;
	uint64_t *now = number > 0 ? port_history_add(&h->numbers, place_of(key, &owner)) : NULL;

	if (now)
		*now = (uint64_t)number;
	return now || number <= 0;
}

static double minutes_since(const struct history *h, unsigned poll)
{
	const struct port_history *p = &h->numbers;

	return (double)(p->times_ms[p->polls - 1] - p->times_ms[poll]) / 60000;
}

static double gain_since(
	const struct history *h, const struct alert_key *key, double number, unsigned poll)
{
	struct service_key owner;
	uint64_t before = *port_history_at(&h->numbers, poll, place_of(key, &owner));

	return is_known(before) ? fmax(number - (double)before, 0) : UNKNOWN_DOUBLE;
}

double history_growth(struct history *h, const struct alert_key *key, double number)
{
	static const unsigned since[] = {0, HISTORY_SEGMENTS / 2, HISTORY_SEGMENTS * 3 / 4};
	double least = HUGE_VAL;

	/* No sockets do not grow. */
	if (!(number > 0))
		return 0;
	if (!add_number(h, key, number) || h->numbers.polls < shape.polls)
		return UNKNOWN_DOUBLE;
	for (size_t i = 0; i < ARRAY_SIZE(since); i++) {
		double gain = gain_since(h, key, number, since[i]);

		if (!is_known(gain))
			return UNKNOWN_DOUBLE;
		least = fmin(least, gain / minutes_since(h, since[i]));
	}
	return least;
}

double history_rate(
	struct history *h, const struct alert_key *key, double number, uint32_t window_ms)
{
	if (!add_number(h, key, number) || h->numbers.polls < 2)
		return UNKNOWN_DOUBLE;
	return gain_since(h, key, number, 0) / fmax(minutes_since(h, 0), window_ms / 60000.0);
}

void history_finish(struct history *h)
{
	port_history_finish(&h->numbers, &(const uint64_t){0});
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/ages.h"

#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/age_bound.h"
#include "model/cookie_table.h"
#include "model/tally.h"

#include <errno.h>
#include <stdlib.h>

/* The smallest table, 48 KiB. */
#define SLOTS_MIN 4096U

/* What a slot keeps of a cookie, a time and a row. */
#define COOKIE_MASK ((UINT64_C(1) << 48) - 1)
#define TIME_MASK   ((1U << 24) - 1)
#define ROW_MASK    ((1U << 17) - 1)

/* A dump under churn can miss a socket (inet_diag resumes by its position in a chain): it is
 * forgotten when two in a row do not show it. */
#define ABSENCES_MAX 2

/* The longest age, 37 hours before its difference would wrap: no pause between scans is longer. */
#define AGE_UNITS_MAX (TIME_MASK - (1U << 19))

/* 96 bits, so that alignment wastes nothing. */
struct slot {
	uint64_t cookie : 48;  /* the lower bits */
	uint64_t entered : 24; /* when, in units of 256 ms, wrapping */
	uint64_t row : 17;
	uint64_t state : 3; /* by ages_state_numbers */
	uint64_t ownership : 2;
	uint64_t absences : 2; /* from how many scans it was absent */
} __attribute__((packed, aligned(4)));

struct ages {
	struct cookie_table table;
	uint32_t now; /* in units, wrapping */
	uint64_t now_ms, watched_since_ms;
	bool watched; /* a complete scan showed every socket of the sample */
};

const uint8_t ages_state_numbers[STATE_COUNT] = {
	[STATE_FIN_WAIT_1] = 1,
	[STATE_FIN_WAIT_2] = 2,
	[STATE_CLOSE_WAIT] = 3,
	[STATE_LAST_ACK] = 4,
	[STATE_CLOSING] = 5,
};

static const enum tcp_state numbered_states[8] = {
	[1] = STATE_FIN_WAIT_1,
	[2] = STATE_FIN_WAIT_2,
	[3] = STATE_CLOSE_WAIT,
	[4] = STATE_LAST_ACK,
	[5] = STATE_CLOSING,
};

static uint64_t slot_cookie(const void *slot)
{
	const struct slot *s = slot;

	return s->cookie;
}

static void slot_set_cookie(void *slot, uint64_t cookie)
{
	struct slot *s = slot;

	s->cookie = cookie & COOKIE_MASK;
}

/* Sets what the present scan shows. */
static void slot_set_observed(struct slot *s, uint32_t row, uint32_t state, uint32_t ownership)
{
	s->row = row & ROW_MASK;
	s->state = state & 7;
	s->ownership = ownership & 3;
	s->absences = 0;
}

static const struct cookie_slot slot_type = {
	.size = sizeof(struct slot),
	.slots_min = SLOTS_MIN,
	.cookie = slot_cookie,
	.set_cookie = slot_set_cookie,
};

static struct slot *slot_at(const struct ages *a, uint32_t i)
{
	return cookie_table_slot(&a->table, &slot_type, i);
}

int ages_new(uint32_t tracked_max, struct ages **ret)
{
	struct ages *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->table.used_max = tracked_max;
	*ret = a;
	return 0;
}

struct ages *ages_free(struct ages *a)
{
	if (a) {
		free(a->table.slots);
		free(a);
	}
	return NULL;
}

void ages_set_max(struct ages *a, uint32_t tracked_max)
{
	a->table.used_max = tracked_max;
}

bool ages_want_info(const struct ages *a)
{
	return !a->watched;
}

uint64_t ages_watched_ms(const struct ages *a)
{
	return a->watched ? a->now_ms - a->watched_since_ms : 0;
}

void ages_start(struct ages *a, uint64_t now_ms)
{
	a->now_ms = now_ms;
	a->now = (uint32_t)(now_ms / AGES_UNIT_MS) & TIME_MASK;
	/* Until the scan shows it. */
	for (uint32_t i = 0; i < a->table.slots_count; i++) {
		struct slot *s = slot_at(a, i);

		if (s->absences < ABSENCES_MAX)
			s->absences++;
	}
}

static uint32_t units_since(const struct ages *a, const struct slot *s)
{
	return (a->now - (uint32_t)s->entered) & TIME_MASK;
}

static bool is_tracked_kind(const struct sock_record *r)
{
	return r->kind == KIND_FULL && r->cookie && ages_state_numbers[r->state];
}

static uint64_t cookie_of(const struct sock_record *r)
{
	return r->cookie & COOKIE_MASK;
}

void ages_expect(const struct ages *a, const struct sock_record *r)
{
	if (is_tracked_kind(r))
		cookie_table_prefetch(&a->table, &slot_type, cookie_of(r));
}

uint32_t ages_observe(struct ages *a, const struct sock_record *r, uint32_t row)
{
	const uint64_t cookie = cookie_of(r);
	uint32_t units;
	struct slot *s;
	bool is_new;

	if (!is_tracked_kind(r) || !cookie)
		return UNKNOWN_U32;
	s = cookie_table_get(&a->table, &slot_type, cookie, &is_new);
	if (!s)
		return UNKNOWN_U32;
	units = units_since(a, s);
	if (is_new || s->state != ages_state_numbers[r->state]) {
		units = MIN(age_bound_ms(r) / AGES_UNIT_MS, AGE_UNITS_MAX);
		s->entered = (a->now - units) & TIME_MASK;
	} else if (units > AGE_UNITS_MAX) {
		s->entered = (a->now - AGE_UNITS_MAX) & TIME_MASK;
		units = AGE_UNITS_MAX;
	}
	slot_set_observed(s, row, ages_state_numbers[r->state], r->ownership);
	return units * AGES_UNIT_MS;
}

/* Returns memory and makes the sample finer when a flood is over. */
static void shrink(struct ages *a)
{
	if (a->table.sampled && a->table.used < a->table.used_max / 4) {
		a->table.sampled--;
		a->watched = false; /* sockets that it left out may be old */
	}
	if (a->table.slots_count > SLOTS_MIN && a->table.used < a->table.slots_count / 4)
		(void)cookie_table_resize(&a->table, &slot_type,
			MAX(a->table.used / 7 * 8 + a->table.used / 8, SLOTS_MIN));
}

void ages_finish(struct ages *a, bool complete)
{
	if (!complete)
		return;
	for (uint32_t i = 0; i < a->table.slots_count;) {
		const struct slot *s = slot_at(a, i);

		if (s->cookie && s->absences == ABSENCES_MAX)
			cookie_table_remove(&a->table, &slot_type, i);
		else
			i++;
	}
	if (!a->watched)
		a->watched_since_ms = a->now_ms;
	a->watched = true;
	shrink(a);
}

uint32_t ages_tracked(const struct ages *a)
{
	return a->table.used;
}

uint32_t ages_weight(const struct ages *a)
{
	return cookie_table_weight(&a->table);
}

void ages_foreach(const struct ages *a, age_fn fn, void *userdata)
{
	for (uint32_t i = 0; i < a->table.slots_count; i++) {
		const struct slot *s = slot_at(a, i);
		const struct age age = {
			.cookie = s->cookie,
			.age_ms = units_since(a, s) * AGES_UNIT_MS,
			.row = s->row,
			.state = numbered_states[s->state],
			.ownership = (enum sock_ownership)s->ownership,
		};

		if (age.cookie && !s->absences)
			fn(&age, userdata);
	}
}

void ages_restore(
	struct ages *a, uint64_t cookie, enum tcp_state state, uint32_t age_ms, uint64_t now_ms)
{
	struct slot *s;
	bool is_new;

	cookie &= COOKIE_MASK;
	if (!cookie || !ages_state_numbers[state])
		return;
	s = cookie_table_get(&a->table, &slot_type, cookie, &is_new);
	if (!s || !is_new)
		return;
	s->entered =
		(now_ms / AGES_UNIT_MS - MIN(age_ms / AGES_UNIT_MS, AGE_UNITS_MAX)) & TIME_MASK;
	slot_set_observed(s, 0, ages_state_numbers[state], OWNERSHIP_NONE);
	s->absences = 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/idle_times.h"

#include "basic/hash.h"
#include "basic/macro.h"
#include "basic/unknown.h"

#include <errno.h>
#include <stdlib.h>

/* The smallest table, 48 KiB. */
#define SLOTS_MIN 1024U

/*
 * The sockets of one look are read one after the other, but bear one time: a silence that falls
 * short of what it should have grown to by less than this did not end.
 */
#define SLACK_MS 100

/* What is known of one direction of hearing. */
struct hearing {
	uint32_t idle_ms;  /* at the look before */
	uint32_t segments; /* at the look before; UNKNOWN_U32: the kernel does not count */
	uint32_t longest_ms, ended_ms;
};

struct slot {
	uint64_t cookie; /* 0: free; the kernel gives none */
	uint32_t seen_ms;
	uint16_t row;
	struct hearing hearing[IDLE_KINDS];
};

struct idle_times {
	struct slot *slots;
	uint32_t slots_count, used, watched_max;
	unsigned sampled; /* one in 2^sampled cookies is kept */
};

uint32_t idle_time_of(const struct sock_record *r, enum idle_kind kind)
{
	if (!r->has_info)
		return UNKNOWN_U32;
	if (kind == IDLE_DATA)
		return r->info.last_data_recv_ms;
	/* Data that comes in order does not renew the time of the last acknowledgement
	 * (net/ipv4/tcp_input.c: tcp_rcv_established). Unknown is the largest number. */
	return MIN(r->info.last_data_recv_ms, r->info.last_ack_recv_ms);
}

static uint32_t segments_of(const struct sock_record *r, enum idle_kind kind)
{
	return kind == IDLE_DATA ? r->info.data_segments_in : r->info.segments_in;
}

static bool is_sampled(const struct idle_times *s, uint64_t hash)
{
	return !(hash & ((UINT64_C(1) << s->sampled) - 1));
}

/* The slot that holds the cookie, or the free one where it would go. */
static struct slot *find_slot(const struct idle_times *s, uint64_t cookie, uint64_t hash)
{
	uint32_t i = hash_home(hash, s->slots_count);

	while (s->slots[i].cookie && s->slots[i].cookie != cookie)
		i = hash_next(i, s->slots_count);
	return &s->slots[i];
}

int idle_times_new(uint32_t watched_max, struct idle_times **ret)
{
	struct idle_times *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->watched_max = watched_max;
	*ret = s;
	return 0;
}

struct idle_times *idle_times_free(struct idle_times *s)
{
	if (s) {
		free(s->slots);
		free(s);
	}
	return NULL;
}

void idle_times_freep(struct idle_times **s)
{
	*s = idle_times_free(*s);
}

/* Moves what the sample keeps into a table of that many slots. Returns false without memory; then
 * all is as it was. */
static bool resize(struct idle_times *s, uint32_t slots_count)
{
	const struct idle_times old = *s;
	struct slot *slots = calloc(slots_count, sizeof(*slots));

	if (!slots)
		return false;
	s->slots = slots;
	s->slots_count = slots_count;
	s->used = 0;
	for (uint32_t i = 0; i < old.slots_count; i++) {
		uint64_t cookie = old.slots[i].cookie, hash = hash_u64(cookie);

		if (!cookie || !is_sampled(s, hash))
			continue;
		*find_slot(s, cookie, hash) = old.slots[i];
		s->used++;
	}
	free(old.slots);
	return true;
}

/* At most half of the slots are used. */
static bool make_room(struct idle_times *s)
{
	while (s->used >= s->watched_max && s->sampled < 32) {
		s->sampled++;
		if (!resize(s, s->slots_count)) {
			s->sampled--;
			return false;
		}
	}
	if (s->used + 1 <= s->slots_count / 2)
		return true;
	return resize(s, MAX(s->slots_count * 2, SLOTS_MIN));
}

static struct slot *slot_for(struct idle_times *s, uint64_t cookie, bool *ret_is_new)
{
	const uint64_t hash = hash_u64(cookie);
	struct slot *slot;

	*ret_is_new = false;
	if (!is_sampled(s, hash))
		return NULL;
	if (s->slots_count) {
		slot = find_slot(s, cookie, hash);
		if (slot->cookie)
			return slot;
	}
	if (!make_room(s) || !is_sampled(s, hash))
		return NULL;
	slot = find_slot(s, cookie, hash);
	slot->cookie = cookie;
	s->used++;
	*ret_is_new = true;
	return slot;
}

static uint32_t longer(uint32_t a, uint32_t b)
{
	if (a == UNKNOWN_U32 || b == UNKNOWN_U32)
		return MIN(a, b);
	return MAX(a, b);
}

/*
 * The longest silence that ended since the look before, elapsed_ms ago; UNKNOWN_U32: none did.
 * From the sign before that look to the last one before this look it is span_ms; the signs that
 * came divide it. One sign leaves it whole.
 */
static uint32_t ended_since(
	const struct hearing *before, uint32_t idle_ms, uint32_t segments, uint64_t elapsed_ms)
{
	const uint64_t grown_ms = before->idle_ms + elapsed_ms;
	uint32_t heard = segments - before->segments; /* both wrap alike */
	uint64_t span_ms;

	if (before->idle_ms == UNKNOWN_U32 || idle_ms + (uint64_t)SLACK_MS >= grown_ms)
		return UNKNOWN_U32;
	span_ms = grown_ms - idle_ms;
	if (segments == UNKNOWN_U32 || before->segments == UNKNOWN_U32)
		return before->idle_ms;
	if (!heard)
		return UNKNOWN_U32;
	return MAX(before->idle_ms, (uint32_t)MIN(span_ms / heard, (uint64_t)UNKNOWN_U32 - 1));
}

static void hear(
	struct hearing *h, const struct sock_record *r, enum idle_kind kind, uint64_t elapsed_ms)
{
	uint32_t idle_ms = idle_time_of(r, kind), segments = segments_of(r, kind);

	h->ended_ms = longer(h->ended_ms, ended_since(h, idle_ms, segments, elapsed_ms));
	h->longest_ms = longer(h->longest_ms, longer(idle_ms, h->ended_ms));
	h->idle_ms = idle_ms;
	h->segments = segments;
}

void idle_times_observe(
	struct idle_times *s, const struct sock_record *r, uint16_t row, uint64_t now_ms)
{
	struct slot *slot;
	bool is_new;

	if (!r->cookie || !r->has_info)
		return;
	slot = slot_for(s, r->cookie, &is_new);
	if (!slot)
		return;
	for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
		if (is_new)
			slot->hearing[k] = (struct hearing){
				UNKNOWN_U32, UNKNOWN_U32, UNKNOWN_U32, UNKNOWN_U32};
		hear(&slot->hearing[k], r, k, (uint32_t)now_ms - slot->seen_ms);
	}
	slot->seen_ms = (uint32_t)now_ms;
	slot->row = row;
}

void idle_times_foreach(const struct idle_times *s, idle_time_fn fn, void *userdata)
{
	for (uint32_t i = 0; i < s->slots_count; i++) {
		const struct slot *slot = &s->slots[i];
		struct idle_time idle_time = {.row = slot->row};

		if (!slot->cookie)
			continue;
		for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
			idle_time.longest_ms[k] = slot->hearing[k].longest_ms;
			idle_time.ended_ms[k] = slot->hearing[k].ended_ms;
		}
		fn(&idle_time, userdata);
	}
}

uint32_t idle_times_watched(const struct idle_times *s)
{
	return s->used;
}

uint32_t idle_times_weight(const struct idle_times *s)
{
	return s->sampled < 32 ? 1U << s->sampled : UINT32_MAX;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/idle_times.h"

#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/cookie_table.h"

#include <errno.h>
#include <stdlib.h>

/* The smallest table, 48 KiB. */
#define SLOTS_MIN 1024U

/*
 * The sockets of one poll are read one after the other, but have one time: an idle time that is
 * shorter than it should have become by less than this did not end.
 */
#define SLACK_MS 100

/* One kind of idle time. */
struct idle {
	uint32_t now_ms;   /* at the last poll */
	uint32_t segments; /* from the peer, at the last poll; UNKNOWN_U32: the kernel does not
			      count */
	uint32_t longest_ms, ended_ms;
};

struct slot {
	uint64_t cookie;
	uint32_t seen_ms;
	uint16_t row;
	struct idle idle[IDLE_KINDS];
};

struct idle_times {
	struct cookie_table table;
};

uint32_t idle_time_of(const struct sock_record *r, enum idle_kind kind)
{
	if (!r->has_info)
		return UNKNOWN_U32;
	if (kind == IDLE_DATA)
		return r->info.last_data_recv_ms;
	/* In-order data does not update the time of the last acknowledgement
	 * (net/ipv4/tcp_input.c: tcp_rcv_established). UNKNOWN_U32 is the largest number. */
	return MIN(r->info.last_data_recv_ms, r->info.last_ack_recv_ms);
}

static uint32_t segments_of(const struct sock_record *r, enum idle_kind kind)
{
	return kind == IDLE_DATA ? r->info.data_segments_in : r->info.segments_in;
}

static uint64_t slot_cookie(const void *slot)
{
	const struct slot *s = slot;

	return s->cookie;
}

static void slot_set_cookie(void *slot, uint64_t cookie)
{
	struct slot *s = slot;

	s->cookie = cookie;
}

static const struct cookie_slot slot_type = {
	.size = sizeof(struct slot),
	.slots_min = SLOTS_MIN,
	.cookie = slot_cookie,
	.set_cookie = slot_set_cookie,
};

int idle_times_new(uint32_t watched_max, struct idle_times **ret)
{
	struct idle_times *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->table.used_max = watched_max;
	*ret = s;
	return 0;
}

struct idle_times *idle_times_free(struct idle_times *s)
{
	if (s) {
		free(s->table.slots);
		free(s);
	}
	return NULL;
}

/*
 * The longest idle time that ended since the poll before, elapsed_ms ago; UNKNOWN_U32: none did.
 * From the last segment before that poll to the last one before this poll is span_ms, which the
 * segments that arrived divide; a single one does not.
 */
static uint32_t ended_since(
	const struct idle *before, uint32_t idle_ms, uint32_t segments, uint64_t elapsed_ms)
{
	const uint64_t grown_ms = before->now_ms + elapsed_ms;
	uint32_t arrived = segments - before->segments; /* both wrap alike */
	uint64_t span_ms;

	if (!is_known(before->now_ms) || idle_ms + (uint64_t)SLACK_MS >= grown_ms)
		return UNKNOWN_U32;
	span_ms = grown_ms - idle_ms;
	if (!is_known(segments) || !is_known(before->segments))
		return before->now_ms;
	if (!arrived)
		return UNKNOWN_U32;
	return MAX(before->now_ms, (uint32_t)MIN(span_ms / arrived, (uint64_t)UNKNOWN_U32 - 1));
}

static void observe(
	struct idle *h, const struct sock_record *r, enum idle_kind kind, uint64_t elapsed_ms)
{
	uint32_t idle_ms = idle_time_of(r, kind), segments = segments_of(r, kind);

	h->ended_ms = known_max(h->ended_ms, ended_since(h, idle_ms, segments, elapsed_ms));
	h->longest_ms = known_max(h->longest_ms, known_max(idle_ms, h->ended_ms));
	h->now_ms = idle_ms;
	h->segments = segments;
}

void idle_times_observe(
	struct idle_times *s, const struct sock_record *r, uint16_t row, uint64_t now_ms)
{
	struct slot *slot;
	bool is_new;

	if (!r->cookie || !r->has_info)
		return;
	slot = cookie_table_get(&s->table, &slot_type, r->cookie, &is_new);
	if (!slot)
		return;
	for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
		if (is_new)
			slot->idle[k] =
				(struct idle){UNKNOWN_U32, UNKNOWN_U32, UNKNOWN_U32, UNKNOWN_U32};
		observe(&slot->idle[k], r, k, (uint32_t)now_ms - slot->seen_ms);
	}
	slot->seen_ms = (uint32_t)now_ms;
	slot->row = row;
}

void idle_times_foreach(const struct idle_times *s, idle_time_fn fn, void *userdata)
{
	for (uint32_t i = 0; i < s->table.slots_count; i++) {
		const struct slot *slot = cookie_table_slot(&s->table, &slot_type, i);
		struct idle_time idle_time = {.row = slot->row};

		if (!slot->cookie)
			continue;
		for (enum idle_kind k = 0; k < IDLE_KINDS; k++) {
			idle_time.longest_ms[k] = slot->idle[k].longest_ms;
			idle_time.ended_ms[k] = slot->idle[k].ended_ms;
		}
		fn(&idle_time, userdata);
	}
}

uint32_t idle_times_watched(const struct idle_times *s)
{
	return s->table.used;
}

uint32_t idle_times_weight(const struct idle_times *s)
{
	return cookie_table_weight(&s->table);
}

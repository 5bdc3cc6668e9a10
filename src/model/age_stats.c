/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/age_stats.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/histogram.h"
#include "model/tally.h"

#include <errno.h>
#include <stdlib.h>

#define MINUTE_MS 60000U

static const uint32_t marks_ms[AGE_MARK_COUNT] = {
	[AGE_MARK_1_MINUTE] = MINUTE_MS,
	[AGE_MARK_10_MINUTES] = 10 * MINUTE_MS,
	[AGE_MARK_60_MINUTES] = 60 * MINUTE_MS,
};

/* The groups of one state are adjacent, and so are their sockets: first the ports that are not
 * listed, then each listed one, then all of these together, which has no sockets of its own. */
static size_t groups_a_state(size_t ports)
{
	return ports + 2;
}

static struct age_stats *group_of(const struct age_table *t, enum tcp_state state, size_t place)
{
	return &t->groups[(ages_state_numbers[state] - 1U) * groups_a_state(t->ports) + place];
}

/* Sorts the ages of a scan by their groups. */
struct sorting {
	struct age_table *table;
	const struct age_rows *rows;
	uint32_t *ages_ms; /* all of them, group by group */
	uint32_t *ends;    /* where the next one of a group goes */
	uint32_t count;
};

static size_t group_index(const struct sorting *s, const struct age *age)
{
	const struct creator_tally *t = tally_creator_of_age(s->rows->creators, age->row);
	const uint32_t row = t ? t->row : age->row;
	const size_t place = row < s->rows->rows ? s->rows->places[row] : 0;

	return (size_t)(group_of(s->table, age->state, place) - s->table->groups);
}

static void count_age(const struct age *age, void *userdata)
{
	struct sorting *s = userdata;

	s->table->groups[group_index(s, age)].tracked++;
	s->count++;
}

static void place_age(const struct age *age, void *userdata)
{
	struct sorting *s = userdata;

	s->ages_ms[s->ends[group_index(s, age)]++] = age->age_ms;
}

static int compare_ages(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The place of a quantile in a list of count, by nearest rank. */
static uint32_t rank_of(uint32_t count, uint32_t percent)
{
	return (uint32_t)(((uint64_t)count * percent + 99) / 100) - 1;
}

static void take_quantiles(struct age_stats *ret, uint32_t *ages_ms, uint32_t count)
{
	struct histogram h;

	if (count <= AGE_STATS_EXACT) {
		qsort(ages_ms, count, sizeof(*ages_ms), compare_ages);
		ret->median_ms = ages_ms[rank_of(count, 50)];
		ret->p90_ms = ages_ms[rank_of(count, 90)];
		return;
	}
	/* In the unit that ages are kept in, so that those below 16 s have a bucket each. */
	h = (struct histogram){0};
	for (uint32_t i = 0; i < count; i++)
		histogram_add(&h, ages_ms[i] / AGES_UNIT_MS, 1);
	ret->median_ms = histogram_quantile(&h, 0.5) * AGES_UNIT_MS;
	ret->p90_ms = histogram_quantile(&h, 0.9) * AGES_UNIT_MS;
}

/* *ret is zero. */
static void sum_up(
	struct age_stats *ret, const struct age_table *t, uint32_t *ages_ms, uint32_t count)
{
	if (t->watched_ms < MINUTE_MS)
		ret->added = UNKNOWN_U32;
	if (!count)
		return;
	ret->tracked = count * t->weight;
	take_quantiles(ret, ages_ms, count);
	for (enum age_mark m = 0; m < AGE_MARK_COUNT; m++) {
		uint32_t older = 0;

		for (uint32_t i = 0; i < count; i++)
			older += ages_ms[i] > marks_ms[m];
		ret->older[m] = older * t->weight;
	}
	if (is_known(ret->added))
		ret->added = ret->tracked - ret->older[AGE_MARK_1_MINUTE];
}

/* Each group, then all groups of a state together. */
static void sum_up_groups(const struct sorting *s)
{
	const struct age_table *t = s->table;
	const size_t each = groups_a_state(t->ports);
	uint32_t begin = 0;

	for (size_t state = 0; state < AGE_STATES; state++) {
		struct age_stats *groups = &t->groups[state * each];
		uint32_t first = begin;

		for (size_t i = 0; i + 1 < each; i++) {
			uint32_t count = groups[i].tracked;

			sum_up(&groups[i], t, s->ages_ms + begin, count);
			begin += count;
		}
		sum_up(&groups[each - 1], t, s->ages_ms + first, begin - first);
	}
}

static int sort_and_sum_up(struct age_table *t, const struct ages *a, const struct age_rows *rows)
{
	const size_t groups = AGE_STATES * groups_a_state(rows->ports);
	cleanup_(freep) uint32_t *ends = calloc(groups, sizeof(*ends)), *ages_ms = NULL;
	struct sorting s = {.table = t, .rows = rows, .ends = ends};
	uint32_t begin = 0;

	if (!ends)
		return -ENOMEM;
	ages_foreach(a, count_age, &s);
	s.ages_ms = ages_ms = calloc(MAX(s.count, 1U), sizeof(*ages_ms));
	if (!ages_ms)
		return -ENOMEM;
	for (size_t i = 0; i < groups; i++) {
		ends[i] = begin;
		begin += t->groups[i].tracked;
	}
	ages_foreach(a, place_age, &s);
	sum_up_groups(&s);
	return 0;
}

int age_table_take(struct age_table *ret, const struct ages *a, const struct age_rows *rows)
{
	struct age_table t = {
		.tracked = ages_tracked(a),
		.weight = ages_weight(a),
		.watched_ms = (uint32_t)MIN(ages_watched_ms(a), (uint64_t)UINT32_MAX - 1),
		.ports = rows->ports,
	};
	int r;

	t.groups = calloc(AGE_STATES * groups_a_state(rows->ports), sizeof(*t.groups));
	if (!t.groups)
		return -ENOMEM;
	r = sort_and_sum_up(&t, a, rows);
	if (r < 0) {
		free(t.groups);
		return r;
	}
	*ret = t;
	return 0;
}

void age_table_release(struct age_table *t)
{
	free(t->groups);
	*t = (struct age_table){0};
}

const struct age_stats *age_stats_of_port(
	const struct age_table *t, size_t port, enum tcp_state state)
{
	if (!t->groups || !ages_state_numbers[state] || port >= t->ports)
		return NULL;
	return group_of(t, state, port + 1);
}

const struct age_stats *age_stats_of_all(const struct age_table *t, enum tcp_state state)
{
	if (!t->groups || !ages_state_numbers[state])
		return NULL;
	return group_of(t, state, t->ports + 1);
}

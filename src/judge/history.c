/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/history.h"

#include "basic/macro.h"
#include "basic/unknown.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct history_row {
	struct alert_key key;
	bool seen;
	double numbers[HISTORY_SEGMENTS + 1]; /* at times_ms */
};

void history_release(struct history *h)
{
	free(h->rows);
	*h = (struct history){0};
}

static int compare_keys(const struct alert_key *a, const struct alert_key *b)
{
	if (a->has_port != b->has_port)
		return a->has_port ? 1 : -1;
	if (a->side != b->side)
		return a->side < b->side ? -1 : 1;
	return (a->port > b->port) - (a->port < b->port);
}

static void forget_oldest(struct history *h)
{
	memmove(h->times_ms, h->times_ms + 1, (h->used - 1) * sizeof(h->times_ms[0]));
	for (size_t i = 0; i < h->rows_count; i++) {
		double *numbers = h->rows[i].numbers;

		memmove(numbers, numbers + 1, (h->used - 1) * sizeof(numbers[0]));
	}
	h->used--;
}

void history_start(struct history *h, uint64_t now_ms, uint32_t window_ms)
{
	const uint32_t segment_ms = MAX(window_ms / HISTORY_SEGMENTS, 1U);
	unsigned last = h->used - 1;

	for (size_t i = 0; i < h->rows_count; i++)
		h->rows[i].seen = false;
	/* The last place is that of now: it moves on until a part of the window is behind it. */
	if (h->used >= 2 && now_ms - h->times_ms[last - 1] < segment_ms) {
		h->times_ms[last] = now_ms;
		return;
	}
	if (h->used == HISTORY_SEGMENTS + 1)
		forget_oldest(h);
	h->times_ms[h->used] = now_ms;
	for (size_t i = 0; i < h->rows_count; i++)
		h->rows[i].numbers[h->used] = 0;
	h->used++;
}

/* The row of a key, made where there is none and the number is worth one; else NULL. */
static struct history_row *find_row(struct history *h, const struct alert_key *key, bool make)
{
	size_t low = 0, high = h->rows_count;
	struct history_row *rows;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare_keys(&h->rows[middle].key, key);

		if (order == 0)
			return &h->rows[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (!make || h->rows_count == HISTORY_PORTS_MAX)
		return NULL;
	rows = reallocarray(h->rows, h->rows_count + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	h->rows = rows;
	memmove(&rows[low + 1], &rows[low], (h->rows_count - low) * sizeof(*rows));
	h->rows_count++;
	rows[low] = (struct history_row){.key = *key};
	return &rows[low];
}

/* Takes in the number of now. NULL where the key is not followed. */
static struct history_row *note(struct history *h, const struct alert_key *key, double number)
{
	struct history_row *row = find_row(h, key, number > 0);

	if (row) {
		row->seen = true;
		row->numbers[h->used - 1] = number;
	}
	return row;
}

static double minutes_since(const struct history *h, unsigned place)
{
	return (double)(h->times_ms[h->used - 1] - h->times_ms[place]) / 60000;
}

static double gain_since(const struct history *h, const struct history_row *row, unsigned place)
{
	return fmax(row->numbers[h->used - 1] - row->numbers[place], 0);
}

static double speed_since(const struct history *h, const struct history_row *row, unsigned place)
{
	return gain_since(h, row, place) / minutes_since(h, place);
}

double history_growth(struct history *h, const struct alert_key *key, double number)
{
	const struct history_row *row = note(h, key, number);
	double speed;

	/* A port without sockets does not grow; of one that found no room nothing is known. */
	if (!row)
		return number > 0 ? UNKNOWN_DOUBLE : 0;
	if (h->used < HISTORY_SEGMENTS + 1)
		return UNKNOWN_DOUBLE;
	speed = speed_since(h, row, 0);
	speed = fmin(speed, speed_since(h, row, HISTORY_SEGMENTS / 2));
	return fmin(speed, speed_since(h, row, HISTORY_SEGMENTS * 3 / 4));
}

double history_rate(
	struct history *h, const struct alert_key *key, double number, uint32_t window_ms)
{
	const struct history_row *row = note(h, key, number);

	if (h->used < 2)
		return UNKNOWN_DOUBLE;
	if (!row)
		return number > 0 ? UNKNOWN_DOUBLE : 0;
	return gain_since(h, row, 0) / fmax(minutes_since(h, 0), window_ms / 60000.0);
}

static bool is_empty(const struct history *h, const struct history_row *row)
{
	for (unsigned i = 0; i < h->used; i++)
		if (row->numbers[i] > 0)
			return false;
	return true;
}

void history_finish(struct history *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->rows_count; i++) {
		struct history_row *row = &h->rows[i];

		if (!row->seen)
			row->numbers[h->used - 1] = 0;
		if (!is_empty(h, row))
			h->rows[kept++] = *row;
	}
	h->rows_count = kept;
}

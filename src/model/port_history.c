/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/port_history.h"

#include "basic/array.h"
#include "basic/unknown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Its numbers follow it, poll by poll. */
struct row {
	struct service_key key;
	uint32_t added; /* to which poll last */
	uint64_t numbers[];
};

/* The first rows have no key: all services together, and a service without a row of its own. */
enum { ROW_ALL, ROW_ABSENT, ROW_FIRST };

static size_t row_size(const struct port_history *h)
{
	return sizeof(struct row) + h->shape->polls * h->shape->numbers * sizeof(uint64_t);
}

static struct row *row_at(const struct port_history *h, size_t i)
{
	return (struct row *)(void *)(h->rows + i * row_size(h));
}

static uint64_t *numbers_of(const struct port_history *h, struct row *row, unsigned poll)
{
	return row->numbers + poll * h->shape->numbers;
}

static size_t numbers_size(const struct port_history *h, unsigned polls)
{
	return polls * h->shape->numbers * sizeof(uint64_t);
}

void port_history_release(struct port_history *h)
{
	free(h->rows);
	*h = (struct port_history){0};
}

void port_history_forget(struct port_history *h)
{
	h->polls--;
	memmove(h->times_ms, h->times_ms + 1, h->polls * sizeof(h->times_ms[0]));
	for (size_t i = 0; i < h->rows_count; i++) {
		struct row *row = row_at(h, i);

		memmove(row->numbers, numbers_of(h, row, 1), numbers_size(h, h->polls));
	}
}

static int reserve(struct port_history *h, size_t rows)
{
	return array_grow(&h->rows, &h->rows_allocated, rows, row_size(h));
}

int port_history_start(struct port_history *h, const struct port_history_shape *shape,
	uint64_t now_ms, bool again, size_t services)
{
	h->shape = shape;
	if (reserve(h, (h->rows_count ? h->rows_count : ROW_FIRST) + services) < 0)
		return -ENOMEM;
	for (; h->rows_count < ROW_FIRST; h->rows_count++)
		memset(row_at(h, h->rows_count), 0, row_size(h));
	h->sorted = h->rows_count;
	h->refused = false;
	h->serial++;
	if (!again && h->polls == shape->polls)
		port_history_forget(h);
	h->polls += !again;
	h->times_ms[h->polls - 1] = now_ms;
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return service_key_compare(&x->key, &y->key);
}

/* The row of a service, which is not one added for the first time in the present poll; or NULL. */
static struct row *find_row(const struct port_history *h, const struct service_key *key)
{
	const struct row wanted = {.key = key ? *key : (struct service_key){0}};

	if (!key)
		return row_at(h, ROW_ALL);
	return bsearch(
		&wanted, row_at(h, ROW_FIRST), h->sorted - ROW_FIRST, row_size(h), compare_rows);
}

/* A new row has in the polls before what a service without a row had. */
static struct row *add_row(struct port_history *h, const struct service_key *key)
{
	struct row *row;

	if (h->rows_count - ROW_FIRST == h->shape->services_max ||
		reserve(h, h->rows_count + 1) < 0)
		return NULL;
	row = row_at(h, h->rows_count++);
	memcpy(row, row_at(h, ROW_ABSENT), row_size(h));
	row->key = *key;
	return row;
}

uint64_t *port_history_add(struct port_history *h, const struct service_key *key)
{
	struct row *row = find_row(h, key);

	if (!row)
		row = add_row(h, key);
	if (!row) {
		h->refused = true;
		return NULL;
	}
	row->added = h->serial;
	return numbers_of(h, row, h->polls - 1);
}

static bool has_numbers(const struct port_history *h, const struct row *row)
{
	for (size_t i = 0; i < h->polls * h->shape->numbers; i++)
		if (row->numbers[i] && is_known(row->numbers[i]))
			return true;
	return false;
}

/* Completes the rows and drops those without numbers. */
static void finish_rows(struct port_history *h, const uint64_t *absent)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->rows_count; i++) {
		struct row *row = row_at(h, i);

		if (row->added != h->serial)
			memcpy(numbers_of(h, row, h->polls - 1), absent, numbers_size(h, 1));
		if (i >= ROW_FIRST && !has_numbers(h, row))
			continue;
		if (kept != i)
			memcpy(row_at(h, kept), row, row_size(h));
		kept++;
	}
	h->rows_count = kept;
}

void port_history_finish(struct port_history *h, const uint64_t *absent)
{
	const bool is_sorted = h->rows_count == h->sorted;

	finish_rows(h, absent);
	/* Of a service that will have a row later, what it has now is unknown. */
	if (h->refused)
		memset(numbers_of(h, row_at(h, ROW_ABSENT), h->polls - 1), 0xff,
			numbers_size(h, 1));
	if (!is_sorted)
		qsort(row_at(h, ROW_FIRST), h->rows_count - ROW_FIRST, row_size(h), compare_rows);
	h->sorted = h->rows_count;
}

const uint64_t *port_history_at(
	const struct port_history *h, unsigned poll, const struct service_key *key)
{
	struct row *row = find_row(h, key);

	return numbers_of(h, row ? row : row_at(h, ROW_ABSENT), poll);
}

void port_history_foreach(const struct port_history *h, port_history_fn fn, void *userdata)
{
	for (size_t i = ROW_FIRST; i < h->rows_count; i++)
		fn(&row_at(h, i)->key, row_at(h, i)->numbers, userdata);
}

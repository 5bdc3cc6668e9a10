/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/sock_list.h"

#include "basic/unknown.h"
#include "model/tally.h"

#include <errno.h>
#include <stdlib.h>

int sock_list_init(struct sock_list *l, size_t max)
{
	*l = (struct sock_list){.max = max, .list = calloc(max, sizeof(*l->list))};
	return l->list ? 0 : -ENOMEM;
}

void sock_list_release(struct sock_list *l)
{
	free(l->list);
	*l = (struct sock_list){0};
}

void sock_list_start(struct sock_list *l)
{
	l->count = 0;
	l->offered = 0;
}

/* Negative: a comes first. The cookie, which is unique, makes the order total. */
static int compare(const void *a, const void *b)
{
	const struct sock_observation *x = a, *y = b;
	const bool x_known = is_known(x->age_ms), y_known = is_known(y->age_ms);

	if (x_known != y_known)
		return x_known ? -1 : 1;
	if (x_known && x->age_ms != y->age_ms)
		return x->age_ms > y->age_ms ? -1 : 1;
	if (x->memory_bytes != y->memory_bytes)
		return x->memory_bytes > y->memory_bytes ? -1 : 1;
	return (x->record.cookie > y->record.cookie) - (x->record.cookie < y->record.cookie);
}

static void swap(struct sock_observation *a, struct sock_observation *b)
{
	const struct sock_observation t = *a;

	*a = *b;
	*b = t;
}

/* The root of the heap is the last in order, which goes next: no node comes before its children. */
static void sift_up(struct sock_list *l, size_t i)
{
	while (i && compare(&l->list[(i - 1) / 2], &l->list[i]) < 0) {
		swap(&l->list[(i - 1) / 2], &l->list[i]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct sock_list *l, size_t i)
{
	for (;;) {
		size_t last = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < l->count; child++)
			if (compare(&l->list[last], &l->list[child]) < 0)
				last = child;
		if (last == i)
			return;
		swap(&l->list[last], &l->list[i]);
		i = last;
	}
}

void sock_list_offer(struct sock_list *l, const struct sock_observation *s)
{
	l->offered++;
	if (l->count < l->max) {
		l->list[l->count] = *s;
		sift_up(l, l->count++);
	} else if (compare(s, &l->list[0]) < 0) {
		l->list[0] = *s;
		sift_down(l, 0);
	}
}

void sock_list_sort(struct sock_list *l)
{
	if (l->count)
		qsort(l->list, l->count, sizeof(*l->list), compare);
}

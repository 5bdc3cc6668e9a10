/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/output.h"

#include "basic/macro.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct item *item_new(enum item_kind kind, size_t size)
{
	struct item *item = calloc(1, sizeof(*item) + size);

	if (!item)
		return NULL;
	atomic_init(&item->references, 1);
	item->kind = kind;
	item->size = size;
	return item;
}

struct item *item_new_event(const struct alert_event *e)
{
	struct item *item = item_new(ITEM_EVENT, 0);

	if (item)
		item->event = *e;
	return item;
}

struct item *item_new_snapshot(const char *text, size_t size)
{
	struct item *item = item_new(ITEM_SNAPSHOT, size);

	if (item)
		memcpy(item->text, text, size);
	return item;
}

struct item *item_ref(struct item *item)
{
	atomic_fetch_add(&item->references, 1);
	return item;
}

void item_unref(struct item *item)
{
	if (atomic_fetch_sub(&item->references, 1) == 1)
		free(item);
}

int output_result(int r, const char *what, struct string *error)
{
	static const struct {
		int error;
		const char *words;
	} special[] = {
		{-ENXIO, "nobody reads from it"},
		{-EEXIST, "not a regular file"},
		{-ECANCELED, "interrupted"},
	};

	if (r >= 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (r == special[i].error)
			return string_fail(error, r, "%s: %s", what, special[i].words);
	return string_fail(error, r, "%s: %s", what, strerror(-r));
}

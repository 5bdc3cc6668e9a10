/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was not delivered, across a restart. */
#include "deliver/outputs_private.h"

#include <errno.h>

struct saving {
	void (*fn)(const char *output, const struct alert_event *e, void *userdata);
	void *userdata;
	const char *output;
};

static void save_item(struct item *item, void *userdata)
{
	const struct saving *s = userdata;

	s->fn(s->output, &item->event, s->userdata);
}

size_t outputs_undelivered(struct outputs *o)
{
	size_t undelivered = 0;

	for (size_t i = 0; i < o->count; i++) {
		struct output_queue_status status;

		if (!o->list[i].kind->saved)
			continue;
		output_queue_status(o->list[i].queue, &status);
		undelivered += status.queued;
	}
	return undelivered;
}

void outputs_save(struct outputs *o,
	void (*fn)(const char *output, const struct alert_event *e, void *userdata), void *userdata)
{
	for (size_t i = 0; i < o->count; i++) {
		struct saving saving = {fn, userdata, o->list[i].name};

		if (o->list[i].kind->saved)
			output_queue_foreach(o->list[i].queue, save_item, &saving);
	}
}

int outputs_restore(struct outputs *o, const char *output, const struct alert_event *e)
{
	struct output *to = outputs_find(o, output);

	if (!to || !to->kind->saved)
		return -ENOENT;
	output_push(o, to, item_new_event(e));
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands over from the outputs of one configuration to those of another. */
#include "basic/cleanup.h"
#include "deliver/outputs_private.h"

#include <string.h>

struct move {
	struct outputs *outputs;
	struct output *to;
};

static void move_item(struct item *item, void *userdata)
{
	const struct move *m = userdata;

	output_push(m->outputs, m->to, item_ref(item));
}

static void add_final_report(struct outputs *o, const struct output *gone, size_t undelivered)
{
	struct final_report *report = &o->final_reports[o->final_reports_count++];

	strcpy(report->name, gone->name);
	report->item = gone->kind->item;
	report->undelivered = undelivered;
	outputs_notify(o);
}

/* What one output leaves behind goes to its successor. */
static void hand_over(struct outputs *o, struct output *old)
{
	struct move move = {.outputs = o, .to = outputs_find(o, old->name)};
	size_t undelivered;

	if (move.to)
		output_queue_foreach(old->queue, move_item, &move);
	undelivered = output_queue_stop(old->queue, 0);
	if (!move.to && undelivered && old->kind->matters)
		add_final_report(o, old, undelivered);
}

/* Takes over what goes on as it was: the queue, and what was reported of it. */
static void take_over(struct output *new, struct output *old)
{
	new->queue = TAKE_PTR(old->queue);
	new->lost = old->lost;
	new->failing = old->failing;
	new->dropped_at_failure = old->dropped_at_failure;
	new->dropped_reported = old->dropped_reported;
}

void outputs_replace(struct outputs **o, struct outputs *new)
{
	struct outputs *old = *o;

	for (size_t i = 0; i < old->final_reports_count; i++)
		new->final_reports[new->final_reports_count++] = old->final_reports[i];
	for (size_t i = 0; i < new->count; i++) {
		struct output *output = &new->list[i];

		if (output->queue)
			/* A wrong path is reported now, and not with the first event. */
			output_queue_reopen(output->queue);
		else
			take_over(output, outputs_find(old, output->name));
	}
	outputs_finish(old, QUEUE_CEASE, OUTPUTS_REPLACE_MS);
	for (size_t i = 0; i < old->count; i++)
		if (old->list[i].queue)
			hand_over(new, &old->list[i]);
	outputs_free(old);
	*o = new;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/outputs_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

struct output *outputs_find(const struct outputs *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->list[i].name, name) == 0)
			return &o->list[i];
	return NULL;
}

void outputs_notify(const struct outputs *o)
{
	if (o->notify_fd >= 0)
		(void)eventfd_write(o->notify_fd, 1);
}

void output_push(struct outputs *o, struct output *output, struct item *item)
{
	if (item) {
		output_queue_push(output->queue, item);
		return;
	}
	output->lost++;
	outputs_notify(o);
}

static bool wants(const struct output *output, enum item_kind kind, const char *alert)
{
	if (output->kind->item != kind)
		return false;
	for (size_t i = 0; alert && i < output->alerts_count; i++)
		if (strcmp(output->alerts[i], alert) == 0)
			return true;
	return !output->alerts_count;
}

/* Takes the reference over; NULL as in output_push(). */
static void push_to_all(
	struct outputs *o, struct item *item, enum item_kind kind, const char *alert)
{
	for (size_t i = 0; i < o->count; i++)
		if (wants(&o->list[i], kind, alert))
			output_push(o, &o->list[i], item ? item_ref(item) : NULL);
	if (item)
		item_unref(item);
}

void outputs_push_event(struct outputs *o, const struct alert_event *e)
{
	push_to_all(o, item_new_event(e), ITEM_EVENT, e->alert.rule.name);
}

bool outputs_wants_snapshot(const struct outputs *o)
{
	for (size_t i = 0; i < o->count; i++)
		if (wants(&o->list[i], ITEM_SNAPSHOT, NULL))
			return true;
	return false;
}

void outputs_push_snapshot(struct outputs *o, const char *line, size_t size)
{
	push_to_all(o, item_new_snapshot(line, size), ITEM_SNAPSHOT, NULL);
}

void outputs_withdraw_snapshot(struct outputs *o)
{
	struct output *output = outputs_find(o, "snapshot_file");

	if (output)
		output_push(o, output, item_new_snapshot("", 0));
}

void outputs_reopen(struct outputs *o)
{
	for (size_t i = 0; i < o->count; i++)
		output_queue_reopen(o->list[i].queue);
}

void outputs_finish(struct outputs *o, enum queue_ending ending, uint32_t wait_ms)
{
	size_t count = 0;

	for (size_t i = 0; i < o->count; i++)
		if (o->list[i].queue)
			o->queues[count++] = o->list[i].queue;
	output_queue_finish(o->queues, count, ending, wait_ms);
}

void outputs_drain(struct outputs *o, uint32_t wait_ms)
{
	o->drained = true;
	outputs_finish(o, QUEUE_DRAIN, wait_ms > QUEUE_GRACE_MS ? wait_ms - QUEUE_GRACE_MS : 0);
}

void outputs_free(struct outputs *o)
{
	free(o->list);
	free(o->queues);
	free(o->final_reports);
	free(o);
}

size_t outputs_stop(struct outputs *o, uint32_t wait_ms)
{
	size_t undelivered = 0;

	if (!o)
		return 0;
	if (!o->drained)
		outputs_drain(o, wait_ms);
	for (size_t i = 0; i < o->count; i++)
		undelivered += output_queue_stop(o->list[i].queue, 0);
	outputs_free(o);
	return undelivered;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the outputs of a configuration. */
#include "basic/macro.h"
#include "deliver/append.h"
#include "deliver/command.h"
#include "deliver/journal.h"
#include "deliver/outputs_private.h"
#include "deliver/replace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first pause after a failure, and the longest. */
#define RETRY_MS     1000
#define RETRY_MAX_MS (60 * 1000)

enum { JOURNAL, EVENTS, SNAPSHOTS, SNAPSHOT_FILE, EXEC };

static const struct output_kind kinds[] = {
	[JOURNAL] = {"journal", &journal_ops, ITEM_EVENT, .matters = true,
		.queue_max = OUTPUTS_EVENTS_MAX},
	[EVENTS] = {"events", &append_ops, ITEM_EVENT, .saved = true, .matters = true,
		.queue_max = OUTPUTS_EVENTS_MAX},
	[SNAPSHOTS] = {"snapshots", &append_ops, ITEM_SNAPSHOT, .matters = true,
		.queue_max = OUTPUTS_SNAPSHOTS_MAX},
	[SNAPSHOT_FILE] = {"snapshot_file", &replace_ops, ITEM_SNAPSHOT, .queue_max = 1},
	[EXEC] = {"exec", &command_ops, ITEM_EVENT, .saved = true, .matters = true,
		.queue_max = OUTPUTS_EVENTS_MAX},
};

static struct output *add(struct outputs *o, size_t kind, const char *target)
{
	struct output *output = &o->list[o->count++];

	output->kind = &kinds[kind];
	output->settings.target = target;
	strcpy(output->name, output->kind->name);
	return output;
}

static void add_exec(struct outputs *o, const struct exec_config *x)
{
	struct output *output = add(o, EXEC, x->command);
	struct string name = STRING_IN(output->name);

	string_addf(&name, "%s %s", output->kind->name, x->name);
	output->settings.timeout_ms = x->timeout_ms;
	output->alerts = (const char(*)[RULE_NAME_SIZE])x->alerts;
	output->alerts_count = x->alerts_count;
}

static int list_outputs(struct outputs *o, const struct config *c, const struct outputs *before)
{
	/* NULL: there is none. */
	const char *const targets[] = {
		[JOURNAL] = c->journal ? "" : NULL,
		[EVENTS] = c->events,
		[SNAPSHOTS] = c->snapshots,
		[SNAPSHOT_FILE] = c->snapshot_file,
	};
	const size_t count_max = ARRAY_SIZE(targets) + c->execs_count;
	const size_t reports_max = before ? before->count + before->final_reports_count : 0;

	o->list = calloc(count_max, sizeof(*o->list));
	o->queues = calloc(count_max, sizeof(struct output_queue *));
	o->final_reports = calloc(MAX(reports_max, (size_t)1), sizeof(*o->final_reports));
	if (!o->list || !o->queues || !o->final_reports)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i])
			(void)add(o, i, targets[i]);
	for (size_t i = 0; i < c->execs_count; i++)
		add_exec(o, &c->execs[i]);
	return 0;
}

/* Whether an output can stay for another; which alerts it takes makes no difference to its queue.
 */
static bool is_same(const struct output *a, const struct output *b)
{
	return strcmp(a->settings.target, b->settings.target) == 0 &&
	       a->settings.timeout_ms == b->settings.timeout_ms;
}

static int start(struct output *output, int notify_fd)
{
	const struct output_ops *ops = output->kind->ops;
	struct output_queue_settings settings = {
		.name = output->name,
		.ops = ops,
		.queue_max = output->kind->queue_max,
		.retry_ms = RETRY_MS,
		.retry_max_ms = RETRY_MAX_MS,
		.notify_fd = notify_fd,
	};
	int r = ops->make ? ops->make(&output->settings, &settings.output) : 0;

	if (r < 0)
		return r;
	r = output_queue_new(&settings, &output->queue);
	if (r < 0 && ops->free)
		ops->free(settings.output);
	return r;
}

/* Starts every output that before has not with the same settings. */
static int start_all(struct outputs *o, const struct outputs *before)
{
	for (size_t i = 0; i < o->count; i++) {
		struct output *output = &o->list[i];
		const struct output *same = before ? outputs_find(before, output->name) : NULL;
		int r = same && is_same(output, same) ? 0 : start(output, o->notify_fd);

		if (r < 0)
			return r;
	}
	return 0;
}

int outputs_new(
	const struct config *c, int notify_fd, const struct outputs *before, struct outputs **ret)
{
	struct outputs *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	o->notify_fd = notify_fd;
	r = list_outputs(o, c, before);
	if (r == 0)
		r = start_all(o, before);
	if (r < 0) {
		outputs_stop(o, 0);
		return r;
	}
	/* A wrong path is reported now, and not with the first event. */
	if (!before)
		outputs_reopen(o);
	*ret = o;
	return 0;
}

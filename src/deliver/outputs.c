/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/outputs.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/utf8.h"
#include "deliver/append.h"
#include "deliver/command.h"
#include "deliver/journal.h"
#include "deliver/queue.h"
#include "deliver/replace.h"
#include "output/event_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>

/* The first pause and the longest. */
#define RETRY_MS     1000
#define RETRY_MAX_MS (60 * 1000)

/* One who is told. */
struct output {
	const struct kind *kind;
	char *name;
	char *setting; /* a path or a command; "" for the journal */
	uint32_t timeout_ms;
	/* The alerts that it wants; none: all of them. */
	char (*alerts)[RULE_NAME_SIZE];
	size_t alerts_count;

	struct output_queue *output_queue;
	uint64_t lost; /* there was no memory to queue it */
	/* What was reported. */
	bool failing;
	uint64_t dropped_at_failure, dropped_reported;
};

struct outputs {
	struct output *list;
	size_t count;
	int notify_fd;
	bool drained;
	/* Sentences about outlets that are gone, until they are reported. */
	char **final_reports;
	size_t final_reports_count;
};

/* A snapshot under way; an empty one says that there is none. */
struct text {
	size_t size;
	char data[];
};

/* The consumers, as outlets know them. */

static int explain(int r, const char *what, char *error, size_t error_size)
{
	static const struct {
		int error;
		const char *words;
	} special[] = {
		{-ENXIO, "nobody reads from it"},
		{-EEXIST, "it is no regular file"},
		{-ECANCELED, "interrupted"},
	};
	const char *words = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (r == special[i].error)
			words = special[i].words;
	if (r < 0)
		snprintf(error, error_size, "%s: %s", what, words ? words : strerror(-r));
	return r;
}

static int journal_deliver(void *output, const void *item, char *error, size_t error_size)
{
	(void)output;
	return explain(journal_send(item), "cannot write to it", error, error_size);
}

static int journal_make(const struct output *s, void **ret)
{
	(void)s;
	*ret = NULL;
	return 0;
}

/* Where lines go. */
struct stream {
	struct file_out *file;
	char *path;
};

static int stream_explain(const struct stream *s, int r, char *error, size_t error_size)
{
	return explain(r, s->path, error, error_size);
}

static int events_deliver(void *output, const void *item, char *error, size_t error_size)
{
	cleanup_(freep) char *json = NULL;
	struct stream *s = output;
	size_t size;
	int r;

	r = event_json_format(item, &json);
	if (r == 0) {
		/* The newline takes the place of the NUL. */
		size = strlen(json);
		json[size] = '\n';
		r = file_out_write(s->file, json, size + 1);
	}
	return stream_explain(s, r, error, error_size);
}

static int snapshots_deliver(void *output, const void *item, char *error, size_t error_size)
{
	const struct text *text = item;
	struct stream *s = output;

	return stream_explain(
		s, file_out_write(s->file, text->data, text->size), error, error_size);
}

static void stream_interrupt(void *output)
{
	struct stream *s = output;

	file_out_interrupt(s->file);
}

static int stream_reopen(void *output, char *error, size_t error_size)
{
	struct stream *s = output;
	int r = file_out_reopen(s->file);

	/* That nobody reads from a FIFO yet means nothing before there is something to read. */
	return r == -ENXIO ? 0 : stream_explain(s, r, error, error_size);
}

static void stream_free(void *output)
{
	struct stream *s = output;

	if (!s)
		return;
	file_out_free(s->file);
	free(s->path);
	free(s);
}

static int stream_make(const struct output *output, void **ret)
{
	struct stream *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (s) {
		s->path = strdup(output->setting);
		if (s->path)
			r = file_out_new(s->path, &s->file);
	}
	if (r < 0)
		stream_free(s);
	else
		*ret = s;
	return r;
}

static int snapshot_file_deliver(void *output, const void *item, char *error, size_t error_size)
{
	const struct text *text = item;
	const char *path = output;
	int r = text->size ? file_replace(path, text->data, text->size) : file_withdraw(path);

	return explain(r, path, error, error_size);
}

static int snapshot_file_make(const struct output *s, void **ret)
{
	*ret = strdup(s->setting);
	return *ret ? 0 : -ENOMEM;
}

static int exec_deliver(void *output, const void *item, char *error, size_t error_size)
{
	return exec_run(output, item, error, error_size);
}

static void exec_interrupt_output(void *output)
{
	exec_interrupt(output);
}

static void exec_free_output(void *output)
{
	exec_free(output);
}

static int exec_make(const struct output *s, void **ret)
{
	struct exec *x = NULL;
	int r = exec_new(s->setting, s->timeout_ms, &x);

	if (r == 0)
		*ret = x;
	return r;
}

enum item { ITEM_EVENT, ITEM_SNAPSHOT };

struct kind {
	enum item item;
	bool kept;    /* what is not delivered survives a restart */
	bool matters; /* each item does, and not only the newest */
	size_t queue_max;
	int (*make)(const struct output *s, void **ret); /* the consumer */
	struct output_ops ops;
};

static const struct kind journal_kind = {
	.item = ITEM_EVENT,
	.matters = true,
	.queue_max = OUTPUTS_EVENTS_MAX,
	.make = journal_make,
	.ops = {.deliver = journal_deliver, .free_item = free, .free_output = free},
};

static const struct kind events_kind = {
	.item = ITEM_EVENT,
	.kept = true,
	.matters = true,
	.queue_max = OUTPUTS_EVENTS_MAX,
	.make = stream_make,
	.ops = {events_deliver, stream_interrupt, stream_reopen, free, stream_free},
};

static const struct kind snapshots_kind = {
	.item = ITEM_SNAPSHOT,
	.matters = true,
	.queue_max = OUTPUTS_SNAPSHOTS_MAX,
	.make = stream_make,
	.ops = {snapshots_deliver, stream_interrupt, stream_reopen, free, stream_free},
};

static const struct kind snapshot_file_kind = {
	.item = ITEM_SNAPSHOT,
	.queue_max = 1,
	.make = snapshot_file_make,
	.ops = {.deliver = snapshot_file_deliver, .free_item = free, .free_output = free},
};

static const struct kind exec_kind = {
	.item = ITEM_EVENT,
	.kept = true,
	.matters = true,
	.queue_max = OUTPUTS_EVENTS_MAX,
	.make = exec_make,
	.ops = {exec_deliver, exec_interrupt_output, NULL, free, exec_free_output},
};

/* From the configuration to sinks. */

static int add_output(
	struct outputs *o, const struct kind *kind, const char *name, const char *setting)
{
	struct output *s = &o->list[o->count++];

	s->kind = kind;
	s->name = strdup(name);
	s->setting = strdup(setting);
	return s->name && s->setting ? 0 : -ENOMEM;
}

static int add_exec(struct outputs *o, const struct exec_config *x)
{
	struct output *s = &o->list[o->count];
	char name[RULE_NAME_SIZE + sizeof("exec ")];
	int r;

	snprintf(name, sizeof(name), "exec %s", x->name);
	r = add_output(o, &exec_kind, name, x->command);
	if (r < 0)
		return r;
	s->timeout_ms = x->timeout_ms;
	if (!x->alerts_count)
		return 0;
	s->alerts = calloc(x->alerts_count, sizeof(*s->alerts));
	if (!s->alerts)
		return -ENOMEM;
	memcpy(s->alerts, x->alerts, x->alerts_count * sizeof(*s->alerts));
	s->alerts_count = x->alerts_count;
	return 0;
}

static int add_outputs(struct outputs *o, const struct config *c)
{
	const struct {
		const struct kind *kind;
		const char *name, *setting; /* NULL: there is none */
	} rows[] = {
		{&journal_kind, "journal", c->journal ? "" : NULL},
		{&events_kind, "events", c->events},
		{&snapshots_kind, "snapshots", c->snapshots},
		{&snapshot_file_kind, "snapshot_file", c->snapshot_file},
	};
	int r = 0;

	o->list = calloc(ARRAY_SIZE(rows) + c->execs_count, sizeof(*o->list));
	if (!o->list)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(rows) && r == 0; i++)
		if (rows[i].setting)
			r = add_output(o, rows[i].kind, rows[i].name, rows[i].setting);
	for (size_t i = 0; i < c->execs_count && r == 0; i++)
		r = add_exec(o, &c->execs[i]);
	return r;
}

static struct output *find_output(const struct outputs *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->list[i].name, name) == 0)
			return &o->list[i];
	return NULL;
}

/* Whether one outlet does for both; which alerts go to it is not its concern. */
static bool is_same(const struct output *a, const struct output *b)
{
	return strcmp(a->setting, b->setting) == 0 && a->timeout_ms == b->timeout_ms;
}

static int start_output(struct output *s, int notify_fd)
{
	struct output_queue_settings settings = {
		.name = s->name,
		.ops = &s->kind->ops,
		.queue_max = s->kind->queue_max,
		.retry_ms = RETRY_MS,
		.retry_max_ms = RETRY_MAX_MS,
		.notify_fd = notify_fd,
	};
	int r = s->kind->make(s, &settings.output);

	if (r < 0)
		return r;
	r = output_queue_new(&settings, &s->output_queue);
	if (r < 0)
		s->kind->ops.free_output(settings.output);
	else if (s->kind->ops.reopen)
		/* A wrong path is told now, and not with the first event. */
		output_queue_reopen(s->output_queue);
	return r;
}

/* Frees all but the outlets. */
static void free_outputs(struct outputs *o)
{
	for (size_t i = 0; o->list && i < o->count; i++) {
		free(o->list[i].name);
		free(o->list[i].setting);
		free(o->list[i].alerts);
	}
	for (size_t i = 0; i < o->final_reports_count; i++)
		free(o->final_reports[i]);
	free(o->final_reports);
	free(o->list);
	free(o);
}

/* Starts every sink that is not a part of old in the same way. */
static int start_outputs(struct outputs *o, const struct outputs *old)
{
	for (size_t i = 0; i < o->count; i++) {
		struct output *s = &o->list[i];
		const struct output *before = old ? find_output(old, s->name) : NULL;
		int r = before && is_same(s, before) ? 0 : start_output(s, o->notify_fd);

		if (r < 0)
			return r;
	}
	return 0;
}

static int make_outputs(
	const struct config *c, int notify_fd, const struct outputs *old, struct outputs **ret)
{
	struct outputs *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	o->notify_fd = notify_fd;
	r = add_outputs(o, c);
	if (r == 0)
		r = start_outputs(o, old);
	if (r < 0) {
		for (size_t i = 0; i < o->count; i++)
			output_queue_stop(o->list[i].output_queue, 0);
		free_outputs(o);
		return r;
	}
	*ret = o;
	return 0;
}

int outputs_new(const struct config *c, int notify_fd, struct outputs **ret)
{
	return make_outputs(c, notify_fd, NULL, ret);
}

/* Queueing. */

static void notify(const struct outputs *o)
{
	if (o->notify_fd >= 0)
		(void)eventfd_write(o->notify_fd, 1);
}

static void push(struct outputs *o, struct output *s, void *item)
{
	if (item) {
		output_queue_push(s->output_queue, item);
		return;
	}
	s->lost++;
	notify(o);
}

static void *copy_event(const struct alert_event *e)
{
	struct alert_event *copy = malloc(sizeof(*copy));

	if (copy)
		*copy = *e;
	return copy;
}

static void *copy_text(const char *data, size_t size)
{
	struct text *copy = malloc(sizeof(*copy) + size);

	if (copy) {
		copy->size = size;
		memcpy(copy->data, data, size);
	}
	return copy;
}

static bool wants_alert(const struct output *s, const char *name)
{
	for (size_t i = 0; i < s->alerts_count; i++)
		if (strcmp(s->alerts[i], name) == 0)
			return true;
	return !s->alerts_count;
}

void outputs_push_event(struct outputs *o, const struct alert_event *e)
{
	for (size_t i = 0; i < o->count; i++) {
		struct output *s = &o->list[i];

		if (s->kind->item == ITEM_EVENT && wants_alert(s, e->alert.rule.name))
			push(o, s, copy_event(e));
	}
}

bool outputs_wants_snapshot(const struct outputs *o)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->list[i].kind->item == ITEM_SNAPSHOT)
			return true;
	return false;
}

void outputs_push_snapshot(struct outputs *o, const char *line, size_t size)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->list[i].kind->item == ITEM_SNAPSHOT)
			push(o, &o->list[i], copy_text(line, size));
}

void outputs_withdraw_snapshot(struct outputs *o)
{
	struct output *s = find_output(o, "snapshot_file");

	if (s)
		push(o, s, copy_text("", 0));
}

void outputs_reopen(struct outputs *o)
{
	for (size_t i = 0; i < o->count; i++)
		output_queue_reopen(o->list[i].output_queue);
}

/* Another configuration. */

struct move {
	struct outputs *to;
	struct output *output;
};

static void move_item(const void *item, void *userdata)
{
	struct move *m = userdata;
	const struct text *text = item;

	push(m->to, m->output,
		m->output->kind->item == ITEM_EVENT ? copy_event(item)
						    : copy_text(text->data, text->size));
}

static void add_final_report(struct outputs *o, const struct output *gone, size_t undelivered)
{
	char **list = reallocarray(o->final_reports, o->final_reports_count + 1, sizeof(*list));
	char *sentence;

	if (!list)
		return;
	o->final_reports = list;
	if (asprintf(&sentence, "%s: is not configured any more; %zu %s not delivered", gone->name,
		    undelivered,
		    gone->kind->item == ITEM_EVENT ? "events were" : "snapshots were") < 0)
		return;
	o->final_reports[o->final_reports_count++] = sentence;
	notify(o);
}

/* What one outlet leaves behind goes to its successor. */
static void succeed(struct outputs *o, struct output *old)
{
	struct move move = {.to = o, .output = find_output(o, old->name)};
	size_t undelivered;

	if (move.output)
		output_queue_foreach(old->output_queue, move_item, &move);
	undelivered = output_queue_stop(old->output_queue, 0);
	if (!move.output && undelivered && old->kind->matters)
		add_final_report(o, old, undelivered);
}

/* Hands over what goes on as it was: the outlet, and what was reported of it. */
static void take_over(struct outputs *o, struct output *old)
{
	struct output *new = find_output(o, old->name);

	if (!new || new->output_queue)
		return;
	new->output_queue = TAKE_PTR(old->output_queue);
	new->lost = old->lost;
	new->failing = old->failing;
	new->dropped_at_failure = old->dropped_at_failure;
	new->dropped_reported = old->dropped_reported;
}

/* Collects the outlets; the caller frees the list. NULL when no memory is left. */
static struct output_queue **list_queues(const struct outputs *o, size_t *ret_count)
{
	struct output_queue **list = calloc(o->count + 1, sizeof(struct output_queue *));

	*ret_count = 0;
	for (size_t i = 0; list && i < o->count; i++)
		if (o->list[i].output_queue)
			list[(*ret_count)++] = o->list[i].output_queue;
	return list;
}

static void finish(const struct outputs *o, enum queue_ending ending, uint32_t wait_ms)
{
	size_t count;
	cleanup_(freep) struct output_queue **list = list_queues(o, &count);

	if (list) {
		output_queue_finish(list, count, ending, wait_ms);
		return;
	}
	/* One after the other then, and at once. */
	for (size_t i = 0; i < o->count; i++)
		if (o->list[i].output_queue)
			output_queue_finish(&o->list[i].output_queue, 1, QUEUE_CEASE, 0);
}

int outputs_replace(struct outputs **o, const struct config *c, int notify_fd)
{
	struct outputs *old = *o, *new = NULL;
	int r = make_outputs(c, notify_fd, old, &new);

	if (r < 0)
		return r;
	new->final_reports = TAKE_PTR(old->final_reports);
	new->final_reports_count = old->final_reports_count;
	old->final_reports_count = 0;
	for (size_t i = 0; i < old->count; i++)
		take_over(new, &old->list[i]);
	finish(old, QUEUE_CEASE, OUTPUTS_REPLACE_MS);
	for (size_t i = 0; i < old->count; i++)
		if (old->list[i].output_queue)
			succeed(new, &old->list[i]);
	free_outputs(old);
	*o = new;
	return 0;
}

/* Reports. */

typedef void (*report_fn)(int priority, const char *sentence, void *userdata);

struct reporter {
	report_fn fn;
	void *userdata;
};

__attribute__((format(printf, 3, 4))) static void report(
	const struct reporter *r, int priority, const char *format, ...)
{
	char sentence[768], printable[768];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	r->fn(priority, utf8_printable(printable, sizeof(printable), sentence), r->userdata);
}

/* "3 events", "1 snapshot" */
static const char *format_items(char buf[FORMAT_SIZE], const struct output *s, uint64_t n)
{
	snprintf(buf, FORMAT_SIZE, "%" PRIu64 " %s%s", n,
		s->kind->item == ITEM_EVENT ? "event" : "snapshot", n == 1 ? "" : "s");
	return buf;
}

static void report_failure(
	const struct output *s, const struct output_queue_status *status, const struct reporter *r)
{
	char items[FORMAT_SIZE], pause[FORMAT_SIZE];

	if (!status->queued)
		report(r, LOG_WARNING, "%s: %s", s->name, status->error);
	else if (!status->retry_ms)
		report(r, LOG_WARNING, "%s: %s; %s waiting, tried again now", s->name,
			status->error, format_items(items, s, status->queued));
	else
		report(r, LOG_WARNING, "%s: %s; %s waiting, next try in %s", s->name, status->error,
			format_items(items, s, status->queued),
			format_duration(pause, status->retry_ms));
}

static void report_recovery(const struct output *s, uint64_t dropped, const struct reporter *r)
{
	char items[FORMAT_SIZE];

	if (dropped > s->dropped_at_failure && s->kind->matters)
		report(r, LOG_NOTICE, "%s: works again; %s dropped meanwhile", s->name,
			format_items(items, s, dropped - s->dropped_at_failure));
	else
		report(r, LOG_NOTICE, "%s: works again", s->name);
}

static void report_output(struct output *s, const struct reporter *r)
{
	struct output_queue_status status;
	char items[FORMAT_SIZE];
	uint64_t dropped;

	output_queue_status(s->output_queue, &status);
	dropped = status.dropped + s->lost;
	if (status.failures && !s->failing) {
		report_failure(s, &status, r);
		s->dropped_at_failure = dropped;
	} else if (!status.failures && s->failing) {
		report_recovery(s, dropped, r);
	}
	s->failing = status.failures > 0;
	if (s->kind->matters && dropped > s->dropped_reported &&
		dropped >= 2 * s->dropped_reported) {
		report(r, LOG_WARNING, "%s: does not keep up; %s dropped so far", s->name,
			format_items(items, s, dropped));
		s->dropped_reported = dropped;
	}
}

void outputs_take_reports(struct outputs *o, report_fn fn, void *userdata)
{
	const struct reporter reporter = {fn, userdata};

	for (size_t i = 0; i < o->final_reports_count; i++) {
		report(&reporter, LOG_WARNING, "%s", o->final_reports[i]);
		free(o->final_reports[i]);
	}
	o->final_reports_count = 0;
	for (size_t i = 0; i < o->count; i++)
		report_output(&o->list[i], &reporter);
}

/* A restart. */

struct saving {
	void (*fn)(const char *output_queue, const struct alert_event *e, void *userdata);
	void *userdata;
	const char *name;
};

static void save_item(const void *item, void *userdata)
{
	const struct saving *s = userdata;

	s->fn(s->name, item, s->userdata);
}

void outputs_save(struct outputs *o,
	void (*fn)(const char *output_queue, const struct alert_event *e, void *userdata),
	void *userdata)
{
	for (size_t i = 0; i < o->count; i++) {
		struct output *s = &o->list[i];
		struct saving saving = {fn, userdata, s->name};

		if (s->kind->kept)
			output_queue_foreach(s->output_queue, save_item, &saving);
	}
}

int outputs_restore(struct outputs *o, const char *output_queue, const struct alert_event *e)
{
	struct output *s = find_output(o, output_queue);

	if (!s || !s->kind->kept)
		return -ENOENT;
	push(o, s, copy_event(e));
	return 0;
}

void outputs_drain(struct outputs *o, uint32_t wait_ms)
{
	o->drained = true;
	finish(o, QUEUE_DRAIN, wait_ms > QUEUE_GRACE_MS ? wait_ms - QUEUE_GRACE_MS : 0);
}

size_t outputs_stop(struct outputs *o, uint32_t wait_ms)
{
	size_t undelivered = 0;

	if (!o)
		return 0;
	if (!o->drained)
		outputs_drain(o, wait_ms);
	for (size_t i = 0; i < o->count; i++)
		undelivered += output_queue_stop(o->list[i].output_queue, 0);
	free_outputs(o);
	return undelivered;
}

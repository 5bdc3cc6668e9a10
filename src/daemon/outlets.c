/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/outlets.h"

#include "daemon/outlet.h"
#include "format.h"
#include "tell/event_json.h"
#include "tell/exec.h"
#include "tell/file_out.h"
#include "tell/file_replace.h"
#include "tell/journal.h"
#include "util.h"

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
struct sink {
	const struct kind *kind;
	char *name;
	char *setting; /* a path or a command; "" for the journal */
	uint32_t timeout_ms;
	/* The alerts that it wants; none: all of them. */
	char (*alerts)[RULE_NAME_SIZE];
	size_t alerts_count;

	struct outlet *outlet;
	uint64_t lost; /* there was no memory to queue it */
	/* What was reported. */
	bool failing;
	uint64_t dropped_at_failure, dropped_told;
};

struct outlets {
	struct sink *sinks;
	size_t count;
	int notify_fd;
	bool drained;
	/* Sentences about outlets that are gone, until they are reported. */
	char **farewells;
	size_t farewells_count;
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

static int journal_deliver(void *consumer, const void *item, char *error, size_t error_size)
{
	(void)consumer;
	return explain(journal_send(item), "cannot write to it", error, error_size);
}

static int journal_make(const struct sink *s, void **ret)
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

static int events_deliver(void *consumer, const void *item, char *error, size_t error_size)
{
	cleanup_(freep) char *json = NULL;
	struct stream *s = consumer;
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

static int snapshots_deliver(void *consumer, const void *item, char *error, size_t error_size)
{
	const struct text *text = item;
	struct stream *s = consumer;

	return stream_explain(
		s, file_out_write(s->file, text->data, text->size), error, error_size);
}

static void stream_interrupt(void *consumer)
{
	struct stream *s = consumer;

	file_out_interrupt(s->file);
}

static int stream_reopen(void *consumer, char *error, size_t error_size)
{
	struct stream *s = consumer;
	int r = file_out_reopen(s->file);

	/* That nobody reads from a FIFO yet means nothing before there is something to read. */
	return r == -ENXIO ? 0 : stream_explain(s, r, error, error_size);
}

static void stream_free(void *consumer)
{
	struct stream *s = consumer;

	if (!s)
		return;
	file_out_free(s->file);
	free(s->path);
	free(s);
}

static int stream_make(const struct sink *sink, void **ret)
{
	struct stream *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (s) {
		s->path = strdup(sink->setting);
		if (s->path)
			r = file_out_new(s->path, &s->file);
	}
	if (r < 0)
		stream_free(s);
	else
		*ret = s;
	return r;
}

static int snapshot_file_deliver(void *consumer, const void *item, char *error, size_t error_size)
{
	const struct text *text = item;
	const char *path = consumer;
	int r = text->size ? file_replace(path, text->data, text->size) : file_withdraw(path);

	return explain(r, path, error, error_size);
}

static int snapshot_file_make(const struct sink *s, void **ret)
{
	*ret = strdup(s->setting);
	return *ret ? 0 : -ENOMEM;
}

static int exec_deliver(void *consumer, const void *item, char *error, size_t error_size)
{
	return exec_run(consumer, item, error, error_size);
}

static void exec_interrupt_consumer(void *consumer)
{
	exec_interrupt(consumer);
}

static void exec_free_consumer(void *consumer)
{
	exec_free(consumer);
}

static int exec_make(const struct sink *s, void **ret)
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
	int (*make)(const struct sink *s, void **ret); /* the consumer */
	struct outlet_ops ops;
};

static const struct kind journal_kind = {
	.item = ITEM_EVENT,
	.matters = true,
	.queue_max = OUTLETS_EVENTS_MAX,
	.make = journal_make,
	.ops = {.deliver = journal_deliver, .free_item = free, .free_consumer = free},
};

static const struct kind events_kind = {
	.item = ITEM_EVENT,
	.kept = true,
	.matters = true,
	.queue_max = OUTLETS_EVENTS_MAX,
	.make = stream_make,
	.ops = {events_deliver, stream_interrupt, stream_reopen, free, stream_free},
};

static const struct kind snapshots_kind = {
	.item = ITEM_SNAPSHOT,
	.matters = true,
	.queue_max = OUTLETS_SNAPSHOTS_MAX,
	.make = stream_make,
	.ops = {snapshots_deliver, stream_interrupt, stream_reopen, free, stream_free},
};

static const struct kind snapshot_file_kind = {
	.item = ITEM_SNAPSHOT,
	.queue_max = 1,
	.make = snapshot_file_make,
	.ops = {.deliver = snapshot_file_deliver, .free_item = free, .free_consumer = free},
};

static const struct kind exec_kind = {
	.item = ITEM_EVENT,
	.kept = true,
	.matters = true,
	.queue_max = OUTLETS_EVENTS_MAX,
	.make = exec_make,
	.ops = {exec_deliver, exec_interrupt_consumer, NULL, free, exec_free_consumer},
};

/* From the configuration to sinks. */

static int add_sink(
	struct outlets *o, const struct kind *kind, const char *name, const char *setting)
{
	struct sink *s = &o->sinks[o->count++];

	s->kind = kind;
	s->name = strdup(name);
	s->setting = strdup(setting);
	return s->name && s->setting ? 0 : -ENOMEM;
}

static int add_exec(struct outlets *o, const struct exec_config *x)
{
	struct sink *s = &o->sinks[o->count];
	char name[RULE_NAME_SIZE + sizeof("exec ")];
	int r;

	snprintf(name, sizeof(name), "exec %s", x->name);
	r = add_sink(o, &exec_kind, name, x->command);
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

static int add_sinks(struct outlets *o, const struct config *c)
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

	o->sinks = calloc(ARRAY_SIZE(rows) + c->execs_count, sizeof(*o->sinks));
	if (!o->sinks)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(rows) && r == 0; i++)
		if (rows[i].setting)
			r = add_sink(o, rows[i].kind, rows[i].name, rows[i].setting);
	for (size_t i = 0; i < c->execs_count && r == 0; i++)
		r = add_exec(o, &c->execs[i]);
	return r;
}

static struct sink *find_sink(const struct outlets *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->sinks[i].name, name) == 0)
			return &o->sinks[i];
	return NULL;
}

/* Whether one outlet does for both; which alerts go to it is not its concern. */
static bool is_same(const struct sink *a, const struct sink *b)
{
	return strcmp(a->setting, b->setting) == 0 && a->timeout_ms == b->timeout_ms;
}

static int start_sink(struct sink *s, int notify_fd)
{
	struct outlet_settings settings = {
		.name = s->name,
		.ops = &s->kind->ops,
		.queue_max = s->kind->queue_max,
		.retry_ms = RETRY_MS,
		.retry_max_ms = RETRY_MAX_MS,
		.notify_fd = notify_fd,
	};
	int r = s->kind->make(s, &settings.consumer);

	if (r < 0)
		return r;
	r = outlet_new(&settings, &s->outlet);
	if (r < 0)
		s->kind->ops.free_consumer(settings.consumer);
	else if (s->kind->ops.reopen)
		/* A wrong path is told now, and not with the first event. */
		outlet_reopen(s->outlet);
	return r;
}

/* Frees all but the outlets. */
static void free_outlets(struct outlets *o)
{
	for (size_t i = 0; o->sinks && i < o->count; i++) {
		free(o->sinks[i].name);
		free(o->sinks[i].setting);
		free(o->sinks[i].alerts);
	}
	for (size_t i = 0; i < o->farewells_count; i++)
		free(o->farewells[i]);
	free(o->farewells);
	free(o->sinks);
	free(o);
}

/* Starts every sink that is not a part of old in the same way. */
static int start_sinks(struct outlets *o, const struct outlets *old)
{
	for (size_t i = 0; i < o->count; i++) {
		struct sink *s = &o->sinks[i];
		const struct sink *before = old ? find_sink(old, s->name) : NULL;
		int r = before && is_same(s, before) ? 0 : start_sink(s, o->notify_fd);

		if (r < 0)
			return r;
	}
	return 0;
}

static int make_outlets(
	const struct config *c, int notify_fd, const struct outlets *old, struct outlets **ret)
{
	struct outlets *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	o->notify_fd = notify_fd;
	r = add_sinks(o, c);
	if (r == 0)
		r = start_sinks(o, old);
	if (r < 0) {
		for (size_t i = 0; i < o->count; i++)
			outlet_stop(o->sinks[i].outlet, 0);
		free_outlets(o);
		return r;
	}
	*ret = o;
	return 0;
}

int outlets_new(const struct config *c, int notify_fd, struct outlets **ret)
{
	return make_outlets(c, notify_fd, NULL, ret);
}

/* Queueing. */

static void notify(const struct outlets *o)
{
	if (o->notify_fd >= 0)
		(void)eventfd_write(o->notify_fd, 1);
}

static void push(struct outlets *o, struct sink *s, void *item)
{
	if (item) {
		outlet_push(s->outlet, item);
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

static bool wants_alert(const struct sink *s, const char *name)
{
	for (size_t i = 0; i < s->alerts_count; i++)
		if (strcmp(s->alerts[i], name) == 0)
			return true;
	return !s->alerts_count;
}

void outlets_push_event(struct outlets *o, const struct alert_event *e)
{
	for (size_t i = 0; i < o->count; i++) {
		struct sink *s = &o->sinks[i];

		if (s->kind->item == ITEM_EVENT && wants_alert(s, e->alert))
			push(o, s, copy_event(e));
	}
}

bool outlets_wants_snapshot(const struct outlets *o)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->sinks[i].kind->item == ITEM_SNAPSHOT)
			return true;
	return false;
}

void outlets_push_snapshot(struct outlets *o, const char *line, size_t size)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->sinks[i].kind->item == ITEM_SNAPSHOT)
			push(o, &o->sinks[i], copy_text(line, size));
}

void outlets_withdraw_snapshot(struct outlets *o)
{
	struct sink *s = find_sink(o, "snapshot_file");

	if (s)
		push(o, s, copy_text("", 0));
}

void outlets_reopen(struct outlets *o)
{
	for (size_t i = 0; i < o->count; i++)
		outlet_reopen(o->sinks[i].outlet);
}

/* Another configuration. */

struct move {
	struct outlets *to;
	struct sink *sink;
};

static void move_item(const void *item, void *userdata)
{
	struct move *m = userdata;
	const struct text *text = item;

	push(m->to, m->sink,
		m->sink->kind->item == ITEM_EVENT ? copy_event(item)
						  : copy_text(text->data, text->size));
}

static void say_farewell(struct outlets *o, const struct sink *gone, size_t undelivered)
{
	char **list = reallocarray(o->farewells, o->farewells_count + 1, sizeof(*list));
	char *sentence;

	if (!list)
		return;
	o->farewells = list;
	if (asprintf(&sentence, "%s: is not configured any more; %zu %s not delivered", gone->name,
		    undelivered,
		    gone->kind->item == ITEM_EVENT ? "events were" : "snapshots were") < 0)
		return;
	o->farewells[o->farewells_count++] = sentence;
	notify(o);
}

/* What one outlet leaves behind goes to its successor. */
static void succeed(struct outlets *o, struct sink *old)
{
	struct move move = {.to = o, .sink = find_sink(o, old->name)};
	size_t undelivered;

	if (move.sink)
		outlet_foreach(old->outlet, move_item, &move);
	undelivered = outlet_stop(old->outlet, 0);
	if (!move.sink && undelivered && old->kind->matters)
		say_farewell(o, old, undelivered);
}

/* Hands over what goes on as it was: the outlet, and what was reported of it. */
static void take_over(struct outlets *o, struct sink *old)
{
	struct sink *new = find_sink(o, old->name);

	if (!new || new->outlet)
		return;
	new->outlet = TAKE_PTR(old->outlet);
	new->lost = old->lost;
	new->failing = old->failing;
	new->dropped_at_failure = old->dropped_at_failure;
	new->dropped_told = old->dropped_told;
}

/* Collects the outlets; the caller frees the list. NULL when no memory is left. */
static struct outlet **list_outlets(const struct outlets *o, size_t *ret_count)
{
	struct outlet **list = calloc(o->count + 1, sizeof(struct outlet *));

	*ret_count = 0;
	for (size_t i = 0; list && i < o->count; i++)
		if (o->sinks[i].outlet)
			list[(*ret_count)++] = o->sinks[i].outlet;
	return list;
}

static void finish(const struct outlets *o, enum outlet_ending ending, uint32_t wait_ms)
{
	size_t count;
	cleanup_(freep) struct outlet **list = list_outlets(o, &count);

	if (list) {
		outlet_finish(list, count, ending, wait_ms);
		return;
	}
	/* One after the other then, and at once. */
	for (size_t i = 0; i < o->count; i++)
		if (o->sinks[i].outlet)
			outlet_finish(&o->sinks[i].outlet, 1, OUTLET_CEASE, 0);
}

int outlets_replace(struct outlets **o, const struct config *c, int notify_fd)
{
	struct outlets *old = *o, *new = NULL;
	int r = make_outlets(c, notify_fd, old, &new);

	if (r < 0)
		return r;
	new->farewells = TAKE_PTR(old->farewells);
	new->farewells_count = old->farewells_count;
	old->farewells_count = 0;
	for (size_t i = 0; i < old->count; i++)
		take_over(new, &old->sinks[i]);
	finish(old, OUTLET_CEASE, OUTLETS_REPLACE_MS);
	for (size_t i = 0; i < old->count; i++)
		if (old->sinks[i].outlet)
			succeed(new, &old->sinks[i]);
	free_outlets(old);
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
	r->fn(priority, format_printable(printable, sizeof(printable), sentence), r->userdata);
}

/* "3 events", "1 snapshot" */
static const char *format_items(char buf[FORMAT_SIZE], const struct sink *s, uint64_t n)
{
	snprintf(buf, FORMAT_SIZE, "%" PRIu64 " %s%s", n,
		s->kind->item == ITEM_EVENT ? "event" : "snapshot", n == 1 ? "" : "s");
	return buf;
}

static void report_failure(
	const struct sink *s, const struct outlet_status *status, const struct reporter *r)
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

static void report_recovery(const struct sink *s, uint64_t dropped, const struct reporter *r)
{
	char items[FORMAT_SIZE];

	if (dropped > s->dropped_at_failure && s->kind->matters)
		report(r, LOG_NOTICE, "%s: works again; %s dropped meanwhile", s->name,
			format_items(items, s, dropped - s->dropped_at_failure));
	else
		report(r, LOG_NOTICE, "%s: works again", s->name);
}

static void report_sink(struct sink *s, const struct reporter *r)
{
	struct outlet_status status;
	char items[FORMAT_SIZE];
	uint64_t dropped;

	outlet_status(s->outlet, &status);
	dropped = status.dropped + s->lost;
	if (status.failures && !s->failing) {
		report_failure(s, &status, r);
		s->dropped_at_failure = dropped;
	} else if (!status.failures && s->failing) {
		report_recovery(s, dropped, r);
	}
	s->failing = status.failures > 0;
	if (s->kind->matters && dropped > s->dropped_told && dropped >= 2 * s->dropped_told) {
		report(r, LOG_WARNING, "%s: does not keep up; %s dropped so far", s->name,
			format_items(items, s, dropped));
		s->dropped_told = dropped;
	}
}

void outlets_take_reports(struct outlets *o, report_fn fn, void *userdata)
{
	const struct reporter reporter = {fn, userdata};

	for (size_t i = 0; i < o->farewells_count; i++) {
		report(&reporter, LOG_WARNING, "%s", o->farewells[i]);
		free(o->farewells[i]);
	}
	o->farewells_count = 0;
	for (size_t i = 0; i < o->count; i++)
		report_sink(&o->sinks[i], &reporter);
}

/* A restart. */

struct saving {
	void (*fn)(const char *outlet, const struct alert_event *e, void *userdata);
	void *userdata;
	const char *name;
};

static void save_item(const void *item, void *userdata)
{
	const struct saving *s = userdata;

	s->fn(s->name, item, s->userdata);
}

void outlets_save(struct outlets *o,
	void (*fn)(const char *outlet, const struct alert_event *e, void *userdata), void *userdata)
{
	for (size_t i = 0; i < o->count; i++) {
		struct sink *s = &o->sinks[i];
		struct saving saving = {fn, userdata, s->name};

		if (s->kind->kept)
			outlet_foreach(s->outlet, save_item, &saving);
	}
}

int outlets_restore(struct outlets *o, const char *outlet, const struct alert_event *e)
{
	struct sink *s = find_sink(o, outlet);

	if (!s || !s->kind->kept)
		return -ENOENT;
	push(o, s, copy_event(e));
	return 0;
}

void outlets_drain(struct outlets *o, uint32_t wait_ms)
{
	o->drained = true;
	finish(o, OUTLET_DRAIN, wait_ms > OUTLET_GRACE_MS ? wait_ms - OUTLET_GRACE_MS : 0);
}

size_t outlets_stop(struct outlets *o, uint32_t wait_ms)
{
	size_t undelivered = 0;

	if (!o)
		return 0;
	if (!o->drained)
		outlets_drain(o, wait_ms);
	for (size_t i = 0; i < o->count; i++)
		undelivered += outlet_stop(o->sinks[i].outlet, 0);
	free_outlets(o);
	return undelivered;
}

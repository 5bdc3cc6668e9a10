/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/json.h"

#include "basic/cleanup.h"
#include "basic/unknown.h"
#include "config.h"
#include "output/json_private.h"
#include "output/sock_table.h"
#include "output/stream.h"

#include <string.h>

/* How often the sockets are polled; null for a single snapshot. */
static struct json_object *poll(struct builder *b, const struct document *d)
{
	const struct polling *p = &d->snapshot->polling;
	struct json_object *o;

	if (!p->interval_ms)
		return NULL;
	o = build_object(b);
	build_put(b, o, "interval_seconds", build_seconds(b, p->interval_ms));
	build_put(b, o, "effective_interval_seconds", build_seconds(b, p->effective_ms));
	build_put(b, o, "interval_stretched", build_boolean(b, p->effective_ms > p->interval_ms));
	build_put(b, o, "established_masked", build_boolean(b, p->established_masked));
	build_put(b, o, "cpu_budget_percent", build_quantity(b, p->cpu_budget_percent));
	build_put(
		b, o, "cpu_percent", p->cpu_percent < 0 ? NULL : build_quantity(b, p->cpu_percent));
	return o;
}

/* How ages are tracked; null if they are not. */
static struct json_object *ages(struct builder *b, const struct document *d)
{
	const struct age_table *t = &d->snapshot->age_table;
	struct json_object *o;

	if (!t->groups)
		return NULL;
	o = build_object(b);
	build_put(b, o, "tracked", build_number(b, t->tracked));
	build_put(b, o, "sampled", build_boolean(b, t->weight > 1));
	build_put(b, o, "weight", build_number(b, t->weight));
	build_put(b, o, "watched_seconds", build_seconds(b, t->watched_ms));
	return o;
}

/* All that stands before the ports. */
static struct json_object *head(struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;
	struct json_object *o = build_object(b), *scan = build_scan(b, &s->scan, &s->origin);

	build_put(b, scan, "note", build_string(b, s->scan.note));
	build_put_origin(b, o, JSON_SCHEMA_ID, &s->origin);
	build_put(b, o, "scan", scan);
	build_put(b, o, "poll", poll(b, d));
	build_put(b, o, "ages", ages(b, d));
	build_put(b, o, "filter", build_filter(b, &s->filter, true));
	json_put_totals(b, o, d);
	return o;
}

/* And behind them. */
static struct json_object *tail(struct builder *b, const struct document *d)
{
	const struct snapshot *s = d->snapshot;
	struct json_object *o = build_object(b), *omitted = build_object(b);

	build_put(b, omitted, "ports", build_number(b, s->omitted.ports));
	build_put(b, omitted, "sockets", build_number(b, s->omitted.sockets));
	build_put(b, omitted, "memory_bytes", build_number(b, s->omitted.memory_bytes));
	build_put(b, o, "ports_omitted", omitted);
	json_put_limits(b, o, d);
	json_put_findings(b, o, d);
	return o;
}

/* The same two fields of a record are bytes, or of a listener connections. */
static void put_queues(
	struct builder *b, struct json_object *o, const struct sock_record *r, bool has_backlogs)
{
	const bool listens = r->state == STATE_LISTEN;

	build_put(
		b, o, "receive_queue_bytes", build_number(b, listens ? UNKNOWN : r->receive_queue));
	build_put(b, o, "send_queue_bytes", build_number(b, listens ? UNKNOWN : r->send_queue));
	build_put(b, o, "accept_queue", build_number(b, listens ? r->receive_queue : UNKNOWN));
	build_put(b, o, "backlog",
		build_number(b, listens && has_backlogs ? r->send_queue : UNKNOWN));
}

static struct json_object *single_socket(struct builder *b, const struct document *d, size_t index)
{
	const struct sock_observation *s = &d->extras->sockets->list[index];
	const struct sock_record *r = &s->record;
	const bool has_timer = r->timer != TIMER_NONE, has_peer = r->state != STATE_LISTEN;
	struct json_object *o = build_object(b);
	char end[ENDPOINT_SIZE];

	build_put_service(b, o, d->snapshot->origin.netns, &s->service,
		s->service.device ? s->device_name : NULL);
	build_put(b, o, "state", build_string(b, state_name((enum tcp_state)r->state)));
	build_put(b, o, "local", build_string(b, sock_local_end(end, s)));
	build_put(b, o, "remote", has_peer ? build_string(b, sock_remote_end(end, s)) : NULL);
	build_put(b, o, "age_seconds", build_seconds(b, s->age_ms));
	build_put(b, o, "memory_bytes", build_number(b, s->memory_bytes));
	put_queues(b, o, r, !scan_is_of_proc(&d->snapshot->scan));
	build_put(
		b, o, "timer", has_timer ? build_string(b, name_of(timer_names, r->timer)) : NULL);
	build_put(b, o, "timer_seconds", has_timer ? build_seconds(b, r->expires_ms) : NULL);
	build_put(b, o, "owner", build_owner(b, s->owner, NULL, false));
	return o;
}

/* Where a document goes, and how. */
struct layout {
	struct string *text;
	FILE *out; /* where text is moved to as it comes; NULL: nowhere */
	bool pretty;
	bool begun; /* the object has a member */
};

/* The whole document need not fit into memory when it is printed. */
static void flush(const struct layout *l)
{
	if (!l->out)
		return;
	fwrite(l->text->text, 1, l->text->length, l->out);
	string_cut(l->text, 0);
}

static void new_line(const struct layout *l, unsigned depth)
{
	if (l->pretty)
		string_addf(l->text, "\n%*s", (int)(2 * depth), "");
}

/* Prints a value; json-c indents it from the margin, so its lines are moved to where it stands. */
static void print_value(
	const struct layout *l, struct builder *b, struct json_object *value, unsigned depth)
{
	const char *text = build_text(b, value, l->pretty);

	while (text && *text) {
		size_t length = strcspn(text, "\n");

		string_add_bytes(l->text, text, length);
		text += length;
		if (*text) {
			new_line(l, depth);
			text++;
		}
	}
	flush(l);
}

static void print_key(struct layout *l, const char *key)
{
	if (l->begun)
		string_add_char(l->text, ',');
	l->begun = true;
	new_line(l, 1);
	string_addf(l->text, l->pretty ? "\"%s\": " : "\"%s\":", key);
}

/* Prints the members of an object as members of the document, and releases it. */
static void print_members(struct layout *l, struct builder *b, struct json_object *o)
{
	if (!b->error) {
		json_object_object_foreach(o, key, value)
		{
			print_key(l, key);
			print_value(l, b, value, 1);
		}
	}
	json_object_put(o);
}

/*
 * Prints an array element by element: with every port of a busy machine the tree of them all would
 * be large.
 */
static void print_array(struct layout *l, struct builder *b, const struct document *d, size_t count,
	struct json_object *(*element)(struct builder *b, const struct document *d, size_t index))
{
	string_add_char(l->text, '[');
	for (size_t i = 0; i < count && !b->error; i++) {
		struct json_object *value = element(b, d, i);

		if (i)
			string_add_char(l->text, ',');
		new_line(l, 2);
		print_value(l, b, value, 2);
		json_object_put(value);
	}
	if (count)
		new_line(l, 1);
	string_add_char(l->text, ']');
}

static int format(struct layout *l, const struct document *d)
{
	struct builder b = {0};

	string_add_char(l->text, '{');
	print_members(l, &b, head(&b, d));
	print_key(l, "ports");
	print_array(l, &b, d, d->snapshot->ports_count, json_port);
	print_members(l, &b, tail(&b, d));
	if (d->extras->sockets) {
		print_key(l, "sockets");
		print_array(l, &b, d, d->extras->sockets->count, single_socket);
	}
	new_line(l, 0);
	string_add(l->text, "}\n");
	return b.error ? b.error : l->text->error;
}

int json_format(struct string *text, const struct snapshot *s, const struct findings *f,
	const struct json_extras *extras)
{
	const struct document document = {.snapshot = s, .findings = f, .extras = extras};
	struct layout layout = {.text = text};

	return format(&layout, &document);
}

int json_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct json_extras *extras, bool pretty)
{
	const struct document document = {.snapshot = s, .findings = f, .extras = extras};
	cleanup_(string_release) struct string text = string_up_to(JSON_SIZE_MAX);
	struct layout layout = {.text = &text, .out = out, .pretty = pretty};
	int r = format(&layout, &document);

	if (r < 0)
		return r;
	flush(&layout);
	return stream_finish(out);
}

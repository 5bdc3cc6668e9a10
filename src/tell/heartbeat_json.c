/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tell/heartbeat_json.h"

#include "config.h"
#include "format.h"
#include "judge/heartbeat_words.h"
#include "tell/stream.h"
#include "util.h"

#include <json-c/json.h>

/* A failure sticks; from then on nothing is added any more. */
struct builder {
	const struct heartbeat_report *report;
	int error;
};

static struct json_object *checked(struct builder *b, struct json_object *value)
{
	if (!value)
		b->error = -ENOMEM;
	return value;
}

static struct json_object *new_object(struct builder *b)
{
	return checked(b, json_object_new_object());
}

static struct json_object *new_array(struct builder *b)
{
	return checked(b, json_object_new_array());
}

/* Adds a value under a key of static storage and takes it over. NULL is null. */
static void put(
	struct builder *b, struct json_object *o, const char *key, struct json_object *value)
{
	const unsigned options = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY;

	if (!b->error && json_object_object_add_ex(o, key, value, options) < 0)
		b->error = -ENOMEM;
	if (b->error)
		json_object_put(value);
}

static void append(struct builder *b, struct json_object *array, struct json_object *value)
{
	if (!b->error && json_object_array_add(array, value) < 0)
		b->error = -ENOMEM;
	if (b->error)
		json_object_put(value);
}

static struct json_object *number(struct builder *b, uint64_t n)
{
	return n == UNKNOWN ? NULL : checked(b, json_object_new_uint64(n));
}

static struct json_object *boolean(struct builder *b, bool value)
{
	return checked(b, json_object_new_boolean(value));
}

/* Seconds from a count of parts, 1000 or 1000000 to the second; UINT32_MAX is unknown. */
static struct json_object *seconds(struct builder *b, uint64_t parts, unsigned second)
{
	char text[FORMAT_SIZE];

	if (parts == UINT32_MAX)
		return NULL;
	snprintf(
		text, sizeof(text), "%.*f", second == 1000 ? 3 : 6, (double)parts / (double)second);
	return checked(b, json_object_new_double_s((double)parts / (double)second, text));
}

static struct json_object *milliseconds(struct builder *b, uint32_t ms)
{
	return seconds(b, ms, 1000);
}

/* An empty text is unknown. */
static struct json_object *string(struct builder *b, const char *text)
{
	char printable[HEARTBEAT_WORDS_SIZE];

	if (!text || !*text)
		return NULL;
	return checked(
		b, json_object_new_string(format_printable(printable, sizeof(printable), text)));
}

static struct json_object *distribution(
	struct builder *b, const struct histogram *h, unsigned second)
{
	static const struct {
		const char *key;
		double share;
	} keys[] = {{"median", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}, {"longest", 1}};
	struct json_object *o = new_object(b);

	put(b, o, "connections", number(b, h->count));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		put(b, o, keys[i].key, seconds(b, histogram_quantile(h, keys[i].share), second));
	return o;
}

static struct json_object *by_kind(
	struct builder *b, const struct histogram h[SILENCE_KINDS], const struct histogram *sent)
{
	struct json_object *o = new_object(b);

	for (enum silence_kind k = 0; k < SILENCE_KINDS; k++)
		put(b, o, silence_kind_name(k), distribution(b, &h[k], 1000));
	if (sent)
		put(b, o, "sent", distribution(b, sent, 1000));
	return o;
}

static struct json_object *keepalive(struct builder *b, const struct heartbeat_port *p)
{
	struct json_object *o = new_object(b);

	put(b, o, "on", number(b, p->keepalive[KEEPALIVE_ON]));
	put(b, o, "off", number(b, p->keepalive[KEEPALIVE_OFF]));
	put(b, o, "unknown", number(b, p->keepalive[KEEPALIVE_UNKNOWN]));
	put(b, o, "next_probe_seconds",
		p->keepalive[KEEPALIVE_ON] ? milliseconds(b, p->keepalive_next_ms) : NULL);
	return o;
}

static struct json_object *timeouts(struct builder *b, const struct heartbeat_line *line)
{
	struct json_object *array = new_array(b);
	struct timeout_row rows[TIMEOUT_ROWS_MAX];
	bool watched = b->report->numbers.looks > 1;
	size_t count = 0;

	if (line->port->longest_ms[line->advice.basis].count)
		count = heartbeat_timeouts(line->port, line->advice.basis, rows);
	for (size_t i = 0; i < count; i++) {
		struct json_object *o = new_object(b);

		put(b, o, "timeout_seconds", milliseconds(b, rows[i].timeout_ms));
		put(b, o, "cut", number(b, rows[i].cut));
		put(b, o, "heard_again", number(b, watched ? rows[i].again : UNKNOWN));
		put(b, o, "silent_now", number(b, rows[i].still));
		append(b, array, o);
	}
	return array;
}

static struct json_object *advice(struct builder *b, const struct heartbeat_line *line)
{
	const struct heartbeat_advice *a = &line->advice;
	bool suggested = a->verdict == ADVICE_SUGGESTED;
	char words[HEARTBEAT_WORDS_SIZE];
	struct json_object *o = new_object(b);

	put(b, o, "verdict", string(b, advice_verdict_name(a->verdict)));
	put(b, o, "basis", string(b, silence_kind_name(a->basis)));
	put(b, o, "timeout_seconds", suggested ? milliseconds(b, a->timeout_ms) : NULL);
	put(b, o, "weak", boolean(b, a->weak));
	put(b, o, "doubtful", boolean(b, a->doubtful));
	put(b, o, "peers", number(b, a->peers));
	put(b, o, "typical_seconds", milliseconds(b, a->typical_ms));
	put(b, o, "dead", number(b, suggested ? a->dead : UNKNOWN));
	put(b, o, "dead_longest_seconds", milliseconds(b, a->dead_longest_ms));
	put(b, o, "idle", number(b, suggested ? a->idle : UNKNOWN));
	put(b, o, "cut_alive",
		number(b, suggested && b->report->numbers.looks > 1 ? a->cut_alive : UNKNOWN));
	put(b, o, "watch_seconds",
		a->verdict == ADVICE_TOO_SHORT ? milliseconds(b, a->watch_ms) : NULL);
	put(b, o, "why",
		string(b, heartbeat_suggestion(words, line->port, a, &b->report->numbers)));
	put(b, o, "silent", string(b, heartbeat_silent_peers(words, a)));
	return o;
}

static struct json_object *port(struct builder *b, const struct heartbeat_line *line)
{
	const struct heartbeat_port *p = line->port;
	bool watched = b->report->numbers.looks > 1;
	struct json_object *o = new_object(b);

	put(b, o, "netns", string(b, b->report->origin.netns));
	put(b, o, "side", string(b, side_name((enum sock_side)p->side)));
	put(b, o, "port", number(b, p->port));
	put(b, o, "sockets", number(b, p->sockets));
	put(b, o, "never_sent", number(b, p->mute));
	put(b, o, "unacknowledged", number(b, p->unacknowledged));
	put(b, o, "keepalive", keepalive(b, p));
	put(b, o, "user_timeout", NULL);
	put(b, o, "silent_seconds", by_kind(b, p->silent_ms, &p->sent_ms));
	put(b, o, "longest_seconds", by_kind(b, p->longest_ms, NULL));
	put(b, o, "heard_again_seconds", watched ? by_kind(b, p->ended_ms, NULL) : NULL);
	put(b, o, "rtt_seconds", distribution(b, &p->rtt_us, 1000000));
	put(b, o, "timeouts", timeouts(b, line));
	put(b, o, "advice", advice(b, line));
	return o;
}

static struct json_object *ports(struct builder *b)
{
	struct json_object *array = new_array(b);

	for (size_t i = 0; i < b->report->lines_count && !b->error; i++)
		append(b, array, port(b, &b->report->lines[i]));
	return array;
}

static struct json_object *scan(struct builder *b)
{
	const struct scan *s = &b->report->scan;
	struct json_object *o = new_object(b);

	put(b, o, "source", string(b, s->source));
	put(b, o, "replayed", boolean(b, b->report->origin.replayed));
	put(b, o, "complete", boolean(b, s->complete));
	put(b, o, "error", string(b, s->error));
	put(b, o, "sockets", number(b, s->sockets));
	put(b, o, "wall_us", number(b, s->wall_us));
	put(b, o, "cpu_us", number(b, s->cpu_us));
	return o;
}

static struct json_object *filter(struct builder *b)
{
	const struct filter *f = &b->report->filter;
	bool one_side = f->sides[SIDE_SERVER] != f->sides[SIDE_CLIENT];
	cleanup_(freep) char *list = f->ports ? format_port_set(f->ports) : NULL;
	struct json_object *o;

	if (!f->ports && !one_side)
		return NULL;
	o = new_object(b);
	/* Not through string(): a list of ports can be longer than any name. */
	put(b, o, "ports",
		f->ports ? checked(b, list ? json_object_new_string(list) : NULL) : NULL);
	put(b, o, "side",
		one_side ? string(b, side_name(f->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT))
			 : NULL);
	return o;
}

static struct json_object *watched(struct builder *b)
{
	const struct heartbeat_numbers *n = &b->report->numbers;
	struct json_object *o = new_object(b);

	put(b, o, "seconds", seconds(b, n->watched_ms, 1000));
	put(b, o, "asked_seconds", seconds(b, b->report->asked_ms, 1000));
	put(b, o, "looks", number(b, n->looks));
	put(b, o, "connections", number(b, n->looks > 1 ? n->watched : UNKNOWN));
	put(b, o, "each_stands_for", number(b, n->weight));
	return o;
}

static struct json_object *ports_omitted(struct builder *b)
{
	struct json_object *o = new_object(b);

	put(b, o, "ports", number(b, b->report->omitted.ports));
	put(b, o, "sockets", number(b, b->report->omitted.sockets));
	return o;
}

static struct json_object *document(struct builder *b)
{
	const struct heartbeat_report *r = b->report;
	struct json_object *o = new_object(b);
	char time[FORMAT_SIZE];

	put(b, o, "schema", string(b, HEARTBEAT_SCHEMA_ID));
	put(b, o, "version", string(b, PACKAGE_VERSION));
	put(b, o, "time", string(b, format_time(time, &r->origin.time)));
	put(b, o, "host", string(b, r->origin.host));
	put(b, o, "boot_id", string(b, r->origin.boot_id));
	put(b, o, "kernel", string(b, r->origin.kernel));
	put(b, o, "netns", string(b, r->origin.netns));
	put(b, o, "scan", scan(b));
	put(b, o, "filter", filter(b));
	put(b, o, "watched", watched(b));
	put(b, o, "sockets", number(b, r->numbers.sockets));
	put(b, o, "without_info", number(b, r->numbers.without_info));
	put(b, o, "ports", ports(b));
	put(b, o, "ports_omitted", ports_omitted(b));
	return o;
}

int tell_heartbeat_json(FILE *out, const struct heartbeat_report *r, bool pretty)
{
	const int flags = JSON_C_TO_STRING_NOSLASHESCAPE |
			  (pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0);
	struct builder b = {.report = r};
	struct json_object *o = document(&b);
	const char *text = b.error ? NULL : json_object_to_json_string_ext(o, flags);

	if (!text)
		b.error = -ENOMEM;
	else
		fprintf(out, "%s\n", text);
	json_object_put(o);
	return b.error ? b.error : stream_finish(out);
}

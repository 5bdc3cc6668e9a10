/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/heartbeat_json.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/json_builder.h"
#include "output/stream.h"
#include "output/words.h"

/* Seconds from a count of parts, 1000 or 1000000 to the second; UINT32_MAX is unknown. */
static struct json_object *seconds(struct builder *b, uint64_t pieces, unsigned second)
{
	char text[FORMAT_SIZE];

	if (pieces == UINT32_MAX)
		return NULL;
	snprintf(text, sizeof(text), "%.*f", second == 1000 ? 3 : 6,
		(double)pieces / (double)second);
	return build_checked(b, json_object_new_double_s((double)pieces / (double)second, text));
}

static struct json_object *distribution(
	struct builder *b, const struct histogram *h, unsigned second)
{
	static const struct {
		const char *key;
		double share;
	} keys[] = {
		{"median_seconds", 0.5},
		{"p90_seconds", 0.9},
		{"p99_seconds", 0.99},
		{"p99_9_seconds", 0.999},
		{"longest_seconds", 1},
	};
	struct json_object *o = build_object(b);

	build_put(b, o, "connections", build_number(b, h->count));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		build_put(b, o, keys[i].key,
			seconds(b, histogram_quantile(h, keys[i].share), second));
	return o;
}

static struct json_object *by_kind(
	struct builder *b, const struct histogram h[IDLE_KINDS], const struct histogram *sent)
{
	struct json_object *o = build_object(b);

	for (enum idle_kind k = 0; k < IDLE_KINDS; k++)
		build_put(b, o, name_of(idle_kind_names, k), distribution(b, &h[k], 1000));
	if (sent)
		build_put(b, o, "sent", distribution(b, sent, 1000));
	return o;
}

static struct json_object *keepalive(struct builder *b, const struct heartbeat_port *p)
{
	struct json_object *o = build_object(b);

	build_put(b, o, "on", build_number(b, p->keepalive[KEEPALIVE_ON]));
	build_put(b, o, "off", build_number(b, p->keepalive[KEEPALIVE_OFF]));
	build_put(b, o, "unknown", build_number(b, p->keepalive[KEEPALIVE_UNKNOWN]));
	build_put(b, o, "next_probe_seconds",
		p->keepalive[KEEPALIVE_ON] ? seconds(b, p->keepalive_next_ms, 1000) : NULL);
	return o;
}

static struct json_object *timeouts(
	struct builder *b, const struct heartbeat_report *r, const struct heartbeat_line *line)
{
	struct json_object *array = build_array(b);
	struct timeout_row rows[TIMEOUT_ROWS_MAX];
	bool watched = r->numbers.polls > 1;
	const size_t count = heartbeat_timeouts(line->port, line->advice.basis, rows);

	for (size_t i = 0; i < count; i++) {
		struct json_object *o = build_object(b);

		build_put(b, o, "timeout_seconds", seconds(b, rows[i].timeout_ms, 1000));
		build_put(b, o, "cut", build_number(b, rows[i].cut));
		build_put(b, o, "heard_again", build_number(b, watched ? rows[i].again : UNKNOWN));
		build_put(b, o, "idle_now", build_number(b, rows[i].still));
		build_append(b, array, o);
	}
	return array;
}

static struct json_object *advice(
	struct builder *b, const struct heartbeat_report *r, const struct heartbeat_line *line)
{
	const struct heartbeat_advice *a = &line->advice;
	bool suggested = a->verdict == ADVICE_SUGGESTED;
	char why[SENTENCE_SIZE], silent[SENTENCE_SIZE];
	struct string suggestion = STRING_IN(why), peers = STRING_IN(silent);
	struct json_object *o = build_object(b);

	build_put(b, o, "verdict", build_string(b, name_of(advice_verdict_names, a->verdict)));
	build_put(b, o, "basis", build_string(b, name_of(idle_kind_names, a->basis)));
	build_put(b, o, "timeout_seconds", suggested ? seconds(b, a->timeout_ms, 1000) : NULL);
	build_put(b, o, "weak", build_boolean(b, a->weak));
	build_put(b, o, "doubtful", build_boolean(b, a->doubtful));
	build_put(b, o, "peers", build_number(b, a->peers));
	build_put(b, o, "typical_seconds", seconds(b, a->typical_ms, 1000));
	build_put(b, o, "dead", build_number(b, suggested ? a->dead : UNKNOWN));
	build_put(b, o, "dead_longest_seconds", seconds(b, a->dead_longest_ms, 1000));
	build_put(b, o, "idle", build_number(b, suggested ? a->idle : UNKNOWN));
	build_put(b, o, "cut_alive",
		build_number(b, suggested && r->numbers.polls > 1 ? a->cut_alive : UNKNOWN));
	build_put(b, o, "watch_seconds",
		a->verdict == ADVICE_TOO_SHORT ? seconds(b, a->watch_ms, 1000) : NULL);
	words_suggestion(&suggestion, line->port, a, &r->numbers);
	words_silent_peers(&peers, a);
	build_put(b, o, "why", build_string(b, why));
	build_put(b, o, "silent", build_string(b, silent));
	return o;
}

static struct json_object *port(
	struct builder *b, const struct heartbeat_report *r, const struct heartbeat_line *line)
{
	const struct heartbeat_port *p = line->port;
	bool watched = r->numbers.polls > 1;
	struct json_object *o = build_object(b);

	build_put_service(b, o, r->origin.netns, &p->service, p->device);
	build_put(b, o, "sockets", build_number(b, p->sockets));
	build_put(b, o, "never_sent", build_number(b, p->mute));
	build_put(b, o, "unacknowledged", build_number(b, p->unacknowledged));
	build_put(b, o, "keepalive", keepalive(b, p));
	build_put(b, o, "user_timeout_seconds", NULL);
	build_put(b, o, "idle", by_kind(b, p->idle_ms, &p->sent_ms));
	build_put(b, o, "longest_idle", by_kind(b, p->longest_ms, NULL));
	build_put(b, o, "ended_idle", watched ? by_kind(b, p->ended_ms, NULL) : NULL);
	build_put(b, o, "rtt", distribution(b, &p->rtt_us, 1000000));
	build_put(b, o, "timeouts", timeouts(b, r, line));
	build_put(b, o, "advice", advice(b, r, line));
	return o;
}

static struct json_object *watched(struct builder *b, const struct heartbeat_report *r)
{
	const struct heartbeat_numbers *n = &r->numbers;
	struct json_object *o = build_object(b);

	build_put(b, o, "seconds", seconds(b, n->watched_ms, 1000));
	build_put(b, o, "requested_seconds", seconds(b, r->requested_ms, 1000));
	build_put(b, o, "polls", build_number(b, n->polls));
	build_put(b, o, "connections", build_number(b, n->polls > 1 ? n->watched : UNKNOWN));
	build_put(b, o, "weight", build_number(b, n->weight));
	return o;
}

static struct json_object *document(struct builder *b, const struct heartbeat_report *r)
{
	struct json_object *o = build_object(b), *ports = build_array(b),
			   *omitted = build_object(b);

	for (size_t i = 0; i < r->lines_count && !b->error; i++)
		build_append(b, ports, port(b, r, &r->lines[i]));
	build_put(b, omitted, "ports", build_number(b, r->omitted.ports));
	build_put(b, omitted, "sockets", build_number(b, r->omitted.sockets));
	build_put_origin(b, o, HEARTBEAT_SCHEMA_ID, &r->origin);
	build_put(b, o, "scan", build_scan(b, &r->scan, &r->origin));
	build_put(b, o, "filter", build_filter(b, &r->filter, false));
	build_put(b, o, "watched", watched(b, r));
	build_put(b, o, "sockets", build_number(b, r->numbers.sockets));
	build_put(b, o, "without_info", build_number(b, r->numbers.without_info));
	build_put(b, o, "ports", ports);
	build_put(b, o, "ports_omitted", omitted);
	return o;
}

int heartbeat_json_print(FILE *out, const struct heartbeat_report *r, bool pretty)
{
	struct builder b = {0};
	struct json_object *o = document(&b, r);
	const char *text = build_text(&b, o, pretty);

	if (text)
		fprintf(out, "%s\n", text);
	json_object_put(o);
	return b.error ? b.error : stream_finish(out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/heartbeat_text.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/utf8.h"
#include "output/heartbeat_words.h"
#include "output/stream.h"

#include <inttypes.h>
#include <string.h>

static const double shares[] = {0.5, 0.9, 0.99, 0.999, 1};

#define LABEL_WIDTH 28

/* Round trips are shorter than most silences. */
static const char *format_rtt(char buf[FORMAT_SIZE], uint32_t us)
{
	if (us >= 10000)
		return format_duration(buf, us / 1000);
	if (us >= 1000)
		snprintf(
			buf, FORMAT_SIZE, "%" PRIu32 ".%" PRIu32 " ms", us / 1000, us % 1000 / 100);
	else
		snprintf(buf, FORMAT_SIZE, "%" PRIu32 " us", us);
	return buf;
}

static void print_quantiles(FILE *out, const char *label, const struct histogram *h,
	const char *(*format)(char buf[FORMAT_SIZE], uint32_t n))
{
	char text[FORMAT_SIZE];

	if (!h->count)
		return;
	fprintf(out, "%-*s", LABEL_WIDTH, label);
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
		fprintf(out, "%10s", format(text, histogram_quantile(h, shares[i])));
	fputc('\n', out);
}

/* A row for data, and one for any sign where that tells something else. */
static void print_kinds(
	FILE *out, const char *const labels[IDLE_KINDS], const struct histogram h[IDLE_KINDS])
{
	bool alike = true;

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
		alike = alike && histogram_quantile(&h[IDLE_DATA], shares[i]) ==
					 histogram_quantile(&h[IDLE_ANY], shares[i]);
	print_quantiles(out, labels[IDLE_DATA], &h[IDLE_DATA], format_duration);
	if (!alike)
		print_quantiles(out, labels[IDLE_ANY], &h[IDLE_ANY], format_duration);
}

static void print_idle_times(
	FILE *out, const struct heartbeat_port *p, bool watched, const struct text_style *style)
{
	static const char *const now[] = {"now: no data from the peer", "now: no sign of the peer"};
	static const char *const longest[] = {
		"each one's longest: no data", "each one's longest: no sign"};
	static const char *const again[] = {
		"until heard again: no data", "until heard again: no sign"};

	fprintf(out, "%s%-*s%10s%10s%10s%10s%10s%s\n", text_color(style, SEVERITY_OK), LABEL_WIDTH,
		"SILENT FOR", "MEDIAN", "90 %", "99 %", "99.9 %", "LONGEST", text_plain(style));
	print_kinds(out, now, p->idle_ms);
	print_quantiles(out, "now: no data sent to it", &p->sent_ms, format_duration);
	if (watched) {
		print_kinds(out, longest, p->longest_ms);
		print_kinds(out, again, p->ended_ms);
	}
	print_quantiles(out, "round trip", &p->rtt_us, format_rtt);
}

/* Without watching nobody is known to have been heard again. */
static void print_timeouts(
	FILE *out, const struct heartbeat_line *line, bool watched, const struct text_style *style)
{
	const struct heartbeat_port *p = line->port;
	uint64_t all = p->longest_ms[line->advice.basis].count;
	struct timeout_row rows[TIMEOUT_ROWS_MAX];
	size_t count = heartbeat_timeouts(p, line->advice.basis, rows);

	if (!all)
		return;
	fprintf(out, "\n%sA TIMEOUT OF  WOULD HAVE CUT     SHARE  HEARD AGAIN  SILENT NOW%s\n",
		text_color(style, SEVERITY_OK), text_plain(style));
	for (size_t i = 0; i < count; i++) {
		const struct timeout_row *row = &rows[i];
		char timeout[FORMAT_SIZE], cut[FORMAT_SIZE], share[FORMAT_SIZE], again[FORMAT_SIZE],
			still[FORMAT_SIZE];

		fprintf(out, "%-12s  %14s %9s %12s %11s\n",
			heartbeat_format_timeout(timeout, row->timeout_ms),
			format_count(cut, row->cut),
			format_percent(share, 100.0 * (double)row->cut / (double)all),
			watched ? format_count(again, row->again) : "?",
			format_count(still, row->still));
	}
}

static void print_port(FILE *out, const struct heartbeat_report *r,
	const struct heartbeat_line *line, const struct text_style *style)
{
	const struct heartbeat_port *p = line->port;
	bool watched = r->numbers.polls > 1;
	char number[FORMAT_SIZE], words[HEARTBEAT_WORDS_SIZE];

	fprintf(out, "\n%s%s %" PRIu16 "%s: %s connection%s", text_color(style, SEVERITY_OK),
		p->side == SIDE_SERVER ? "Server port" : "Client side, to port", p->port,
		text_plain(style), format_count(number, p->sockets), p->sockets == 1 ? "" : "s");
	if (p->mute)
		fprintf(out, "; %s never sent data", format_count(number, p->mute));
	fputc('\n', out);
	print_idle_times(out, p, watched, style);
	print_timeouts(out, line, watched, style);
	fputc('\n', out);
	text_paragraph(out, style, SEVERITY_OK, "keepalive: ", heartbeat_keepalive(words, p));
	text_paragraph(out, style, SEVERITY_OK,
		"  suggest: ", heartbeat_suggestion(words, p, &line->advice, &r->numbers));
	if (*heartbeat_silent_peers(words, &line->advice))
		text_paragraph(out, style, SEVERITY_WARNING, "   silent: ", words);
}

static const char *format_watched(char buf[FORMAT_SIZE], const struct heartbeat_numbers *n)
{
	char time[FORMAT_SIZE];

	if (n->polls < 2)
		return strcpy(buf, "at one look");
	snprintf(buf, FORMAT_SIZE, "watched for %.16s, %" PRIu32 " looks",
		format_duration(time, (uint32_t)MIN(n->watched_ms, (uint64_t)UINT32_MAX - 1)),
		n->polls);
	return buf;
}

static void print_verdict(
	FILE *out, const struct heartbeat_report *r, const struct text_style *style)
{
	uint64_t dead = 0;
	size_t ports = 0;
	char number[FORMAT_SIZE], all[FORMAT_SIZE], watched[FORMAT_SIZE];

	for (size_t i = 0; i < r->lines_count; i++) {
		dead += r->lines[i].advice.dead;
		ports += r->lines[i].advice.dead > 0;
	}
	format_watched(watched, &r->numbers);
	format_count(all, r->numbers.sockets);
	if (dead)
		fprintf(out, "%sWARNING: %s of %s connections look dead, on %zu port%s; %s%s\n",
			text_color(style, SEVERITY_WARNING), format_count(number, dead), all, ports,
			ports == 1 ? "" : "s", watched, text_plain(style));
	else if (r->numbers.sockets)
		fprintf(out, "No connection is known to be dead, of %s; %s\n", all, watched);
	else
		fprintf(out, "There are no connections; %s\n", watched);
}

static void print_origin(
	FILE *out, const struct heartbeat_report *r, const struct text_style *style)
{
	const struct origin *o = &r->origin;
	char host[256], kernel[128], netns[256], when[FORMAT_SIZE], line[1024];
	const char *time = format_time(when, &o->time);
	bool elsewhere = strcmp(o->netns, "host") != 0;

	snprintf(line, sizeof(line), "%s, Linux %s%s%s, %s%s",
		*o->host ? utf8_printable(host, sizeof(host), o->host) : "?",
		*o->kernel ? utf8_printable(kernel, sizeof(kernel), o->kernel) : "?",
		elsewhere ? ", network namespace " : "",
		elsewhere ? utf8_printable(netns, sizeof(netns), o->netns) : "", time ? time : "?",
		o->replayed ? ", replayed from a recording" : "");
	text_paragraph(out, style, SEVERITY_OK, "", line);
}

/* Whatever makes the numbers less than the whole truth is said before them. */
static void print_reservations(
	FILE *out, const struct heartbeat_report *r, const struct text_style *style)
{
	const struct heartbeat_numbers *n = &r->numbers;
	char text[512], a[FORMAT_SIZE], b[FORMAT_SIZE];

	if (!r->scan.complete)
		text_paragraph(out, style, SEVERITY_WARNING,
			"INCOMPLETE: ", utf8_printable(text, sizeof(text), r->scan.error));
	if (n->watched_ms + 1000 < r->requested_ms) {
		snprintf(text, sizeof(text), "It was stopped before the %s that were asked for.",
			heartbeat_format_timeout(
				a, (uint32_t)MIN(r->requested_ms, (uint64_t)UINT32_MAX - 1)));
		text_paragraph(out, style, SEVERITY_OK, "", text);
	}
	if (n->weight > 1) {
		snprintf(text, sizeof(text),
			"Longest silences are those of a sample: %s connections, each for %s.",
			format_count(a, n->watched), format_count(b, n->weight));
		text_paragraph(out, style, SEVERITY_OK, "", text);
	}
	if (n->without_info) {
		snprintf(text, sizeof(text), "Of %s connections the kernel told no times.",
			format_count(a, n->without_info));
		text_paragraph(out, style, SEVERITY_OK, "", text);
	}
}

static void print_end(FILE *out, const struct heartbeat_report *r, const struct text_style *style)
{
	char ports[FORMAT_SIZE], sockets[FORMAT_SIZE];

	if (r->omitted.ports)
		fprintf(out, "\nand %s more ports with %s connections\n",
			format_count(ports, r->omitted.ports),
			format_count(sockets, r->omitted.sockets));
	if (!r->lines_count)
		return;
	fputc('\n', out);
	text_paragraph(out, style, SEVERITY_OK, "    to set: ", heartbeat_how_to_set);
	text_paragraph(out, style, SEVERITY_OK, "  to weigh: ", heartbeat_trade_off);
}

int heartbeat_text_print(
	FILE *out, const struct heartbeat_report *r, const struct text_style *style)
{
	print_verdict(out, r, style);
	print_origin(out, r, style);
	print_reservations(out, r, style);
	for (size_t i = 0; i < r->lines_count; i++)
		print_port(out, r, &r->lines[i], style);
	print_end(out, r, style);
	return stream_finish(out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/heartbeat_text.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/words.h"

#include <inttypes.h>

static const double shares[] = {0.5, 0.9, 0.99, 0.999, 1};

#define LABEL_WIDTH 28

/* Round trips are shorter than most idle times. */
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

static void add_quantiles(struct page *page, const char *label, const struct histogram *h,
	const char *(*format)(char buf[FORMAT_SIZE], uint32_t n))
{
	char text[FORMAT_SIZE];

	if (!h->count)
		return;
	string_addf(&page->out, "%-*s", LABEL_WIDTH, label);
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
		string_addf(&page->out, "%10s", format(text, histogram_quantile(h, shares[i])));
	string_add_char(&page->out, '\n');
}

/* A row for data, and one for any sign of life if that differs. */
static void add_kinds(struct page *page, const char *const labels[IDLE_KINDS],
	const struct histogram h[IDLE_KINDS])
{
	bool alike = true;

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
		alike = alike && histogram_quantile(&h[IDLE_DATA], shares[i]) ==
					 histogram_quantile(&h[IDLE_ANY], shares[i]);
	add_quantiles(page, labels[IDLE_DATA], &h[IDLE_DATA], format_duration);
	if (!alike)
		add_quantiles(page, labels[IDLE_ANY], &h[IDLE_ANY], format_duration);
}

static void add_idle_times(struct page *page, const struct heartbeat_port *p, bool watched)
{
	static const char *const now[] = {"now: no data from the peer", "now: no sign of the peer"};
	static const char *const longest[] = {
		"each one's longest: no data", "each one's longest: no sign"};
	static const char *const again[] = {
		"until heard again: no data", "until heard again: no sign"};

	string_addf(&page->out, "%s%-*s%10s%10s%10s%10s%10s%s\n", page_color(page, SEVERITY_OK),
		LABEL_WIDTH, "SILENT FOR", "MEDIAN", "90 %", "99 %", "99.9 %", "LONGEST",
		page_plain(page));
	add_kinds(page, now, p->idle_ms);
	add_quantiles(page, "now: no data sent to it", &p->sent_ms, format_duration);
	if (watched) {
		add_kinds(page, longest, p->longest_ms);
		add_kinds(page, again, p->ended_ms);
	}
	add_quantiles(page, "round trip", &p->rtt_us, format_rtt);
}

/* Without watching, no peer is known to have been heard again. */
static void add_timeouts(struct page *page, const struct heartbeat_line *line, bool watched)
{
	const struct heartbeat_port *p = line->port;
	uint64_t all = p->longest_ms[line->advice.basis].count;
	struct timeout_row rows[TIMEOUT_ROWS_MAX];
	size_t count = heartbeat_timeouts(p, line->advice.basis, rows);

	if (!count)
		return;
	string_addf(&page->out,
		"\n%sA TIMEOUT OF  WOULD HAVE CUT     SHARE  HEARD AGAIN  SILENT NOW%s\n",
		page_color(page, SEVERITY_OK), page_plain(page));
	for (size_t i = 0; i < count; i++) {
		const struct timeout_row *row = &rows[i];
		char buffer[FORMAT_SIZE], cut[FORMAT_SIZE], share[FORMAT_SIZE], again[FORMAT_SIZE],
			still[FORMAT_SIZE];
		struct string timeout = STRING_IN(buffer);

		words_timeout(&timeout, row->timeout_ms);
		string_addf(&page->out, "%-12s  %14s %9s %12s %11s\n", buffer,
			format_count(cut, row->cut),
			format_percent(share, 100.0 * (double)row->cut / (double)all),
			watched ? format_count(again, row->again) : "?",
			format_count(still, row->still));
	}
}

static void add_port(
	struct page *page, const struct heartbeat_report *r, const struct heartbeat_line *line)
{
	const struct heartbeat_port *p = line->port;
	bool watched = r->numbers.polls > 1;
	char number[FORMAT_SIZE];

	string_addf(&page->out, "\n%s%s ", page_color(page, SEVERITY_OK),
		p->service.side == SIDE_SERVER ? "Server port" : "Client side, to port");
	words_service(&page->out, &p->service, p->device, p->is_only);
	string_addf(&page->out, "%s: ", page_plain(page));
	words_count(&page->out, p->sockets, "connection", "connections");
	if (p->mute)
		string_addf(&page->out, "; %s never sent data", format_count(number, p->mute));
	string_add_char(&page->out, '\n');
	add_idle_times(page, p, watched);
	add_timeouts(page, line, watched);
	string_add_char(&page->out, '\n');
	words_keepalive(&page->sentence, p);
	page_paragraph(page, SEVERITY_OK, "keepalive: ");
	words_suggestion(&page->sentence, p, &line->advice, &r->numbers);
	page_paragraph(page, SEVERITY_OK, "  suggest: ");
	words_silent_peers(&page->sentence, &line->advice);
	page_paragraph(page, SEVERITY_WARNING, "   silent: ");
}

static void add_verdict(struct page *page, const struct heartbeat_report *r)
{
	uint64_t dead = 0;
	size_t ports = 0;

	for (size_t i = 0; i < r->lines_count; i++) {
		dead += r->lines[i].advice.dead;
		ports += r->lines[i].advice.dead > 0;
	}
	if (dead)
		string_addf(&page->out, "%sWARNING: ", page_color(page, SEVERITY_WARNING));
	words_heartbeat_verdict(&page->out, r, dead, ports);
	string_addf(&page->out, "%s\n", dead ? page_plain(page) : "");
}

static void add_origin(struct page *page, const struct heartbeat_report *r)
{
	words_origin(&page->sentence, &r->origin, UNKNOWN);
	page_paragraph(page, SEVERITY_OK, "");
	for (size_t i = 0; i < HEARTBEAT_RESERVATIONS; i++) {
		heartbeat_reservations[i].add(&page->sentence, r);
		page_paragraph(
			page, heartbeat_reservations[i].severity, heartbeat_reservations[i].label);
	}
}

static void add_end(struct page *page, const struct heartbeat_report *r)
{
	if (r->omitted.ports) {
		string_add(&page->out, "\nand ");
		words_count(&page->out, r->omitted.ports, "more port with ", "more ports with ");
		words_count(&page->out, r->omitted.sockets, "connection\n", "connections\n");
	}
	if (!r->lines_count)
		return;
	string_add_char(&page->out, '\n');
	page_text(page, SEVERITY_OK, "   to set: ", heartbeat_how_to_set);
	page_text(page, SEVERITY_OK, "trade-off: ", heartbeat_trade_off);
}

int heartbeat_text_print(
	FILE *out, const struct heartbeat_report *r, const struct text_style *style)
{
	struct page page = page_new(style);

	add_verdict(&page, r);
	add_origin(&page, r);
	for (size_t i = 0; i < r->lines_count; i++)
		add_port(&page, r, &r->lines[i]);
	add_end(&page, r);
	return page_print(&page, out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/watch.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/port_table.h"
#include "output/screen.h"
#include "output/stream.h"
#include "output/words.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Rows from which on there is room for empty lines and for hints. */
#define ROWS_ROOMY 20

/* The least that the table gets: heading, three rows, totals, changes. */
#define TABLE_LINES 7

/* A share of a limit that is worth a colour: that of most rules of judge/rules.c. */
#define SHARE_HIGH 75.0

static size_t count_in_force(const struct watch_frame *frame)
{
	size_t count = 0;

	while (count < frame->alerts_count && alert_is_in_force(frame->alerts[count]))
		count++;
	return count;
}

static uint32_t ms_between(const struct timespec *from, const struct timespec *to)
{
	double ms = (double)(to->tv_sec - from->tv_sec) * 1e3 +
		    (double)(to->tv_nsec - from->tv_nsec) / 1e6;

	return ms <= 0 ? 0 : ms >= UNKNOWN_U32 ? UNKNOWN_U32 - 1 : (uint32_t)ms;
}

/* The sentence behind a label: wrapped on a screen, one line elsewhere, so that it can be cut out.
 */
static void add_sentence(struct page *p, bool on_screen, enum severity severity, const char *label)
{
	const unsigned columns = p->style.columns;

	if (!on_screen)
		p->style.columns = UINT_MAX;
	page_paragraph(p, severity, label);
	p->style.columns = columns;
}

/* An old table must never be mistaken for a quiet one. */
static void add_failure(struct page *p, const struct watch_frame *frame, bool on_screen)
{
	const struct timespec *taken = &frame->snapshot->origin.time;
	char age[FORMAT_SIZE];

	string_add_printable(&p->sentence, frame->failure);
	add_sentence(p, on_screen, SEVERITY_CRITICAL, "SCAN FAILED: ");
	string_add(&p->out, "at ");
	words_time(&p->out, &frame->failed_at);
	if (frame->failures > 1)
		string_addf(&p->out, ", %u times in a row", frame->failures);
	string_addf(&p->out, "\n%sOLD%s: the last good poll was at ",
		page_color(p, SEVERITY_WARNING), page_plain(p));
	words_time(&p->out, taken);
	string_addf(&p->out, ", %s earlier\n",
		format_duration(age, ms_between(taken, &frame->failed_at)));
}

/* The worst there is, of the findings of one poll and of the alerts, which have a memory. */
static void add_verdict(struct page *p, const struct watch_frame *frame, bool on_screen)
{
	const struct findings *f = frame->findings;
	size_t count = count_in_force(frame);
	enum severity finding = f->count ? f->list[0].severity : SEVERITY_OK;
	enum severity alert = count ? frame->alerts[0]->rule.severity : SEVERITY_OK;
	char label[16];

	snprintf(label, sizeof(label), "%s: ", severity_labels[finding]);
	if (alert > finding) {
		string_addf(&p->out, "%s%s: ", page_color(p, alert), severity_labels[alert]);
		words_count(&p->out, count, "alert in force", "alerts in force");
		string_addf(&p->out, "%s\n", page_plain(p));
	} else if (f->count) {
		words_finding(&p->sentence, &f->list[0]);
		add_sentence(p, on_screen, finding, label);
	} else {
		text_add_verdict(p, frame->snapshot, f);
	}
}

/* A picture has no room for causes. */
static void add_hint(struct page *p, const struct findings *f)
{
	if (!f->count)
		return;
	if (f->count > 1) {
		string_add(&p->out, "and ");
		words_count(&p->out, findings_total(f) - 1, "more finding; ", "more findings; ");
	}
	string_add(&p->out, "tcpstated --once shows causes and fixes\n");
}

static void add_origin(struct page *p, const struct watch_frame *frame, bool keys)
{
	const struct snapshot *s = frame->snapshot;
	const struct origin *o = &s->origin;
	const uint64_t took_ms = s->scan.wall_us / 1000;
	char took[FORMAT_SIZE];

	words_time(&p->out, &o->time);
	string_add_char(&p->out, ' ');
	string_add_printable(&p->out, *o->host ? o->host : "?");
	if (strcmp(o->netns, "host") != 0) {
		string_add_char(&p->out, ' ');
		string_add_printable(&p->out, o->netns);
	}
	string_addf(&p->out, ", read in %s, every %" PRIu32 " s%s\n",
		format_duration(took, (uint32_t)MIN(took_ms, (uint64_t)UNKNOWN_U32)),
		frame->interval_ms / 1000, keys ? ", q quits" : "");
}

struct share {
	enum rule_limit limit;
	double percent;
};

static int compare_shares(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return (x->percent < y->percent) - (x->percent > y->percent);
}

/* The fullest limit first, as many as a line holds; one that is unknown is left out. */
static void add_limits(struct page *p, const struct snapshot *s)
{
	struct share shares[LIMIT_COUNT];
	const char *comma = "limits in use: ";
	size_t column = 0;

	for (enum rule_limit i = 0; i < LIMIT_COUNT; i++) {
		const struct usage u = limit_usage(i, s);

		shares[i] = (struct share){i, usage_percent(&u)};
	}
	qsort(shares, ARRAY_SIZE(shares), sizeof(shares[0]), compare_shares);
	for (size_t i = 0; i < ARRAY_SIZE(shares) && shares[i].percent >= 0; i++) {
		bool high = shares[i].percent >= SHARE_HIGH;
		char text[FORMAT_SIZE], percent[FORMAT_SIZE];

		snprintf(text, sizeof(text), "%s %.20s", name_of(rule_limit_names, shares[i].limit),
			format_percent(percent, shares[i].percent));
		column += strlen(comma) + strlen(text);
		if (column > p->style.columns)
			break;
		string_addf(&p->out, "%s%s%s%s", comma, high ? page_color(p, SEVERITY_WARNING) : "",
			text, high ? page_plain(p) : "");
		comma = ", ";
	}
	if (column)
		string_add_char(&p->out, '\n');
}

static void add_close_rates(struct page *p, const struct close_rates *c)
{
	const size_t start = p->out.length;

	if (c && close_rates_known(c))
		words_close_rates(&p->out, c);
	if (p->out.length > start)
		string_add_char(&p->out, '\n');
}

/* With its severity in front if it is raised, else with its state. */
static void add_alert(struct page *p, const struct watch_frame *frame, const struct alert *a)
{
	const struct timespec *taken = &frame->snapshot->origin.time;
	char label[32], since[FORMAT_SIZE];

	snprintf(label, sizeof(label), "%-9s",
		a->state == ALERT_RAISED ? severity_labels[a->rule.severity]
					 : name_of(alert_state_names, a->state));
	string_addf(&p->sentence, "%s for %s: ", a->rule.name,
		format_duration(since, ms_between(&a->since, taken)));
	words_alert(&p->sentence, a);
	page_paragraph(p, alert_is_in_force(a) ? a->rule.severity : SEVERITY_OK, label);
}

static void add_alerts(struct page *p, const struct watch_frame *frame, size_t max)
{
	size_t shown = MIN(frame->alerts_count, max);
	uint64_t more = frame->alerts_count - shown + frame->alerts_omitted;

	for (size_t i = 0; i < shown; i++)
		add_alert(p, frame, frame->alerts[i]);
	if (!more)
		return;
	string_add(&p->out, shown ? "and " : "");
	words_count(
		&p->out, more, shown ? "more alert" : "alert", shown ? "more alerts" : "alerts");
	string_add(&p->out, ", pending ones included\n");
}

/* How much stands above the table, the most first. */
enum head {
	HEAD_FULL,
	HEAD_SHORT, /* no limits, no reservations but that it is incomplete */
	HEAD_LEAST, /* of the alerts only how many there are */
	HEAD_COUNT,
};

static void add_head(struct page *p, const struct watch_frame *frame,
	const struct watch_screen *screen, enum head head)
{
	const struct snapshot *s = frame->snapshot;

	if (frame->failure)
		add_failure(p, frame, screen);
	/* An old fault is likely still there; an old "nothing found" means nothing. */
	if (!frame->failure || frame->findings->count || count_in_force(frame))
		add_verdict(p, frame, screen);
	if (!frame->failure)
		add_origin(p, frame, screen && screen->keys);
	if (head == HEAD_FULL) {
		add_hint(p, frame->findings);
		text_add_reservations(p, s);
		if (frame->note)
			page_text(p, SEVERITY_OK, "", frame->note);
		if (!frame->failure) {
			add_limits(p, s);
			add_close_rates(p, frame->close_rates);
		}
	} else if (!s->scan.complete) {
		string_addf(&p->out, "%sINCOMPLETE%s: ", page_color(p, SEVERITY_WARNING),
			page_plain(p));
		string_add_printable(&p->out, s->scan.error);
		string_add_char(&p->out, '\n');
	}
	add_alerts(p, frame,
		!screen              ? SIZE_MAX
		: head == HEAD_LEAST ? 0
				     : MAX(screen->rows / 6, 1U));
}

static size_t count_lines(const struct page *p)
{
	size_t lines = 0;

	for (size_t i = 0; i < p->out.length; i++)
		lines += p->out.text[i] == '\n';
	return lines;
}

static void add_table(
	struct page *p, const struct watch_frame *frame, const struct port_table_view *view)
{
	/* Changes of an old table are old, and those of an incomplete one are wrong. */
	struct port_table_view trusted = *view;

	trusted.changes = frame->failure || !frame->snapshot->scan.complete ? NULL : frame->changes;
	port_table_add(p, frame->snapshot, frame->findings, &trusted);
}

/* The fullest head that leaves the table its lines, and the table. */
static void add_picture(
	struct page *p, const struct watch_frame *frame, const struct watch_screen *screen)
{
	size_t used = 0;

	for (enum head head = HEAD_FULL; head < HEAD_COUNT; head++) {
		string_cut(&p->out, 0);
		add_head(p, frame, screen, head);
		used = count_lines(p);
		if (used + TABLE_LINES <= screen->rows)
			break;
	}
	if (screen->rows >= ROWS_ROOMY && used + TABLE_LINES < screen->rows) {
		string_add_char(&p->out, '\n');
		used++;
	}
	if (used < screen->rows)
		add_table(p, frame,
			&(struct port_table_view){.lines = screen->rows - used, .fit = true});
}

static int print_picture(struct page *p, FILE *out, const struct watch_frame *frame,
	const struct watch_screen *screen)
{
	int r;

	p->style.columns = screen->columns;
	add_picture(p, frame, screen);
	r = p->out.error ? p->out.error : p->sentence.error;
	if (r == 0) {
		screen_print(out, p->out.text, screen->rows, screen->columns, p->style.color);
		r = stream_finish(out);
	}
	page_release(p);
	return r;
}

int watch_print(FILE *out, const struct watch_frame *frame, const struct text_style *style,
	const struct watch_screen *screen)
{
	const struct findings faults = findings_faults(frame->findings);
	struct watch_frame faulty = *frame;
	struct page p = page_new(style);

	faulty.findings = &faults;
	if (screen)
		return print_picture(&p, out, &faulty, screen);
	add_head(&p, &faulty, NULL, HEAD_FULL);
	if (!frame->failure)
		add_table(&p, &faulty, &(struct port_table_view){0});
	string_add_char(&p.out, '\n');
	return page_print(&p, out);
}

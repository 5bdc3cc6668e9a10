/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/watch.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "output/port_table.h"
#include "output/stream.h"
#include "output/words.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ECMA-48 (ISO 6429), which every terminal but a dumb one knows. */
#define CURSOR_HOME "\033[H"
#define ERASE_LINE  "\033[K"
#define ERASE_BELOW "\033[J"
#define PLAIN       "\033[0m"

/* Rows from which on there is room for empty lines and for hints. */
#define ROWS_ROOMY 20

/* The least that the table gets: heading, three rows, totals, changes. */
#define TABLE_LINES 7

/* A share of a limit that is worth a colour: that of most rules of judge/rules.c. */
#define SHARE_HIGH 75.0

static bool in_force(const struct alert *a)
{
	return a->state == ALERT_RAISED || a->state == ALERT_CLEARING;
}

static size_t count_in_force(const struct watch_frame *frame)
{
	size_t count = 0;

	while (count < frame->alerts_count && in_force(frame->alerts[count]))
		count++;
	return count;
}

static const char *time_or_unknown(char buf[FORMAT_SIZE], const struct timespec *t)
{
	const char *time = format_time(buf, t);

	return time ? time : "?";
}

static uint32_t ms_between(const struct timespec *from, const struct timespec *to)
{
	double ms = (double)(to->tv_sec - from->tv_sec) * 1e3 +
		    (double)(to->tv_nsec - from->tv_nsec) / 1e6;

	return ms <= 0 ? 0 : ms >= UNKNOWN_U32 ? UNKNOWN_U32 - 1 : (uint32_t)ms;
}

/* A sentence that is wrapped on a screen, and one line elsewhere, so that it can be cut out. */
static void print_sentence(FILE *out, const struct text_style *style, bool on_screen,
	enum severity severity, const char *label, const char *text)
{
	struct text_style endless = *style;

	endless.columns = UINT_MAX;
	text_paragraph(out, on_screen ? style : &endless, severity, label, text);
}

/* A table that could not be read anew must never pass for a quiet one. */
static void print_failure(
	FILE *out, const struct watch_frame *frame, const struct text_style *style, bool on_screen)
{
	const struct timespec *taken = &frame->snapshot->origin.time;
	char reason[256], failed[FORMAT_SIZE], time[FORMAT_SIZE], age[FORMAT_SIZE];

	print_sentence(out, style, on_screen, SEVERITY_CRITICAL,
		"SCAN FAILED: ", utf8_printable(reason, sizeof(reason), frame->failure));
	fprintf(out, "at %s", time_or_unknown(failed, &frame->failed_at));
	if (frame->failures > 1)
		fprintf(out, ", %u times in a row", frame->failures);
	fprintf(out, "\n%sOLD%s: the last good look was at %s, %s before\n",
		text_color(style, SEVERITY_WARNING), text_plain(style),
		time_or_unknown(time, taken),
		format_duration(age, ms_between(taken, &frame->failed_at)));
}

/* The worst there is, of the findings of one look and of the alerts, which have a memory. */
static void print_verdict(
	FILE *out, const struct watch_frame *frame, const struct text_style *style, bool on_screen)
{
	const struct findings *f = frame->findings;
	size_t count = count_in_force(frame);
	enum severity finding = f->count ? f->list[0].severity : SEVERITY_OK;
	enum severity alert = count ? frame->alerts[0]->rule.severity : SEVERITY_OK;
	char label[16], sentence[SENTENCE_SIZE];
	struct string what = STRING_IN(sentence);

	snprintf(label, sizeof(label), "%s: ", text_severity(finding));
	if (alert > finding)
		fprintf(out, "%s%s: %zu alert%s in force%s\n", text_color(style, alert),
			text_severity(alert), count, count == 1 ? "" : "s", text_plain(style));
	else if (f->count)
		words_finding(&what, &f->list[0]),
			print_sentence(out, style, on_screen, finding, label, sentence);
	else
		text_verdict(out, frame->snapshot, f, style);
}

/* A picture has no room for causes. */
static void print_hint(FILE *out, const struct findings *f)
{
	if (f->count > 1)
		fprintf(out, "and %zu more finding%s; ", f->count - 1, f->count == 2 ? "" : "s");
	if (f->count)
		fputs("tcpstated --once tells why, and what to do\n", out);
}

static void print_origin(FILE *out, const struct watch_frame *frame, bool keys)
{
	const struct snapshot *s = frame->snapshot;
	const struct origin *o = &s->origin;
	bool elsewhere = strcmp(o->netns, "host") != 0;
	char host[256], netns[256], time[FORMAT_SIZE], took[FORMAT_SIZE];
	const uint64_t took_ms = s->scan.wall_us / 1000;

	fprintf(out, "%s %s%s%s, read in %s, every %" PRIu32 " s%s\n",
		time_or_unknown(time, &o->time),
		*o->host ? utf8_printable(host, sizeof(host), o->host) : "?", elsewhere ? " " : "",
		elsewhere ? utf8_printable(netns, sizeof(netns), o->netns) : "",
		format_duration(took, (uint32_t)MIN(took_ms, (uint64_t)UNKNOWN_U32)),
		frame->interval_ms / 1000, keys ? ", q quits" : "");
}

struct share {
	const char *name; /* as the rules call it (judge/rules.c) */
	double percent;
};

static int compare_shares(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return (x->percent < y->percent) - (x->percent > y->percent);
}

/* The fullest limit first, as many as a line holds; one that is not known is left out. */
static void print_limits(FILE *out, const struct snapshot *s, const struct text_style *style)
{
	const struct limits *l = &s->limits;
	const struct usage memory = {s->totals.memory_bytes, l->mem_total_bytes};
	struct share shares[] = {
		{"tw_buckets", usage_percent(&l->tw_buckets)},
		{"orphans", usage_percent(&l->orphans)},
		{"tcp_mem", usage_percent(&l->tcp_mem_pages)},
		{"client_ports", usage_percent(&s->client_ports)},
		{"conntrack", usage_percent(&l->conntrack)},
		{"memory", usage_percent(&memory)},
	};
	const char *comma = "limits in use: ";
	size_t column = 0;

	qsort(shares, ARRAY_SIZE(shares), sizeof(shares[0]), compare_shares);
	for (size_t i = 0; i < ARRAY_SIZE(shares) && shares[i].percent >= 0; i++) {
		bool high = shares[i].percent >= SHARE_HIGH;
		char text[FORMAT_SIZE], percent[FORMAT_SIZE];

		snprintf(text, sizeof(text), "%s %.20s", shares[i].name,
			format_percent(percent, shares[i].percent));
		column += strlen(comma) + strlen(text);
		if (column > style->columns)
			break;
		fprintf(out, "%s%s%s%s", comma, high ? text_color(style, SEVERITY_WARNING) : "",
			text, high ? text_plain(style) : "");
		comma = ", ";
	}
	if (column)
		fputc('\n', out);
}

/* How connections end. Each number is rounded; one that is not known is left out. */
static void print_close_rates(FILE *out, const struct close_rates *c)
{
	static const struct {
		enum close_initiator initiator;
		const char *before, *after;
	} words[] = {
		{CLOSED_LOCAL, "", " by us first"},
		{CLOSED_PEER, "about ", " by peers first"},
		{CLOSED_RESET, "", " reset"},
	};
	const char *comma = "closes a minute: ";
	struct close_rates_estimate e;
	char number[FORMAT_SIZE];
	bool any = false;

	if (!c || !close_rates_known(c))
		return;
	close_rates_of_namespace(c, &e);
	/* Nothing to say of a quiet machine. */
	if (e.by_initiator[CLOSED_ALL].value < 0.5)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const double value = e.by_initiator[words[i].initiator].value;

		if (isnan(value))
			continue;
		fprintf(out, "%s%s%s%s", comma, words[i].before,
			format_count(number, (uint64_t)(value + 0.5)), words[i].after);
		comma = ", ";
		any = true;
	}
	if (any)
		fputc('\n', out);
}

/* What is in force has its severity in front, what may come or go its state. */
static void print_alert(FILE *out, const struct watch_frame *frame, const struct alert *a,
	const struct text_style *style)
{
	const struct timespec *taken = &frame->snapshot->origin.time;
	char label[32], sentence[SENTENCE_SIZE], since[FORMAT_SIZE];
	struct string s = STRING_IN(sentence);

	snprintf(label, sizeof(label), "%-9s",
		a->state == ALERT_RAISED ? text_severity(a->rule.severity)
					 : name_of(alert_state_names, a->state));
	string_addf(&s, "%s for %s: ", a->rule.name,
		format_duration(since, ms_between(&a->since, taken)));
	words_alert(&s, a);
	text_paragraph(out, style, in_force(a) ? a->rule.severity : SEVERITY_OK, label, sentence);
}

static void print_alerts(
	FILE *out, const struct watch_frame *frame, const struct text_style *style, size_t max)
{
	size_t shown = MIN(frame->alerts_count, max);
	uint64_t more = frame->alerts_count - shown + frame->alerts_omitted;
	char number[FORMAT_SIZE];

	for (size_t i = 0; i < shown; i++)
		print_alert(out, frame, frame->alerts[i], style);
	if (more)
		fprintf(out, "%s%s%s alert%s, pending ones included\n", shown ? "and " : "",
			format_count(number, more), shown ? " more" : "", more == 1 ? "" : "s");
}

/* How much is said above the table, the most first. */
enum head {
	HEAD_FULL,
	HEAD_SHORT, /* no limits, no reservations but that it is incomplete */
	HEAD_LEAST, /* of the alerts only how many there are */
	HEAD_COUNT,
};

static void print_head(FILE *out, const struct watch_frame *frame, const struct text_style *style,
	const struct watch_screen *screen, enum head head)
{
	const struct snapshot *s = frame->snapshot;
	char reason[256];

	if (frame->failure)
		print_failure(out, frame, style, screen);
	/* What was wrong before is likely still so; that all was well says nothing now. */
	if (!frame->failure || frame->findings->count || count_in_force(frame))
		print_verdict(out, frame, style, screen);
	if (!frame->failure)
		print_origin(out, frame, screen && screen->keys);
	if (head == HEAD_FULL) {
		print_hint(out, frame->findings);
		text_reservations(out, s, style);
		if (frame->note)
			text_paragraph(out, style, SEVERITY_OK, "", frame->note);
		if (!frame->failure) {
			print_limits(out, s, style);
			print_close_rates(out, frame->close_rates);
		}
	} else if (!s->scan.complete) {
		fprintf(out, "%sINCOMPLETE%s: %s\n", text_color(style, SEVERITY_WARNING),
			text_plain(style), utf8_printable(reason, sizeof(reason), s->scan.error));
	}
	print_alerts(out, frame, style,
		!screen              ? SIZE_MAX
		: head == HEAD_LEAST ? 0
				     : MAX(screen->rows / 6, 1U));
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* Renders the head into *ret, which the caller frees. */
static int render_head(char **ret, const struct watch_frame *frame, const struct text_style *style,
	const struct watch_screen *screen, enum head head)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	print_head(out, frame, style, screen, head);
	if (fclose(out) == EOF) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

/* The fullest head that leaves the table its lines. */
static int choose_head(char **ret, const struct watch_frame *frame, const struct text_style *style,
	const struct watch_screen *screen)
{
	int r = 0;

	for (enum head head = HEAD_FULL; head < HEAD_COUNT; head++) {
		free(TAKE_PTR(*ret));
		r = render_head(ret, frame, style, screen, head);
		if (r < 0 || count_lines(*ret) + TABLE_LINES <= screen->rows)
			break;
	}
	return r;
}

static void print_table(FILE *out, const struct watch_frame *frame, const struct text_style *style,
	const struct port_table_view *view)
{
	/* Changes of an old table are no news, and those of half a table are none. */
	struct port_table_view trusted = *view;

	trusted.changes = frame->failure || !frame->snapshot->scan.complete ? NULL : frame->changes;
	port_table_print_changes(out, frame->snapshot, frame->findings, style, &trusted);
}

/* How many columns the character at s takes, at most; *ret_length is that of its UTF-8. */
static unsigned character_width(const char *s, size_t *ret_length)
{
	unsigned char c = (unsigned char)*s;

	*ret_length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	/* Some from U+0800 on are wide; which, the terminal decides. */
	return *ret_length >= 3 ? 2 : 1;
}

/* The length of the escape sequence at s ("ESC [ ... letter"), 0 where there is none. */
static size_t escape_length(const char *s)
{
	size_t length = 2;

	if (s[0] != '\033' || s[1] != '[')
		return 0;
	length += strspn(s + length, "0123456789;");
	return length + (s[length] != '\0');
}

static unsigned line_width(const char *line, size_t length)
{
	unsigned width = 0;

	for (const char *end = line + length; line < end;) {
		size_t step = escape_length(line);

		width += step ? 0 : character_width(line, &step);
		line += step;
	}
	return width;
}

/* Prints a line up to a column. Returns how many columns it takes. */
static unsigned print_until(FILE *out, const char *line, size_t length, unsigned columns)
{
	unsigned column = 0;

	for (const char *end = line + length; line < end;) {
		size_t step = escape_length(line);
		unsigned width = step ? 0 : character_width(line, &step);

		if (column + width > columns)
			break;
		column += width;
		fwrite(line, 1, MIN(step, (size_t)(end - line)), out);
		line += step;
	}
	return column;
}

/* A number that is cut must not pass for a smaller one: what is cut ends in ">". */
static unsigned print_cut(FILE *out, const char *line, size_t length, unsigned columns)
{
	unsigned column;

	if (line_width(line, length) <= columns)
		return print_until(out, line, length, columns);
	column = print_until(out, line, length, columns - 1);
	fputc('>', out);
	return column + 1;
}

/*
 * Takes the place of the picture before without a moment in which nothing is there: each line is
 * written over, its rest erased. The last line has no end, so that nothing scrolls; a line that
 * fills its row is not erased behind, since the cursor may still be on its last column.
 */
static void print_screen(FILE *out, const char *text, const struct watch_screen *screen, bool color)
{
	fputs(CURSOR_HOME, out);
	for (unsigned row = 0; row < screen->rows && *text; row++) {
		size_t length = strcspn(text, "\n");
		unsigned column;

		if (row)
			fputs("\r\n", out);
		column = print_cut(out, text, length, screen->columns);
		if (color)
			fputs(PLAIN, out);
		if (column < screen->columns)
			fputs(ERASE_LINE, out);
		text += length + (text[length] == '\n');
		if (!*text && row + 1 < screen->rows)
			fputs("\r\n" ERASE_BELOW, out);
	}
}

/* The whole picture as text, before it is cut. *ret is the caller's to free. */
static int render(char **ret, const struct watch_frame *frame, const struct text_style *style,
	const struct watch_screen *screen)
{
	cleanup_(freep) char *head = NULL;
	char *text = NULL;
	size_t size, used;
	FILE *out;
	int r;

	r = choose_head(&head, frame, style, screen);
	if (r < 0)
		return r;
	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	fputs(head, out);
	used = count_lines(head);
	if (screen->rows >= ROWS_ROOMY && used + TABLE_LINES < screen->rows) {
		fputc('\n', out);
		used++;
	}
	if (used < screen->rows)
		print_table(out, frame, style,
			&(struct port_table_view){.lines = screen->rows - used, .fit = true});
	if (fclose(out) == EOF) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

static int report_screen(FILE *out, const struct watch_frame *frame, const struct text_style *style,
	const struct watch_screen *screen)
{
	struct text_style fitting = *style;
	cleanup_(freep) char *text = NULL;
	int r;

	fitting.columns = screen->columns;
	r = render(&text, frame, &fitting, screen);
	if (r < 0)
		return r;
	print_screen(out, text, screen, style->color);
	return stream_finish(out);
}

int watch_print(FILE *out, const struct watch_frame *frame, const struct text_style *style,
	const struct watch_screen *screen)
{
	const struct findings faults = findings_faults(frame->findings);
	struct watch_frame faulty = *frame;

	faulty.findings = &faults;
	if (screen)
		return report_screen(out, &faulty, style, screen);
	print_head(out, &faulty, style, NULL, HEAD_FULL);
	if (!frame->failure)
		print_table(out, &faulty, style, &(struct port_table_view){0});
	fputc('\n', out);
	return stream_finish(out);
}

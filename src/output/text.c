/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/text.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/port_table.h"
#include "output/words.h"

#include <string.h>

/* The width of a limit's name; a longer one takes a line of its own. */
#define LIMIT_WIDTH 42

void text_add_verdict(struct page *p, const struct snapshot *s, const struct findings *f)
{
	const struct finding *worst = f->list;

	if (!f->count) {
		words_nothing_found(&p->out, s);
	} else {
		string_addf(&p->out, "%s%s: ", page_color(p, worst->severity),
			severity_labels[worst->severity]);
		words_finding(&p->out, worst);
		string_add(&p->out, page_plain(p));
	}
	string_add_char(&p->out, '\n');
}

void text_add_origin(struct page *p, const struct snapshot *s)
{
	words_origin(&p->sentence, &s->origin, s->scan.wall_us);
	page_paragraph(p, SEVERITY_OK, "");
}

void text_add_reservations(struct page *p, const struct snapshot *s)
{
	for (size_t i = 0; i < RESERVATIONS; i++) {
		reservations[i].add(&p->sentence, s);
		page_paragraph(p, reservations[i].severity, reservations[i].label);
	}
}

void text_add_finding(struct page *p, const struct finding *f)
{
	char label[32];

	snprintf(label, sizeof(label), "%-9s", severity_labels[f->severity]);
	words_finding(&p->sentence, f);
	page_paragraph(p, f->severity, label);
}

void text_add_advice(struct page *p, const struct finding *f)
{
	const struct advice advice = words_advice(f->id, f->cause);

	page_text(p, SEVERITY_OK, "    why: ", advice.why);
	page_text(p, SEVERITY_OK, "     do: ", advice.fix);
	page_text(p, SEVERITY_OK, "    see: ", advice.see);
}

static void add_fin_wait_2(struct page *p, const struct snapshot *s)
{
	const struct state_tally *t = &s->totals.states[STATE_FIN_WAIT_2];
	const struct {
		uint32_t sockets;
		const char *kind, *words;
	} kinds[] = {
		{t->mini, "mini", "closed by the program; the kernel ends them by tcp_fin_timeout"},
		{t->orphan, "orphan", "closed by the program, still full size"},
		{t->sockets - t->mini - t->orphan, "held",
			"shut down, but open in a program; no timeout ends them"},
	};
	char number[FORMAT_SIZE];

	if (!state_set_has(s->scanned, STATE_FIN_WAIT_2) || !t->sockets)
		return;
	string_add_char(&p->out, '\n');
	page_heading(p, "FIN_WAIT_2");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].sockets)
			string_addf(&p->out, "%9s %-6s  %s\n",
				format_count(number, kinds[i].sockets), kinds[i].kind,
				kinds[i].words);
}

/* An unknown limit (no connection tracking, another namespace) is left out. */
static void add_limit(struct page *p, enum rule_limit limit, const struct snapshot *s)
{
	const char *(*const format)(char buf[FORMAT_SIZE], uint64_t n) =
		limit == LIMIT_MEMORY ? format_bytes : format_count;
	const struct usage u = limit_usage(limit, s);
	char used[FORMAT_SIZE], max[FORMAT_SIZE], percent[FORMAT_SIZE];
	const size_t start = p->out.length;

	if (!is_known(u.used) && !is_known(u.max))
		return;
	words_limit(&p->out, limit, s);
	if (p->out.length - start > LIMIT_WIDTH)
		string_addf(&p->out, "\n%*s", LIMIT_WIDTH, "");
	else
		string_addf(&p->out, "%*s", (int)(LIMIT_WIDTH - (p->out.length - start)), "");
	string_addf(&p->out, " %12s %12s %9s\n", format(used, u.used), format(max, u.max),
		format_percent(percent, usage_percent(&u)));
}

static void add_limits(struct page *p, const struct snapshot *s)
{
	char heading[128];

	snprintf(heading, sizeof(heading), "%-*s %12s %12s %9s", LIMIT_WIDTH, "LIMIT", "USED",
		"MAX", "SHARE");
	string_add_char(&p->out, '\n');
	page_heading(p, heading);
	for (enum rule_limit i = 0; i < LIMIT_COUNT; i++)
		add_limit(p, i, s);
}

/* One diagnosis may have several causes. */
static bool same_kind(const struct finding *a, const struct finding *b)
{
	return strcmp(a->id, b->id) == 0 && a->cause == b->cause;
}

/* The findings of one kind: their sentences, then once the cause and the advice. */
static void add_kind(struct page *p, const struct findings *f, size_t first)
{
	const struct finding *kind = &f->list[first];

	string_add_char(&p->out, '\n');
	for (size_t i = first; i < f->count; i++)
		if (same_kind(&f->list[i], kind))
			text_add_finding(p, &f->list[i]);
	text_add_advice(p, kind);
}

static bool seen_before(const struct findings *f, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (same_kind(&f->list[i], &f->list[index]))
			return true;
	return false;
}

int text_print(FILE *out, const struct snapshot *s, const struct findings *all,
	const struct text_style *style)
{
	const struct findings faults = findings_faults(all), *f = &faults;
	struct page p = page_new(style);

	text_add_verdict(&p, s, f);
	if (f->count > 1) {
		string_add(&p.out, "and ");
		words_count(&p.out, findings_total(f) - 1, "more finding", "more findings");
		string_add(&p.out, ", see below\n");
	}
	text_add_origin(&p, s);
	text_add_reservations(&p, s);
	string_add_char(&p.out, '\n');
	port_table_add(&p, s, f, NULL);
	add_fin_wait_2(&p, s);
	add_limits(&p, s);
	string_add_char(&p.out, '\n');
	words_prices(&p.sentence, s);
	page_paragraph(&p, SEVERITY_OK, "");
	for (size_t i = 0; i < f->count; i++)
		if (!seen_before(f, i))
			add_kind(&p, f, i);
	return page_print(&p, out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/text.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "output/port_table.h"
#include "output/stream.h"
#include "output/words.h"

#include <string.h>

/* How many findings of one kind are listed; they share their cause and advice. */
#define FINDINGS_OF_A_KIND 10

/* How wide the names of the limits are; a longer one has a line of its own. */
#define LIMIT_WIDTH 42

const char *text_color(const struct text_style *style, enum severity severity)
{
	static const char *const sequences[] = {
		[SEVERITY_OK] = "\033[1m",
		[SEVERITY_NOTE] = "\033[1m",
		[SEVERITY_WARNING] = "\033[1;33m",
		[SEVERITY_CRITICAL] = "\033[1;31m",
	};

	return style->color ? sequences[severity] : "";
}

const char *text_plain(const struct text_style *style)
{
	return style->color ? "\033[0m" : "";
}

const char *text_severity(enum severity severity)
{
	static const char *const words[] = {"OK", "NOTE", "WARNING", "CRITICAL"};

	return words[severity];
}

void text_paragraph(FILE *out, const struct text_style *style, enum severity severity,
	const char *label, const char *text)
{
	const size_t width = MAX(style->columns, 40U), indent = strlen(label);
	bool colored = severity != SEVERITY_OK;
	size_t column = indent;

	fprintf(out, "%s%s%s", colored ? text_color(style, severity) : "", label,
		colored ? text_plain(style) : "");
	while (*text) {
		size_t length = strcspn(text, " ");

		if (column > indent && column + 1 + length > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)length, text);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static bool is_filtered(const struct filter *f)
{
	return f->ports || f->states != STATE_SET_ALL || !f->sides[SIDE_SERVER] ||
	       !f->sides[SIDE_CLIENT];
}

static void print_all_clear(FILE *out, const struct snapshot *s)
{
	const struct snapshot_totals *t = &s->totals;
	char number[FORMAT_SIZE];

	fputs("Nothing stands out", out);
	if (!s->scan.complete)
		fputs(" in what could be read", out);
	else if (is_filtered(&s->filter))
		fputs(" in what was asked for", out);
	if (t->sockets != UNKNOWN)
		fprintf(out, ": %s socket%s", format_count(number, t->sockets),
			t->sockets == 1 ? "" : "s");
	if (t->memory_bytes != UNKNOWN && t->sockets)
		fprintf(out, ", %s", format_bytes(number, t->memory_bytes));
	if (s->scanned & STATE_SET_CLOSING && t->closing_sockets) {
		const struct usage share = {t->closing_sockets, t->sockets};

		fprintf(out, "; closing: %s", format_count(number, t->closing_sockets));
		fprintf(out, " (%s)", format_percent(number, usage_percent(&share)));
		fprintf(out, ", %s", format_bytes(number, t->closing_memory_bytes));
	} else if (s->scanned & STATE_SET_CLOSING && t->sockets) {
		fputs("; none is closing", out);
	}
	fputc('\n', out);
}

void text_verdict(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct text_style *style)
{
	const struct finding *worst = f->list;
	char sentence[SENTENCE_SIZE];
	struct string what = STRING_IN(sentence);

	if (!f->count) {
		print_all_clear(out, s);
		return;
	}
	words_finding(&what, worst);
	fprintf(out, "%s%s: %s%s\n", text_color(style, worst->severity),
		text_severity(worst->severity), sentence, text_plain(style));
}

void text_origin(FILE *out, const struct snapshot *s, const struct text_style *style)
{
	const struct origin *o = &s->origin;
	bool elsewhere = strcmp(o->netns, "host") != 0;
	char host[256], kernel[128], netns[256], when[FORMAT_SIZE], took[FORMAT_SIZE], line[1024];
	const char *time = format_time(when, &o->time);

	snprintf(line, sizeof(line), "%s, Linux %s%s%s, %s, read in %s%s",
		*o->host ? utf8_printable(host, sizeof(host), o->host) : "?",
		*o->kernel ? utf8_printable(kernel, sizeof(kernel), o->kernel) : "?",
		elsewhere ? ", network namespace " : "",
		elsewhere ? utf8_printable(netns, sizeof(netns), o->netns) : "", time ? time : "?",
		format_duration(took, (uint32_t)MIN(s->scan.wall_us / 1000, (uint64_t)UNKNOWN_U32)),
		o->replayed ? ", replayed from a recording" : "");
	text_paragraph(out, style, SEVERITY_OK, "", line);
}

void text_cut_ports(char *ports)
{
	const size_t longest = 60;

	if (strlen(ports) <= longest)
		return;
	ports[longest - 3] = '\0';
	strcpy(strrchr(ports, ',') + 1, "...");
}

static void print_filter(FILE *out, const struct snapshot *s, const struct text_style *style)
{
	const struct filter *f = &s->filter;
	cleanup_(freep) char *ports = f->ports ? port_set_format(f->ports) : NULL;
	char states[256] = "", line[512] = "";

	if (!is_filtered(f))
		return;
	STATE_FOREACH(i)
		if (f->states != STATE_SET_ALL && state_set_has(f->states, i))
			snprintf(states + strlen(states), sizeof(states) - strlen(states), " %s",
				state_name(i));
	if (ports) {
		text_cut_ports(ports);
		snprintf(line, sizeof(line), "port %s%s", ports, *states ? "; " : "");
	}
	if (*states)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "state%s", states);
	if (!f->sides[SIDE_SERVER] || !f->sides[SIDE_CLIENT])
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s side",
			*line ? "; " : "",
			side_name(f->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT));
	text_paragraph(out, style, SEVERITY_OK, "Only: ", line);
}

void text_reservations(FILE *out, const struct snapshot *s, const struct text_style *style)
{
	char text[sizeof(s->scan.error)];

	if (!s->scan.complete)
		text_paragraph(out, style, SEVERITY_WARNING,
			"INCOMPLETE: ", utf8_printable(text, sizeof(text), s->scan.error));
	print_filter(out, s, style);
	if (strcmp(s->scan.source, "proc") == 0)
		text_paragraph(out, style, SEVERITY_OK, "",
			"Read from /proc/net/tcp and tcp6, which tell neither buffers nor "
			"backlogs: memory is too low where data is queued.");
	if (*s->scan.note)
		text_paragraph(out, style, SEVERITY_OK, "",
			utf8_printable(text, sizeof(text), s->scan.note));
	if (s->established_from_counter)
		text_paragraph(out, style, SEVERITY_OK, "",
			"ESTABLISHED sockets were not read: their number is the kernel's counter, "
			"their memory is not known.");
}

static void print_fin_wait_2(FILE *out, const struct snapshot *s, const struct text_style *style)
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
	fprintf(out, "\n%sFIN_WAIT_2%s\n", text_color(style, SEVERITY_OK), text_plain(style));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].sockets)
			fprintf(out, "%9s %-6s  %s\n", format_count(number, kinds[i].sockets),
				kinds[i].kind, kinds[i].words);
}

/* A limit of which nothing is known (no connection tracking, another namespace) is left out. */
static void print_limit(FILE *out, const char *label, const struct usage *u,
	const char *(*format)(char buf[FORMAT_SIZE], uint64_t n))
{
	char used[FORMAT_SIZE], max[FORMAT_SIZE], percent[FORMAT_SIZE];

	if (u->used == UNKNOWN && u->max == UNKNOWN)
		return;
	if (strlen(label) > LIMIT_WIDTH) {
		fprintf(out, "%s\n", label);
		label = "";
	}
	fprintf(out, "%-*s %12s %12s %9s\n", LIMIT_WIDTH, label, format(used, u->used),
		format(max, u->max), format_percent(percent, usage_percent(u)));
}

static void print_limits(FILE *out, const struct snapshot *s, const struct text_style *style)
{
	const struct limits *l = &s->limits;
	const struct usage memory = {s->totals.memory_bytes, l->mem_total_bytes};
	char ports[2 * FORMAT_SIZE] = "local ports to one destination";

	if (s->busiest.sockets) {
		char endpoint[FORMAT_SIZE];

		snprintf(ports, sizeof(ports), "local ports to %s",
			format_endpoint(
				endpoint, s->busiest.family, s->busiest.address, s->busiest.port));
	}
	fprintf(out, "\n%s%-*s %12s %12s %9s%s\n", text_color(style, SEVERITY_OK), LIMIT_WIDTH,
		"LIMIT", "USED", "MAX", "SHARE", text_plain(style));
	print_limit(out, "TIME_WAIT and mini (tcp_max_tw_buckets)", &l->tw_buckets, format_count);
	print_limit(out, "orphans, whole host (tcp_max_orphans)", &l->orphans, format_count);
	print_limit(out, "buffer pages, whole host (tcp_mem)", &l->tcp_mem_pages, format_count);
	print_limit(out, ports, &s->client_ports, format_count);
	print_limit(out, "connection tracking (nf_conntrack_max)", &l->conntrack, format_count);
	print_limit(out, "memory of these sockets (RAM)", &memory, format_bytes);
}

static void print_prices(FILE *out, const struct snapshot *s, const struct text_style *style)
{
	static const char *const sources[] = {
		[PRICES_FROM_SLABINFO] = "from slabinfo",
		[PRICES_FROM_BTF] = "from the kernel's BTF",
		[PRICES_FROM_TABLE] = "compiled in, as this kernel tells no sizes",
	};
	const struct prices *p = &s->prices;
	char tcp[FORMAT_SIZE], tw[FORMAT_SIZE], slab[FORMAT_SIZE], line[512];

	snprintf(line, sizeof(line),
		"Memory is an estimate; object sizes %s (tcp_sock %s bytes, tw_sock %s).%s%s%s",
		sources[p->source], format_count(tcp, p->object[OBJECT_TCP_SOCK].bytes),
		format_count(tw, p->object[OBJECT_TW_SOCK].bytes),
		s->slab_bytes == UNKNOWN ? "" : " The allocator keeps ",
		s->slab_bytes == UNKNOWN ? "" : format_bytes(slab, s->slab_bytes),
		s->slab_bytes == UNKNOWN ? "" : " for TCP on the whole host.");
	fputc('\n', out);
	text_paragraph(out, style, SEVERITY_OK, "", line);
}

/* One diagnosis may have several causes. */
static bool same_kind(const struct finding *a, const struct finding *b)
{
	return strcmp(a->id, b->id) == 0 && a->cause == b->cause;
}

/* The findings of one kind: their sentences, then once the cause and the advice. */
static void print_kind(
	FILE *out, const struct findings *f, size_t first, const struct text_style *style)
{
	const struct finding *kind = &f->list[first];
	const struct advice advice = words_advice(kind->id, kind->cause);
	size_t count = 0;
	char label[32], sentence[SENTENCE_SIZE];
	struct string what;

	fputc('\n', out);
	for (size_t i = first; i < f->count; i++) {
		const struct finding *finding = &f->list[i];

		if (!same_kind(finding, kind) || ++count > FINDINGS_OF_A_KIND)
			continue;
		snprintf(label, sizeof(label), "%-9s", text_severity(finding->severity));
		what = STRING_IN(sentence);
		words_finding(&what, finding);
		text_paragraph(out, style, finding->severity, label, sentence);
	}
	if (count > FINDINGS_OF_A_KIND)
		fprintf(out, "         and %zu more like these\n", count - FINDINGS_OF_A_KIND);
	text_paragraph(out, style, SEVERITY_OK, "    why: ", advice.why);
	text_paragraph(out, style, SEVERITY_OK, "     do: ", advice.what_to_do);
	text_paragraph(out, style, SEVERITY_OK, "    see: ", advice.see);
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

	text_verdict(out, s, f, style);
	if (f->count > 1)
		fprintf(out, "and %zu more %s, see below\n", f->count - 1,
			f->count > 2 ? "findings" : "finding");
	text_origin(out, s, style);
	text_reservations(out, s, style);
	fputc('\n', out);
	port_table_print(out, s, f, style);
	print_fin_wait_2(out, s, style);
	print_limits(out, s, style);
	print_prices(out, s, style);
	for (size_t i = 0; i < f->count; i++)
		if (!seen_before(f, i))
			print_kind(out, f, i, style);
	return stream_finish(out);
}

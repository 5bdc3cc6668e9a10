/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tell/port_table.h"

#include "format.h"
#include "util.h"

#include <inttypes.h>
#include <string.h>

enum column_kind {
	COLUMN_PORT,
	COLUMN_SOCKETS,
	COLUMN_MEMORY,
	COLUMN_STATE,
	COLUMN_QUEUE,
	COLUMN_OLDEST,
};

struct column {
	enum column_kind kind;
	enum tcp_state state;
	const char *top, *bottom; /* its heading */
	int width;
};

struct row {
	char label[24];
	uint64_t sockets, memory_bytes;
	uint64_t states[STATE_COUNT];
	uint32_t oldest_ms;
	bool listening;
	uint32_t accept_queue, backlog;
	enum severity severity; /* of the worst finding about it */
};

struct table {
	struct column columns[STATE_COUNT + 5];
	size_t count;
	int gap;         /* blanks between columns */
	bool separators; /* 1,000 instead of 1000 */
};

/* The closing states in the order of how often they matter, and the others. */
static const struct {
	enum tcp_state state;
	bool always; /* also without --wide */
	const char *top, *bottom;
} state_columns[] = {
	{STATE_ESTABLISHED, true, "ESTAB-", "LISHED"},
	{STATE_TIME_WAIT, true, "TIME_", "WAIT"},
	{STATE_CLOSE_WAIT, true, "CLOSE_", "WAIT"},
	{STATE_FIN_WAIT_1, true, "FIN_", "WAIT_1"},
	{STATE_FIN_WAIT_2, true, "FIN_", "WAIT_2"},
	{STATE_LAST_ACK, true, "LAST_", "ACK"},
	{STATE_CLOSING, true, "CLOS-", "ING"},
	{STATE_SYN_SENT, false, "SYN_", "SENT"},
	{STATE_SYN_RECV, false, "SYN_", "RECV"},
	{STATE_LISTEN, false, "", "LISTEN"},
	{STATE_CLOSE, false, "", "CLOSE"},
	{STATE_BOUND_INACTIVE, false, "BOUND_", "INACTIVE"},
};

static const char *cell_count(char buf[FORMAT_SIZE], const struct table *t, uint64_t n)
{
	if (n == 0)
		return strcpy(buf, "-");
	if (t->separators || n == UNKNOWN)
		return format_count(buf, n);
	snprintf(buf, FORMAT_SIZE, "%" PRIu64, n);
	return buf;
}

static const char *cell_queue(char buf[FORMAT_SIZE], const struct row *r)
{
	if (!r->listening)
		return strcpy(buf, "-");
	if (r->backlog)
		snprintf(buf, FORMAT_SIZE, "%" PRIu32 "/%" PRIu32, r->accept_queue, r->backlog);
	else
		snprintf(buf, FORMAT_SIZE, "%" PRIu32 "/?", r->accept_queue);
	return buf;
}

static const char *cell(
	char buf[FORMAT_SIZE], const struct table *t, const struct column *c, const struct row *r)
{
	switch (c->kind) {
	case COLUMN_PORT:
		return r->label;
	case COLUMN_SOCKETS:
		return cell_count(buf, t, r->sockets);
	case COLUMN_MEMORY:
		return format_bytes(buf, r->memory_bytes);
	case COLUMN_STATE:
		return cell_count(buf, t, r->states[c->state]);
	case COLUMN_QUEUE:
		return cell_queue(buf, r);
	case COLUMN_OLDEST:
		break;
	}
	return r->oldest_ms == AGE_UNKNOWN ? strcpy(buf, "-") : format_duration(buf, r->oldest_ms);
}

static void add_column(struct table *t, const struct column *c)
{
	t->columns[t->count++] = *c;
}

static void choose_columns(struct table *t, const struct snapshot *s, bool wide)
{
	bool every = wide || s->filter.states != STATE_SET_ALL;
	state_set known = s->scanned;

	if (s->established_from_counter)
		known |= STATE_BIT(STATE_ESTABLISHED);
	add_column(t, &(struct column){.kind = COLUMN_PORT, .top = "", .bottom = "PORT"});
	add_column(t, &(struct column){.kind = COLUMN_SOCKETS, .top = "", .bottom = "SOCKETS"});
	add_column(t, &(struct column){.kind = COLUMN_MEMORY, .top = "", .bottom = "MEMORY"});
	for (size_t i = 0; i < ARRAY_SIZE(state_columns); i++) {
		if (!state_set_has(known, state_columns[i].state) ||
			!(every || state_columns[i].always))
			continue;
		add_column(t, &(struct column){.kind = COLUMN_STATE,
				      .state = state_columns[i].state,
				      .top = state_columns[i].top,
				      .bottom = state_columns[i].bottom});
	}
	if (!wide)
		return;
	add_column(t, &(struct column){.kind = COLUMN_OLDEST, .top = "", .bottom = "OLDEST"});
	add_column(t, &(struct column){.kind = COLUMN_QUEUE, .top = "QUEUE/", .bottom = "BACKLOG"});
}

static uint32_t older(uint32_t a, uint32_t b)
{
	if (a == AGE_UNKNOWN || b == AGE_UNKNOWN)
		return MIN(a, b);
	return MAX(a, b);
}

static enum severity severity_of(const struct findings *f, const struct port_tally *p)
{
	enum severity worst = SEVERITY_OK;

	for (size_t i = 0; i < f->count; i++) {
		const struct finding *finding = &f->list[i];

		if (finding->has_port && finding->side == (enum sock_side)p->side &&
			finding->port == p->port)
			worst = MAX(worst, finding->severity);
	}
	return worst;
}

/* Of a state that was not read, a port's number is not known, whatever the kernel counts in all. */
static void fill_states(
	struct row *r, const struct snapshot *s, const struct state_tally states[STATE_COUNT])
{
	r->oldest_ms = AGE_UNKNOWN;
	STATE_FOREACH(i) {
		r->states[i] = state_set_has(s->scanned, i) ? states[i].sockets : UNKNOWN;
		r->oldest_ms = older(r->oldest_ms, states[i].oldest_ms);
	}
}

static struct row port_row(const struct snapshot *s, const struct port_tally *p)
{
	struct row r = {
		.sockets = port_tally_sockets(p, STATE_SET_ALL),
		.memory_bytes = port_tally_memory(p, STATE_SET_ALL),
		.listening = p->listening,
		.accept_queue = p->accept_queue,
		.backlog = p->backlog,
	};

	fill_states(&r, s, p->states);
	if (p->side == SIDE_SERVER)
		snprintf(r.label, sizeof(r.label), p->listening ? "%u" : "%u*", (unsigned)p->port);
	else if (p->port)
		snprintf(r.label, sizeof(r.label), "to %u", (unsigned)p->port);
	else
		snprintf(r.label, sizeof(r.label), "no peer");
	return r;
}

static struct row total_row(const struct snapshot *s)
{
	struct row r = {
		.label = "TOTAL",
		.sockets = s->totals.sockets,
		.memory_bytes = s->totals.memory_bytes,
	};

	fill_states(&r, s, s->totals.states);
	if (s->established_from_counter)
		r.states[STATE_ESTABLISHED] = s->totals.states[STATE_ESTABLISHED].sockets;
	return r;
}

/* The ports that have no row: what the totals have more than the rows. */
static struct row others_row(const struct snapshot *s)
{
	struct row r = {
		.label = "others",
		.sockets = s->omitted.sockets,
		.memory_bytes = s->omitted.memory_bytes,
	};

	fill_states(&r, s, s->totals.states);
	for (size_t i = 0; i < s->ports_count; i++)
		STATE_FOREACH(j)
			if (r.states[j] != UNKNOWN)
				r.states[j] -= s->ports[i]->states[j].sockets;
	r.oldest_ms = AGE_UNKNOWN;
	return r;
}

static void widen(const struct table *t, struct column *c, const struct row *r)
{
	char buf[FORMAT_SIZE];

	c->width = MAX(c->width, (int)strlen(cell(buf, t, c, r)));
}

/* Gives each column its width. Returns the width of the table. */
static unsigned measure(struct table *t, const struct snapshot *s, const struct row *total)
{
	const struct row others = others_row(s);
	int sum = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct column *c = &t->columns[i];

		c->width = (int)MAX(strlen(c->top), strlen(c->bottom));
		widen(t, c, total);
		widen(t, c, &others);
		/* Of numbers the totals are the widest. */
		if (c->kind != COLUMN_STATE && c->kind != COLUMN_SOCKETS) {
			for (size_t j = 0; j < s->ports_count; j++) {
				const struct row r = port_row(s, s->ports[j]);

				widen(t, c, &r);
			}
		}
		sum += c->width + (i ? t->gap : 0);
	}
	return (unsigned)sum;
}

/* The widest layout that fits. */
static void choose_layout(
	struct table *t, const struct snapshot *s, const struct row *total, unsigned columns)
{
	static const struct {
		int gap;
		bool separators;
	} layouts[] = {{2, true}, {1, true}, {1, false}};

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		t->gap = layouts[i].gap;
		t->separators = layouts[i].separators;
		if (measure(t, s, total) <= columns)
			return;
	}
}

static void print_heading(FILE *out, const struct table *t, const struct text_style *style)
{
	for (unsigned line = 0; line < 2; line++) {
		fputs(text_color(style, SEVERITY_OK), out);
		for (size_t i = 0; i < t->count; i++) {
			const struct column *c = &t->columns[i];

			fprintf(out, "%*s%*s", i ? t->gap : 0, "", c->width,
				line ? c->bottom : c->top);
		}
		fprintf(out, "%s\n", text_plain(style));
	}
}

static void print_row(
	FILE *out, const struct table *t, const struct row *r, const struct text_style *style)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct column *c = &t->columns[i];
		bool colored = c->kind == COLUMN_PORT && r->severity != SEVERITY_OK;
		char buf[FORMAT_SIZE];

		fprintf(out, "%*s%s%*s%s", i ? t->gap : 0, "",
			colored ? text_color(style, r->severity) : "", c->width, cell(buf, t, c, r),
			colored ? text_plain(style) : "");
	}
	fputc('\n', out);
}

void port_table_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct text_style *style)
{
	struct row total = total_row(s);
	struct table t = {0};
	bool deserted = false;

	choose_columns(&t, s, style->wide);
	choose_layout(&t, s, &total, style->columns);
	print_heading(out, &t, style);
	for (size_t i = 0; i < s->ports_count; i++) {
		const struct port_tally *p = s->ports[i];
		struct row r = port_row(s, p);

		if (style->color)
			r.severity = severity_of(f, p);
		print_row(out, &t, &r, style);
		deserted = deserted || (p->side == SIDE_SERVER && !p->listening);
	}
	if (s->omitted.ports) {
		struct row r = others_row(s);

		print_row(out, &t, &r, style);
	}
	print_row(out, &t, &total, style);
	if (deserted)
		fputs("* nothing listens on this port now\n", out);
	if (s->omitted.ports) {
		char number[FORMAT_SIZE];

		fprintf(out, "others: %s more ports; --ports 0 lists them all\n",
			format_count(number, s->omitted.ports));
	}
}

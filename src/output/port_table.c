/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/port_table.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/port_row.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum column_kind {
	COLUMN_PORT,
	COLUMN_SOCKETS,
	COLUMN_CHANGE,
	COLUMN_MEMORY,
	COLUMN_STATE,
	COLUMN_QUEUE,
	COLUMN_OLDEST,
};

struct column {
	enum column_kind kind;
	const char *top, *bottom; /* its heading */
	enum tcp_state state;     /* of COLUMN_STATE */
	bool only_wide;           /* of a state: also when the user chose the states */
	int width;
};

/* In their order; the closing states, the most important first, and the others. */
static const struct column all_columns[] = {
	{COLUMN_PORT, "", .bottom = "PORT"},
	{COLUMN_SOCKETS, "", .bottom = "SOCKETS"},
	{COLUMN_CHANGE, "", .bottom = "CHANGE"},
	{COLUMN_MEMORY, "", .bottom = "MEMORY"},
	{COLUMN_STATE, "ESTAB-", "LISHED", .state = STATE_ESTABLISHED},
	{COLUMN_STATE, "TIME_", "WAIT", .state = STATE_TIME_WAIT},
	{COLUMN_STATE, "CLOSE_", "WAIT", .state = STATE_CLOSE_WAIT},
	{COLUMN_STATE, "FIN_", "WAIT_1", .state = STATE_FIN_WAIT_1},
	{COLUMN_STATE, "FIN_", "WAIT_2", .state = STATE_FIN_WAIT_2},
	{COLUMN_STATE, "LAST_", "ACK", .state = STATE_LAST_ACK},
	{COLUMN_STATE, "CLOS-", "ING", .state = STATE_CLOSING},
	{COLUMN_STATE, "SYN_", "SENT", .state = STATE_SYN_SENT, .only_wide = true},
	{COLUMN_STATE, "SYN_", "RECV", .state = STATE_SYN_RECV, .only_wide = true},
	{COLUMN_STATE, "", "LISTEN", .state = STATE_LISTEN, .only_wide = true},
	{COLUMN_STATE, "", "CLOSE", .state = STATE_CLOSE, .only_wide = true},
	{COLUMN_STATE, "BOUND_", "INACTIVE", .state = STATE_BOUND_INACTIVE, .only_wide = true},
	{COLUMN_OLDEST, "", .bottom = "OLDEST", .only_wide = true},
	{COLUMN_QUEUE, "QUEUE/", .bottom = "BACKLOG", .only_wide = true},
};

struct table {
	struct column columns[ARRAY_SIZE(all_columns)];
	size_t count;
	int gap;                            /* blanks between columns */
	bool separators;                    /* 1,000 instead of 1000 */
	const struct port_table_view *view; /* NULL: without changes */
	state_set left_out;                 /* states without room for a column */
};

/* What of a snapshot is shown. */
struct shown {
	struct snapshot snapshot;        /* cut to the ports that have a row; borrows */
	const struct port_tally **ports; /* its ports, if they were cut; else NULL */
	size_t gone, gone_omitted;       /* ports that are gone: with a row, and without */
	bool heading, changing, notes;   /* print the heading, the row of changes, what is below */
	bool deserted;                   /* has a server's port on which nothing listens */
	bool crowded;                    /* no line for the ports without a row */
	struct port_row others, total, change;
};

static const struct changes *changes_of(const struct table *t)
{
	return t->view ? t->view->changes : NULL;
}

static const char *cell_count(char buf[FORMAT_SIZE], const struct table *t, uint64_t n)
{
	if (n == 0)
		return strcpy(buf, "-");
	if (t->separators || !is_known(n))
		return format_count(buf, n);
	snprintf(buf, FORMAT_SIZE, "%" PRIu64, n);
	return buf;
}

/* With a "+" or "-"; no change is "-", as no sockets are. */
static const char *cell_change(char buf[FORMAT_SIZE], int64_t change, const char *number)
{
	if (!is_known(change))
		return strcpy(buf, "?");
	if (change == 0)
		return strcpy(buf, "-");
	snprintf(buf, FORMAT_SIZE, "%c%.62s", change < 0 ? '-' : '+', number);
	return buf;
}

/* By unsigned arithmetic: an unknown change has no positive counterpart. */
static uint64_t size_of(int64_t change)
{
	return change < 0 ? 0 - (uint64_t)change : (uint64_t)change;
}

static const char *cell_count_change(char buf[FORMAT_SIZE], const struct table *t, int64_t change)
{
	char number[FORMAT_SIZE];

	return cell_change(buf, change, cell_count(number, t, size_of(change)));
}

static const char *cell_memory(char buf[FORMAT_SIZE], const struct port_row *r)
{
	char number[FORMAT_SIZE];

	if (r->gone)
		return strcpy(buf, "gone");
	if (!r->is_changes)
		return format_bytes(buf, r->memory_bytes);
	return cell_change(buf, r->memory_change, format_bytes(number, size_of(r->memory_change)));
}

static const char *cell_queue(char buf[FORMAT_SIZE], const struct port_row *r)
{
	if (!r->listening)
		return strcpy(buf, "-");
	if (is_known(r->backlog))
		snprintf(buf, FORMAT_SIZE, "%" PRIu32 "/%" PRIu32, r->accept_queue, r->backlog);
	else
		snprintf(buf, FORMAT_SIZE, "%" PRIu32 "/?", r->accept_queue);
	return buf;
}

static const char *cell(char buf[FORMAT_SIZE], const struct table *t, const struct column *c,
	const struct port_row *r)
{
	switch (c->kind) {
	case COLUMN_PORT:
		return r->label;
	case COLUMN_SOCKETS:
		return r->is_changes ? strcpy(buf, "") : cell_count(buf, t, r->sockets);
	case COLUMN_CHANGE:
		return r->is_changes ? strcpy(buf, "") : cell_count_change(buf, t, r->change);
	case COLUMN_MEMORY:
		return cell_memory(buf, r);
	case COLUMN_STATE:
		return r->is_changes ? cell_count_change(buf, t, r->state_changes[c->state])
				     : cell_count(buf, t, r->states[c->state]);
	case COLUMN_QUEUE:
		return cell_queue(buf, r);
	case COLUMN_OLDEST:
		break;
	}
	return r->oldest_ms == UNKNOWN_U32 ? strcpy(buf, "-") : format_duration(buf, r->oldest_ms);
}

static bool wants_column(
	const struct table *t, const struct column *c, const struct snapshot *s, bool wide)
{
	const bool counted = c->state == STATE_ESTABLISHED && s->established_from_counter;

	if (c->kind == COLUMN_CHANGE)
		return t->view;
	if (c->kind != COLUMN_STATE)
		return wide || !c->only_wide;
	return (counted || state_set_has(s->scanned, c->state)) &&
	       (wide || !c->only_wide || s->filter.states != STATE_SET_ALL);
}

static void choose_columns(struct table *t, const struct snapshot *s, bool wide)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_columns); i++)
		if (wants_column(t, &all_columns[i], s, wide))
			t->columns[t->count++] = all_columns[i];
}

static void widen(const struct table *t, struct column *c, const struct port_row *r)
{
	char buf[FORMAT_SIZE];

	c->width = MAX(c->width, (int)strlen(cell(buf, t, c, r)));
}

/* Numbers add up to the totals, which are the widest; changes may be negative. */
static bool is_bounded(const struct column *c)
{
	return c->kind == COLUMN_STATE || c->kind == COLUMN_SOCKETS;
}

static size_t rows_count(const struct shown *shown)
{
	return shown->snapshot.ports_count + shown->gone;
}

/* The ports of the snapshot, then those that are gone. */
static struct port_row row_at(const struct table *t, const struct shown *shown, size_t i)
{
	const struct snapshot *s = &shown->snapshot;

	return i < s->ports_count ? port_row_of(s, s->ports[i], changes_of(t))
				  : port_row_gone(changes_of(t), i - s->ports_count);
}

/* Gives each column its width. Returns the width of the table. */
static unsigned measure(struct table *t, const struct shown *shown)
{
	int sum = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct column *c = &t->columns[i];

		c->width = (int)MAX(strlen(c->top), strlen(c->bottom));
		/* In a table that is refreshed, columns should not move. */
		if (t->view && c->kind == COLUMN_MEMORY)
			c->width = (int)strlen("+99.9 KiB");
		widen(t, c, &shown->total);
		widen(t, c, &shown->others);
		if (t->view)
			widen(t, c, &shown->change);
		for (size_t j = 0; !is_bounded(c) && j < rows_count(shown); j++) {
			const struct port_row r = row_at(t, shown, j);

			widen(t, c, &r);
		}
		sum += c->width + (i ? t->gap : 0);
	}
	return (unsigned)sum;
}

/* The widest layout that fits; else the narrowest. */
static bool choose_layout(struct table *t, const struct shown *shown, unsigned columns)
{
	static const struct {
		int gap;
		bool separators;
	} layouts[] = {{2, true}, {1, true}, {1, false}};

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		t->gap = layouts[i].gap;
		t->separators = layouts[i].separators;
		if (measure(t, shown) <= columns)
			return true;
	}
	return false;
}

/* The column to leave out: the rightmost of a state without sockets, else the rightmost. */
static size_t least_column(const struct table *t, const struct port_row *total)
{
	for (size_t i = t->count; i-- > 0;) {
		const struct column *c = &t->columns[i];

		if (c->kind == COLUMN_STATE && total->states[c->state] == 0 &&
			total->state_changes[c->state] == 0)
			return i;
	}
	return t->count - 1;
}

static void fit_columns(struct table *t, const struct shown *shown, unsigned columns)
{
	/* The port and its number stay at any width. */
	while (!choose_layout(t, shown, columns) && t->view && t->view->fit && t->count > 2) {
		size_t least = least_column(t, &shown->total);
		const struct column *c = &t->columns[least];

		if (c->kind == COLUMN_STATE && shown->total.states[c->state])
			t->left_out |= STATE_BIT(c->state);
		memmove(&t->columns[least], &t->columns[least + 1],
			(t->count - least - 1) * sizeof(*c));
		t->count--;
	}
}

static void add_heading(struct page *p, const struct table *t)
{
	for (unsigned line = 0; line < 2; line++) {
		string_add(&p->out, page_color(p, SEVERITY_OK));
		for (size_t i = 0; i < t->count; i++) {
			const struct column *c = &t->columns[i];

			string_addf(&p->out, "%*s%*s", i ? t->gap : 0, "", c->width,
				line ? c->bottom : c->top);
		}
		string_addf(&p->out, "%s\n", page_plain(p));
	}
}

/* Whether the number of a closing state changed, which is what users watch for. */
static bool has_moved(const struct table *t, const struct column *c, const struct port_row *r)
{
	int64_t change = c->kind == COLUMN_STATE ? r->state_changes[c->state] : 0;

	return t->view && change != 0 && is_known(change) &&
	       state_set_has(STATE_SET_CLOSING, c->state);
}

static void add_row(struct page *p, const struct table *t, const struct port_row *r)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct column *c = &t->columns[i];
		bool warned = c->kind == COLUMN_PORT && r->severity != SEVERITY_OK;
		bool colored = warned || has_moved(t, c, r);
		char buf[FORMAT_SIZE];

		string_addf(&p->out, "%*s%s%*s%s", i ? t->gap : 0, "",
			colored ? page_color(p, warned ? r->severity : SEVERITY_OK) : "", c->width,
			cell(buf, t, c, r), colored ? page_plain(p) : "");
	}
	string_add_char(&p->out, '\n');
}

/* Cuts the ports to max: those with a finding first, then the heaviest. */
static void cut_ports(struct shown *shown, const struct findings *f, size_t max)
{
	struct snapshot *s = &shown->snapshot;
	const size_t count = s->ports_count;
	const struct port_tally **ports = calloc(MAX(max, (size_t)1), sizeof(void *));
	size_t found = 0, others, kept = 0;

	for (size_t i = 0; i < count && found < max; i++)
		found += findings_severity(f, &s->ports[i]->service) != SEVERITY_OK;
	others = max - found;
	for (size_t i = 0; i < count; i++) {
		const bool has_finding = findings_severity(f, &s->ports[i]->service) != SEVERITY_OK;
		size_t *left = has_finding ? &found : &others;

		if (!ports || !*left) {
			snapshot_omit(s, s->ports[i]);
			continue;
		}
		--*left;
		ports[kept++] = s->ports[i];
	}
	shown->ports = s->ports = ports;
	s->ports_count = kept;
}

/* Cuts what is shown to the available lines. */
static void choose_rows(const struct table *t, struct shown *shown, const struct findings *f)
{
	const struct port_table_view *view = t->view;
	size_t gone = shown->gone, lines, notes, wanted;

	/* The totals take the first line, then the heading, the ports and the changes. */
	lines = view->lines - 1;
	shown->heading = lines >= 2;
	lines -= shown->heading ? 2 : 0;
	shown->changing = lines >= 2;
	lines -= shown->changing ? 1 : 0;
	notes = (shown->deserted ? 1U : 0) + (t->left_out ? 1U : 0);
	shown->notes = notes <= lines / 2;
	lines -= shown->notes ? notes : 0;

	wanted = rows_count(shown) + (shown->snapshot.omitted.ports ? 1 : 0);
	if (wanted <= lines)
		return;
	shown->gone = MIN(gone, lines / 4);
	shown->gone_omitted = gone - shown->gone;
	lines -= shown->gone;
	cut_ports(shown, f, lines ? lines - 1 : 0);
	shown->crowded = lines == 0;
}

static bool is_deserted(const struct snapshot *s)
{
	for (size_t i = 0; i < s->ports_count; i++)
		if (s->ports[i]->service.side == SIDE_SERVER && !s->ports[i]->listening)
			return true;
	return false;
}

static void add_remarks(struct page *p, const struct table *t, const struct shown *shown)
{
	const struct snapshot *s = &shown->snapshot;
	char number[FORMAT_SIZE];
	const char *comma = " ";

	if (shown->deserted && is_deserted(s))
		string_add(&p->out, "* nothing listens on this port now\n");
	if (s->omitted.ports && !t->view)
		string_addf(&p->out, "others: %s more ports; --ports 0 lists them all\n",
			format_count(number, s->omitted.ports));
	if (!t->left_out)
		return;
	string_add(&p->out, "no room for:");
	for (size_t i = 0; i < ARRAY_SIZE(all_columns); i++) {
		enum tcp_state state = all_columns[i].state;

		if (all_columns[i].kind != COLUMN_STATE || !state_set_has(t->left_out, state))
			continue;
		string_addf(&p->out, "%s%s %s", comma, state_name(state),
			format_count(number, shown->total.states[state]));
		comma = ", ";
	}
	string_add_char(&p->out, '\n');
}

static void add_rows(
	struct page *p, const struct table *t, const struct shown *shown, const struct findings *f)
{
	const struct snapshot *s = &shown->snapshot;

	for (size_t i = 0; i < rows_count(shown); i++) {
		struct port_row r = row_at(t, shown, i);

		if (p->style.color && i < s->ports_count)
			r.severity = findings_severity(f, &s->ports[i]->service);
		add_row(p, t, &r);
	}
	if ((s->omitted.ports || shown->gone_omitted) && !shown->crowded)
		add_row(p, t, &shown->others);
	add_row(p, t, &shown->total);
	if (t->view && shown->changing)
		add_row(p, t, &shown->change);
}

/* The row of what has no row, with its label. */
static struct port_row others_row(const struct table *t, const struct shown *shown)
{
	struct port_row r =
		port_row_others(&shown->snapshot, changes_of(t), shown->gone, &shown->total);

	if (t->view)
		snprintf(r.label, sizeof(r.label), "%" PRIu64 " more",
			shown->snapshot.omitted.ports + shown->gone_omitted);
	return r;
}

void port_table_add(struct page *p, const struct snapshot *s, const struct findings *f,
	const struct port_table_view *view)
{
	struct table t = {.view = view};
	struct shown shown = {
		.snapshot = *s,
		.gone = view && view->changes ? view->changes->gone_count : 0,
		.deserted = is_deserted(s),
		.heading = true,
		.changing = view,
		.notes = true,
	};

	shown.total = port_row_total(s, changes_of(&t));
	shown.change = port_row_changes(&shown.total);
	shown.others = others_row(&t, &shown);
	choose_columns(&t, s, p->style.wide);
	fit_columns(&t, &shown, p->style.columns);
	if (view && view->lines) {
		/* Now it is known which notes need a line, and how many ports have no row. */
		choose_rows(&t, &shown, f);
		shown.others = others_row(&t, &shown);
		fit_columns(&t, &shown, p->style.columns);
	}
	if (shown.heading)
		add_heading(p, &t);
	add_rows(p, &t, &shown, f);
	if (shown.notes)
		add_remarks(p, &t, &shown);
	free(shown.ports);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/explain.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "judge/match.h"
#include "output/words.h"

#include <string.h>

/* How many processes of a finding are listed, and how many ports on which nothing was found. */
#define PROCESSES_LISTED   5
#define QUIET_PORTS_LISTED 20

static void add_descriptors(struct descriptors *d, const struct process *p)
{
	const size_t have = MIN(p->descriptors_count, (uint32_t)PROCESS_DESCRIPTORS_MAX);

	for (size_t i = 0; i < have && d->known < PROCESS_DESCRIPTORS_MAX; i++)
		d->list[d->known++] = p->descriptors[i];
	d->total += p->descriptors_count;
}

/* Each process once, even if its sockets are of several classes. */
static void add_processes(
	struct page *page, const struct findings *f, size_t index, const struct processes *p)
{
	size_t listed = 0, more = 0;

	for (size_t i = 0; p && i < p->count;) {
		const struct process *process = NULL;
		const uint32_t pid = p->list[i].pid;
		struct descriptors d = {0};

		for (; i < p->count && p->list[i].pid == pid; i++) {
			if (!finding_matches(f, index, p->list[i].tag))
				continue;
			process = process ? process : &p->list[i];
			add_descriptors(&d, &p->list[i]);
		}
		if (process && listed < PROCESSES_LISTED) {
			listed++;
			words_process(&page->sentence, process, &d);
			page_paragraph(page, SEVERITY_OK, "     by: ");
		} else if (process) {
			more++;
		}
	}
	if (more) {
		string_add(&page->out, "         and ");
		words_count(&page->out, more, "more process\n", "more processes\n");
	}
}

static void add_finding(
	struct page *p, const struct findings *f, size_t index, const struct holders *holders)
{
	const struct finding *finding = &f->list[index];

	string_add_char(&p->out, '\n');
	text_add_finding(p, finding);
	words_since(&p->sentence, finding);
	page_paragraph(p, SEVERITY_OK, "  since: ");
	words_whose(&p->sentence, finding);
	page_paragraph(p, SEVERITY_OK, "  whose: ");
	add_processes(p, f, index, holders->processes);
	text_add_advice(p, finding);
}

/* The row of a listener that the filter hides has none. */
static bool has_sockets(const struct port_tally *row)
{
	return port_tally_sum(row, STATE_SET_ALL).sockets;
}

static bool is_reported(const struct findings *f, const struct port_tally *row)
{
	return findings_severity(f, &row->service) != SEVERITY_OK;
}

/* The ports of the rows: with a range, of those that it selects. */
static void find_present(
	const struct snapshot *s, const struct service_range *range, struct port_set *ret)
{
	for (size_t i = 0; i < s->rows_count; i++) {
		const struct service_key *k = &s->rows[i].service;

		if (has_sockets(&s->rows[i]) && (!range || service_range_has(range, k)))
			port_set_add(ret, k->port);
	}
}

/* Adds what a range has and the ports have not. Of more than a set can hold, the first are kept:
 * the sentence has room for fewer. */
static void add_absent(struct service_set *absent, const struct service_range *range,
	const struct port_set *present)
{
	struct service_range gap = {.address = range->address};

	for (unsigned port = range->first; port <= range->last; port++) {
		if (port_set_has(present, (uint16_t)port))
			continue;
		gap.first = gap.last = (uint16_t)port;
		while (gap.last < range->last && !port_set_has(present, (uint16_t)(gap.last + 1)))
			gap.last++;
		port = gap.last;
		(void)service_set_add(absent, &gap);
	}
}

/* Those of *named without a row. */
static void find_absent(
	const struct snapshot *s, const struct service_set *named, struct service_set *ret)
{
	struct port_set present = {{0}};

	find_present(s, NULL, &present);
	for (size_t i = 0; i < ARRAY_SIZE(present.bits); i++)
		ret->ports.bits[i] = named->ports.bits[i] & ~present.bits[i];
	for (size_t i = 0; i < named->ranges_count; i++) {
		present = (struct port_set){{0}};
		find_present(s, &named->ranges[i], &present);
		add_absent(ret, &named->ranges[i], &present);
	}
}

/* The ports that the user named and that have no socket. */
static void add_absent_ports(struct page *p, const struct snapshot *s)
{
	static const struct port_set none;
	cleanup_(freep) struct service_set *absent = calloc(1, sizeof(*absent));

	if (!absent)
		return;
	find_absent(s, s->filter.ports, absent);
	if (memcmp(&absent->ports, &none, sizeof(none)) == 0 && !absent->ranges_count)
		return;
	words_no_socket_on(&p->sentence, s, absent);
	page_paragraph(p, SEVERITY_OK, "");
}

static void add_quiet_ports(struct page *p, const struct snapshot *s, const struct findings *f)
{
	size_t quiet = 0, listed = 0;

	string_add_char(&p->out, '\n');
	for (size_t i = 0; i < s->rows_count; i++)
		quiet += has_sockets(&s->rows[i]) && !is_reported(f, &s->rows[i]);
	for (size_t i = 0; i < s->ports_count && listed < QUIET_PORTS_LISTED; i++) {
		if (is_reported(f, s->ports[i]))
			continue;
		listed++;
		words_nothing_on_port(&p->sentence, s, s->ports[i]);
		page_paragraph(p, SEVERITY_OK, "");
	}
	if (quiet > listed) {
		words_nothing_on_ports(&p->sentence, s, quiet - listed);
		page_paragraph(p, SEVERITY_OK, "");
	}
	add_absent_ports(p, s);
}

/* What makes the processes less than all of them. */
static void add_unseen(struct page *page, const struct holders *h)
{
	const struct processes *p = h->processes;

	if (!p && h->could_inspect)
		page_text(page, SEVERITY_OK, "", words_use_processes);
	if (!p)
		return;
	words_refused(&page->sentence, p);
	page_paragraph(page, SEVERITY_OK, "");
	words_unheld(&page->sentence, p);
	page_paragraph(page, SEVERITY_OK, "");
	if (p->omitted || h->omitted)
		page_text(page, SEVERITY_OK, "", words_processes_omitted);
}

int explain_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct holders *holders, const struct text_style *style)
{
	struct page p = page_new(style);

	text_add_verdict(&p, s, f);
	text_add_origin(&p, s);
	text_add_reservations(&p, s);
	for (size_t i = 0; i < f->count; i++)
		add_finding(&p, f, i, holders);
	if (s->filter.ports)
		add_quiet_ports(&p, s, f);
	if (f->count && (holders->processes || holders->could_inspect)) {
		string_add_char(&p.out, '\n');
		add_unseen(&p, holders);
	}
	return page_print(&p, out);
}

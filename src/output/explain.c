/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/explain.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "judge/match.h"
#include "output/stream.h"
#include "output/words.h"

#include <inttypes.h>
#include <string.h>

/* How many processes of a finding are listed, and how many ports of which there is nothing to say.
 */
#define PROCESSES_LISTED   5
#define QUIET_PORTS_LISTED 20

/* How fast they come, as far as their ages tell: no older than a minute are at most so many. */
static void say_growth(char *line, size_t size, const struct age_stats *ages)
{
	const uint32_t young = ages->tracked - ages->older[AGE_MARK_1_MINUTE];
	char number[FORMAT_SIZE], age[FORMAT_SIZE];
	size_t used = strlen(line);

	if (!ages->tracked || !ages->median_ms)
		return;
	snprintf(line + used, size - used,
		"; half of all in this state for %s and longer; %s%s came "
		"within the last minute",
		format_duration(age, ages->median_ms), ages->added == UNKNOWN_U32 ? "at most " : "",
		format_count(number, ages->added == UNKNOWN_U32 ? young : ages->added));
}

static void print_since(FILE *out, const struct finding *f, const struct text_style *style)
{
	char age[FORMAT_SIZE], line[256];

	if (f->sockets == UNKNOWN || !f->has_port)
		return;
	if (f->oldest_ms == UNKNOWN_U32 || !f->oldest_ms)
		snprintf(line, sizeof(line),
			"one look does not tell; --watch and the service keep count");
	else
		snprintf(line, sizeof(line), "the oldest for %s",
			format_duration(age, f->oldest_ms));
	if (f->ages)
		say_growth(line, sizeof(line), f->ages);
	text_paragraph(out, style, SEVERITY_OK, "  since: ", line);
}

static void print_owner(FILE *out, const struct finding *f, const struct text_style *style)
{
	char line[1024] = "";

	if (f->owner)
		snprintf(line, sizeof(line), "%s%s", f->owner_is_mixed ? "mostly " : "", f->owner);
	if (f->user)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%suser %s",
			*line ? ", " : "", f->user);
	if (*line)
		text_paragraph(out, style, SEVERITY_OK, "  whose: ", line);
}

/* What one process holds of a finding's sockets, of whatever classes those are. */
struct share {
	const struct process *process; /* the first entry of it */
	uint32_t descriptors[PROCESS_DESCRIPTORS_MAX];
	uint64_t total;
	size_t known;
};

static void add_share(struct share *s, const struct process *p)
{
	const size_t have = MIN(p->descriptors_count, (uint32_t)PROCESS_DESCRIPTORS_MAX);

	for (size_t i = 0; i < have && s->known < PROCESS_DESCRIPTORS_MAX; i++)
		s->descriptors[s->known++] = p->descriptors[i];
	s->total += p->descriptors_count;
}

static void print_share(FILE *out, const struct share *s, const struct text_style *style)
{
	char comm[PROCESS_COMM_MAX], command[PROCESS_COMMAND_MAX], number[FORMAT_SIZE];
	char line[PROCESS_COMM_MAX + PROCESS_COMMAND_MAX + 512];
	size_t used;

	snprintf(line, sizeof(line), "pid %" PRIu32 " (%s), %s descriptor%s:", s->process->pid,
		utf8_printable(comm, sizeof(comm), s->process->comm),
		format_count(number, s->total), s->total == 1 ? "" : "s");
	for (size_t i = 0; i < s->known; i++) {
		used = strlen(line);
		snprintf(line + used, sizeof(line) - used, "%s%" PRIu32, i ? ", " : " ",
			s->descriptors[i]);
	}
	used = strlen(line);
	snprintf(line + used, sizeof(line) - used, "%s; command: %s",
		s->known < s->total ? ", ..." : "",
		utf8_printable(command, sizeof(command), s->process->command));
	text_paragraph(out, style, SEVERITY_OK, "     by: ", line);
}

static void print_processes(FILE *out, const struct findings *f, size_t index,
	const struct holders *h, const struct text_style *style)
{
	const struct processes *p = h->processes;
	size_t listed = 0, more = 0;

	for (size_t i = 0; p && i < p->count;) {
		const uint32_t pid = p->list[i].pid;
		struct share share = {0};

		for (; i < p->count && p->list[i].pid == pid; i++) {
			if (!finding_matches(f, index, p->list[i].group))
				continue;
			share.process = share.process ? share.process : &p->list[i];
			add_share(&share, &p->list[i]);
		}
		if (share.process && listed < PROCESSES_LISTED) {
			listed++;
			print_share(out, &share, style);
		} else if (share.process) {
			more++;
		}
	}
	if (more)
		fprintf(out, "         and %zu more process%s\n", more, more == 1 ? "" : "es");
}

static void print_finding(FILE *out, const struct findings *f, size_t index,
	const struct holders *holders, const struct text_style *style)
{
	const struct finding *finding = &f->list[index];
	const struct advice advice = words_advice(finding->id, finding->cause);
	char label[32], sentence[SENTENCE_SIZE];
	struct string what = STRING_IN(sentence);

	snprintf(label, sizeof(label), "%-9s", text_severity(finding->severity));
	fputc('\n', out);
	words_finding(&what, finding);
	text_paragraph(out, style, finding->severity, label, sentence);
	print_since(out, finding, style);
	print_owner(out, finding, style);
	print_processes(out, f, index, holders, style);
	text_paragraph(out, style, SEVERITY_OK, "    why: ", advice.why);
	text_paragraph(out, style, SEVERITY_OK, "     do: ", advice.what_to_do);
	text_paragraph(out, style, SEVERITY_OK, "   read: ", advice.see);
}

static bool is_reported(const struct findings *f, const struct port_tally *row)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->list[i].has_port && f->list[i].port == row->port &&
			f->list[i].side == (enum sock_side)row->side)
			return true;
	return false;
}

/* A port of which there is nothing to say: what is there. */
static void print_quiet_port(
	FILE *out, const struct port_tally *row, const struct text_style *style)
{
	char number[FORMAT_SIZE], memory[FORMAT_SIZE], line[1024];
	const uint64_t sockets = port_tally_sockets(row, STATE_SET_ALL);
	const char *separator = ": ";

	snprintf(line, sizeof(line), "%sport %u: nothing is wrong; %s socket%s, %s",
		row->side == SIDE_SERVER ? "" : "to ", (unsigned)row->port,
		format_count(number, sockets), sockets == 1 ? "" : "s",
		format_bytes(memory, port_tally_memory(row, STATE_SET_ALL)));
	STATE_FOREACH(s) {
		const size_t used = strlen(line);

		if (!row->states[s].sockets)
			continue;
		snprintf(line + used, sizeof(line) - used, "%s%s %s", separator,
			format_count(number, row->states[s].sockets), state_name(s));
		separator = ", ";
	}
	if (row->owner)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "; owner %s%s",
			row->cgroup.mixed ? "mostly " : "", row->owner);
	text_paragraph(out, style, SEVERITY_OK, "", line);
}

/* The ports that were asked for and have no socket. */
static struct port_set *absent_ports(const struct snapshot *s)
{
	struct port_set *absent = malloc(sizeof(*absent));

	if (!absent)
		return NULL;
	*absent = *s->filter.ports;
	for (size_t i = 0; i < s->ports_count; i++)
		absent->bits[s->ports[i]->port / 64] &= ~(UINT64_C(1) << (s->ports[i]->port % 64));
	return absent;
}

static void print_absent_ports(FILE *out, const struct snapshot *s, const struct text_style *style)
{
	cleanup_(freep) struct port_set *absent = absent_ports(s);
	cleanup_(freep) char *list = absent ? port_set_format(absent) : NULL;
	char line[256];

	/* With ports that found no row it is not known whether they have sockets. */
	if (!list || !*list || s->omitted.ports)
		return;
	text_cut_ports(list);
	snprintf(line, sizeof(line), "No socket on port %s.", list);
	text_paragraph(out, style, SEVERITY_OK, "", line);
}

static void print_quiet_ports(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct text_style *style)
{
	size_t listed = 0;

	fputc('\n', out);
	for (size_t i = 0; i < s->ports_count; i++)
		if (!is_reported(f, s->ports[i]) && listed++ < QUIET_PORTS_LISTED)
			print_quiet_port(out, s->ports[i], style);
	if (listed > QUIET_PORTS_LISTED)
		fprintf(out, "Nothing is wrong with %zu more ports.\n",
			listed - QUIET_PORTS_LISTED);
	print_absent_ports(out, s, style);
}

/* What makes the processes less than all of them. */
static void print_unseen(FILE *out, const struct holders *h, const struct text_style *style)
{
	const struct processes *p = h->processes;
	char number[FORMAT_SIZE], line[256];

	if (!p && h->could_inspect)
		text_paragraph(out, style, SEVERITY_OK, "",
			"Which processes hold these sockets, --processes tells; as root it sees "
			"all.");
	if (!p)
		return;
	/* Where all sockets found a process, those could at most have copies. */
	if (p->refused) {
		snprintf(line, sizeof(line), "%s process%s could not be looked into%s%s.",
			format_count(number, p->refused), p->refused == 1 ? "" : "es",
			p->unheld ? "; run as root to see " : "",
			!p->unheld        ? ""
			: p->refused == 1 ? "it"
					  : "them");
		text_paragraph(out, style, SEVERITY_OK, "", line);
	}
	if (p->unheld) {
		snprintf(line, sizeof(line), "Of %s socket%s no process was seen to hold it.",
			format_count(number, p->unheld), p->unheld == 1 ? "" : "s");
		text_paragraph(out, style, SEVERITY_OK, "", line);
	}
	if (p->omitted || h->omitted) {
		snprintf(line, sizeof(line),
			"There are more processes or sockets than are listed "
			"here.");
		text_paragraph(out, style, SEVERITY_OK, "", line);
	}
}

int explain_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct holders *holders, const struct text_style *style)
{
	text_verdict(out, s, f, style);
	text_origin(out, s, style);
	text_reservations(out, s, style);
	for (size_t i = 0; i < f->count; i++)
		print_finding(out, f, i, holders, style);
	if (s->filter.ports)
		print_quiet_ports(out, s, f, style);
	if (f->count && (holders->processes || holders->could_inspect)) {
		fputc('\n', out);
		print_unseen(out, holders, style);
	}
	return stream_finish(out);
}

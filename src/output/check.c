/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/check.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/stream.h"
#include "output/words.h"

#include <inttypes.h>
#include <string.h>

/* So many findings are named; the others are counted. */
#define FINDINGS_NAMED 5

/* Plugins are read into buffers of a few KiB; a longer text is cut. */
#define TEXT_MAX 2048

struct line {
	enum check_status status;
	struct string text;
};

/* One number of the line, its label, and its thresholds. */
struct quantity {
	const char *label;
	const char *unit;
	uint64_t value; /* UNKNOWN if it was not read */
	struct range warning, critical;
};

/* Index of the quantities; the states follow. */
enum { CLOSING_MEMORY, SOCKETS, STATES, QUANTITY_COUNT = STATES + STATE_COUNT };

static void read_quantities(struct quantity q[QUANTITY_COUNT], const struct snapshot *s,
	const struct thresholds *warning, const struct thresholds *critical)
{
	const bool closing = s->scanned & STATE_SET_CLOSING;

	q[CLOSING_MEMORY] = (struct quantity){
		.label = "closing_memory",
		.unit = "B",
		.value = closing ? s->totals.closing_memory_bytes : UNKNOWN,
		.warning = warning->closing_memory,
		.critical = critical->closing_memory,
	};
	q[SOCKETS] = (struct quantity){
		.label = "sockets",
		.unit = "",
		.value = s->totals.sockets,
	};
	STATE_FOREACH(i) {
		bool known = state_set_has(s->scanned, i) ||
			     (i == STATE_ESTABLISHED && s->established_from_counter);

		q[STATES + i] = (struct quantity){
			.label = state_name(i),
			.unit = "",
			.value = known ? s->totals.states[i].sockets : UNKNOWN,
			.warning = warning->states[i],
			.critical = critical->states[i],
		};
	}
}

/*
 * Names the port that has most of a state's sockets, or, with the closing states, most of their
 * memory.
 */
static void add_worst_port(struct string *text, const struct snapshot *s, size_t quantity)
{
	const struct port_tally *worst = NULL;
	uint64_t most = 0;
	char number[FORMAT_SIZE];

	for (size_t i = 0; i < s->rows_count; i++) {
		const struct port_tally *p = &s->rows[i];
		uint64_t n = quantity == CLOSING_MEMORY
				     ? port_tally_sum(p, STATE_SET_CLOSING).memory_bytes
				     : p->states[quantity - STATES].sockets;

		if (n > most) {
			most = n;
			worst = p;
		}
	}
	if (!worst)
		return;
	string_addf(text, ", %s %s port ",
		quantity == CLOSING_MEMORY ? format_bytes(number, most)
					   : format_count(number, most),
		worst->service.side == SIDE_SERVER ? "on" : "to");
	words_service(text, &worst->service, worst->device, worst->is_only);
}

static void add_quantity(struct string *text, const struct snapshot *s, size_t i,
	const struct quantity *q, const struct range *crossed)
{
	char number[FORMAT_SIZE], range[RANGE_SIZE];

	if (i == CLOSING_MEMORY)
		string_addf(text, "closing sockets hold %s", format_bytes(number, q->value));
	else
		string_addf(text, "%s %s", format_count(number, q->value), q->label);
	string_addf(text, " (threshold %s)", range_format(range, crossed));
	add_worst_port(text, s, i);
}

static void worsen(struct line *l, enum check_status status)
{
	l->status = MAX(l->status, status);
}

static void judge_quantity(
	struct line *l, const struct snapshot *s, size_t i, const struct quantity *q)
{
	const bool critical = range_alerts(&q->critical, q->value);

	if (!q->warning.set && !q->critical.set)
		return;
	if (is_known(q->value) && !critical && !range_alerts(&q->warning, q->value))
		return;
	if (l->text.length)
		string_add(&l->text, "; ");
	if (is_known(q->value)) {
		add_quantity(&l->text, s, i, q, critical ? &q->critical : &q->warning);
		worsen(l, critical ? CHECK_CRITICAL : CHECK_WARNING);
	} else {
		string_addf(&l->text, "%s was not read, but has a threshold", q->label);
		worsen(l, CHECK_UNKNOWN);
	}
}

static void judge_findings(
	struct line *l, const struct snapshot *s, const struct findings *findings)
{
	struct findings faults = findings_faults(findings);

	if (!faults.count) {
		words_nothing_found(&l->text, s);
		return;
	}
	worsen(l, faults.list[0].severity == SEVERITY_CRITICAL ? CHECK_CRITICAL : CHECK_WARNING);
	for (size_t i = 0; i < faults.count && i < FINDINGS_NAMED; i++) {
		string_add(&l->text, i ? "; " : "");
		words_finding(&l->text, &faults.list[i]);
	}
	if (faults.count > FINDINGS_NAMED) {
		faults.list += FINDINGS_NAMED;
		faults.count -= FINDINGS_NAMED;
		string_addf(&l->text, " (and %" PRIu64 " more)", findings_total(&faults));
	}
}

static void judge_thresholds(
	struct line *l, const struct snapshot *s, const struct quantity q[QUANTITY_COUNT])
{
	char number[FORMAT_SIZE];

	for (size_t i = 0; i < QUANTITY_COUNT; i++)
		judge_quantity(l, s, i, &q[i]);
	if (l->text.length)
		return;
	if (is_known(q[CLOSING_MEMORY].value))
		string_addf(&l->text, "closing sockets hold %s",
			format_bytes(number, q[CLOSING_MEMORY].value));
	else
		string_add(&l->text, "closing sockets were not read");
}

/* A bar would start the performance data, and a line break would end the line. */
static void add_text(struct string *out, const char *text)
{
	const size_t start = out->length;

	string_add_printable(out, text);
	for (char *bar = out->text + start; (bar = strchr(bar, '|')) != NULL;)
		*bar = '/';
}

static void add_status(struct string *out, enum check_status status)
{
	static const char *const words[] = {
		[CHECK_OK] = "OK",
		[CHECK_WARNING] = "WARNING",
		[CHECK_CRITICAL] = "CRITICAL",
		[CHECK_UNKNOWN] = "UNKNOWN",
	};

	string_addf(out, "TCPSTATED %s - ", words[status]);
}

/* label=value[unit];warning;critical;minimum, with U for a value that is unknown */
static void add_performance(struct string *out, const struct quantity *q)
{
	char warning[RANGE_SIZE], critical[RANGE_SIZE];

	string_addf(out, " %s=", q->label);
	if (is_known(q->value))
		string_addf(out, "%" PRIu64 "%s", q->value, q->unit);
	else
		string_add_char(out, 'U');
	string_addf(out, ";%s;%s;0", range_format(warning, &q->warning),
		range_format(critical, &q->critical));
}

int check_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct thresholds *warning, const struct thresholds *critical,
	enum check_status *ret_status)
{
	struct quantity quantities[QUANTITY_COUNT];
	char text[TEXT_MAX], all[3 * TEXT_MAX];
	struct line line = {.status = CHECK_OK, .text = STRING_IN(text)};
	struct string printed = STRING_IN(all);

	read_quantities(quantities, s, warning, critical);
	if (thresholds_any(warning) || thresholds_any(critical))
		judge_thresholds(&line, s, quantities);
	else
		judge_findings(&line, s, f);
	if (!s->scan.complete)
		line.status = CHECK_UNKNOWN;

	add_status(&printed, line.status);
	if (!s->scan.complete) {
		string_add(&printed, "incomplete scan: ");
		add_text(&printed, s->scan.error);
		string_add(&printed, "; so far: ");
	}
	add_text(&printed, text);
	string_add(&printed, " |");
	for (size_t i = 0; i < QUANTITY_COUNT; i++)
		add_performance(&printed, &quantities[i]);
	string_add_char(&printed, '\n');
	*ret_status = line.status;
	return stream_write(out, &printed);
}

int check_print_unknown(FILE *out, const char *reason)
{
	char text[TEXT_MAX];
	struct string line = STRING_IN(text);

	add_status(&line, CHECK_UNKNOWN);
	add_text(&line, reason);
	string_add_char(&line, '\n');
	return stream_write(out, &line);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/check.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "output/stream.h"
#include "output/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* Plugins are read into buffers of a few KiB; a longer text is cut. */
#define TEXT_SIZE 2048

struct line {
	enum check_status status;
	char text[TEXT_SIZE];
};

/* One number of the line: what it is called, what it is, and the thresholds on it. */
struct quantity {
	const char *label;
	const char *unit;
	uint64_t value; /* UNKNOWN where it was not read */
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

__attribute__((format(printf, 2, 3))) static void say(struct line *l, const char *format, ...)
{
	size_t used = strlen(l->text);
	va_list args;

	va_start(args, format);
	vsnprintf(l->text + used, sizeof(l->text) - used, format, args);
	va_end(args);
}

static void say_next(struct line *l)
{
	if (l->text[0])
		say(l, "; ");
}

/*
 * Names the port that has most of a state's sockets, or, with the closing states, most of their
 * memory.
 */
static void say_worst_port(struct line *l, const struct snapshot *s, size_t quantity)
{
	const struct port_tally *worst = NULL;
	uint64_t most = 0;
	char number[FORMAT_SIZE];

	for (size_t i = 0; i < s->ports_count; i++) {
		const struct port_tally *p = s->ports[i];
		uint64_t n = quantity == CLOSING_MEMORY ? port_tally_memory(p, STATE_SET_CLOSING)
							: p->states[quantity - STATES].sockets;

		if (n > most) {
			most = n;
			worst = p;
		}
	}
	if (!worst)
		return;
	say(l, worst->side == SIDE_SERVER ? ", %s on port %u" : ", %s to port %u",
		quantity == CLOSING_MEMORY ? format_bytes(number, most)
					   : format_count(number, most),
		(unsigned)worst->port);
}

static void say_quantity(struct line *l, const struct snapshot *s, size_t i,
	const struct quantity *q, const struct range *crossed)
{
	char number[FORMAT_SIZE], range[RANGE_SIZE];

	say_next(l);
	if (i == CLOSING_MEMORY)
		say(l, "closing sockets hold %s", format_bytes(number, q->value));
	else
		say(l, "%s %s", format_count(number, q->value), q->label);
	say(l, " (threshold %s)", range_format(range, crossed));
	say_worst_port(l, s, i);
}

static void worsen(struct line *l, enum check_status status)
{
	l->status = MAX(l->status, status);
}

static void judge_quantity(
	struct line *l, const struct snapshot *s, size_t i, const struct quantity *q)
{
	if (!q->warning.set && !q->critical.set)
		return;
	if (q->value == UNKNOWN) {
		say_next(l);
		say(l, "%s was not read, but has a threshold", q->label);
		worsen(l, CHECK_UNKNOWN);
	} else if (range_alerts(&q->critical, q->value)) {
		say_quantity(l, s, i, q, &q->critical);
		worsen(l, CHECK_CRITICAL);
	} else if (range_alerts(&q->warning, q->value)) {
		say_quantity(l, s, i, q, &q->warning);
		worsen(l, CHECK_WARNING);
	}
}

static void judge_findings(struct line *l, const struct findings *all)
{
	const struct findings faults = findings_faults(all), *f = &faults;
	const struct finding *worst = f->list;
	char sentence[SENTENCE_SIZE];
	struct string what = STRING_IN(sentence);

	if (!f->count)
		return;
	worsen(l, worst->severity == SEVERITY_CRITICAL ? CHECK_CRITICAL : CHECK_WARNING);
	words_finding(&what, worst);
	say(l, "%s", sentence);
	if (f->count > 1)
		say(l, " (and %zu more)", f->count - 1);
}

static void say_all_clear(struct line *l, const struct snapshot *s)
{
	char number[FORMAT_SIZE];

	if (!(s->scanned & STATE_SET_CLOSING)) {
		say(l, "closing sockets were not read");
		return;
	}
	say(l, "closing sockets: %s", format_count(number, s->totals.closing_sockets));
	say(l, ", %s", format_bytes(number, s->totals.closing_memory_bytes));
}

/* A bar would begin the performance data, and a line break end the line. */
static void put_text(FILE *out, const char *text)
{
	char printable[TEXT_SIZE];

	utf8_printable(printable, sizeof(printable), text);
	for (char *bar = printable; (bar = strchr(bar, '|')) != NULL;)
		*bar = '/';
	fputs(printable, out);
}

static void put_status(FILE *out, enum check_status status)
{
	static const char *const words[] = {
		[CHECK_OK] = "OK",
		[CHECK_WARNING] = "WARNING",
		[CHECK_CRITICAL] = "CRITICAL",
		[CHECK_UNKNOWN] = "UNKNOWN",
	};

	fprintf(out, "TCPSTATED %s - ", words[status]);
}

/* label=value[unit];warning;critical;minimum, with U for a value that is not known */
static void put_performance(FILE *out, const struct quantity *q)
{
	char warning[RANGE_SIZE], critical[RANGE_SIZE];

	fprintf(out, " %s=", q->label);
	if (q->value == UNKNOWN)
		fputc('U', out);
	else
		fprintf(out, "%" PRIu64 "%s", q->value, q->unit);
	fprintf(out, ";%s;%s;0", range_format(warning, &q->warning),
		range_format(critical, &q->critical));
}

int check_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct thresholds *warning, const struct thresholds *critical,
	enum check_status *ret_status)
{
	struct quantity quantities[QUANTITY_COUNT];
	struct line line = {.status = CHECK_OK};

	read_quantities(quantities, s, warning, critical);
	if (thresholds_any(warning) || thresholds_any(critical)) {
		for (size_t i = 0; i < QUANTITY_COUNT; i++)
			judge_quantity(&line, s, i, &quantities[i]);
	} else {
		judge_findings(&line, f);
	}
	if (!line.text[0])
		say_all_clear(&line, s);
	if (!s->scan.complete)
		line.status = CHECK_UNKNOWN;

	put_status(out, line.status);
	if (!s->scan.complete) {
		fputs("incomplete scan: ", out);
		put_text(out, s->scan.error);
		fputs("; as far as it went: ", out);
	}
	put_text(out, line.text);
	fputs(" |", out);
	for (size_t i = 0; i < QUANTITY_COUNT; i++)
		put_performance(out, &quantities[i]);
	fputc('\n', out);
	*ret_status = line.status;
	return stream_finish(out);
}

int check_print_unknown(FILE *out, const char *reason)
{
	put_status(out, CHECK_UNKNOWN);
	put_text(out, reason);
	fputc('\n', out);
	return stream_finish(out);
}

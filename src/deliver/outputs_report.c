/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports on the outputs, as sentences for the operator. */
#include "basic/format.h"
#include "basic/utf8.h"
#include "deliver/outputs_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <syslog.h>

struct reporter {
	void (*fn)(int priority, const char *sentence, void *userdata);
	void *userdata;
};

__attribute__((format(printf, 3, 4))) static void report(
	const struct reporter *r, int priority, const char *format, ...)
{
	char text[768], printable[768];
	struct string sentence = STRING_IN(text);
	va_list args;

	va_start(args, format);
	string_addv(&sentence, format, args);
	va_end(args);
	r->fn(priority, utf8_printable(printable, sizeof(printable), text), r->userdata);
}

/* "3 events", "1 snapshot" */
static const char *format_items(char buf[FORMAT_SIZE], enum item_kind kind, uint64_t n)
{
	snprintf(buf, FORMAT_SIZE, "%" PRIu64 " %s%s", n, kind == ITEM_EVENT ? "event" : "snapshot",
		n == 1 ? "" : "s");
	return buf;
}

static void report_failure(
	const struct output *o, const struct output_queue_status *status, const struct reporter *r)
{
	char items[FORMAT_SIZE], pause[FORMAT_SIZE];

	if (!status->queued)
		report(r, LOG_WARNING, "%s: %s", o->name, status->error);
	else if (!status->retry_ms)
		report(r, LOG_WARNING, "%s: %s; %s waiting, trying again now", o->name,
			status->error, format_items(items, o->kind->item, status->queued));
	else
		report(r, LOG_WARNING, "%s: %s; %s waiting, next try in %s", o->name, status->error,
			format_items(items, o->kind->item, status->queued),
			format_duration(pause, status->retry_ms));
}

static void report_recovery(const struct output *o, uint64_t dropped, const struct reporter *r)
{
	char items[FORMAT_SIZE];

	if (dropped > o->dropped_at_failure && o->kind->matters)
		report(r, LOG_NOTICE, "%s: works again; %s dropped meanwhile", o->name,
			format_items(items, o->kind->item, dropped - o->dropped_at_failure));
	else
		report(r, LOG_NOTICE, "%s: works again", o->name);
}

static void report_output(struct output *o, const struct reporter *r)
{
	struct output_queue_status status;
	char items[FORMAT_SIZE];
	uint64_t dropped;

	output_queue_status(o->queue, &status);
	dropped = status.dropped + o->lost;
	if (status.failures && !o->failing) {
		report_failure(o, &status, r);
		o->dropped_at_failure = dropped;
	} else if (!status.failures && o->failing) {
		report_recovery(o, dropped, r);
	}
	o->failing = status.failures > 0;
	if (o->kind->matters && dropped > o->dropped_reported &&
		dropped >= 2 * o->dropped_reported) {
		report(r, LOG_WARNING, "%s: does not keep up; %s dropped so far", o->name,
			format_items(items, o->kind->item, dropped));
		o->dropped_reported = dropped;
	}
}

void outputs_take_reports(struct outputs *o,
	void (*fn)(int priority, const char *sentence, void *userdata), void *userdata)
{
	const struct reporter reporter = {fn, userdata};
	char items[FORMAT_SIZE];

	for (size_t i = 0; i < o->final_reports_count; i++) {
		const struct final_report *f = &o->final_reports[i];

		report(&reporter, LOG_WARNING, "%s: is no longer configured; %s not delivered",
			f->name, format_items(items, f->item, f->undelivered));
	}
	o->final_reports_count = 0;
	for (size_t i = 0; i < o->count; i++)
		report_output(&o->list[i], &reporter);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/manager.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/log.h"
#include "daemon/state_file.h"
#include "kernel/memory/object_sizes.h"
#include "output/json.h"
#include "output/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often what changes slowly is read or written. */
#define SLOW_MS 60000

/* What the last cycle cost, in percent of one core. */
static double cpu_percent(const struct manager *l, uint64_t now_ms)
{
	if (!l->poll_ms || now_ms <= l->poll_ms)
		return -1.0;
	return l->budget.last_us / 10.0 / (double)(now_ms - l->poll_ms);
}

static void prepare(struct manager *l, uint64_t now_ms)
{
	/* A credential is a copy from the start: only the file itself tells what is kept now. */
	if (!l->slab_ms || now_ms - l->slab_ms >= SLOW_MS) {
		l->settings.slab_bytes = slab_bytes_read(l->source);
		l->slab_ms = now_ms;
	}
	l->settings.now_ms = now_ms;
	l->settings.since_ms = close_rates_since_ms(&l->close_rates, now_ms);
	l->settings.closing = l->budget.masked;
	l->settings.ports_max = l->config->ports_max;
	l->settings.polling = (struct polling){
		.interval_ms = l->budget.interval_ms,
		.effective_ms = l->budget.next_ms,
		.cpu_budget_percent = l->budget.budget_percent,
		.cpu_percent = cpu_percent(l, now_ms),
		.established_masked = l->budget.masked,
	};
}

static void take_event(const struct alert_event *e, void *userdata)
{
	struct manager *l = userdata;

	outputs_push_event(l->outputs, e);
}

/* The document for those who want it. Returns 0 or -errno. */
static int report_snapshot(
	struct manager *l, const struct snapshot *s, const struct findings *findings)
{
	const struct json_extras extras = {.alerts = l->alerts, .close_rates = &l->close_rates};
	cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *out;
	int r;

	if (!outputs_wants_snapshot(l->outputs))
		return 0;
	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	r = json_print(out, s, findings, &extras, false);
	if (fclose(out) != 0 && r == 0)
		r = -ENOMEM;
	if (r == 0)
		outputs_push_snapshot(l->outputs, text, size);
	return r;
}

static void set_status(struct manager *l, const struct snapshot *s)
{
	struct string status = STRING_IN(l->status);

	words_status(&status, s, l->alerts);
}

static void log_failure(struct manager *l, const char *reason)
{
	if (l->failures++ == 0)
		log_line(LOG_ERR,
			"the sockets cannot be read: %s; alerts stay as they are until they can",
			reason);
	snprintf(l->status, sizeof(l->status), "The sockets cannot be read: %s", reason);
}

static void log_success(struct manager *l, const struct snapshot *s)
{
	if (l->failures)
		log_line(LOG_NOTICE, "the sockets can be read again");
	l->failures = 0;
	if (!s->scan.complete && !l->incomplete)
		log_line(LOG_WARNING,
			"the scan was incomplete: %s; alerts stay as they are until one is not",
			s->scan.error);
	l->incomplete = !s->scan.complete;
}

/* Judges and tells what was scanned. Returns 0 or -errno. */
static int judge_and_report(struct manager *l, struct snapshot *s, uint64_t now_ms)
{
	cleanup_(findings_release) struct findings findings = {0};
	int r;

	r = growth_take(&l->growth, s, now_ms);
	if (r == 0)
		r = alerts_judge(l->alerts, s, now_ms, take_event, l);
	if (r == 0)
		r = close_rates_take(&l->close_rates, s, now_ms);
	if (r == 0)
		r = diagnose(s, &findings);
	if (r == 0)
		r = report_snapshot(l, s, &findings);
	return r;
}

/* Changes when an alert does. */
static uint64_t alerts_sum(const struct alerts *a)
{
	uint64_t sum = alerts_sequence(a) * 31 + alerts_count(a);

	for (size_t i = 0; i < alerts_count(a); i++) {
		const struct alert *alert = alerts_get(a, i);

		sum = sum * 31 + alert->changed_ms + alert->state;
	}
	return sum;
}

static void save_if_due(struct manager *l, uint64_t now_ms)
{
	if (alerts_sum(l->alerts) != l->saved_sum || now_ms - l->saved_ms >= SLOW_MS)
		manager_save(l);
}

static void learn(struct manager *l, const struct snapshot *s)
{
	uint64_t cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	const struct budget_poll manager_poll = {
		.cpu_us = cpu_us - l->cpu_us,
		.sockets = s->scan.sockets,
		.established = s->totals.states[STATE_ESTABLISHED].sockets,
	};

	budget_learn(&l->budget, &manager_poll);
	l->cpu_us = cpu_us;
}

int manager_poll(struct manager *l)
{
	cleanup_(snapshot_release) struct snapshot s = {0};
	const uint64_t now_ms = clock_monotonic_ms();
	int r;

	prepare(l, now_ms);
	r = poll_once(l->source, l->tally, &l->settings, &s);
	if (r == 0) {
		log_success(l, &s);
		r = owners_name(l->owners, l->tally, &s);
		if (r == 0)
			r = judge_and_report(l, &s, now_ms);
		if (r < 0)
			log_line(LOG_ERR, "cannot judge what was read: %s", strerror(-r));
		set_status(l, &s);
		save_if_due(l, now_ms);
	} else {
		log_failure(l, s.scan.error);
		/* Numbers of before would look like numbers of now. */
		outputs_withdraw_snapshot(l->outputs);
	}
	learn(l, &s);
	l->poll_ms = now_ms;
	return r;
}

static void list_events(void *source, state_event_fn fn, void *userdata)
{
	outputs_save(source, fn, userdata);
}

void manager_save(struct manager *l)
{
	const struct state_contents contents = {
		.identity = {.boot_id = l->origin.boot_id, .netns = l->origin.netns},
		.now_ms = l->settings.now_ms,
		.alerts = l->alerts,
		.ages = l->ages,
		.events = list_events,
		.events_source = l->outputs,
	};
	int r = state_save(l->state.fd, &contents);

	if (r < 0 && !l->save_failed)
		log_line(LOG_ERR,
			"cannot keep the state in %s: %s; a restart would tell alerts anew",
			l->state.path, strerror(-r));
	else if (r == 0 && l->save_failed)
		log_line(LOG_NOTICE, "the state can be kept in %s again", l->state.path);
	l->save_failed = r < 0;
	l->saved_ms = l->settings.now_ms;
	l->saved_sum = alerts_sum(l->alerts);
}

static void restore_event(const char *output_queue, const struct alert_event *e, void *userdata)
{
	struct manager *l = userdata;

	(void)outputs_restore(l->outputs, output_queue, e);
}

void manager_restore(struct manager *l)
{
	const struct state_identity identity = {l->origin.boot_id, l->origin.netns};
	const struct state_target output = {
		.alerts = l->alerts,
		.ages = l->ages,
		.event = restore_event,
		.userdata = l,
	};
	char note[256] = "";

	if (state_load(l->state.fd, &identity, &output, note, sizeof(note)) < 0)
		log_line(LOG_NOTICE, "the state kept in %s is not used: %s", l->state.path, note);
	l->saved_sum = alerts_sum(l->alerts);
}

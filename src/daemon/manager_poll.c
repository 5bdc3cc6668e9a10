/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One poll of the service, from the scan to the outputs. */
#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/log.h"
#include "basic/string.h"
#include "daemon/manager.h"
#include "kernel/memory/object_sizes.h"
#include "output/json.h"
#include "output/words.h"
#include "poll/poll.h"

#include <string.h>

/* What the last cycle cost, in percent of one core; negative: unknown. */
static double cpu_percent(const struct manager *m, uint64_t now_ms)
{
	if (!m->poll_ms || now_ms <= m->poll_ms)
		return -1.0;
	return m->budget.last_us / 10.0 / (double)(now_ms - m->poll_ms);
}

/* A credential is a copy from the start: only the file itself shows what the allocator holds now.
 */
static void read_slab_bytes(struct manager *m, uint64_t now_ms)
{
	if (m->slab_ms && now_ms - m->slab_ms < MANAGER_SLOW_MS)
		return;
	m->slab_bytes = slab_bytes_read(m->source);
	m->slab_ms = now_ms;
}

static int take_snapshot(struct manager *m, uint64_t now_ms, struct snapshot *ret)
{
	const struct poll_settings settings = {
		.filter = FILTER_ALL,
		.closing = m->budget.masked,
		.attempts = SCAN_ATTEMPTS,
		.prices = m->prices,
		.slab_bytes = m->slab_bytes,
		.ages = m->ages,
		.now_ms = now_ms,
		.since_ms = close_rates_since_ms(&m->close_rates, now_ms),
		.polling =
			{
				.interval_ms = m->budget.interval_ms,
				.effective_ms = m->budget.next_ms,
				.cpu_budget_percent = m->budget.budget_percent,
				.cpu_percent = cpu_percent(m, now_ms),
				.established_masked = m->budget.masked,
			},
	};

	return poll_once(m->source, m->tally, &settings, ret);
}

static void push_event(const struct alert_event *e, void *userdata)
{
	struct manager *m = userdata;

	outputs_push_event(m->outputs, e);
}

/* The document, for the outputs that take it. Returns 0 or -errno. */
static int push_snapshot(
	struct manager *m, const struct snapshot *s, const struct findings *findings)
{
	const struct json_extras extras = {.alerts = m->alerts, .close_rates = &m->close_rates};
	cleanup_(string_release) struct string text = string_up_to(JSON_SIZE_MAX);
	int r;

	if (!outputs_wants_snapshot(m->outputs))
		return 0;
	r = json_format(&text, s, findings, &extras);
	if (r == 0)
		outputs_push_snapshot(m->outputs, text.text, text.length);
	return r;
}

/* Returns 0 or -errno. */
static int judge_and_deliver(struct manager *m, struct snapshot *s, uint64_t now_ms)
{
	cleanup_(findings_release) struct findings findings = {0};
	int r;

	r = owners_name(m->owners, m->tally, s);
	if (r == 0)
		r = diagnose(s, false, &findings);
	/* From here on only what is shown is listed; alerts are judged by the rows. */
	if (r == 0)
		r = findings_list(&findings, s, m->config->ports_max);
	if (r == 0)
		r = growth_take(&m->growth, s, now_ms);
	if (r == 0)
		r = alerts_judge(m->alerts, s, now_ms, push_event, m);
	if (r == 0)
		r = close_rates_take(&m->close_rates, s, now_ms);
	if (r == 0)
		r = push_snapshot(m, s, &findings);
	if (r < 0)
		log_line(LOG_ERR, "cannot judge what was read: %s", strerror(-r));
	return r;
}

static void take_failure(struct manager *m, const char *reason, struct string *status)
{
	if (m->failures++ == 0)
		log_line(LOG_ERR,
			"the sockets cannot be read: %s; alerts stay as they are until they can",
			reason);
	string_addf(status, "The sockets cannot be read: %s", reason);
	/* Old numbers would pass for current ones. */
	outputs_withdraw_snapshot(m->outputs);
}

static void take_success(struct manager *m, const struct snapshot *s)
{
	if (m->failures)
		log_line(LOG_NOTICE, "the sockets can be read again");
	m->failures = 0;
	if (!s->scan.complete && !m->incomplete)
		log_line(LOG_WARNING,
			"the scan was incomplete: %s; alerts stay as they are until one is not",
			s->scan.error);
	m->incomplete = !s->scan.complete;
}

static void learn_cost(struct manager *m, const struct snapshot *s)
{
	const uint64_t cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	const struct budget_poll poll = {
		.cpu_us = cpu_us - m->cpu_us + (uint64_t)(m->ages_us_per_ms * m->budget.next_ms),
		.sockets = s->scan.sockets,
		.established = s->totals.states[STATE_ESTABLISHED].sockets,
	};

	budget_learn(&m->budget, &poll);
	m->cpu_us = cpu_us;
}

int manager_poll(struct manager *m, uint64_t now_ms)
{
	cleanup_(snapshot_release) struct snapshot s = {0};
	struct string status = STRING_IN(m->status);
	int r;

	read_slab_bytes(m, now_ms);
	r = take_snapshot(m, now_ms, &s);
	m->poll_ms = now_ms;
	if (r < 0) {
		take_failure(m, s.scan.error, &status);
	} else {
		take_success(m, &s);
		r = judge_and_deliver(m, &s, now_ms);
		words_status(&status, &s, m->alerts);
		manager_save_due(m, now_ms);
	}
	learn_cost(m, &s);
	return r;
}

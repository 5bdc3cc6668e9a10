/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What survives a restart. The small state is written at once, the ages rarely. */
#include "basic/clock.h"
#include "basic/hash.h"
#include "basic/log.h"
#include "basic/macro.h"
#include "daemon/manager.h"
#include "daemon/state_ages.h"
#include "daemon/state_file.h"
#include "daemon/state_services.h"

#include <string.h>

/* Of the CPU budget, what writing the ages may take. */
#define AGES_BUDGET_SHARE 0.1

/* So many known services are saved as soon as they change, more of them with the ages. */
#define SERVICES_FEW 1024

static struct state_identity identity_of(const struct manager *m)
{
	return (struct state_identity){m->origin.boot_id, m->origin.netns};
}

/* A failure is logged when it begins and when it ends. */
static void log_saving(
	const struct manager *m, const char *name, int r, bool *failed, const char *consequence)
{
	if (r < 0 && !*failed)
		log_line(LOG_ERR, "cannot save %s/%s: %s; a restart would %s", m->directory.path,
			name, strerror(-r), consequence);
	else if (r == 0 && *failed)
		log_line(LOG_NOTICE, "%s/%s can be saved again", m->directory.path, name);
	*failed = r < 0;
}

/* Changes when an alert does, and when an event is delivered. */
static uint64_t state_sum(const struct manager *m)
{
	uint64_t sum = hash_add(alerts_sequence(m->alerts), outputs_undelivered(m->outputs));

	for (size_t i = 0; i < alerts_count(m->alerts); i++) {
		const struct alert *alert = alerts_get(m->alerts, i);

		sum = hash_add(hash_add(sum, alert->changed_ms), alert->state);
	}
	return sum;
}

static void list_events(void *source, state_event_fn fn, void *userdata)
{
	outputs_save(source, fn, userdata);
}

static void save_state(struct manager *m, uint64_t now_ms)
{
	const struct state_identity identity = identity_of(m);
	const struct state_contents contents = {
		.alerts = m->alerts,
		.events = list_events,
		.events_source = m->outputs,
	};

	m->state_saved_ms = now_ms;
	m->state_saved_sum = state_sum(m);
	if (state_identity_is_known(&identity))
		log_saving(m, STATE_FILE_NAME,
			state_save(m->directory.fd, &identity, now_ms, &contents), &m->state_failed,
			"report alerts again");
}

static void save_services(struct manager *m)
{
	const struct state_identity identity = identity_of(m);
	const struct attribution *a = m->tally->netns.attribution;
	int r;

	if (attribution_changes(a) == m->services_saved || !state_identity_is_known(&identity))
		return;
	r = state_services_save(m->directory.fd, &identity, a);
	if (r == 0)
		m->services_saved = attribution_changes(a);
	log_saving(
		m, STATE_SERVICES_NAME, r, &m->services_failed, "forget which ports are servers'");
}

/* Only after a scan that has seen every socket: what it has not seen would be missing. */
static void save_ages(struct manager *m)
{
	const struct state_identity identity = identity_of(m);

	if (m->poll_ms && !m->failures && !m->incomplete && state_identity_is_known(&identity))
		log_saving(m, STATE_AGES_NAME,
			state_ages_save(m->directory.fd, &identity, m->poll_ms, m->ages),
			&m->ages_failed, "forget how old sockets are");
}

/* Their cost is spread over the polls until the next time, so that none of them seems dear. */
static void save_ages_at_a_price(struct manager *m, uint64_t now_ms)
{
	uint64_t cost_us = clock_us(CLOCK_THREAD_CPUTIME_ID), pause_ms;

	save_ages(m);
	save_services(m);
	cost_us = clock_us(CLOCK_THREAD_CPUTIME_ID) - cost_us;
	pause_ms = budget_pause_ms(&m->budget, (double)cost_us, AGES_BUDGET_SHARE);
	pause_ms = MAX(pause_ms, (uint64_t)MANAGER_SLOW_MS);
	m->ages_due_ms = now_ms + pause_ms;
	m->ages_us_per_ms = (double)cost_us / (double)pause_ms;
	m->cpu_us += cost_us;
}

void manager_save(struct manager *m, uint64_t now_ms)
{
	if (state_sum(m) != m->state_saved_sum)
		save_state(m, now_ms);
}

void manager_save_due(struct manager *m, uint64_t now_ms)
{
	if (now_ms - m->state_saved_ms >= MANAGER_SLOW_MS)
		save_state(m, now_ms);
	else
		manager_save(m, now_ms);
	if (attribution_known_count(m->tally->netns.attribution) <= SERVICES_FEW)
		save_services(m);
	if (now_ms >= m->ages_due_ms)
		save_ages_at_a_price(m, now_ms);
}

void manager_stop(struct manager *m, uint64_t now_ms, uint32_t wait_ms)
{
	outputs_drain(m->outputs, wait_ms);
	save_state(m, now_ms);
	save_ages(m);
	save_services(m);
}

static void restore_event(const char *output, const struct alert_event *e, void *userdata)
{
	struct manager *m = userdata;

	(void)outputs_restore(m->outputs, output, e);
}

static void log_restoring(const struct manager *m, const char *name, int r, struct string *reason)
{
	if (r < 0)
		log_line(LOG_NOTICE, "%s/%s: %s", m->directory.path, name, reason->text);
	string_cut(reason, 0);
}

void manager_restore(struct manager *m, uint64_t now_ms)
{
	const struct state_identity identity = identity_of(m);
	const struct state_target target = {
		.alerts = m->alerts,
		.event = restore_event,
		.userdata = m,
	};
	char text[256];
	struct string reason = STRING_IN(text);

	log_restoring(m, STATE_FILE_NAME,
		state_load(m->directory.fd, &identity, now_ms, &target, &reason), &reason);
	log_restoring(m, STATE_AGES_NAME,
		state_ages_load(m->directory.fd, &identity, now_ms, m->ages, &reason), &reason);
	log_restoring(m, STATE_SERVICES_NAME,
		state_services_load(
			m->directory.fd, &identity, m->tally->netns.attribution, &reason),
		&reason);
	if (!state_identity_is_known(&identity))
		log_line(LOG_WARNING,
			"the boot id or the network namespace cannot be read: nothing will survive "
			"a restart");
	/* What was restored is what is saved. */
	m->services_saved = attribution_changes(m->tally->netns.attribution);
	m->state_saved_ms = now_ms;
	m->state_saved_sum = state_sum(m);
	m->ages_due_ms = now_ms + MANAGER_SLOW_MS;
}

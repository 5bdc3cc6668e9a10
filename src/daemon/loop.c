/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/loop.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/log.h"
#include "basic/macro.h"
#include "daemon/manager.h"
#include "kernel/memory/object_sizes.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* SIGTERM to the end: what the consumers may take of it. */
#define DRAIN_MS 600

/*
 * After an event the state is kept again as soon as it may have been delivered, and then less and
 * less often, up to the next look: what was delivered must not be delivered again after a crash.
 */
#define RESAVE_FIRST_MS    10
#define RESAVE_FACTOR      5
#define RESAVE_LAST_MS     1250
#define RESAVE_ACCURACY_US 5000

struct daemon {
	const struct daemon_options *options;
	struct manager manager;
	int notify_fd; /* an eventfd: an outlet has something to report */
	sd_event *event;
	sd_event_source *timer, *resave;
	uint64_t next_ms;     /* when the next look is due, CLOCK_MONOTONIC */
	uint64_t watchdog_ms; /* how often systemd wants to hear from us; 0: never */
	uint64_t sequence;    /* of the last event that was seen */
	uint32_t resave_ms;   /* from the last time that the state was kept to the next */
	bool ready;
};

/* A notification that nobody awaits goes nowhere; one that fails must not stop the polling. */
#define notify(...) ((void)sd_notifyf(0, __VA_ARGS__))

static void report_status(struct daemon *d, bool is_good)
{
	const char *ready = is_good && !d->ready ? "\nREADY=1" : "";

	/* Not before it is known that the sockets can be read at all. */
	d->ready = d->ready || is_good;
	notify("STATUS=%s\nWATCHDOG=1%s", d->manager.status, ready);
}

/* The timer rings for the next look, or in between where systemd would think that we hang. */
static int set_timer(struct daemon *d)
{
	uint64_t at_ms = d->next_ms;

	if (d->watchdog_ms)
		at_ms = MIN(at_ms, clock_monotonic_ms() + d->watchdog_ms);
	return sd_event_source_set_time(d->timer, at_ms * 1000);
}

static void plan_next(struct daemon *d)
{
	const uint64_t now_ms = clock_monotonic_ms();

	/* From when it was due, not from when it began: so it does not drift. */
	d->next_ms += d->manager.budget.next_ms;
	if (d->next_ms <= now_ms)
		d->next_ms = now_ms + d->manager.budget.next_ms;
}

static int resave_after(struct daemon *d, uint32_t ms)
{
	int r;

	d->resave_ms = ms;
	r = sd_event_source_set_time_relative(d->resave, ms * UINT64_C(1000));
	return r < 0 ? r : sd_event_source_set_enabled(d->resave, SD_EVENT_ONESHOT);
}

static int on_resave(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)s;
	(void)usec;
	manager_save(&d->manager);
	return d->resave_ms < RESAVE_LAST_MS ? resave_after(d, d->resave_ms * RESAVE_FACTOR) : 0;
}

static int resave_after_events(struct daemon *d)
{
	if (alerts_sequence(d->manager.alerts) == d->sequence)
		return 0;
	d->sequence = alerts_sequence(d->manager.alerts);
	return resave_after(d, RESAVE_FIRST_MS);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;
	int r;

	(void)s;
	(void)usec;
	if (clock_monotonic_ms() < d->next_ms) {
		notify("WATCHDOG=1");
		return set_timer(d);
	}
	report_status(d, manager_poll(&d->manager) == 0);
	plan_next(d);
	r = resave_after_events(d);
	return r < 0 ? r : set_timer(d);
}

static void log_report(int priority, const char *sentence, void *userdata)
{
	(void)userdata;
	log_line(priority, "%s", sentence);
}

static int on_queue(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	struct daemon *d = userdata;
	uint64_t count;

	(void)s;
	(void)events;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	outputs_take_reports(d->manager.outputs, log_report, NULL);
	return 0;
}

static void log_errors(const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		log_line(LOG_ERR, "%s", errors->list[i]);
}

/* Takes a configuration over from the one in force. Returns 0 or -errno: then that one stays. */
static int apply(struct daemon *d, struct config *new)
{
	struct manager *l = &d->manager;
	int r = outputs_replace(&l->outputs, new, d->notify_fd);

	if (r < 0)
		return r;
	r = alerts_set_rules(l->alerts, new->rules, new->rules_count);
	if (r < 0)
		return r;
	ages_set_max(l->ages, new->tracked_max);
	budget_set(&l->budget, new->interval_ms, new->cpu_budget_percent);
	config_free(l->config);
	l->config = new;
	return 0;
}

static void reload(struct daemon *d)
{
	cleanup_(config_freep) struct config *new = NULL;
	struct config_errors errors = {0};
	int r = config_load(d->options->config, &new, &errors);

	log_errors(&errors);
	config_errors_release(&errors);
	if (r == 0) {
		r = apply(d, new);
		if (r == 0)
			(void)TAKE_PTR(new);
	}
	if (r < 0)
		log_line(LOG_ERR, "the configuration was not reloaded: that of before stays in "
				  "force");
	else
		log_line(LOG_INFO, "the configuration was reloaded");
}

static int on_sighup(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct daemon *d = userdata;

	(void)s;
	(void)si;
	notify("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_ms() * 1000);
	reload(d);
	notify("READY=1");
	/* What was changed shows at once. */
	d->next_ms = clock_monotonic_ms();
	return set_timer(d);
}

static int on_sigusr1(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct daemon *d = userdata;

	(void)s;
	(void)si;
	outputs_reopen(d->manager.outputs);
	return 0;
}

static int set_up_signals(struct daemon *d)
{
	int r;

	r = sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGHUP, on_sighup, d);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGUSR1, on_sigusr1, d);
	return r;
}

static int set_up_loop(struct daemon *d)
{
	uint64_t watchdog_us = 0;
	int r;

	r = sd_event_default(&d->event);
	if (r >= 0)
		r = set_up_signals(d);
	if (r >= 0)
		r = sd_event_add_io(d->event, NULL, d->notify_fd, EPOLLIN, on_queue, d);
	d->next_ms = clock_monotonic_ms();
	/* The clock's accuracy of 250 ms lets the kernel wake us together with others. */
	if (r >= 0)
		r = sd_event_add_time(
			d->event, &d->timer, CLOCK_MONOTONIC, d->next_ms * 1000, 0, on_timer, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->timer, SD_EVENT_ON);
	if (r >= 0)
		r = sd_event_add_time(
			d->event, &d->resave, CLOCK_MONOTONIC, 0, RESAVE_ACCURACY_US, on_resave, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->resave, SD_EVENT_OFF);
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		d->watchdog_ms = watchdog_us / 2000;
	return r;
}

/* The threads of the outlets inherit the mask: every signal goes to the loop. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int load_configuration(struct daemon *d)
{
	struct config_errors errors = {0};
	int r = config_load(d->options->config, &d->manager.config, &errors);

	log_errors(&errors);
	config_errors_release(&errors);
	return r < 0 ? EXIT_USAGE : 0;
}

static int set_up_prices(struct daemon *d)
{
	struct manager *l = &d->manager;
	int r = prices_read(
		l->source, d->options->slabinfo, &l->settings.prices, &l->settings.slab_bytes);

	if (r == 0)
		return 0;
	log_line(LOG_ERR, "%s: %s", d->options->slabinfo,
		r == -EBADMSG ? "this is no slabinfo" : strerror(-r));
	return EXIT_USAGE;
}

static int set_up_manager(struct daemon *d)
{
	struct manager *l = &d->manager;
	int r;

	r = source_live_new(d->options->table, &l->source);
	if (r >= 0)
		r = l->source->ops->origin(l->source, &l->origin);
	if (r >= 0)
		r = tally_new(&l->tally);
	if (r >= 0)
		r = ages_new(l->config->tracked_max, &l->ages);
	if (r >= 0)
		r = owners_new(l->source, false, &l->owners);
	if (r >= 0)
		r = alerts_new(&l->alerts);
	if (r >= 0)
		r = alerts_set_rules(l->alerts, l->config->rules, l->config->rules_count);
	if (r >= 0)
		r = outputs_new(l->config, d->notify_fd, &l->outputs);
	l->settings.filter = FILTER_ALL;
	l->settings.attempts = SCAN_ATTEMPTS;
	l->settings.ages = l->ages;
	budget_init(&l->budget, l->config->interval_ms, l->config->cpu_budget_percent);
	return r;
}

/* Everything before the first look. Returns 0 or an exit status; what was wrong has been said. */
static int start(struct daemon *d)
{
	char error[512];
	int r;

	block_signals();
	/* One heap for all threads: they allocate seldom, and a heap for each would hold memory. */
#ifdef M_ARENA_MAX
	(void)mallopt(M_ARENA_MAX, 1);
#endif
	r = load_configuration(d);
	if (r != 0)
		return r;
	if (state_directory_open(
		    d->options->state_directory, &d->manager.state, error, sizeof(error)) < 0) {
		log_line(LOG_ERR, "%s", error);
		return EXIT_FAILED;
	}
	d->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = d->notify_fd < 0 ? -errno : set_up_manager(d);
	if (r >= 0) {
		r = set_up_prices(d);
		if (r != 0)
			return r;
		manager_restore(&d->manager);
		r = set_up_loop(d);
	}
	if (r < 0) {
		log_line(LOG_ERR, "cannot start: %s", strerror(-r));
		return EXIT_FAILED;
	}
	d->sequence = alerts_sequence(d->manager.alerts);
	return 0;
}

static void stop(struct daemon *d)
{
	struct manager *l = &d->manager;

	notify("STOPPING=1");
	if (l->outputs && l->alerts && d->event) {
		outputs_drain(l->outputs, DRAIN_MS);
		manager_save(l);
	}
	outputs_stop(l->outputs, 0);
	sd_event_source_unref(d->timer);
	sd_event_source_unref(d->resave);
	sd_event_unref(d->event);
	closep(&d->notify_fd);
	alerts_free(l->alerts);
	close_rates_release(&l->close_rates);
	ages_free(l->ages);
	owners_free(l->owners);
	growth_release(&l->growth);
	tally_free(l->tally);
	source_freep(&l->source);
	state_directory_close(&l->state);
	config_free(l->config);
}

int daemon_run(const struct daemon_options *options)
{
	struct daemon d = {
		.options = options,
		.manager.state = {.fd = -1, .lock_fd = -1},
		.notify_fd = -1,
	};
	int status = start(&d);

	if (status == 0) {
		int r = sd_event_loop(d.event);

		if (r < 0) {
			log_line(LOG_ERR, "cannot go on: %s", strerror(-r));
			status = EXIT_FAILED;
		}
	}
	stop(&d);
	return status;
}

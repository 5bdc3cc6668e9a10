/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/loop.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/log.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

/* Of the time from SIGTERM to the end, what the outputs may take. */
#define DRAIN_MS 600

/*
 * While events wait for delivery, what changed is saved soon after a poll, then less and less
 * often until the next one: what was delivered must not be delivered again after a crash.
 */
#define SAVE_FIRST_MS    10
#define SAVE_FACTOR      5
#define SAVE_LAST_MS     1250
#define SAVE_ACCURACY_US 5000

struct loop {
	struct manager *manager;
	sd_event *event;
	sd_event_source *poll_timer, *save_timer;
	uint64_t next_ms; /* when the next poll is due, CLOCK_MONOTONIC */
	uint32_t save_ms; /* from the last saving to the next */
	bool ready, reloading;
};

/* Without systemd a notification goes nowhere; one that fails must not stop the polling. */
#define notify(...) ((void)sd_notifyf(0, __VA_ARGS__))

/*
 * Ready is only what has polled well. But a reload ends with the poll after it, however that went:
 * systemd waits for it, and the status says what is wrong.
 */
static void notify_polled(struct loop *l, bool is_good)
{
	const bool is_ready = is_good || (l->ready && l->reloading);
	const char *ready = is_ready && (!l->ready || l->reloading) ? "\nREADY=1" : "";

	notify("STATUS=%s%s", l->manager->status, ready);
	l->ready |= is_ready;
	l->reloading &= !is_ready;
}

static int save_after(struct loop *l, uint32_t ms)
{
	int r;

	l->save_ms = ms;
	r = sd_event_source_set_time_relative(l->save_timer, ms * UINT64_C(1000));
	return r < 0 ? r : sd_event_source_set_enabled(l->save_timer, SD_EVENT_ONESHOT);
}

static int save_while_undelivered(struct loop *l, uint32_t ms)
{
	return outputs_undelivered(l->manager->outputs) && ms <= SAVE_LAST_MS ? save_after(l, ms)
									      : 0;
}

static int on_save_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct loop *l = userdata;

	(void)s;
	(void)usec;
	manager_save(l->manager, clock_monotonic_ms());
	return save_while_undelivered(l, l->save_ms * SAVE_FACTOR);
}

static int on_poll_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct loop *l = userdata;
	int r = manager_poll(l->manager, clock_monotonic_ms());
	uint64_t now_ms;

	(void)usec;
	notify_polled(l, r == 0);
	/* From when it was due, not from when it began: so it does not drift. */
	l->next_ms += l->manager->budget.next_ms;
	now_ms = clock_monotonic_ms();
	if (l->next_ms <= now_ms)
		l->next_ms = now_ms + l->manager->budget.next_ms;
	r = save_while_undelivered(l, SAVE_FIRST_MS);
	return r < 0 ? r : sd_event_source_set_time(s, l->next_ms * 1000);
}

static int on_report(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	struct loop *l = userdata;

	(void)s;
	(void)fd;
	(void)events;
	manager_report(l->manager);
	return 0;
}

static int on_sighup(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct loop *l = userdata;

	(void)s;
	(void)si;
	notify("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_us(CLOCK_MONOTONIC));
	(void)manager_reload(l->manager);
	/* The next poll, which is due now, ends the reload. */
	l->reloading = true;
	l->next_ms = clock_monotonic_ms();
	return sd_event_source_set_time(l->poll_timer, l->next_ms * 1000);
}

static int on_sigusr1(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct loop *l = userdata;

	(void)s;
	(void)si;
	outputs_reopen(l->manager->outputs);
	return 0;
}

static int add_timers(struct loop *l)
{
	int r;

	l->next_ms = clock_monotonic_ms();
	/* The clock's accuracy of 250 ms lets the kernel wake us together with others. */
	r = sd_event_add_time(
		l->event, &l->poll_timer, CLOCK_MONOTONIC, l->next_ms * 1000, 0, on_poll_timer, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->poll_timer, SD_EVENT_ON);
	if (r >= 0)
		r = sd_event_add_time(l->event, &l->save_timer, CLOCK_MONOTONIC, 0,
			SAVE_ACCURACY_US, on_save_timer, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->save_timer, SD_EVENT_OFF);
	return r;
}

/* Returns 0 or -errno. */
static int loop_run(struct loop *l)
{
	int r = sd_event_default(&l->event);

	if (r >= 0)
		r = sd_event_set_watchdog(l->event, true);
	if (r >= 0)
		/* SIGTERM and SIGINT end the loop. */
		r = sd_event_set_signal_exit(l->event, true);
	if (r >= 0)
		r = sd_event_add_signal(l->event, NULL, SIGHUP, on_sighup, l);
	if (r >= 0)
		r = sd_event_add_signal(l->event, NULL, SIGUSR1, on_sigusr1, l);
	if (r >= 0)
		r = sd_event_add_io(l->event, NULL, l->manager->notify_fd, EPOLLIN, on_report, l);
	if (r >= 0)
		r = add_timers(l);
	return r < 0 ? r : sd_event_loop(l->event);
}

static void loop_release(struct loop *l)
{
	sd_event_source_unref(l->save_timer);
	sd_event_source_unref(l->poll_timer);
	sd_event_unref(l->event);
	manager_free(l->manager);
}

/* The threads of the outputs inherit the mask: every signal goes to the loop. */
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

/* The threads rarely allocate, and a heap for each would hold memory. */
static void use_one_heap(void)
{
#ifdef M_ARENA_MAX
	(void)mallopt(M_ARENA_MAX, 1);
#endif
}

int daemon_run(const struct daemon_options *options)
{
	cleanup_(source_freep) struct source *source = NULL;
	cleanup_(loop_release) struct loop l = {0};
	int status, r;

	block_signals();
	use_one_heap();
	r = source_live_new(options->table, &source);
	if (r == 0) {
		status = manager_new(options, source, clock_monotonic_ms(), &l.manager);
		if (status != 0)
			return status;
		r = loop_run(&l);
		notify("STOPPING=1");
		manager_stop(l.manager, clock_monotonic_ms(), DRAIN_MS);
	}
	if (r < 0)
		log_line(LOG_ERR, "cannot go on: %s", strerror(-r));
	return r < 0 ? DAEMON_FAILED : 0;
}

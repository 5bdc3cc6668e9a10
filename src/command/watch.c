/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/watch.h"

#include "basic/clock.h"
#include "basic/macro.h"
#include "command/terminal.h"
#include "judge/alert.h"
#include "judge/close_rates.h"
#include "judge/finding.h"
#include "model/ages.h"
#include "model/changes.h"
#include "output/watch.h"
#include "poll/owners.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

/* A person does not see that a tick is so late; the kernel may join it with other wake-ups. */
#define TIMER_ACCURACY_US 10000

struct watch {
	const struct watch_settings *settings;
	char *error; /* the caller's, for a sentence */
	size_t error_size;

	struct alerts *alerts;
	struct tally *tally;
	struct ages *ages;
	struct owners *owners; /* the names that rows point to */
	struct changes changes;
	struct close_rates close_rates;
	/* the last good look */
	struct snapshot snapshot;
	struct port_tally *rows; /* those that snapshot lists: the tally's are gone with the next
				    look */
	struct findings findings;
	/* the looks after it that failed */
	unsigned failures;
	struct timespec failed_at;
	char failure[256];

	const struct alert *shown[ALERTS_MAX];
	struct terminal terminal;
	bool on_screen;

	sd_event *event;
	sd_event_source *timer;
	uint64_t next_us; /* CLOCK_MONOTONIC */
};

static int fail(struct watch *w, int error, const char *what)
{
	snprintf(w->error, w->error_size, "%s%s%s", what ? what : "", what ? ": " : "",
		strerror(-error));
	return error;
}

/* Keeps what is shown: a look that fails leaves the tally empty. */
static int keep_rows(struct watch *w, size_t ports_max)
{
	struct snapshot *s = &w->snapshot;
	struct port_tally *rows;

	snapshot_cut(s, ports_max ? ports_max : SIZE_MAX);
	rows = calloc(MAX(s->ports_count, (size_t)1), sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < s->ports_count; i++) {
		rows[i] = *s->ports[i];
		s->ports[i] = &rows[i];
	}
	free(w->rows);
	w->rows = rows;
	s->rows = s->rest = NULL;
	s->rows_count = 0;
	return 0;
}

static void ignore_event(const struct alert_event *e, void *userdata)
{
	/* The alerts in force are on every picture. */
	(void)e;
	(void)userdata;
}

/* Takes a snapshot over, whatever becomes of it. Returns 0 or -ENOMEM. */
static int take_snapshot(struct watch *w, const struct snapshot *s, uint64_t now_ms)
{
	int r;

	findings_release(&w->findings);
	w->findings = (struct findings){0};
	snapshot_release(&w->snapshot);
	w->snapshot = *s;
	w->failures = 0;
	r = diagnose(&w->snapshot, &w->findings);
	if (r == 0)
		r = alerts_judge(w->alerts, &w->snapshot, now_ms, ignore_event, NULL);
	/* Half a table would show changes that never were. */
	if (r == 0 && w->snapshot.scan.complete)
		r = changes_take(&w->changes, &w->snapshot);
	if (r == 0)
		r = close_rates_take(&w->close_rates, &w->snapshot, now_ms);
	if (r == 0)
		r = keep_rows(w, w->settings->poll.ports_max);
	return r;
}

/* Looks once. A look that fails is no error, unless it is the first. */
static int poll(struct watch *w)
{
	struct poll_settings poll = w->settings->poll;
	struct snapshot s = {0};
	int r;

	poll.ports_max = 0;
	poll.ages = w->ages;
	poll.now_ms = clock_monotonic_ms();
	poll.since_ms = close_rates_since_ms(&w->close_rates, poll.now_ms);
	r = poll_once(w->settings->source, w->tally, &poll, &s);
	if (r < 0 && !w->rows) {
		snprintf(w->error, w->error_size, "%s", s.scan.error);
		return r;
	}
	if (r < 0) {
		w->failures++;
		w->failed_at = clock_realtime();
		memcpy(w->failure, s.scan.error, sizeof(w->failure));
		return 0;
	}
	r = owners_name(w->owners, w->tally, &s);
	if (r < 0) {
		snapshot_release(&s);
		return fail(w, r, NULL);
	}
	r = take_snapshot(w, &s, poll.now_ms);
	return r < 0 ? fail(w, r, NULL) : 0;
}

static int draw(struct watch *w)
{
	struct watch_screen screen = {.keys = w->terminal.keys};
	struct watch_frame frame = {
		.snapshot = &w->snapshot,
		.findings = &w->findings,
		.changes = &w->changes,
		.close_rates = &w->close_rates,
		.alerts = w->shown,
		.alerts_count = MIN(alerts_count(w->alerts), ARRAY_SIZE(w->shown)),
		.alerts_omitted = alerts_omitted(w->alerts),
		.interval_ms = w->settings->interval_ms,
		.note = *w->settings->note ? w->settings->note : NULL,
		.failure = w->failures ? w->failure : NULL,
		.failed_at = w->failed_at,
		.failures = w->failures,
	};
	int r;

	for (size_t i = 0; i < frame.alerts_count; i++)
		w->shown[i] = alerts_get(w->alerts, i);
	terminal_size(&screen.rows, &screen.columns);
	r = watch_print(stdout, &frame, &w->settings->style, w->on_screen ? &screen : NULL);
	return r < 0 ? fail(w, r, "cannot write to standard output") : 0;
}

/* The next tick on the grid of the ticks before, so that it does not drift; those that were missed
 * are left out. */
static int arm(struct watch *w)
{
	const uint64_t interval_us = (uint64_t)w->settings->interval_ms * 1000;
	uint64_t now = clock_us(CLOCK_MONOTONIC);
	int r;

	w->next_us += interval_us;
	if (w->next_us <= now)
		w->next_us += ((now - w->next_us) / interval_us + 1) * interval_us;
	r = sd_event_source_set_time(w->timer, w->next_us);
	if (r == 0)
		r = sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
	return r < 0 ? fail(w, r, "cannot set a timer") : 0;
}

/* What the functions below return ends the loop when it is an error. */
static int end_on_error(struct watch *w, int r)
{
	return r < 0 ? sd_event_exit(w->event, r) : 0;
}

static int poll_and_draw(struct watch *w)
{
	int r = poll(w);

	return r < 0 ? r : draw(w);
}

static int poll_now(struct watch *w)
{
	int r = poll_and_draw(w);

	w->next_us = clock_us(CLOCK_MONOTONIC);
	return r < 0 ? r : arm(w);
}

static int quit(struct watch *w)
{
	return sd_event_exit(w->event, 0);
}

static int repaint(struct watch *w)
{
	int r = terminal_enter(&w->terminal);

	return r < 0 ? fail(w, r, "cannot set up the terminal") : draw(w);
}

/*
 * Stops as any program would, with the terminal as the shell gave it. SIGCONT follows; not where
 * nobody could continue the process (an orphaned process group), which therefore does not stop.
 */
static int stop(struct watch *w)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	terminal_leave(&w->terminal);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &stop, NULL);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL);
	return repaint(w);
}

/* Whoever had the terminal meanwhile may have changed it; and what is shown is old. */
static int go_on(struct watch *w)
{
	int r = repaint(w);

	return r < 0 ? r : poll_now(w);
}

static const struct key {
	char key;
	int (*act)(struct watch *w);
} keys[] = {
	{'q', quit}, {'Q', quit}, {' ', poll_now}, {'r', poll_now},
	{'\f', repaint}, /* ^L, as everywhere */
};

static const struct signal_row {
	int signal;
	bool on_screen; /* only there; else it does what it always does */
	int (*act)(struct watch *w);
} signals[] = {
	{SIGINT, false, quit},
	{SIGTERM, false, quit},
	{SIGHUP, true, quit},
	{SIGQUIT, true, quit},
	{SIGWINCH, true, draw},
	{SIGTSTP, true, stop},
	{SIGCONT, true, go_on},
};

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct watch *w = userdata;
	int r = poll_and_draw(w);

	(void)s;
	(void)usec;
	return end_on_error(w, r < 0 ? r : arm(w));
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *info, void *userdata)
{
	struct watch *w = userdata;

	(void)s;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].signal == (int)info->ssi_signo)
			return end_on_error(w, signals[i].act(w));
	return 0;
}

static int on_key(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct watch *w = userdata;
	char key;
	ssize_t n = read(fd, &key, 1);

	(void)s;
	(void)revents;
	/* The terminal is gone. */
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		return quit(w);
	for (size_t i = 0; n == 1 && i < ARRAY_SIZE(keys); i++)
		if (keys[i].key == key)
			return end_on_error(w, keys[i].act(w));
	return 0;
}

/* Nobody reads any more: it ends as the next write would end it, but now. */
static int on_reader_gone(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct watch *w = userdata;

	(void)s;
	(void)fd;
	(void)revents;
	(void)raise(SIGPIPE);
	return end_on_error(w, fail(w, -EPIPE, "cannot write to standard output"));
}

/* What was ignored when the program was started stays so: nohup(1), and shells without job
 * control, mean it. */
static bool is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int add_signals(struct watch *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		sigset_t one;
		int r;

		if ((signals[i].on_screen && !w->on_screen) || is_ignored(signals[i].signal))
			continue;
		sigemptyset(&one);
		sigaddset(&one, signals[i].signal);
		if (sigprocmask(SIG_BLOCK, &one, NULL) < 0)
			return -errno;
		r = sd_event_add_signal(w->event, NULL, signals[i].signal, on_signal, w);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_sources(struct watch *w)
{
	int r;

	r = sd_event_new(&w->event);
	if (r >= 0)
		r = add_signals(w);
	if (r >= 0)
		r = sd_event_add_time(w->event, &w->timer, CLOCK_MONOTONIC, UINT64_MAX,
			TIMER_ACCURACY_US, on_timer, w);
	if (r >= 0 && w->terminal.keys)
		r = sd_event_add_io(w->event, NULL, STDIN_FILENO, EPOLLIN, on_key, w);
	if (r >= 0 && !w->on_screen) {
		/* EPOLLERR comes unasked. A file has no reader to lose (EPERM). */
		r = sd_event_add_io(w->event, NULL, STDOUT_FILENO, 0, on_reader_gone, w);
		r = r == -EPERM ? 0 : r;
	}
	return r < 0 ? fail(w, r, "cannot wait for what comes next") : 0;
}

static int run(struct watch *w)
{
	int r;

	/* The first look comes first: where it fails, the terminal is not even touched. */
	w->next_us = clock_us(CLOCK_MONOTONIC);
	r = poll(w);
	if (r < 0)
		return r;
	w->on_screen = terminal_is_capable();
	w->terminal.keys = w->on_screen && isatty(STDIN_FILENO);
	r = add_sources(w);
	if (r == 0)
		r = w->on_screen ? repaint(w) : draw(w);
	if (r == 0)
		r = arm(w);
	return r < 0 ? r : sd_event_loop(w->event);
}

static void watch_free(struct watch *w)
{
	terminal_leave(&w->terminal);
	sd_event_source_unref(w->timer);
	sd_event_unref(w->event);
	alerts_free(w->alerts);
	ages_free(w->ages);
	owners_free(w->owners);
	findings_release(&w->findings);
	snapshot_release(&w->snapshot);
	changes_release(&w->changes);
	close_rates_release(&w->close_rates);
	tally_free(w->tally);
	free(w->rows);
	free(w);
}

int watch(const struct watch_settings *settings, char *error, size_t error_size)
{
	/* A picture is written at once, so that no half of one is ever seen. */
	static char buffer[65536];
	struct watch *w = calloc(1, sizeof(*w));
	int r = w ? 0 : -ENOMEM;

	if (r == 0) {
		*w = (struct watch){.settings = settings, .error = error, .error_size = error_size};
		(void)setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
		r = tally_new(&w->tally);
	}
	if (r == 0)
		r = alerts_new(&w->alerts);
	if (r == 0)
		r = ages_new(settings->tracked_max, &w->ages);
	if (r == 0)
		r = owners_new(settings->source, false, &w->owners);
	if (r == 0)
		r = alerts_set_rules(w->alerts, settings->rules, settings->rules_count);
	if (r < 0)
		snprintf(error, error_size, "%s", strerror(-r));
	else
		r = run(w);
	if (w)
		watch_free(w);
	return r;
}

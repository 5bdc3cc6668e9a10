/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated --watch": polls until a key or a signal ends it, and shows what changed. */
#include "output/watch.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/log.h"
#include "basic/macro.h"
#include "basic/tty.h"
#include "command/command.h"
#include "command/source.h"
#include "command/stdout.h"
#include "command/terminal.h"
#include "config/config.h"
#include "judge/alert.h"
#include "judge/close_rates.h"
#include "judge/finding.h"
#include "model/ages.h"
#include "model/changes.h"
#include "poll/owners.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

/* No person notices a tick that is so late; the kernel may join it with other wake-ups. */
#define TIMER_ACCURACY_US 10000

struct watch {
	struct config *config; /* NULL: the built-in rules are used, as note says */
	char note[512];
	struct source *source;
	struct poll_settings settings;
	struct text_style style;
	uint64_t interval_us;
	size_t ports_max; /* how many are listed; all are judged */

	struct alerts *alerts;
	struct tally *tally;
	struct ages *ages;
	struct owners *owners; /* the names that rows point to */
	struct changes changes;
	struct close_rates close_rates;
	/* the last good poll */
	struct snapshot snapshot;
	struct port_tally *rows; /* those that snapshot lists: the tally's end with the next poll */
	struct findings findings;
	/* the polls after it that failed */
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

/* Logs why the watch ends, on the terminal as the shell gave it. Returns error. */
static int fail(struct watch *w, int error, const char *what)
{
	terminal_leave(&w->terminal);
	log_line(LOG_ERR, "%s%s%s", what ? what : "", what ? ": " : "", strerror(-error));
	return error;
}

/* Keeps what is shown: a poll that fails leaves the tally empty. */
static int keep_rows(struct watch *w)
{
	struct snapshot *s = &w->snapshot;
	struct port_tally *rows;

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

/* Takes a snapshot over, also when it fails. Returns 0 or -ENOMEM. */
static int take_snapshot(struct watch *w, const struct snapshot *s, uint64_t now_ms)
{
	int r;

	findings_release(&w->findings);
	w->findings = (struct findings){0};
	snapshot_release(&w->snapshot);
	w->snapshot = *s;
	w->failures = 0;
	r = diagnose(&w->snapshot, false, &w->findings);
	if (r == 0)
		/* No event is needed: every frame has the alerts in force. */
		r = alerts_judge(w->alerts, &w->snapshot, now_ms, NULL, NULL);
	/* A part of the table would show changes that never were. */
	if (r == 0 && w->snapshot.scan.complete)
		r = changes_take(&w->changes, &w->snapshot);
	if (r == 0)
		r = close_rates_take(&w->close_rates, &w->snapshot, now_ms);
	if (r == 0)
		r = findings_list(&w->findings, &w->snapshot, w->ports_max);
	if (r == 0)
		r = keep_rows(w);
	return r;
}

/* Polls once. Only the first poll has to succeed. */
static int poll(struct watch *w)
{
	struct snapshot s = {0};
	int r;

	w->settings.now_ms = clock_monotonic_ms();
	w->settings.since_ms = close_rates_since_ms(&w->close_rates, w->settings.now_ms);
	r = poll_once(w->source, w->tally, &w->settings, &s);
	if (r < 0 && !w->rows) {
		log_line(LOG_ERR, "%s", s.scan.error);
		return r;
	}
	if (r < 0) {
		w->failures++;
		w->failed_at = clock_realtime();
		memcpy(w->failure, s.scan.error, sizeof(w->failure));
		return 0;
	}
	r = owners_name(w->owners, w->tally, &s);
	if (r < 0)
		snapshot_release(&s);
	else
		r = take_snapshot(w, &s, w->settings.now_ms);
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
		.interval_ms = (uint32_t)(w->interval_us / 1000),
		.note = w->config ? NULL : w->note,
		.failure = w->failures ? w->failure : NULL,
		.failed_at = w->failed_at,
		.failures = w->failures,
	};
	int r;

	for (size_t i = 0; i < frame.alerts_count; i++)
		w->shown[i] = alerts_get(w->alerts, i);
	tty_size(STDOUT_FILENO, &screen.rows, &screen.columns);
	r = watch_print(stdout, &frame, &w->style, w->on_screen ? &screen : NULL);
	return r < 0 ? fail(w, r, "cannot write to standard output") : 0;
}

/* Sets the next tick, on the grid of the ticks before so that it does not drift; those that were
 * missed are left out. */
static int arm(struct watch *w)
{
	uint64_t now = clock_us(CLOCK_MONOTONIC);
	int r;

	w->next_us += w->interval_us;
	if (w->next_us <= now)
		w->next_us += ((now - w->next_us) / w->interval_us + 1) * w->interval_us;
	r = sd_event_source_set_time(w->timer, w->next_us);
	if (r == 0)
		r = sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
	return r < 0 ? fail(w, r, "cannot set a timer") : 0;
}

/* An error of the functions below ends the loop. */
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
 * Stops as any program would, with the terminal as the shell gave it; SIGCONT follows. In an
 * orphaned process group, where nobody could continue it, the kernel does not stop the process.
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

/* Another program may have changed the terminal meanwhile, and the frame is old. */
static int go_on(struct watch *w)
{
	int r = repaint(w);

	return r < 0 ? r : poll_now(w);
}

static const struct key {
	char key;
	int (*act)(struct watch *w);
} keys[] = {
	{'q', quit}, {'Q', quit}, {' ', poll_now}, {'r', poll_now}, {'\f', repaint}, /* ^L */
};

static const struct signal_row {
	int signal;
	bool on_screen; /* only there; else it has its default action */
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

/* Nobody reads any more: it ends at once as the next write would end it. */
static int on_reader_gone(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct watch *w = userdata;

	(void)s;
	(void)fd;
	(void)revents;
	(void)raise(SIGPIPE);
	return end_on_error(w, fail(w, -EPIPE, "cannot write to standard output"));
}

/* A signal that was ignored when the program started stays ignored: nohup(1), and shells without
 * job control, mean it. */
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
		/* EPOLLERR is always reported. A file has no reader to lose (EPERM). */
		r = sd_event_add_io(w->event, NULL, STDOUT_FILENO, 0, on_reader_gone, w);
		r = r == -EPERM ? 0 : r;
	}
	return r < 0 ? fail(w, r, "cannot set up the event loop") : 0;
}

static int run(struct watch *w)
{
	int r;

	/* The first poll comes first: if it fails, the terminal is not touched. */
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

/*
 * Chooses the rules. A configuration that was named must be right; where the installed one cannot
 * be used (it may be readable by root only) the built-in rules are, with a note.
 */
static int read_rules(const struct options *o, struct watch *w)
{
	cleanup_(config_errors_release) struct config_errors errors = {0};
	int r = config_load(o->config, &w->config, &errors);

	for (size_t i = 0; o->config && i < errors.count; i++)
		log_line(LOG_ERR, "%s", errors.list[i]);
	if (r < 0 && o->config)
		return EXIT_USAGE;
	if (r < 0)
		snprintf(w->note, sizeof(w->note), "Judged by the built-in rules: %s",
			errors.count ? errors.list[0] : strerror(-r));
	return 0;
}

static int allocate(struct watch *w)
{
	const struct config *c = w->config;
	int r = tally_new(&w->tally);

	if (r == 0)
		r = alerts_new(&w->alerts);
	if (r == 0)
		r = ages_new(c ? c->tracked_max : AGES_TRACKED_DEFAULT, &w->ages);
	if (r == 0)
		r = owners_new(w->source, false, &w->owners);
	if (r == 0)
		r = alerts_set_rules(w->alerts, c ? c->rules : built_in_rules,
			c ? c->rules_count : built_in_rules_count);
	w->settings.ages = w->ages;
	return r < 0 ? fail(w, r, NULL) : 0;
}

static void watch_release(struct watch *w)
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
	source_freep(&w->source);
	config_free(w->config);
}

int watch_run(const struct options *o)
{
	/* A frame is written at once, so that a part of one is never seen. */
	static char buffer[65536];
	static struct watch w;
	int status;

	w.style = stdout_style(o);
	w.interval_us = o->interval_seconds * 1000000;
	(void)setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	status = read_rules(o, &w);
	if (status == 0)
		status = prepare_poll(o, &w.source, &w.settings);
	w.ports_max = o->ports_max;
	/* Ages are kept from the first poll on. */
	w.settings.age_bound = false;
	if (status == 0 && (allocate(&w) < 0 || run(&w) < 0))
		status = EXIT_SCAN_FAILED;
	watch_release(&w);
	return status;
}

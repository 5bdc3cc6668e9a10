/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/stage.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/unknown.h"
#include "kernel/limits.h"
#include "kernel/memory/slabinfo.h"
#include "lab/stage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A play that hangs is ended by SIGALRM. The longest thing that --full sits out is tcp_retries2, a
 * quarter of an hour. */
#define PLAY_SECONDS      120
#define PLAY_FULL_SECONDS 1800

void outcome_fail(struct outcome *o, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (o->failures_count < FAILURES_MAX)
		vsnprintf(o->failures[o->failures_count], SENTENCE_SIZE, format, arguments);
	va_end(arguments);
	o->failures_count++;
}

void stage_enter(struct stage *s, enum host host)
{
	int r = pair_enter(&s->pair, host == SERVER);

	/* Never go on elsewhere: what follows would be done on the wrong host. */
	if (r < 0) {
		outcome_fail(s->outcome, "cannot enter a namespace: %s", strerror(-r));
		_exit(EXIT_FAILURE);
	}
}

static uint64_t slab_bytes(struct stage *s)
{
	cleanup_(freep) char *text = NULL;
	struct slabinfo info;
	size_t size;

	if (s->source->ops->read_file(s->source, "/proc/slabinfo", &text, &size) < 0 ||
		slabinfo_parse(text, size, (uint32_t)sysconf(_SC_PAGESIZE), &info) < 0)
		return UNKNOWN;
	return info.slab_bytes;
}

static void read_limits(struct stage *s, struct limits limits[2])
{
	for (enum host host = SERVER; host <= CLIENT; host++) {
		stage_enter(s, host);
		limits_read(s->source, &limits[host]);
	}
	stage_enter(s, SERVER);
}

static void sum_up_counters(struct stage *s)
{
	struct limits now[2];

	read_limits(s, now);
	for (enum host host = SERVER; host <= CLIENT; host++) {
		for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++) {
			const uint64_t before = s->limits[host].counters[c];
			const uint64_t after = now[host].counters[c];

			s->outcome->counters[host][c] =
				before == UNKNOWN || after == UNKNOWN ? UNKNOWN : after - before;
		}
	}
}

static __attribute__((noreturn)) void leave(struct stage *s)
{
	s->outcome->seconds = (double)(clock_us(CLOCK_MONOTONIC) - s->timeline.start_us) / 1e6;
	s->outcome->ended = true;
	fflush(stdout);
	janitor_finish(&s->janitor);
	_exit(EXIT_SUCCESS);
}

void stage_end(struct stage *s)
{
	stage_observe(s, NULL, true);
	sum_up_counters(s);
	s->outcome->slab.after = slab_bytes(s);
	leave(s);
}

void stage_give_up(struct stage *s, const char *format, ...)
{
	char text[SENTENCE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	outcome_fail(s->outcome, "%s", text);
	timeline_remark(&s->timeline, NULL, text);
	/* No last look: it may be what went wrong. */
	leave(s);
}

void stage_not_here(struct stage *s, const char *why)
{
	snprintf(s->outcome->not_here, sizeof(s->outcome->not_here), "%s", why);
	timeline_remark(&s->timeline, NULL, why);
	stage_end(s);
}

bool stage_is_full(const struct stage *s)
{
	return s->full;
}

void report(struct stage *s, const char *format, ...)
{
	char text[SENTENCE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	timeline_remark(&s->timeline, NULL, text);
}

void stage_vanish(struct stage *s, enum host host)
{
	int r = pair_cable(&s->pair, host == SERVER, false);

	if (r < 0)
		stage_give_up(s, "cannot pull the cable: %s", strerror(-r));
	timeline_remark(&s->timeline, &host, "vanishes: its cable is pulled");
}

void stage_return(struct stage *s, enum host host)
{
	int r = pair_cable(&s->pair, host == SERVER, true);

	if (r < 0)
		stage_give_up(s, "cannot plug the cable: %s", strerror(-r));
	timeline_remark(&s->timeline, &host, "is back: its cable is plugged");
}

void stage_sysctl(struct stage *s, enum host host, const char *name, const char *value)
{
	char path[128], text[SENTENCE_SIZE];
	int r = 0, fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	stage_enter(s, host);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	stage_enter(s, SERVER);
	snprintf(text, sizeof(text), "%s = %s", path, value);
	if (r == -ENOENT) {
		snprintf(text, sizeof(text), "it has no %s", path);
		stage_not_here(s, text);
	}
	if (r < 0)
		stage_give_up(s, "cannot set %s: %s", text, strerror(-r));
	timeline_remark(&s->timeline, &host, text);
}

static int set_up(struct stage *s, const char **ret_what)
{
	int r = source_live_new(TABLE_AUTO, &s->source);

	*ret_what = "cannot begin";
	if (r >= 0)
		r = pair_new(&s->pair, ret_what);
	if (r < 0)
		return r;
	*ret_what = "cannot start a process";
	return janitor_start(&s->pair, &s->janitor);
}

/* The process dies with its parent; the credentials of a new user namespace would take that back,
 * so it comes after. */
static void follow_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

void play(
	const struct scenario *scenario, const struct play_settings *settings, struct outcome *ret)
{
	static struct stage s;
	const pid_t parent = getppid();
	const char *what;
	int r;

	s = (struct stage){
		.full = settings->full,
		.prices = settings->prices,
		.timeline = settings->timeline,
		.outcome = ret,
	};
	r = set_up(&s, &what);
	if (r < 0) {
		ret->no_stage = true;
		outcome_fail(ret, "%s: %s", what, strerror(-r));
		_exit(EXIT_FAILURE);
	}
	follow_parent(parent);
	alarm(s.full ? PLAY_FULL_SECONDS : PLAY_SECONDS);
	read_limits(&s, s.limits);
	ret->slab.before = slab_bytes(&s);
	ret->memory.most = 0;
	stage_observe(&s, NULL, false);
	ret->memory.before = ret->memory.after;
	timeline_start(&s.timeline);
	scenario->play(&s);
	stage_end(&s);
}

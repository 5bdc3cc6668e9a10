/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/stage.h"

#include "basic/clock.h"
#include "basic/string.h"
#include "basic/unknown.h"
#include "kernel/limits.h"
#include "kernel/memory/object_sizes.h"
#include "lab/stage_private.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* SIGALRM ends a play that hangs. The longest wait of --full is tcp_retries2, a quarter of an hour.
 */
#define PLAY_SECONDS      120
#define PLAY_FULL_SECONDS 1800

void stage_enter(struct stage *s, enum host host)
{
	int r = pair_enter(&s->pair, host == SERVER);

	/* Never continue: what follows would happen on the wrong host. */
	if (r < 0) {
		outcome_fail(s->outcome, "cannot enter a namespace: %s", strerror(-r));
		_exit(EXIT_FAILURE);
	}
}

void stage_read_limits(struct stage *s, enum host host, struct limits *ret)
{
	stage_enter(s, host);
	limits_read(s->source, ret);
	stage_enter(s, SERVER);
}

uint64_t counter_moved(
	const struct limits *before, const struct limits *now, enum tcp_counter counter)
{
	if (!is_known(before->counters[counter]) || !is_known(now->counters[counter]))
		return UNKNOWN;
	return now->counters[counter] - before->counters[counter];
}

static void sum_up_counters(struct stage *s)
{
	for (enum host host = SERVER; host <= CLIENT; host++) {
		struct limits now;

		stage_read_limits(s, host, &now);
		for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++)
			s->outcome->counters[host][c] = counter_moved(&s->limits[host], &now, c);
	}
}

static __attribute__((noreturn)) void leave(struct stage *s)
{
	s->outcome->seconds = (double)(clock_us(CLOCK_MONOTONIC) - s->timeline.start_us) / 1e6;
	s->outcome->ended = true;
	fflush(stdout);
	lab_cgroup_leave(&s->cgroups);
	janitor_finish(&s->janitor);
	_exit(EXIT_SUCCESS);
}

void stage_end(struct stage *s)
{
	stage_observe(s, NULL, true);
	sum_up_counters(s);
	s->outcome->slab.after = slab_bytes_read(s->source);
	leave(s);
}

void stage_give_up(struct stage *s, const char *format, ...)
{
	char text[SENTENCE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	string_printv(text, sizeof(text), format, arguments);
	va_end(arguments);
	outcome_fail(s->outcome, "%s", text);
	timeline_remark(&s->timeline, NULL, text);
	/* Without a last observation, which may be what failed. */
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

void stage_remark(struct stage *s, const char *text)
{
	timeline_remark(&s->timeline, NULL, text);
}

void stage_vanish(struct stage *s, enum host host)
{
	int r = pair_cable(&s->pair, host == SERVER, false);

	if (r < 0)
		stage_give_up(s, "cannot pull the cable: %s", strerror(-r));
	timeline_remark(&s->timeline, &host, "vanishes: its cable is pulled");
}

void stage_second_cable(struct stage *s)
{
	int r = pair_second_cable(&s->pair);

	/* fe80::1 on the server, fe80::2 on the client. */
	for (enum stage_device d = FIRST_CABLE; r >= 0 && d <= SECOND_CABLE; d++) {
		r = pair_link_local(&s->pair, true, stage_device_index(d), 1);
		if (r >= 0)
			r = pair_link_local(&s->pair, false, stage_device_index(d), 2);
	}
	if (r < 0)
		stage_give_up(s, "cannot make a second cable: %s", strerror(-r));
	timeline_remark(&s->timeline, NULL, "a second cable leads to the same addresses");
}

uint32_t stage_device_index(enum stage_device device)
{
	static const enum pair_device devices[] = {
		[ANY_DEVICE] = DEVICE_ANY,
		[FIRST_CABLE] = DEVICE_CABLE,
		[SECOND_CABLE] = DEVICE_SECOND_CABLE,
	};

	return devices[device];
}

void stage_cgroup(struct stage *s, const char *name)
{
	const enum host host = SERVER;
	char text[SENTENCE_SIZE];
	int r = lab_cgroup_enter(&s->cgroups, name);

	if (r == -EROFS || r == -EACCES || r == -EPERM || r == -ENOENT) {
		snprintf(text, sizeof(text), "there is no cgroup file system to write to: %s",
			strerror(-r));
		stage_not_here(s, text);
	}
	if (r < 0)
		stage_give_up(s, "cannot enter the cgroup %s: %s", name, strerror(-r));
	snprintf(text, sizeof(text), "its program is now in the cgroup %s", name);
	timeline_remark(&s->timeline, &host, text);
}

void stage_sysctl(struct stage *s, enum host host, const char *name, const char *value)
{
	char text[SENTENCE_SIZE];
	int r;

	stage_enter(s, host);
	r = sysctl_set(name, value);
	stage_enter(s, SERVER);
	if (r == -ENOENT) {
		snprintf(text, sizeof(text), "it has no /proc/sys/net/%s", name);
		stage_not_here(s, text);
	}
	snprintf(text, sizeof(text), "/proc/sys/net/%s = %s", name, value);
	if (r < 0)
		stage_give_up(s, "cannot set %s: %s", text, strerror(-r));
	timeline_remark(&s->timeline, &host, text);
}

static int set_up(struct stage *s, const char **ret_what)
{
	int r = source_live_new(TABLE_AUTO, &s->source);

	*ret_what = "cannot start";
	if (r >= 0)
		r = pair_new(&s->pair, ret_what);
	if (r < 0)
		return r;
	*ret_what = "cannot start a process";
	return janitor_start(&s->pair, &s->janitor);
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
		.cgroups = {.maker = getpid()},
		.outcome = ret,
	};
	r = set_up(&s, &what);
	if (r < 0) {
		ret->no_stage = true;
		outcome_fail(ret, "%s: %s", what, strerror(-r));
		_exit(EXIT_FAILURE);
	}
	/* Entering a user namespace would undo this, so it comes after. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	alarm(s.full ? PLAY_FULL_SECONDS : PLAY_SECONDS);
	for (enum host host = SERVER; host <= CLIENT; host++)
		stage_read_limits(&s, host, &s.limits[host]);
	ret->slab.before = slab_bytes_read(s.source);
	ret->memory.most = 0;
	stage_observe(&s, NULL, false);
	ret->memory.before = ret->memory.after;
	s.timeline.start_us = clock_us(CLOCK_MONOTONIC);
	scenario->play(&s);
	stage_end(&s);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poll/heartbeat.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/macro.h"
#include "basic/string.h"
#include "kernel/devices.h"
#include "kernel/limits.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Returns early when a signal comes. */
static void sleep_until_ms(uint64_t ms)
{
	const struct timespec t = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void count_record(const struct sock_record *r, void *userdata)
{
	heartbeat_count(userdata, r);
}

static int poll(struct source *source, struct heartbeat *h, uint64_t now_ms, struct scan *ret)
{
	const struct scan_request request = {
		.states = STATE_BIT(STATE_ESTABLISHED),
		.info = true,
	};
	uint64_t wall = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	int r;

	*ret = (struct scan){0};
	heartbeat_start(h, now_ms);
	r = source->ops->scan(source, &request, count_record, h, ret);
	if (r == 0 && heartbeat_end(h)) {
		heartbeat_start_again(h);
		r = source->ops->scan(source, &request, count_record, h, ret);
		if (r == 0)
			heartbeat_end(h);
	}
	/* A recording has the cost of its scan. */
	if (!ret->wall_us) {
		ret->wall_us = clock_us(CLOCK_MONOTONIC) - wall;
		ret->cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	}
	return r;
}

static bool is_stopped(const struct heartbeat_settings *settings)
{
	return settings->stop && *settings->stop;
}

/* The last poll is at the end of the time, whatever the interval. */
static int take_polls(struct source *source, struct heartbeat *h,
	const struct heartbeat_settings *settings, struct scan *ret)
{
	const uint64_t start_ms = clock_monotonic_ms();
	const uint64_t end_ms = start_ms + settings->watch_ms;
	uint64_t now_ms = start_ms;

	for (;;) {
		uint64_t next_ms;
		int r = poll(source, h, now_ms, ret);

		if (r < 0)
			return r;
		if (now_ms >= end_ms)
			return 0;
		next_ms = now_ms + MAX((uint64_t)HEARTBEAT_INTERVAL_MS,
					   ret->cpu_us / 1000 * HEARTBEAT_CPU_SHARE);
		next_ms = MIN(next_ms, end_ms);
		while (!is_stopped(settings) && now_ms < next_ms) {
			sleep_until_ms(next_ms);
			now_ms = clock_monotonic_ms();
		}
		if (is_stopped(settings))
			return 0;
	}
}

static int name_devices(struct source *source, struct heartbeat *h)
{
	cleanup_(devices_freep) struct devices *devices = NULL;
	struct heartbeat_port *p;
	int r = devices_new(source, &devices);

	for (size_t i = 0; r == 0 && (p = heartbeat_port(h, i)) != NULL; i++)
		if (p->service.device)
			devices_name(devices, p->service.device, p->device);
	return r;
}

static int fail(struct heartbeat_report *report, int error, const char *what)
{
	STRING_PRINT(report->scan.error, "%s: %s", what, strerror(-error));
	return error;
}

int heartbeat_watch(struct source *source, const struct heartbeat_settings *settings,
	struct heartbeat **ret_heartbeat, struct heartbeat_report *ret)
{
	cleanup_(heartbeat_freep) struct heartbeat *h = NULL;
	struct heartbeat_context context = {
		.filter = settings->filter,
		.watch = settings->watch_ms > 0,
		.watched_max = IDLE_TIMES_WATCHED_DEFAULT,
	};
	struct heartbeat_numbers n;
	struct limits limits;
	int r;

	*ret = (struct heartbeat_report){
		.filter = settings->filter, .requested_ms = settings->watch_ms};
	r = source->ops->origin(source, &ret->origin);
	if (r < 0)
		return fail(ret, r, "cannot identify this machine");
	limits_read(source, &limits);
	if (limits.port_first <= UINT16_MAX && limits.port_last <= UINT16_MAX) {
		context.port_first = (uint16_t)limits.port_first;
		context.port_last = (uint16_t)limits.port_last;
	}
	r = heartbeat_new(&context, &h);
	if (r < 0)
		return fail(ret, r, "cannot watch");
	r = take_polls(source, h, settings, &ret->scan);
	if (r < 0)
		return r;
	heartbeat_finish(h);
	n = heartbeat_numbers(h);
	/* A recording of a snapshot has every connection, but no times. */
	if (source->replayed && n.sockets && n.without_info == n.sockets) {
		STRING_PRINT(ret->scan.error,
			"the recording does not contain how long connections are idle; record with "
			"--heartbeat too");
		return -ENODATA;
	}
	r = name_devices(source, h);
	if (r == 0)
		r = heartbeat_judge(h, settings->ports_max, ret);
	if (r < 0)
		return fail(ret, r, "cannot summarize the connections");
	*ret_heartbeat = TAKE_PTR(h);
	return 0;
}

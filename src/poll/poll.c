/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poll/poll.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/kernel_release.h"
#include "basic/string.h"
#include "basic/unknown.h"
#include "kernel/devices.h"
#include "kernel/limits.h"
#include "kernel/sockets/chosen_ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* States whose sockets can have buffers. A dump of only others does not request them, which saves
 * 40 bytes a record. */
#define STATES_WITH_BUFFERS                                                                        \
	((state_set)(STATE_SET_ALL &                                                               \
		     ~(STATE_BIT(STATE_TIME_WAIT) | STATE_BIT(STATE_SYN_RECV) |                    \
			     STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND_INACTIVE))))

/*
 * Every socket is looked up in the table of ages, which does not fit into the processor's caches
 * next to the kernel's dump. So each is announced a few sockets before it is counted, and its
 * memory is fetched meanwhile: with 200,000 sockets ages cost 1 to 7 % of a poll ("make
 * ages-table"), and 9 to 16 % otherwise.
 */
#define LOOKAHEAD 16U

/* A second dump of so many sockets takes a millisecond or two. */
#define FEW_SOCKETS 5000

struct counting {
	struct tally *tally;
	struct ages *ages; /* NULL: nothing to announce */
	struct sock_record waiting[LOOKAHEAD];
	unsigned next, used; /* of waiting: the oldest, and how many */
};

static void count_waiting(struct counting *c)
{
	tally_count(c->tally, &c->waiting[c->next]);
	c->next = (c->next + 1) % LOOKAHEAD;
	c->used--;
}

static void count_record(const struct sock_record *r, void *userdata)
{
	struct counting *c = userdata;

	if (!c->ages) {
		tally_count(c->tally, r);
		return;
	}
	if (c->used == LOOKAHEAD)
		count_waiting(c);
	c->waiting[(c->next + c->used++) % LOOKAHEAD] = *r;
	ages_expect(c->ages, r);
}

/* One dump, for which the tally was started. Returns as struct source_ops: scan. */
static int scan_once(struct source *source, const struct scan_request *request, struct tally *tally,
	const struct poll_settings *settings, struct scan *ret)
{
	struct counting c = {.tally = tally, .ages = settings->ages};
	int r;

	*ret = (struct scan){0};
	if (settings->ages)
		ages_start(settings->ages, settings->now_ms);
	r = source->ops->scan(source, request, count_record, &c, ret);
	while (c.used)
		count_waiting(&c);
	return r;
}

/* Counts what waited for the end of the dump; if its counts contradict how it was attributed, a
 * second one with these counts settles it. Returns as scan_once(). */
static int finish(struct source *source, const struct scan_request *request, struct tally *tally,
	const struct poll_settings *settings, struct scan *ret)
{
	const bool is_all = request->states == STATE_SET_ALL;
	int r;

	if (!tally_finish(tally, ret->complete && is_all))
		return 0;
	tally_start_again(tally);
	r = scan_once(source, request, tally, settings, ret);
	if (r == 0)
		tally_finish(tally, ret->complete && is_all);
	return r;
}

static struct tally_context tally_context_from(
	const struct snapshot *s, const struct poll_settings *settings)
{
	const struct limits *l = &s->limits;
	struct tally_context context = {
		.prices = settings->prices,
		.filter = settings->filter,
		.fin_timeout_ms = UNKNOWN_U32,
		.ages = settings->ages,
		.since_ms = settings->since_ms,
		.observer = settings->observer,
	};

	if (l->port_first <= UINT16_MAX && l->port_last <= UINT16_MAX) {
		context.port_first = (uint16_t)l->port_first;
		context.port_last = (uint16_t)l->port_last;
	}
	/* Before the setting, the kernel compared whole seconds (Linux 6.13 and older). */
	context.reuse_delay_ms =
		is_known(l->tw_reuse_delay_ms) ? (uint32_t)l->tw_reuse_delay_ms : 1000;
	if (l->fin_timeout_seconds < UNKNOWN_U32 / 1000)
		context.fin_timeout_ms = (uint32_t)(l->fin_timeout_seconds * 1000);
	return context;
}

/* Scans until a dump is undisturbed, or as often as is allowed; the last one counts. */
static int scan(struct source *source, struct tally *tally, const struct poll_settings *settings,
	struct snapshot *s)
{
	const struct scan_request request = {
		.states = s->scanned,
		.buffers = s->scanned & STATES_WITH_BUFFERS,
		.info = settings->age_bound || (settings->ages && ages_want_info(settings->ages)),
	};
	const struct tally_context context = tally_context_from(s, settings);
	uint64_t wall = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	int r = 0;

	for (unsigned attempt = 0; attempt < settings->attempts; attempt++) {
		tally_start(tally, &context);
		r = scan_once(source, &request, tally, settings, &s->scan);
		if (r == 0 && s->scan.complete)
			break;
		if (r < 0 && r != -ENOBUFS)
			break;
	}
	if (r == 0)
		r = finish(source, &request, tally, settings, &s->scan);
	if (settings->ages)
		ages_finish(settings->ages, r == 0 && s->scan.complete);
	/* A recording has the cost of its scan. */
	if (!s->scan.wall_us) {
		s->scan.wall_us = clock_us(CLOCK_MONOTONIC) - wall;
		s->scan.cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	}
	return r;
}

/*
 * The states that the source can show. Only sock_diag since Linux 6.8 lists sockets that are bound
 * or reset and in no connection (net/ipv4/inet_diag.c: TCPF_BOUND_INACTIVE); with any other source
 * their number is unknown.
 */
static state_set reported_states(const struct snapshot *s)
{
	const state_set unlisted = STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_BOUND_INACTIVE);

	if (strcmp(s->scan.source, "sock_diag") == 0 &&
		kernel_release_is_at_least(s->origin.kernel, 6, 8))
		return STATE_SET_ALL;
	return STATE_SET_ALL & (state_set)~unlisted;
}

/* Whether the second dump is worth its price: nearly free on a small machine; else where local
 * ports may be running short. */
static bool want_chosen_ports(const struct snapshot *s)
{
	const uint64_t all = s->client_ports.max, left = s->port_room.usable_min;

	if (!s->port_room.undecided || !is_known(left) || strcmp(s->scan.source, "sock_diag") != 0)
		return false;
	return s->scan.sockets <= FEW_SOCKETS || left <= all / 3 * 2;
}

static void use_chosen_ports(struct source *source, const struct tally *tally, struct snapshot *s)
{
	cleanup_(freep) struct port_set *chosen =
		want_chosen_ports(s) ? malloc(sizeof(*chosen)) : NULL;

	/* Without it the range is wider. */
	if (chosen && chosen_ports_read(source, chosen) == 0)
		snapshot_judge_ports(s, tally, chosen);
}

static int name_devices(struct source *source, struct tally *tally, struct snapshot *s)
{
	cleanup_(devices_freep) struct devices *devices = NULL;
	int r = devices_new(source, &devices);

	if (r < 0)
		return r;
	if (s->busiest.device)
		devices_name(devices, s->busiest.device, s->busiest.device_name);
	for (size_t i = 0; i < tally->rows_used; i++)
		if (tally->rows[i].service.device)
			devices_name(devices, tally->rows[i].service.device, tally->rows[i].device);
	return 0;
}

static int fail(struct snapshot *s, int error, const char *what)
{
	s->scan = (struct scan){0};
	STRING_PRINT(s->scan.error, "%s: %s", what, strerror(-error));
	return error;
}

int poll_once(struct source *source, struct tally *tally, const struct poll_settings *settings,
	struct snapshot *ret)
{
	struct snapshot s = {0};
	int r;

	r = source->ops->origin(source, &s.origin);
	if (r < 0)
		return fail(ret, r, "cannot identify this machine");
	limits_read(source, &s.limits);

	s.polling = settings->polling;
	s.slab_bytes = settings->slab_bytes;
	s.scanned = settings->filter.states;
	if (settings->closing)
		s.scanned &= (state_set)~STATE_BIT(STATE_ESTABLISHED);
	r = scan(source, tally, settings, &s);
	if (r < 0) {
		ret->scan = s.scan;
		return r;
	}
	s.scanned &= reported_states(&s);
	r = snapshot_take(&s, tally);
	if (r < 0)
		return fail(ret, r, "cannot summarize the sockets");
	use_chosen_ports(source, tally, &s);
	r = name_devices(source, tally, &s);
	if (r < 0) {
		snapshot_release(&s);
		return fail(ret, r, "cannot name the devices");
	}
	if (settings->closing)
		snapshot_established_from_counter(&s);
	*ret = s;
	return 0;
}

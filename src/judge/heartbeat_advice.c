/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/heartbeat_advice.h"

#include "basic/macro.h"
#include "basic/unknown.h"

#include <errno.h>
#include <stdlib.h>

#define SECOND 1000U
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

/* Numbers that a person would write into a configuration, in ms. */
static const uint32_t human_ms[] = {5 * SECOND, 10 * SECOND, 15 * SECOND, 20 * SECOND, 30 * SECOND,
	45 * SECOND, MINUTE, 90 * SECOND, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE,
	15 * MINUTE, 20 * MINUTE, 30 * MINUTE, 45 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR,
	12 * HOUR, 24 * HOUR, 48 * HOUR};

static const uint32_t table_ms[TIMEOUT_ROWS_MAX] = {5 * SECOND, 10 * SECOND, 15 * SECOND,
	30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR};

/* Measurements are off by up to 1.6 %, which should not double a timeout. */
#define ROUNDING_PERCENT 2

/* If more than one connection in this many is alive without data, no timeout on data fits. */
#define IDLE_SHARE 100

static const char *const verdict_list[] = {
	[ADVICE_SUGGESTED] = "suggested",
	[ADVICE_TOO_FEW] = "too_few",
	[ADVICE_TOO_SHORT] = "too_short",
	[ADVICE_NO_INFO] = "no_info",
};

static const char *const idle_kind_list[] = {
	[IDLE_DATA] = "data",
	[IDLE_ANY] = "sign",
};

const struct names advice_verdict_names = NAMES(verdict_list);
const struct names idle_kind_names = NAMES(idle_kind_list);

static uint32_t round_up(uint64_t ms)
{
	for (size_t i = 0; i < ARRAY_SIZE(human_ms); i++)
		if (ms * (100 - ROUNDING_PERCENT) <= (uint64_t)human_ms[i] * 100)
			return human_ms[i];
	return human_ms[ARRAY_SIZE(human_ms) - 1];
}

static uint64_t rtt_floor_ms(const struct heartbeat_port *p)
{
	uint32_t rtt_us = histogram_quantile(&p->rtt_us, 0.99);
	uint64_t rto_ms = !is_known(rtt_us) ? 0 : (uint64_t)rtt_us * 3 / 1000;

	return ADVICE_RTOS * MAX(rto_ms, (uint64_t)ADVICE_RTO_MS);
}

static void choose_timeout(struct heartbeat_advice *a, const struct heartbeat_port *p)
{
	uint64_t gaps_ms = (uint64_t)a->typical_ms * ADVICE_GAPS, rtt_ms = rtt_floor_ms(p);
	uint64_t wanted_ms = MAX(MAX(gaps_ms, rtt_ms), (uint64_t)ADVICE_TIMEOUT_MIN_MS);

	a->verdict = ADVICE_SUGGESTED;
	a->timeout_ms = round_up(wanted_ms);
	a->by_rtt = wanted_ms > gaps_ms && wanted_ms == rtt_ms;
	a->by_minimum = wanted_ms > gaps_ms && wanted_ms == ADVICE_TIMEOUT_MIN_MS;
}

static void count_silent(struct heartbeat_advice *a, const struct heartbeat_port *p)
{
	const struct histogram *any = &p->idle_ms[IDLE_ANY];
	uint64_t quiet = histogram_above(&p->idle_ms[IDLE_DATA], a->timeout_ms);

	a->dead = histogram_above(any, a->timeout_ms);
	a->dead_data = MIN(a->dead, p->unacknowledged);
	a->dead_longest_ms = a->dead ? any->largest : UNKNOWN_U32;
	a->idle = quiet > a->dead ? quiet - a->dead : 0;
	a->doubtful = a->dead > a->peers;
	a->cut_alive = histogram_above(&p->ended_ms[a->basis], a->timeout_ms);
}

/* By the gaps that ended: a peer heard twice is alive, however long it was idle in between. */
static void advise_watched(struct heartbeat_advice *a, const struct heartbeat_port *p)
{
	const struct histogram *gaps = &p->ended_ms[a->basis];

	a->peers = gaps->count;
	a->typical_ms = histogram_quantile(gaps, 0.999);
	if (a->peers >= ADVICE_PEERS_MIN) {
		choose_timeout(a, p);
		return;
	}
	a->verdict = ADVICE_TOO_SHORT;
	/* Half of the peers have been idle for that long, so half of the idle times take longer. */
	a->watch_ms = round_up(2 * (uint64_t)histogram_quantile(&p->longest_ms[a->basis], 0.5));
}

/* By one poll: the group that has been idle much longer than all the others is left out. */
static void advise_one_poll(struct heartbeat_advice *a, const struct heartbeat_port *p)
{
	const struct histogram *silent = &p->idle_ms[a->basis];
	uint32_t end = histogram_group_end(silent, ADVICE_GROUP_MS, ADVICE_GROUP_FACTOR);

	a->weak = true;
	a->peers = silent->count - histogram_above(silent, end);
	a->typical_ms = end;
	if (a->peers >= ADVICE_PEERS_MIN)
		choose_timeout(a, p);
	else
		a->verdict = ADVICE_TOO_FEW;
}

static void advise_by(struct heartbeat_advice *a, const struct heartbeat_port *p,
	const struct heartbeat_numbers *n, enum idle_kind basis)
{
	*a = (struct heartbeat_advice){
		.basis = basis,
		.typical_ms = UNKNOWN_U32,
		.dead_longest_ms = UNKNOWN_U32,
	};
	if (!p->longest_ms[basis].count)
		a->verdict = p->sockets ? ADVICE_NO_INFO : ADVICE_TOO_FEW;
	else if (p->longest_ms[basis].count < ADVICE_PEERS_MIN)
		a->verdict = ADVICE_TOO_FEW;
	else if (n->polls > 1)
		advise_watched(a, p);
	else
		advise_one_poll(a, p);
	if (a->verdict == ADVICE_SUGGESTED)
		count_silent(a, p);
}

void heartbeat_advise(const struct heartbeat_port *p, const struct heartbeat_numbers *n,
	struct heartbeat_advice *ret)
{
	struct heartbeat_advice by_data, by_any;

	advise_by(&by_data, p, n, IDLE_DATA);
	advise_by(&by_any, p, n, IDLE_ANY);
	*ret = by_data;
	/* Peers that only acknowledge what they are sent, or answer keepalive, are alive, too. */
	if (by_any.verdict == ADVICE_SUGGESTED &&
		(by_data.verdict != ADVICE_SUGGESTED || p->mute > p->sockets / 2 ||
			by_data.idle > p->sockets / IDLE_SHARE))
		*ret = by_any;
}

size_t heartbeat_timeouts(const struct heartbeat_port *p, enum idle_kind basis,
	struct timeout_row ret[TIMEOUT_ROWS_MAX])
{
	const bool any = p->longest_ms[basis].count;
	size_t count = 0;

	for (size_t i = 0; any && i < TIMEOUT_ROWS_MAX; i++) {
		const struct timeout_row row = {
			.timeout_ms = table_ms[i],
			.cut = histogram_above(&p->longest_ms[basis], table_ms[i]),
			.again = histogram_above(&p->ended_ms[basis], table_ms[i]),
			.still = histogram_above(&p->idle_ms[basis], table_ms[i]),
		};

		if (count && ret[count - 1].cut == row.cut && ret[count - 1].again == row.again &&
			ret[count - 1].still == row.still)
			continue;
		ret[count++] = row;
		if (!row.cut)
			break;
	}
	return count;
}

/* Most dead first, then most connections, then by key, so that the order is stable. */
static int compare_lines(const void *a, const void *b)
{
	const struct heartbeat_line *x = a, *y = b;

	if (x->advice.dead != y->advice.dead)
		return x->advice.dead > y->advice.dead ? -1 : 1;
	if (x->port->sockets != y->port->sockets)
		return x->port->sockets > y->port->sockets ? -1 : 1;
	return service_key_compare(&x->port->service, &y->port->service);
}

int heartbeat_judge(const struct heartbeat *h, size_t ports_max, struct heartbeat_report *ret)
{
	size_t count, shown;
	const struct heartbeat_port *const *ports = heartbeat_ports(h, &count);
	struct heartbeat_line *lines = calloc(MAX(count, (size_t)1), sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	ret->numbers = heartbeat_numbers(h);
	for (size_t i = 0; i < count; i++) {
		lines[i].port = ports[i];
		heartbeat_advise(ports[i], &ret->numbers, &lines[i].advice);
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	shown = ports_max ? MIN(count, ports_max) : count;
	ret->omitted.ports = count - shown + ret->numbers.rest_ports;
	ret->omitted.sockets = ret->numbers.rest_sockets;
	for (size_t i = shown; i < count; i++)
		ret->omitted.sockets += lines[i].port->sockets;
	ret->lines = lines;
	ret->lines_count = shown;
	return 0;
}

void heartbeat_report_release(struct heartbeat_report *r)
{
	free(r->lines);
	r->lines = NULL;
	r->lines_count = 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/close_rates.h"

#include "basic/kernel_release.h"
#include "basic/macro.h"
#include "basic/unknown.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define MINUTE_MS 60000

/* Below this faded sum, a port had nothing for minutes. */
#define AMOUNT_LEAST 0.05

/* How the number of a poll becomes an amount of the time since the poll before. */
enum kind {
	KIND_COUNTER, /* by its growth; it never goes backwards */
	KIND_LEVEL,   /* by its growth, or decline */
	KIND_AMOUNT,  /* as it is */
};

static const struct {
	enum kind kind;
	enum tcp_counter counter; /* of KIND_COUNTER */
} flows[FLOW_COUNT] = {
	[FLOW_PASSIVE_OPENS] = {KIND_COUNTER, COUNTER_PASSIVE_OPENS},
	[FLOW_ACTIVE_OPENS] = {KIND_COUNTER, COUNTER_ACTIVE_OPENS},
	[FLOW_ATTEMPT_FAILS] = {KIND_COUNTER, COUNTER_ATTEMPT_FAILS},
	[FLOW_ESTAB_RESETS] = {KIND_COUNTER, COUNTER_ESTAB_RESETS},
	[FLOW_TW] = {KIND_COUNTER, COUNTER_TW},
	[FLOW_TW_KILLED] = {KIND_COUNTER, COUNTER_TW_KILLED},
	[FLOW_TW_RECYCLED] = {KIND_COUNTER, COUNTER_TW_RECYCLED},
	[FLOW_OVERFLOW] = {KIND_COUNTER, COUNTER_TIME_WAIT_OVERFLOW},
	[FLOW_ABORT_ON_DATA] = {KIND_COUNTER, COUNTER_ABORT_ON_DATA},
	[FLOW_ABORT_ON_CLOSE] = {KIND_COUNTER, COUNTER_ABORT_ON_CLOSE},
	[FLOW_ABORT_ON_TIMEOUT] = {KIND_COUNTER, COUNTER_ABORT_ON_TIMEOUT},
	[FLOW_ABORT_ON_LINGER] = {KIND_COUNTER, COUNTER_ABORT_ON_LINGER},
	[FLOW_ABORT_ON_MEMORY] = {KIND_COUNTER, COUNTER_ABORT_ON_MEMORY},
	[FLOW_ESTABLISHED] = {.kind = KIND_LEVEL},
	[FLOW_SYN_SENT] = {.kind = KIND_LEVEL},
	[FLOW_STILL_CLOSING] = {.kind = KIND_LEVEL},
	[FLOW_FRESH_TIME_WAIT] = {.kind = KIND_AMOUNT},
	[FLOW_FRESH_FIN_WAIT_2] = {.kind = KIND_AMOUNT},
};

/* Whether the snapshot has every socket of these states. */
static bool is_complete(const struct snapshot *s, state_set states)
{
	return (s->scanned & states) == states && !s->filter.ports &&
	       s->filter.sides[SIDE_SERVER] && s->filter.sides[SIDE_CLIENT];
}

static void sum_fresh(uint64_t numbers[FLOW_COUNT], const struct port_tally *row)
{
	numbers[FLOW_FRESH_TIME_WAIT] += row->fresh_time_wait;
	numbers[FLOW_FRESH_FIN_WAIT_2] += row->fresh_fin_wait_2;
}

static void read_states(uint64_t numbers[FLOW_COUNT], const struct snapshot *s)
{
	const struct state_tally *states = s->totals.states;
	const struct state_tally *fin_wait_2 = &states[STATE_FIN_WAIT_2];

	if (is_complete(s, STATE_BIT(STATE_SYN_SENT)))
		numbers[FLOW_SYN_SENT] = states[STATE_SYN_SENT].sockets;
	if (is_complete(s, STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2) |
				   STATE_BIT(STATE_CLOSING)))
		numbers[FLOW_STILL_CLOSING] = (uint64_t)states[STATE_FIN_WAIT_1].sockets +
					      states[STATE_CLOSING].sockets + fin_wait_2->sockets -
					      fin_wait_2->mini;
	if (!is_complete(s, STATE_BIT(STATE_TIME_WAIT) | STATE_BIT(STATE_FIN_WAIT_2)))
		return;
	numbers[FLOW_FRESH_TIME_WAIT] = numbers[FLOW_FRESH_FIN_WAIT_2] = 0;
	for (size_t i = 0; i < s->rows_count; i++)
		sum_fresh(numbers, &s->rows[i]);
	if (s->rest)
		sum_fresh(numbers, s->rest);
}

/* The numbers of one poll; UNKNOWN if the snapshot does not have them. */
static void read_numbers(uint64_t numbers[FLOW_COUNT], const struct snapshot *s)
{
	for (enum close_rates_flow f = 0; f < FLOW_COUNT; f++)
		numbers[f] = flows[f].kind == KIND_COUNTER ? s->limits.counters[flows[f].counter]
							   : UNKNOWN;
	numbers[FLOW_ESTABLISHED] = s->limits.curr_estab;
	/* Before Linux 5.18, TW was counted when the socket ended. */
	if (!kernel_release_is_at_least(s->origin.kernel, 5, 18))
		numbers[FLOW_TW] = UNKNOWN;
	read_states(numbers, s);
}

/* Fades what was, and adds what came since. */
static void add(struct close_rates_sum *sum, double amount, double ms)
{
	const double factor = CLOSE_RATES_SMOOTHING_MS / (CLOSE_RATES_SMOOTHING_MS + ms);

	sum->amount = sum->amount * factor + amount;
	sum->ms = sum->ms * factor + ms;
}

static void add_flow(struct close_rates *c, enum close_rates_flow f, uint64_t number, double ms)
{
	const uint64_t last = flows[f].kind == KIND_AMOUNT ? 0 : c->last[f];

	if (number == UNKNOWN || last == UNKNOWN ||
		(flows[f].kind == KIND_COUNTER && number < last))
		c->sums[f] = (struct close_rates_sum){0};
	else
		add(&c->sums[f], (double)number - (double)last, ms);
}

/* UNKNOWN_DOUBLE while nothing is known. */
static double rate(const struct close_rates_sum *sum)
{
	return sum->ms > 0 ? sum->amount * MINUTE_MS / sum->ms : UNKNOWN_DOUBLE;
}

static double flow(const struct close_rates *c, enum close_rates_flow f)
{
	return rate(&c->sums[f]);
}

static double or_zero(double value)
{
	return is_known(value) ? value : 0;
}

static int compare_ports(const void *a, const void *b)
{
	const struct close_rates_port *x = a, *y = b;

	return service_key_compare(&x->service, &y->service);
}

static struct close_rates_port *find_port(
	const struct close_rates *c, size_t count, const struct service_key *port)
{
	const struct close_rates_port key = {.service = *port};

	return count ? bsearch(&key, c->ports, count, sizeof(key), compare_ports) : NULL;
}

/* Fades the ports that are known, and forgets those that had nothing for long. */
static void fade_ports(struct close_rates *c, double ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->ports_count; i++) {
		struct close_rates_port *p = &c->ports[i];

		add(&p->fresh_time_wait, 0, ms);
		add(&p->fresh_fin_wait_2, 0, ms);
		if (p->fresh_time_wait.amount + p->fresh_fin_wait_2.amount > AMOUNT_LEAST)
			c->ports[kept++] = *p;
	}
	c->ports_count = kept;
	if (kept < CLOSE_RATES_PORTS_MAX)
		c->ports_left_out = false;
}

/* There is room for all of them; the table is sorted up to known. */
static void add_ports(struct close_rates *c, const struct snapshot *s)
{
	/* A new port had nothing in all the time before. */
	const struct close_rates_sum nothing = {.ms = c->sums[FLOW_FRESH_TIME_WAIT].ms};
	const size_t known = c->ports_count;

	for (size_t i = 0; i < s->rows_count; i++) {
		const struct port_tally *row = &s->rows[i];
		struct close_rates_port *p;

		if (row->service.side != SIDE_SERVER ||
			!(row->fresh_time_wait || row->fresh_fin_wait_2))
			continue;
		p = find_port(c, known, &row->service);
		if (!p && c->ports_count == CLOSE_RATES_PORTS_MAX) {
			c->ports_left_out = true;
			continue;
		}
		if (!p) {
			p = &c->ports[c->ports_count++];
			*p = (struct close_rates_port){row->service, nothing, nothing};
		}
		p->fresh_time_wait.amount += row->fresh_time_wait;
		p->fresh_fin_wait_2.amount += row->fresh_fin_wait_2;
	}
	if (c->ports_count > known)
		qsort(c->ports, c->ports_count, sizeof(*c->ports), compare_ports);
}

/* The connections that a port has a share of: those that exist, and those that just ended. */
static double connections(const struct port_tally *row)
{
	return (double)port_tally_sum(
		       row, STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_CLOSE_WAIT))
		       .sockets +
	       row->fresh_time_wait;
}

static void find_main_port(struct close_rates *c, const struct snapshot *s)
{
	const struct port_tally *most = NULL;
	double sum = s->rest ? connections(s->rest) : 0;

	c->has_main_port = false;
	if (!is_complete(s, STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_CLOSE_WAIT) |
				    STATE_BIT(STATE_TIME_WAIT)))
		return;
	for (size_t i = 0; i < s->rows_count; i++) {
		const struct port_tally *row = &s->rows[i];

		sum += connections(row);
		if (row->service.side == SIDE_SERVER &&
			(!most || connections(row) > connections(most)))
			most = row;
	}
	if (!most || connections(most) * 100 < sum * CLOSE_RATES_SHARE_PERCENT || sum < 1)
		return;
	c->has_main_port = true;
	c->main_port = most->service;
}

uint32_t close_rates_since_ms(const struct close_rates *c, uint64_t now_ms)
{
	if (!c->taken_ms || now_ms <= c->taken_ms)
		return 0;
	return (uint32_t)MIN(now_ms - c->taken_ms, (uint64_t)UNKNOWN_U32 - 1);
}

int close_rates_take(struct close_rates *c, const struct snapshot *s, uint64_t now_ms)
{
	const uint32_t since_ms = close_rates_since_ms(c, now_ms);
	uint64_t numbers[FLOW_COUNT];

	if (!s->scan.complete || (c->taken_ms && !since_ms))
		return 0;
	/* Allocates all that may be needed, once. */
	if (!c->ports)
		c->ports = calloc(CLOSE_RATES_PORTS_MAX, sizeof(*c->ports));
	if (!c->ports)
		return -ENOMEM;
	read_numbers(numbers, s);
	for (enum close_rates_flow f = 0; f < FLOW_COUNT; f++) {
		if (since_ms)
			add_flow(c, f, numbers[f], since_ms);
		c->last[f] = numbers[f];
	}
	if (since_ms) {
		fade_ports(c, since_ms);
		if (numbers[FLOW_FRESH_TIME_WAIT] == UNKNOWN)
			c->ports_count = 0;
		else
			add_ports(c, s);
	}
	find_main_port(c, s);
	c->watched_ms += since_ms;
	c->taken_ms = now_ms;
	return 0;
}

void close_rates_release(struct close_rates *c)
{
	free(c->ports);
	*c = (struct close_rates){0};
}

bool close_rates_known(const struct close_rates *c)
{
	return c->watched_ms > 0;
}

static const struct close_rates_range unknown_range = {
	UNKNOWN_DOUBLE, UNKNOWN_DOUBLE, UNKNOWN_DOUBLE};

/* Differences of numbers read at slightly different times can be negative, and bounds can cross. */
static struct close_rates_range range(double low, double value, double high)
{
	struct close_rates_range r;

	if (!is_known(value))
		return unknown_range;
	r.value = fmax(value, 0);
	r.low = fmax(fmin(low, r.value), 0);
	r.high = fmax(high, r.value);
	return r;
}

/* A failed attempt is this side's, or that of a request that is not in PassiveOpens. */
static struct close_rates_range closed(const struct close_rates *c)
{
	const double active = flow(c, FLOW_ACTIVE_OPENS);
	const double all = active + flow(c, FLOW_PASSIVE_OPENS) - flow(c, FLOW_ESTABLISHED) -
			   or_zero(flow(c, FLOW_SYN_SENT));
	const double fails = flow(c, FLOW_ATTEMPT_FAILS);
	const double value = !is_known(fails) ? UNKNOWN_DOUBLE : all - fmin(fails, active);

	return range(value, value, all);
}

/* What the sockets of all ports showed, and what happened besides. */
struct seen {
	double time_wait, fin_wait_2; /* UNKNOWN_DOUBLE: not all were read */
	double entered;               /* by the counter; or UNKNOWN_DOUBLE */
	double overflow, recycled;
};

static struct seen seen_of(const struct close_rates *c)
{
	return (struct seen){
		.time_wait = flow(c, FLOW_FRESH_TIME_WAIT),
		.fin_wait_2 = flow(c, FLOW_FRESH_FIN_WAIT_2),
		.entered = flow(c, FLOW_TW) + flow(c, FLOW_TW_KILLED),
		.overflow = or_zero(flow(c, FLOW_OVERFLOW)),
		.recycled = or_zero(flow(c, FLOW_TW_RECYCLED)),
	};
}

/* A mini FIN_WAIT_2 that is fresh now may become a TIME_WAIT that is fresh at the next poll, so
 * both together are too many. */
static struct close_rates_range local_first(const struct seen *seen)
{
	const double least = seen->time_wait, most = seen->time_wait + seen->fin_wait_2;
	const double value = (is_known(seen->entered) ? seen->entered : least) + seen->overflow;

	if (!is_known(least))
		return range(value, value, value);
	return range(least + seen->overflow, value, most + seen->recycled + seen->overflow);
}

static struct close_rates_range reset(const struct close_rates *c)
{
	const double resets = flow(c, FLOW_ESTAB_RESETS);
	double aborts = 0;

	for (enum close_rates_flow f = FLOW_ABORT_ON_DATA; f <= FLOW_ABORT_ON_MEMORY; f++)
		aborts += or_zero(flow(c, f));
	return range(resets, resets, resets + aborts);
}

static struct close_rates_range peer_first(
	const struct close_rates *c, const struct close_rates_range by_initiator[INITIATOR_COUNT])
{
	const struct close_rates_range *all = &by_initiator[CLOSED_ALL],
				       *we = &by_initiator[CLOSED_LOCAL],
				       *resets = &by_initiator[CLOSED_RESET];
	const double still_closing = or_zero(flow(c, FLOW_STILL_CLOSING));

	return range(all->low - we->high - resets->high - still_closing,
		all->value - we->value - resets->value - still_closing,
		all->high - we->low - resets->low - still_closing);
}

void close_rates_of_namespace(const struct close_rates *c, struct close_rates_estimate *ret)
{
	const struct seen seen = seen_of(c);

	ret->by_initiator[CLOSED_ALL] = closed(c);
	ret->by_initiator[CLOSED_LOCAL] = local_first(&seen);
	ret->by_initiator[CLOSED_RESET] = reset(c);
	ret->by_initiator[CLOSED_PEER] = peer_first(c, ret->by_initiator);
}

/* The counter has more than the sockets showed: each port gets a share of that by what it showed,
 * of the mini FIN_WAIT_2 first, since they were seen, then of what was not seen at all. */
static double share(const struct seen *seen, const struct close_rates_range *all, double time_wait,
	double fin_wait_2)
{
	const double beyond = all->value - seen->overflow - seen->time_wait;
	const double fraction =
		seen->fin_wait_2 > 0 ? fmin(fmax(beyond / seen->fin_wait_2, 0), 1) : 0;
	const double shown = seen->time_wait + fraction * seen->fin_wait_2;
	const double own = time_wait + fraction * fin_wait_2;

	return shown > 0 ? own * fmax(all->value / shown, 1) : own;
}

/* A poll of some ports shows nothing of the others, so there is nothing to share out. */
static struct close_rates_range local_first_of_port(const struct close_rates *c,
	const struct close_rates_range *all, const struct service_key *port)
{
	const struct close_rates_port *p = find_port(c, c->ports_count, port);
	const struct seen seen = seen_of(c);
	const double time_wait = p ? rate(&p->fresh_time_wait) : 0;
	const double fin_wait_2 = p ? rate(&p->fresh_fin_wait_2) : 0;
	const double unseen = all->high - seen.time_wait - seen.fin_wait_2;

	if (!is_known(seen.time_wait) || (!p && c->ports_left_out))
		return unknown_range;
	return range(time_wait, share(&seen, all, time_wait, fin_wait_2),
		time_wait + fin_wait_2 + fmax(unseen, 0));
}

/* Whether the counters are this port's own. */
static bool is_main_port(const struct close_rates *c, const struct service_key *port)
{
	const double active = flow(c, FLOW_ACTIVE_OPENS);
	const double opens = active + flow(c, FLOW_PASSIVE_OPENS);

	return c->has_main_port && service_key_equal(&c->main_port, port) &&
	       active * 100 <= opens * (100 - CLOSE_RATES_SHARE_PERCENT);
}

void close_rates_of_port(const struct close_rates *c, const struct service_key *port,
	struct close_rates_estimate *ret)
{
	struct close_rates_range local;

	close_rates_of_namespace(c, ret);
	local = local_first_of_port(c, &ret->by_initiator[CLOSED_LOCAL], port);
	for (enum close_initiator i = 0; !is_main_port(c, port) && i < INITIATOR_COUNT; i++)
		ret->by_initiator[i] = unknown_range;
	ret->by_initiator[CLOSED_LOCAL] = local;
}

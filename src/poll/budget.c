/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poll/budget.h"

#include "basic/macro.h"

/* Polls are planned to cost a little less than allowed, since the next may cost more. */
#define MARGIN 0.95

/* Excluding ESTABLISHED must save that share of a poll. */
#define MASK_SHARE_MIN 0.1

/* Including it again may use that share of the budget. */
#define UNMASK_SHARE (2.0 / 3)

#define NEXT_MS_MAX (24U * 3600 * 1000)

void budget_init(struct budget *b, uint32_t interval_ms, double budget_percent)
{
	*b = (struct budget){
		.interval_ms = interval_ms,
		.budget_percent = budget_percent,
		.next_ms = interval_ms,
	};
}

void budget_set(struct budget *b, uint32_t interval_ms, double budget_percent)
{
	b->interval_ms = interval_ms;
	b->budget_percent = budget_percent;
}

/* How long a cost must be spread to stay within the budget. */
static double spread_ms(const struct budget *b, double cost_us)
{
	return cost_us / 1000 * 100 / (b->budget_percent * MARGIN);
}

/* A higher cost counts at once, a lower one gradually: it may rise again. */
static void learn_cost(struct budget *b, uint64_t cpu_us)
{
	double cost = b->last_us = (double)cpu_us;

	b->cost_us = cost > b->cost_us ? cost : (b->cost_us + cost) / 2;
}

static void mask(struct budget *b, const struct budget_poll *poll)
{
	double share = poll->sockets ? (double)poll->established / (double)poll->sockets : 0;

	if (share < MASK_SHARE_MIN)
		return;
	b->masked = true;
	b->cost_us *= 1 - MIN(share, 0.99);
}

static void unmask(struct budget *b, const struct budget_poll *poll)
{
	double all = b->cost_us * (double)(poll->sockets + poll->established) /
		     (double)MAX(poll->sockets, UINT64_C(1));

	if (spread_ms(b, all) > UNMASK_SHARE * b->interval_ms)
		return;
	b->masked = false;
	b->cost_us = all;
}

void budget_learn(struct budget *b, const struct budget_poll *poll)
{
	double next;

	learn_cost(b, poll->cpu_us);
	if (b->masked)
		unmask(b, poll);
	else if (spread_ms(b, b->cost_us) > b->interval_ms)
		mask(b, poll);
	next = spread_ms(b, b->cost_us);
	b->next_ms = (uint32_t)MIN(MAX(next, (double)b->interval_ms), (double)NEXT_MS_MAX);
}

uint64_t budget_pause_ms(const struct budget *b, double cost_us, double share)
{
	return (uint64_t)(spread_ms(b, cost_us) / share);
}

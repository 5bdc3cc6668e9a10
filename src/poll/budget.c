/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poll/budget.h"

#include "basic/macro.h"

/* A look is planned to cost a little less than is allowed, since the next may cost more. */
#define MARGIN 0.95

/* Leaving ESTABLISHED out must save so much of a look. */
#define MASK_SHARE_MIN 0.1

/* Taking it in again must leave so much room. */
#define UNMASK_SHARE (2.0 / 3)

#define NEXT_MS_MAX (24U * 3600 * 1000)

void budget_init(struct budget *p, uint32_t interval_ms, double budget_percent)
{
	*p = (struct budget){
		.interval_ms = interval_ms,
		.budget_percent = budget_percent,
		.next_ms = interval_ms,
	};
}

void budget_set(struct budget *p, uint32_t interval_ms, double budget_percent)
{
	p->interval_ms = interval_ms;
	p->budget_percent = budget_percent;
}

/* How long it takes until so much may be spent again. */
static double pays_off_ms(const struct budget *p, double cost_us)
{
	return cost_us / 1000 * 100 / (p->budget_percent * MARGIN);
}

/* A dearer look counts at once, a cheaper one by and by: what was dear may be so again. */
static void learn_cost(struct budget *p, uint64_t cpu_us)
{
	double cost = p->last_us = (double)cpu_us;

	p->cost_us = cost > p->cost_us ? cost : (p->cost_us + cost) / 2;
}

static void mask(struct budget *p, const struct budget_poll *poll)
{
	double share = poll->sockets ? (double)poll->established / (double)poll->sockets : 0;

	if (share < MASK_SHARE_MIN)
		return;
	p->masked = true;
	p->cost_us *= 1 - MIN(share, 0.99);
}

static void unmask(struct budget *p, const struct budget_poll *poll)
{
	double all_us = p->cost_us * (double)(poll->sockets + poll->established) /
			(double)MAX(poll->sockets, UINT64_C(1));

	if (pays_off_ms(p, all_us) > UNMASK_SHARE * p->interval_ms)
		return;
	p->masked = false;
	p->cost_us = all_us;
}

void budget_learn(struct budget *p, const struct budget_poll *poll)
{
	double next;

	learn_cost(p, poll->cpu_us);
	if (p->masked)
		unmask(p, poll);
	else if (pays_off_ms(p, p->cost_us) > p->interval_ms)
		mask(p, poll);
	next = pays_off_ms(p, p->cost_us);
	p->next_ms = (uint32_t)MIN(MAX(next, (double)p->interval_ms), (double)NEXT_MS_MAX);
}

uint64_t budget_pause_ms(const struct budget *p, double cost_us, double share)
{
	return (uint64_t)(pays_off_ms(p, cost_us) / share);
}

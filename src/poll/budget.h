/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often to look: at the interval that was asked for, and less often where that would cost more
 * of a processor than is allowed. Pure.
 */
#ifndef TCPSTATED_POLL_BUDGET_H
#define TCPSTATED_POLL_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget {
	uint32_t interval_ms;
	double budget_percent; /* of one core */
	double cost_us;        /* what a look costs, at present */
	double last_us;        /* what the last one cost */
	bool masked;           /* ESTABLISHED is left out */
	uint32_t next_ms;      /* from the start of this look to that of the next */
};

/* What one look cost and saw. */
struct budget_poll {
	uint64_t cpu_us;      /* everything that the process did for it */
	uint64_t sockets;     /* records that were read */
	uint64_t established; /* ESTABLISHED sockets, by scan or by counter; 0 where not known */
};

void budget_init(struct budget *p, uint32_t interval_ms, double budget_percent);

/* The same cost under other settings. */
void budget_set(struct budget *p, uint32_t interval_ms, double budget_percent);

/*
 * Learns from a look: sets masked and next_ms. ESTABLISHED is left out first where that saves at
 * least a tenth, then the interval is stretched; it is taken in again when all of it would cost
 * less than two thirds of what is allowed.
 */
void budget_learn(struct budget *p, const struct budget_poll *poll);

/*
 * How long something beside the polls, which cost so much, must rest to take no more than a share
 * of what is allowed.
 */
uint64_t budget_pause_ms(const struct budget *p, double cost_us, double share);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often to poll: at the configured interval, and less often if that would cost more CPU than
 * allowed. Pure.
 */
#ifndef TCPSTATED_POLL_BUDGET_H
#define TCPSTATED_POLL_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget {
	uint32_t interval_ms;
	double budget_percent; /* of one core */
	double cost_us;        /* estimated, of the next poll */
	double last_us;        /* of the last poll */
	bool masked;           /* ESTABLISHED is excluded */
	uint32_t next_ms;      /* from the start of this poll to that of the next */
};

/* What one poll cost and counted. */
struct budget_poll {
	uint64_t cpu_us;      /* of the process, for everything it did */
	uint64_t sockets;     /* records read */
	uint64_t established; /* ESTABLISHED sockets, by scan or by counter; 0 when unknown */
};

void budget_init(struct budget *b, uint32_t interval_ms, double budget_percent);

/* Changes the settings and keeps the learned cost. */
void budget_set(struct budget *b, uint32_t interval_ms, double budget_percent);

/*
 * Learns from a poll: sets masked and next_ms. First ESTABLISHED is excluded if that saves at least
 * a tenth, then the interval is extended; ESTABLISHED is included again when that would cost less
 * than two thirds of what is allowed.
 */
void budget_learn(struct budget *b, const struct budget_poll *poll);

/*
 * How long something beside the polls, which cost so much, must rest to take no more than a share
 * of what is allowed.
 */
uint64_t budget_pause_ms(const struct budget *b, double cost_us, double share);

#endif

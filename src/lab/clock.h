/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What time it is, for the lab alone: the rest of the program is told the time. */
#ifndef TCPSTATED_LAB_CLOCK_H
#define TCPSTATED_LAB_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in microseconds. */
static inline uint64_t now_us(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

#endif

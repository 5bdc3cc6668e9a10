/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/clock.h"

uint64_t clock_us(clockid_t clock)
{
	struct timespec t = {0};

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_monotonic_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

struct timespec clock_realtime(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

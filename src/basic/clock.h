/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clocks. model/ and judge/ ask none: time is passed to them. */
#ifndef TCPSTATED_BASIC_CLOCK_H
#define TCPSTATED_BASIC_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Any clock of clock_gettime(2), in microseconds; 0 for one that the system lacks. */
uint64_t clock_us(clockid_t clock);

/* CLOCK_MONOTONIC in milliseconds. */
uint64_t clock_monotonic_ms(void);

/* CLOCK_REALTIME. */
struct timespec clock_realtime(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pidfd_open() for tests that are linked with --wrap=syscall: valgrind up to 3.20 does not know it,
 * and answers ENOSYS. There a thread waits for the process in its place.
 */
#ifndef TCPSTATED_TESTS_UNIT_PIDFD_H
#define TCPSTATED_TESTS_UNIT_PIDFD_H

#include <stdbool.h>

/* While it is true, there is no such system call. */
extern bool kernel_is_old;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test includes: cmocka and what it needs before it. */
#ifndef TCPSTATED_TESTS_UNIT_H
#define TCPSTATED_TESTS_UNIT_H

/* The order is cmocka's demand. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#endif

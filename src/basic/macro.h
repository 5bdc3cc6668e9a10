/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TCPSTATED_BASIC_MACRO_H
#define TCPSTATED_BASIC_MACRO_H

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TCPSTATED_KERNEL_LIMITS_H
#define TCPSTATED_KERNEL_LIMITS_H

#include "kernel/sockets/source.h"
#include "model/limits.h"

/*
 * Reads every limit, usage and counter through the source. Never fails: the numbers of a missing or
 * malformed file are UNKNOWN.
 */
void limits_read(struct source *source, struct limits *ret);

/* The parsers, for tests and fuzzing. text ends in a NUL. */
void limits_parse_sockstat(struct limits *l, const char *text);
void limits_parse_sockstat6(struct limits *l, const char *text);
/* /proc/net/netstat and /proc/net/snmp: a line of names, then one of values with the same first
 * word.
 */
void limits_parse_counters(struct limits *l, const char *text);

#endif

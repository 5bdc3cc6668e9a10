/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line for Nagios, Icinga, Naemon, Zabbix and others, by the Monitoring Plugins guidelines. */
#ifndef TCPSTATED_OUTPUT_CHECK_H
#define TCPSTATED_OUTPUT_CHECK_H

#include "judge/finding.h"
#include "judge/threshold.h"
#include "model/snapshot.h"

#include <stdio.h>

/* The exit statuses of the guidelines. */
enum check_status { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

/*
 * Writes the line and returns the status. The thresholds decide; without any, the findings. It is
 * UNKNOWN if the scan is incomplete or a threshold is on a number that was not read. The
 * performance data always have the same labels. Returns 0 or -errno of writing to out.
 */
int check_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct thresholds *warning, const struct thresholds *critical,
	enum check_status *ret_status);

/* Writes the line for a scan that failed; its status is CHECK_UNKNOWN. Returns 0 or -errno. */
int check_print_unknown(FILE *out, const char *reason);

#endif

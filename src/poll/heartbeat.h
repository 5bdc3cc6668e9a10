/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The polls of established connections for --heartbeat: one, or as many as fit into a time. */
#ifndef TCPSTATED_POLL_HEARTBEAT_H
#define TCPSTATED_POLL_HEARTBEAT_H

#include "judge/heartbeat_advice.h"
#include "kernel/sockets/source.h"
#include "model/heartbeat.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* A poll per second, unless that would take more than 1 % of a core: to fill in tcp_info the kernel
 * locks each socket for a moment. */
#define HEARTBEAT_INTERVAL_MS 1000
#define HEARTBEAT_CPU_SHARE   100

struct heartbeat_settings {
	struct filter filter;
	uint64_t watch_ms;                 /* 0: one poll */
	size_t ports_max;                  /* 0: all */
	const volatile sig_atomic_t *stop; /* not zero: this poll was the last; a signal ends the
					      pause between polls. May be NULL */
};

/*
 * Watches and judges. *ret borrows from *ret_heartbeat; free that with heartbeat_free after
 * heartbeat_report_release. Returns 0, or -errno with the reason as a sentence in ret->scan.error.
 */
int heartbeat_watch(struct source *source, const struct heartbeat_settings *settings,
	struct heartbeat **ret_heartbeat, struct heartbeat_report *ret);

#endif

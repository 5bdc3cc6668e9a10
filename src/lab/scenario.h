/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scenarios: every way a TCP connection can end, played on real sockets. */
#ifndef TCPSTATED_LAB_SCENARIO_H
#define TCPSTATED_LAB_SCENARIO_H

#include "lab/stage.h"

#include <stddef.h>

struct scenario {
	const char *name;  /* "linger-timeout": lower case, hyphens */
	const char *title; /* one line for the list */
	void (*play)(struct stage *s);
	const char *lesson;  /* two sentences: what it shows */
	const char *windows; /* how Windows differs, in a sentence; NULL: it does not */
};

/* One table per subject (src/lab/scenarios_*.c); each ends with a row without a name. */
extern const struct scenario scenarios_close[];     /* SO_LINGER, unread data, killed processes */
extern const struct scenario scenarios_fin_wait[];  /* FIN_WAIT_1, FIN_WAIT_2, LAST_ACK, CLOSING */
extern const struct scenario scenarios_time_wait[]; /* TIME_WAIT, its limit, ports, reuse */
extern const struct scenario scenarios_peer[];      /* CLOSE_WAIT, dead peers, dual stack, MPTCP */
extern const struct scenario scenarios_service[];   /* listeners, and whose their sockets are */
extern const struct scenario scenarios_ports[];     /* the local ports of clients */

/* The scenarios one by one, in the order of the tables above; NULL after the last. */
const struct scenario *scenario_at(size_t index);

/* Returns NULL when there is none of that name. */
const struct scenario *scenario_find(const char *name);

#endif

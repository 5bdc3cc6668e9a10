/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stage from behind. */
#ifndef TCPSTATED_LAB_STAGE_PRIVATE_H
#define TCPSTATED_LAB_STAGE_PRIVATE_H

#include "kernel/sockets/source.h"
#include "lab/janitor.h"
#include "lab/pair.h"
#include "lab/play.h"
#include "lab/stage.h"
#include "lab/timeline.h"

/* So many connections are followed one by one; of all others it is told how many are in which
 * state. */
#define FOLLOWED_MAX 8

#define LISTENERS_MAX 16

struct followed {
	struct end end[2];           /* by enum host */
	struct sighting reported[2]; /* as the timeline has it */
};

struct listener {
	struct connect_options options; /* port, family and protocol count */
	int fd;                         /* -1: closed */
};

struct stage {
	bool full;
	const struct prices *prices;
	struct outcome *outcome;
	struct timeline timeline;
	struct source *source;
	struct pair pair;
	struct janitor janitor;
	struct limits limits[2]; /* by enum host, as they were at the beginning */

	struct listener listeners[LISTENERS_MAX];
	size_t listeners_count;
	struct followed followed[FOLLOWED_MAX];
	size_t followed_count;
	uint64_t crowd[2][STATE_COUNT]; /* as the timeline has it */

	/* The sockets that a process is to take into its grave; NULL when none is. */
	struct grave *grave;
};

/* What an expectation asks a look at the sockets for. */
struct question {
	const struct end *end; /* or NULL */
	bool seen;
	struct sock_record record;

	/* how many sockets of a host are in a state on a port, local ones of the server, remote
	 * ones of the client */
	enum host host;
	enum tcp_state state;
	uint16_t port;
	uint64_t count;
};

/*
 * Looks at the sockets of both hosts and tells what has changed; closely: also in queues and
 * timers. q may be NULL. What cannot be read ends the play.
 */
void stage_observe(struct stage *s, struct question *q, bool closely);

/* Notes a failure, tells it, and ends the play. */
__attribute__((format(printf, 2, 3), noreturn)) void stage_give_up(
	struct stage *s, const char *format, ...);

/* Sums up and ends the process. */
__attribute__((noreturn)) void stage_end(struct stage *s);

/* Enters a host's namespace; the play is at home on the server. */
void stage_enter(struct stage *s, enum host host);

/* Waits a little before one looks again; the longer, the longer one has waited. */
void stage_wait(uint64_t since_us);

#endif

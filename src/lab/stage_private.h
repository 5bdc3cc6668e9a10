/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stage as its own files see it. */
#ifndef TCPSTATED_LAB_STAGE_PRIVATE_H
#define TCPSTATED_LAB_STAGE_PRIVATE_H

#include "kernel/sockets/source.h"
#include "lab/cgroup.h"
#include "lab/janitor.h"
#include "lab/pair.h"
#include "lab/play.h"
#include "lab/stage.h"
#include "lab/timeline.h"

/* So many connections are followed one by one; the others are counted by state. */
#define FOLLOWED_MAX 8

#define LISTENERS_MAX 16

struct followed {
	struct end end[2];           /* by side */
	struct sighting reported[2]; /* as the timeline reported it last */
};

struct listener {
	struct connect_options options;
	int fds[STAGE_GROUP_MAX];
	size_t count; /* 0: closed */
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
	uint64_t crowd[2][STATE_COUNT]; /* the others, as the timeline reported them last */

	struct lab_cgroups cgroups;
	struct handover *handover; /* of new sockets to a process that will be killed; or NULL */
};

/* What an expectation wants to know: about one end, or a number of sockets. */
struct question {
	const struct end *end; /* or NULL */
	bool seen;
	struct sock_record record;

	/* sockets of a side by their port, and where the listener is bound by what it is bound to
	 */
	const struct connect_options *of;
	enum host side;
	enum tcp_state state;
	uint64_t count, expected; /* in the state */
	stage_record_fn fn;       /* for each, in any state; or NULL */
	void *userdata;
};

/*
 * Reads the sockets of both hosts and reports what has changed; closely: queues and timers too. q
 * may be NULL. A failure to read ends the play.
 */
void stage_observe(struct stage *s, struct question *q, bool closely);

/* Records a failure, reports it, and ends the play. */
__attribute__((format(printf, 2, 3), noreturn)) void stage_give_up(
	struct stage *s, const char *format, ...);

/* Sums up and ends the process. */
__attribute__((noreturn)) void stage_end(struct stage *s);

/* Reads the limits and counters of a host. */
void stage_read_limits(struct stage *s, enum host host, struct limits *ret);

/* How far a counter moved in between; UNKNOWN if it is unknown. */
uint64_t counter_moved(
	const struct limits *before, const struct limits *now, enum tcp_counter counter);

/* Enters the namespace of a host; every other function expects and leaves that of the server. */
void stage_enter(struct stage *s, enum host host);

/* Hands a new socket of a host to the process that will be killed, if there will be one. */
void stage_handover_add(struct stage *s, enum host host, int fd);

/* Reports a call of a side, described as by printf(), and what changed. */
__attribute__((format(printf, 5, 6))) void stage_report_call(
	struct stage *s, uint64_t began, enum host side, long returned, const char *format, ...);

/* With the port that 0 stands for. */
struct connect_options options_complete(const struct connect_options *o);

/* Whether the listener of b is that of a. */
bool options_same_listener(const struct connect_options *a, const struct connect_options *b);

/* The address that clients connect to; the family is that of the packets. */
union address options_target(const struct connect_options *o);

/* The host where the clients are. */
enum host options_client_host(const struct connect_options *o);

/* Waits a little before the next observation, longer after a long wait. */
void stage_wait(uint64_t since_us);

#endif

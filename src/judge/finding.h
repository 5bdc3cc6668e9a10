/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thing worth a person's attention, as numbers; output/words.h makes sentences of it. */
#ifndef TCPSTATED_JUDGE_FINDING_H
#define TCPSTATED_JUDGE_FINDING_H

#include "basic/names.h"
#include "model/snapshot.h"
#include "model/whose.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum severity {
	SEVERITY_OK,
	SEVERITY_NOTE, /* worth knowing, but not a fault */
	SEVERITY_WARNING,
	SEVERITY_CRITICAL,
};

/* "ok", "note", "warning", "critical" */
extern const struct names severity_names;

/* Sockets have no single cause, or it is unknown. */
#define CAUSE_NONE SYMPTOM_COUNT

/* The causes that a diagnosis may have: "fin_unanswered", "fin_not_taken". */
extern const struct names cause_names;

/* Why sockets are as they are. */
struct explanation {
	const char *id;     /* of a diagnosis; NULL: unknown. Static storage. */
	enum symptom cause; /* of several that it has; or CAUSE_NONE */
};

struct finding {
	const char *id; /* of its diagnosis, for example "close-wait-not-closed"; static storage */
	enum severity severity;
	const char *netns; /* borrowed from the snapshot */
	bool has_port;     /* it is about one service */
	struct service_key service;
	const char *device; /* as in struct port_tally; NULL: unknown, or none. Borrowed. */
	bool is_only;       /* likewise */
	struct whose whose; /* these sockets; where processes were searched for, those have them */
	const struct owner
		*accepted_by; /* who created them, if another has them; NULL. Borrowed. */

	uint64_t sockets;             /* how many it is about; UNKNOWN if it is not about sockets */
	uint64_t memory_bytes;        /* what they hold; UNKNOWN likewise */
	uint32_t oldest_ms;           /* UNKNOWN_U32 if no timer shows it */
	const struct age_stats *ages; /* of all sockets of this state on the port; NULL: unknown.
					 Borrowed from the snapshot. */
	struct usage usage;           /* of a limit or a backlog; UNKNOWN: not about one */
	struct destination destination; /* of LIMIT_CLIENT_PORTS; without sockets: none */
	struct port_room port_room;     /* likewise; zero: not about it */

	uint32_t causes[SYMPTOM_COUNT]; /* how many of the sockets show each cause */
	enum symptom cause;             /* the one that nine in ten show; or CAUSE_NONE */
};

/* Findings of one snapshot, worst first. */
struct findings {
	struct finding *list;
	size_t count;
};

/*
 * Judges a snapshot by itself, without history. A group of fewer than FINDING_FLOOR_SOCKETS sockets
 * that holds less than 1 % of MemTotal is not a finding; groups that a healthy machine passes
 * through have a higher floor. Sockets that are spread too thinly to make a group on any port, or
 * whose port is not listed, are judged together. explicit is for ports that the user named: a group
 * below the floor is a finding as well, as a note if more of it would be a fault. Returns 0 or
 * -ENOMEM; release with findings_release. The findings borrow from the snapshot.
 */
#define FINDING_FLOOR_SOCKETS 50
int diagnose(const struct snapshot *s, bool explicit, struct findings *ret);

void findings_release(struct findings *f);

/* Those that are more than notes; they come first. Borrowed from f. */
struct findings findings_faults(const struct findings *f);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thing worth a person's attention, as numbers; output/words.h makes sentences of it. */
#ifndef TCPSTATED_JUDGE_FINDING_H
#define TCPSTATED_JUDGE_FINDING_H

#include "basic/names.h"
#include "judge/owner_key.h"
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

/* What a number, a finding or an alert is about. */
enum scope {
	SCOPE_PORT,  /* one service */
	SCOPE_OWNER, /* the services of one owner together, or of one side where it is unknown */
	SCOPE_TOTAL, /* the machine, or every service together */
	SCOPE_COUNT,
};

/* "port", "owner", "total" */
extern const struct names scope_names;

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
	enum scope scope;
	bool has_port; /* of SCOPE_PORT; also of a destination */
	struct service_key service;
	const char *device;         /* as in struct port_tally; NULL: unknown, or none. Borrowed. */
	uint32_t row;               /* of SCOPE_PORT: its place in the snapshot's rows */
	struct owner_key owner_key; /* whose sums it belongs to */
	uint64_t ports;             /* of SCOPE_OWNER: over how many services; else 0 */
	uint32_t listeners;         /* of an accept queue: how many the service has; else 0 */
	bool is_rest;               /* of SCOPE_OWNER: services with a finding each, beyond
				       FINDINGS_OF_PORTS_MAX */
	uint32_t group;             /* of SCOPE_OWNER: of its members */
	bool is_only;               /* as in struct port_tally */
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

/* A service that a finding of SCOPE_OWNER is about. */
struct finding_member {
	uint32_t group; /* of the finding */
	uint16_t port;
	uint8_t side;
	uint64_t binding; /* model/wanted_sockets.h: service_binding */
};

/* Findings of one snapshot, worst first. */
struct findings {
	struct finding *list;
	size_t count;
	struct finding_member *members; /* sorted */
	size_t members_count;
};

/* Findings about one service each that are listed, the worst; the others are summed by owner. */
#define FINDINGS_OF_PORTS_MAX 200

/*
 * Judges every row of a snapshot by itself, without history, whatever is listed. A group of fewer
 * than FINDING_FLOOR_SOCKETS sockets that holds less than 1 % of MemTotal is not a finding; groups
 * that a healthy machine passes through have a higher floor. Sockets that are spread too thinly to
 * make a group on any port are summed by owner: of a sum the floor is twice as high, and where the
 * kernel tells when a state began only sockets of AGED_MS and more count, since a busy program may
 * close many connections at this very moment. Where the source tells no ages, such a sum is a note.
 * explicit is for ports that the user named: a group below the floor is a finding as well, as a
 * note if more of it would be a fault. Returns 0 or -ENOMEM; release with findings_release. The
 * findings borrow from the snapshot, whose rows have the names of their owners by then.
 */
#define FINDING_FLOOR_SOCKETS 50
int diagnose(const struct snapshot *s, bool explicit, struct findings *ret);

void findings_release(struct findings *f);

/*
 * Lists the ports_max heaviest ports of the snapshot (0: all) and those with a finding, and sets
 * the ages of the findings. Returns 0 or -ENOMEM.
 */
int findings_list(struct findings *f, struct snapshot *s, size_t ports_max);

/* The severity of the worst finding about a service; SEVERITY_OK: there is none. */
enum severity findings_severity(const struct findings *f, const struct service_key *service);

/* Whether a finding of SCOPE_OWNER is about that service. */
bool findings_have_member(const struct findings *f, const struct finding *finding,
	enum sock_side side, uint16_t port, uint64_t binding);

/* How many findings there are, with those that are summed counted one by one. */
uint64_t findings_total(const struct findings *f);

/* Those that are more than notes; they come first. Borrowed from f. */
struct findings findings_faults(const struct findings *f);

#endif

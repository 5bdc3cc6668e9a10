/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who created the sockets of a row, counted exactly: the cgroups, and where these do not tell the
 * users. A row keeps its first creator, which costs nothing; only further ones have an entry here,
 * so that the numbers of the first are those of the row less those of the others. Bounded; nothing
 * per socket.
 */
#ifndef TCPSTATED_MODEL_CREATORS_H
#define TCPSTATED_MODEL_CREATORS_H

#include "model/majority.h"
#include "model/owner.h"
#include "model/sock_record.h"
#include "model/symptom.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The entries, 300 bytes each; sockets of further creators count as the first one's, and their row
 * is marked (struct row_creators: uncounted). */
#define CREATORS_MAX 8192

/*
 * A cgroup, as the kernel keeps it in a socket: that of who created it. An accepted connection has
 * its listener's (kernel/cgroup/cgroup.c: cgroup_sk_clone). The user is who created it or accepted
 * it (include/net/sock.h: sock_graft), so a listener, which root may have created, has one vote
 * like any other.
 */
struct creator {
	uint64_t cgroup; /* its id; 0: unknown */
	bool reported;   /* there is one */
	bool by_user;    /* the cgroup tells nothing: the user tells creators apart */
	uint32_t uid;    /* with by_user */
	uint32_t listeners;
	struct majority uids; /* of the sockets that a process holds, except UID_OVERFLOW */
	/* Set after the scan (poll/owners.h). NULL: unknown, or root that accepts for others. The
	 * owner is equal for all creators that are the same. Borrowed. */
	const struct owner *owner;
	const char *user;
};

struct row_creators {
	struct creator first;
	uint32_t others; /* the first entry of the row, plus one; 0: there are no others */
	bool uncounted;  /* some sockets are of creators that have no entry */
};

/* Of a row, all but the first. */
struct creator_tally {
	struct creator creator;
	uint32_t row;
	uint32_t next; /* of the same row, plus one; 0: the last */
	uint32_t sockets[STATE_COUNT][OWNERSHIP_COUNT];
	uint32_t symptoms[SYMPTOM_COUNT];
};

/* All zero is an empty one; release with creators_release. */
struct creators {
	struct creator_tally *list;
	size_t used, allocated;
	uint32_t *slots; /* private: index into the list, plus one */
};

void creators_release(struct creators *c);
void creators_clear(struct creators *c);

/*
 * Finds who created a socket of a row, or adds it. NULL: the first of the row, or nobody known:
 * mini sockets and requests have no cgroup. What it returns is valid until the next call.
 */
struct creator_tally *creators_record(
	struct creators *c, struct row_creators *of_row, uint32_t row, const struct sock_record *r);

/* The creator of a socket that was recorded; the first of the row for those without one. */
const struct creator *creators_find(const struct creators *c, const struct row_creators *of_row,
	uint32_t row, const struct sock_record *r);

/* Puts the entries of a row with the same owner together. Returns 0 or -ENOMEM. */
int creators_sort(struct creators *c, struct row_creators *of_row);

#endif

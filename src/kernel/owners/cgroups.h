/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the path of a cgroup by its id, which a socket has (INET_DIAG_CGROUP_ID), without any
 * privilege. Paths are kept from poll to poll: a known one costs one stat() a poll, and only an id
 * that was never seen causes a walk over the hierarchy, at most one a poll.
 */
#ifndef TCPSTATED_KERNEL_OWNERS_CGROUPS_H
#define TCPSTATED_KERNEL_OWNERS_CGROUPS_H

#include "basic/cleanup.h"
#include "kernel/owners/cgroup_tree.h"
#include "kernel/sockets/source.h"

#include <stddef.h>
#include <stdint.h>

enum cgroup_fate {
	CGROUP_FOUND,
	CGROUP_GONE,   /* removed: its sockets outlived it, or are held elsewhere */
	CGROUP_UNSEEN, /* unknown: the hierarchy is not mounted here, or only a part of it, or it is
			  larger than a walk goes, or the recording lacks it */
	CGROUP_FATES,
};

struct cgroup {
	enum cgroup_fate fate;
	/* From the root of the hierarchy, "/" for the root cgroup; the last known path of a cgroup
	 * that is gone; NULL when none is known. Raw bytes: escape them for output. Valid until the
	 * next cgroups_start() or cgroups_free(). */
	const char *path;
};

/* A longer root is not looked for: then paths are named as they are. */
#define CGROUPS_ROOT_SIZE 256

struct cgroups;

/*
 * For a recording: the cgroups that are attached to it (cgroups_attach). For a live source: the
 * hierarchy of this machine, opened when first needed. Returns 0 or -errno; free with cgroups_free.
 */
int cgroups_new(struct source *source, struct cgroups **ret);

/* For tests: uses this tree, which it takes over, instead of the machine's. */
int cgroups_new_on(struct cgroup_tree *tree, struct cgroups **ret);

struct cgroups *cgroups_free(struct cgroups *c); /* returns NULL; c may be NULL */
DEFINE_FREEP(cgroups)

/* Starts a poll. Call it after the sockets were read: a cgroup that does not exist then is gone for
 * good, since a running kernel never reuses an id. */
void cgroups_start(struct cgroups *c);

/* Looks up an id other than 0. Never fails: when memory is short, an unknown id is unseen. */
struct cgroup cgroups_find(struct cgroups *c, uint64_t id);

/*
 * The part of a path below the root of this machine's systemd, which in a container is not that of
 * the hierarchy. As systemd does (src/basic/cgroup-util.c: cg_shift_path), but by our own cgroup:
 * that of process 1 may be hidden. Borrowed from path.
 */
const char *cgroups_below_root(const struct cgroups *c, const char *path);

/* Finds that root in the text of /proc/self/cgroup: what stands before the first slice or
 * init.scope; "" when it is the hierarchy's. */
void cgroups_root_of(const char *text, char ret[CGROUPS_ROOT_SIZE]);

/*
 * Attaches what was looked up to the source's recording, as cgroups_new() reads it. A recording
 * answers with the first attachment of a name: call it once, at the end. Returns 0 or -errno.
 */
int cgroups_attach(const struct cgroups *c, struct source *source);

/* Adds the text of the attachment, a line for each: fate, id, path; as many lines as fit. */
void cgroups_format(const struct cgroups *c, struct string *ret);

/* Reads that text. Returns 0, -ENOMEM, or -EBADMSG for anything else; then c has the lines before.
 */
int cgroups_parse(struct cgroups *c, const char *text, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the cgroup id of a socket (INET_DIAG_CGROUP_ID) to the path of that cgroup, without any
 * privilege, remembered from poll to poll: a path that is known costs one stat() a poll, and a walk
 * over the hierarchy is only made for an id that was never seen before, at most one a poll.
 */
#ifndef TCPSTATED_KERNEL_OWNERS_CGROUPS_H
#define TCPSTATED_KERNEL_OWNERS_CGROUPS_H

#include "kernel/owners/cgroup_tree.h"
#include "kernel/sockets/source.h"

#include <stddef.h>
#include <stdint.h>

enum cgroup_fate {
	CGROUP_FOUND,
	CGROUP_GONE,   /* removed: its sockets outlived it, or are held elsewhere */
	CGROUP_UNSEEN, /* there is no telling: the hierarchy is not mounted here, or only a part of
			  it, or it is larger than a walk goes, or the recording does not hold it */
	CGROUP_FATES,
};

struct cgroup {
	enum cgroup_fate fate;
	/* From the root of the hierarchy, "/" for the root cgroup; the last that was known of one
	 * that is gone; NULL when none is known. Raw bytes: who tells it escapes it. Valid until
	 * the next cgroups_start() or cgroups_free(). */
	const char *path;
};

struct cgroups;

/*
 * For a recording: what it holds (cgroups_attach), and nothing else. For a live source: the
 * hierarchy of this machine, which is looked for when it is first needed. Returns 0 or -errno; free
 * with cgroups_free.
 */
int cgroups_new(struct source *source, struct cgroups **ret);

/* For tests: the tree is taken over in place of the machine's. */
int cgroups_new_on(struct cgroup_tree *tree, struct cgroups **ret);

struct cgroups *cgroups_free(struct cgroups *c); /* returns NULL; c may be NULL */
void cgroups_freep(struct cgroups **c);

/* Begins a poll. Call it after the sockets were read: a cgroup that is not there then is gone for
 * good, since the kernel does not use an id twice while it runs. */
void cgroups_start(struct cgroups *c);

/* Looks an id up, which is not 0. Never fails: where memory is short, what is not known is unseen.
 */
struct cgroup cgroups_find(struct cgroups *c, uint64_t id);

/* How many walks were made, ever. */
uint64_t cgroups_walks(const struct cgroups *c);

/*
 * Keeps what was looked up so far in the source's recording (struct source_ops: note), from which
 * cgroups_new() takes it. A recording answers with the first note of a name: write it once, when
 * all was looked up. Returns 0 or -errno.
 */
int cgroups_attach(const struct cgroups *c, struct source *source);

/* The text of that note, a line for each: fate, id, path. The caller frees *ret. Returns 0 or
 * -ENOMEM. */
int cgroups_format(const struct cgroups *c, char **ret);

/* Reads it. Returns 0, -ENOMEM, or -EBADMSG for anything else; then c knows what came before. */
int cgroups_parse(struct cgroups *c, const char *text, size_t size);

#endif

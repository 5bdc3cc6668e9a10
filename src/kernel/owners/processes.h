/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the processes that hold given sockets, by one pass over /proc/PID/fd. It costs a readlink()
 * for each descriptor of each process, so it is for when somebody asks. To see other users'
 * descriptors it takes CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE: what could not be inspected is
 * counted, and must be reported with the rest.
 */
#ifndef TCPSTATED_KERNEL_OWNERS_PROCESSES_H
#define TCPSTATED_KERNEL_OWNERS_PROCESSES_H

#include "kernel/sockets/source.h"
#include "model/process.h"

#include <stddef.h>

/* Sorts them by inode, as processes_find() needs them. */
void processes_sort_wanted(struct wanted_socket *wanted, size_t count);

/*
 * Inspects the processes below proc, where a procfs is mounted. wanted is sorted. Processes that
 * end meanwhile are skipped, and so are threads with descriptors of their own (unshare(2),
 * CLONE_FILES). Returns 0 or -errno; release with processes_release.
 */
int processes_find(
	const char *proc, const struct wanted_socket *wanted, size_t count, struct processes *ret);
void processes_release(struct processes *p);

/*
 * The same for a source: this machine, whose result is attached to the recording that may be made;
 * or a recording, which answers with what is attached to it, whatever is wanted. -ENODATA: nothing
 * is.
 */
int processes_search(struct source *source, const struct wanted_socket *wanted, size_t count,
	struct processes *ret);

/* Adds the text of the attachment. */
void processes_format(const struct processes *p, struct string *ret);

/* Reads that text. Returns 0, -ENOMEM, or -EBADMSG for anything else. */
int processes_parse(const char *text, size_t size, struct processes *ret);

#endif

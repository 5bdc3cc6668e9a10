/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes hold given sockets, by one pass over /proc/PID/fd. It costs a readlink() for each
 * descriptor of each process, so it is for when somebody asks. It takes CAP_DAC_READ_SEARCH and
 * CAP_SYS_PTRACE to see other users' descriptors: what could not be seen is counted, and must be
 * told along with what was.
 */
#ifndef TCPSTATED_KERNEL_OWNERS_PROCESSES_H
#define TCPSTATED_KERNEL_OWNERS_PROCESSES_H

#include "kernel/sockets/source.h"
#include "model/process.h"

#include <stddef.h>
#include <stdint.h>

struct wanted_socket {
	uint32_t inode; /* not 0 */
	uint32_t group; /* whatever the caller tells sockets apart by; the same in a replay */
};

/* Brings the sockets into the order that processes_find() needs. */
void wanted_sockets_sort(struct wanted_socket *wanted, size_t count);

/*
 * Looks through the processes below proc, where a procfs is mounted. wanted is sorted. Processes
 * that end meanwhile are passed over. Threads that have descriptors of their own (unshare(2),
 * CLONE_FILES) are not looked at. Returns 0 or -errno; release with processes_release.
 */
int processes_find(
	const char *proc, const struct wanted_socket *wanted, size_t count, struct processes *ret);
void processes_release(struct processes *p);

/*
 * The same for a source: of this machine, by /proc, noted in the recording that may be made; or of
 * a recording, which answers with the first such note, whatever is wanted. -ENODATA: it has none.
 */
int processes_search(struct source *source, const struct wanted_socket *wanted, size_t count,
	struct processes *ret);

/* The text of that note. The caller frees *ret. Returns 0 or -ENOMEM. */
int processes_format(const struct processes *p, char **ret);

/* Reads it. Returns 0, -ENOMEM, or -EBADMSG for anything else. */
int processes_parse(const char *text, size_t size, struct processes *ret);

#endif

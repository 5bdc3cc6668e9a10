/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that hold sockets: what kernel/owners/processes.c found. */
#ifndef TCPSTATED_MODEL_PROCESS_H
#define TCPSTATED_MODEL_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* What is kept; the rest is counted. So many fit into a recording at their longest. */
#define PROCESSES_MAX           512
#define PROCESS_DESCRIPTORS_MAX 16

/* The kernel's own threads have the longest comm (fs/proc/array.c: proc_task_name). */
#define PROCESS_COMM_MAX    64
#define PROCESS_COMMAND_MAX 256

/* A process, and what it holds of one group. One that holds sockets of two groups is listed twice.
 */
struct process {
	uint32_t pid;
	uint32_t
		uid; /* the effective one; UID_OVERFLOW (model/tally.h) when it could not be read */
	uint32_t group;
	uint32_t descriptors_count;                    /* how many it has, copies included ... */
	uint32_t descriptors[PROCESS_DESCRIPTORS_MAX]; /* ... and the first of them */
	/* Raw bytes that the process chose: who tells them escapes them. Empty when they could not
	 * be read. */
	char comm[PROCESS_COMM_MAX];
	char command[PROCESS_COMMAND_MAX]; /* its arguments with blanks between; "..." at the end
					      where it was cut */
};

struct processes {
	struct process *list; /* by pid */
	size_t count, allocated;
	uint64_t refused; /* processes that could not be looked into for lack of rights; neither the
			     kernel's threads nor zombies, which have no descriptors */
	uint64_t unheld;  /* sockets that nobody was seen to hold. With none refused: closed
			     meanwhile, or in another pid namespace, or on their way through an
			     AF_UNIX socket or io_uring, or /proc is mounted with hidepid. */
	uint64_t omitted; /* descriptors of processes beyond PROCESSES_MAX */
};

#endif

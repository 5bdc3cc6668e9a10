/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets whose processes are searched for, and the processes that hold them
 * (kernel/owners/processes.h). */
#ifndef TCPSTATED_MODEL_PROCESS_H
#define TCPSTATED_MODEL_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* The bounds of what is kept; the rest is counted. That many fit into a recording at their longest.
 */
#define PROCESSES_MAX           320
#define PROCESS_DESCRIPTORS_MAX 16

/* The kernel's own threads have the longest comm (fs/proc/array.c: proc_task_name). */
#define PROCESS_COMM_MAX    64
#define PROCESS_COMMAND_MAX 256
#define PROCESS_CGROUP_MAX  384

struct wanted_socket {
	uint32_t inode; /* not 0 */
	uint64_t tag;   /* the caller's own, to tell sockets apart; a replay has those of the
			   recording */
};

/* A process and the sockets of one tag that it holds. A process with sockets of two tags is listed
 * twice. */
struct process {
	uint32_t pid;
	uint32_t uid; /* the effective one; UID_OVERFLOW (model/sock_record.h) when it is unreadable
		       */
	uint64_t tag;
	uint32_t descriptors_count;                    /* how many it has, copies included ... */
	uint32_t descriptors[PROCESS_DESCRIPTORS_MAX]; /* ... and the first of them */
	/* Raw bytes that the process chose: escape them for output. Empty when unreadable. */
	char comm[PROCESS_COMM_MAX];
	char cgroup[PROCESS_CGROUP_MAX];   /* from the root of the hierarchy; a longer one is cut */
	char command[PROCESS_COMMAND_MAX]; /* the arguments, separated by blanks; "..." at the end
					      where they were cut */
};

struct processes {
	struct process *list; /* by pid */
	size_t count, allocated;
	uint64_t refused; /* processes that could not be inspected for lack of rights, except kernel
			     threads and zombies, which have no descriptors */
	uint64_t unheld;  /* sockets that no inspected process holds. With none refused: closed
			     meanwhile, in another pid namespace, in flight through an AF_UNIX
			     socket or io_uring, or /proc is mounted with hidepid. */
	uint64_t omitted; /* descriptors of processes beyond PROCESSES_MAX */
};

#endif

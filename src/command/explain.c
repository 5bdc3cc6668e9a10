/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated --explain": prints the findings of one snapshot with causes, fixes and processes. */
#include "output/explain.h"

#include "basic/cleanup.h"
#include "basic/log.h"
#include "basic/macro.h"
#include "command/command.h"
#include "command/report.h"
#include "judge/match.h"
#include "kernel/owners/processes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/*
 * As root, processes are searched for without --processes while the findings are about so many
 * sockets at most: then it takes a moment on any machine, and of more, number and owner say enough.
 * Others have to ask for it, since they may not read most of /proc.
 */
#define PROCESSES_IMPLICIT_MAX 4096

/* The sockets that the findings are about. Returns how many; *ret is the caller's to free, NULL for
 * lack of memory. */
static size_t choose_wanted(const struct single_poll *p, struct wanted_socket **ret)
{
	size_t count = 0;

	*ret = calloc(MAX(p->held.count, (size_t)1), sizeof(**ret));
	for (size_t i = 0; *ret && i < p->held.count; i++)
		if (findings_match(&p->findings, p->held.list[i].group))
			(*ret)[count++] = (struct wanted_socket){
				p->held.list[i].inode, p->held.list[i].group};
	return count;
}

/* Searches for the processes that hold those sockets; ret refers to *processes. */
static int find_holders(const struct options *o, const struct single_poll *p,
	struct processes *processes, struct holders *ret)
{
	cleanup_(freep) struct wanted_socket *wanted = NULL;
	const size_t count = choose_wanted(p, &wanted);
	const bool implicit =
		p->source->replayed || (geteuid() == 0 && count <= PROCESSES_IMPLICIT_MAX);
	int r;

	*ret = (struct holders){.omitted = p->held.omitted};
	if (!wanted)
		return -ENOMEM;
	if (!count || !(o->processes || implicit)) {
		ret->could_inspect = count;
		return 0;
	}
	wanted_sockets_sort(wanted, count);
	r = processes_search(p->source, wanted, count, processes);
	if (r == 0)
		ret->processes = processes;
	/* A recording that was made without searching has none. */
	return r == -ENODATA ? 0 : r;
}

int explain_run(const struct options *o)
{
	cleanup_(single_poll_release) struct single_poll poll = {0};
	cleanup_(processes_release) struct processes processes = {0};
	struct holders holders;
	int status = single_poll(o, &poll), r;

	if (status != 0)
		return status;
	r = find_holders(o, &poll, &processes, &holders);
	if (r == 0)
		return report(o, &poll, &holders);
	log_line(LOG_ERR, "%s", strerror(-r));
	return EXIT_SCAN_FAILED;
}

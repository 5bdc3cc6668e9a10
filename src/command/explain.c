/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated --explain": prints the findings of one snapshot with causes, fixes and processes. */
#include "output/explain.h"

#include "basic/cleanup.h"
#include "basic/log.h"
#include "command/command.h"
#include "command/report.h"
#include "judge/match.h"
#include "kernel/owners/processes.h"
#include "poll/owners.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/*
 * As root, processes are searched for without --processes while the findings are about so many
 * sockets at most: then it takes a moment on any machine, and of more, number and owner say enough.
 * Others have to ask for it, since they may not read most of /proc.
 */
#define PROCESSES_IMPLICIT_MAX 4096

/* Keeps the sockets that the findings are about. */
static void choose_wanted(struct wanted_sockets *w, const struct findings *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++)
		if (findings_match(f, w->list[i].tag))
			w->list[kept++] = w->list[i];
	w->count = kept;
}

/* Searches for the processes that hold those sockets; ret refers to *processes. */
static int find_holders(const struct options *o, struct single_poll *p, struct processes *processes,
	struct holders *ret)
{
	struct wanted_sockets *w = &p->wanted;
	bool implicit;
	int r;

	choose_wanted(w, &p->findings);
	implicit = p->source->replayed || (geteuid() == 0 && w->count <= PROCESSES_IMPLICIT_MAX);
	*ret = (struct holders){.omitted = w->omitted};
	if (!w->count || !(o->processes || implicit)) {
		ret->could_inspect = w->count;
		return 0;
	}
	processes_sort_wanted(w->list, w->count);
	r = processes_search(p->source, w->list, w->count, processes);
	if (r == 0)
		r = owners_name_holders(p->owners, processes, &p->findings);
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

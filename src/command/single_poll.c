/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/single_poll.h"

#include "basic/cleanup.h"
#include "basic/macro.h"
#include "judge/match.h"
#include "kernel/owners/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void start(void *userdata)
{
	struct single_poll *l = userdata;

	held_start(&l->held);
	sock_list_start(&l->sockets);
}

static void see(const struct sock_observation *s, void *userdata)
{
	struct single_poll *l = userdata;

	held_observe(&l->held, s);
	if (l->sockets.max)
		sock_list_offer(&l->sockets, s);
}

static int scan(
	struct single_poll *l, struct source *source, const struct single_poll_settings *settings)
{
	struct poll_settings poll = settings->poll;
	int r;

	if (settings->explain || settings->sockets_max)
		poll.observer = (struct sock_observer){start, see, l};
	/* At first sight they ask the kernel for what it remembers. */
	r = settings->explain ? ages_new(AGES_TRACKED_DEFAULT, &l->ages) : 0;
	poll.ages = l->ages;
	if (r < 0)
		return r;
	r = settings->sockets_max ? sock_list_init(&l->sockets, settings->sockets_max) : 0;
	if (r == 0)
		r = tally_new(&l->tally);
	if (r < 0)
		return r;
	r = poll_once(source, l->tally, &poll, &l->snapshot);
	if (r < 0)
		memcpy(l->error, l->snapshot.scan.error, sizeof(l->error));
	return r;
}

static int name_owners(
	struct single_poll *l, struct source *source, const struct single_poll_settings *settings)
{
	int r = owners_new(source, settings->explain, &l->owners);

	if (r == 0)
		r = owners_name(l->owners, l->tally, &l->snapshot);
	if (r < 0)
		return r;
	sock_list_sort(&l->sockets);
	return owners_name_sockets(l->owners, l->tally, &l->sockets);
}

/* The sockets that the findings are about. Returns how many; *ret is the caller's to free, NULL for
 * lack of memory. */
static size_t choose_wanted(const struct single_poll *l, struct wanted_socket **ret)
{
	size_t count = 0;

	*ret = calloc(MAX(l->held.count, (size_t)1), sizeof(**ret));
	for (size_t i = 0; *ret && i < l->held.count; i++)
		if (findings_match(&l->findings, l->held.list[i].group))
			(*ret)[count++] = (struct wanted_socket){
				l->held.list[i].inode, l->held.list[i].group};
	return count;
}

static int find_processes(
	struct single_poll *l, struct source *source, const struct single_poll_settings *settings)
{
	cleanup_(freep) struct wanted_socket *wanted = NULL;
	const size_t count = choose_wanted(l, &wanted);
	const bool implicit =
		source->replayed || (geteuid() == 0 && count <= PROCESSES_IMPLICIT_MAX);
	int r;

	if (!wanted)
		return -ENOMEM;
	l->holders.omitted = l->held.omitted;
	if (!count || !(settings->processes || implicit)) {
		l->holders.could_inspect = count;
		return 0;
	}
	wanted_sockets_sort(wanted, count);
	r = processes_search(source, wanted, count, &l->processes);
	if (r == 0)
		l->holders.processes = &l->processes;
	/* A recording that was made without looking for them has none. */
	return r == -ENODATA ? 0 : r;
}

static int judge(
	struct single_poll *l, struct source *source, const struct single_poll_settings *settings)
{
	const bool explicit = settings->explain && settings->poll.filter.ports;
	int r = explicit ? diagnose_explicit(&l->snapshot, &l->findings)
			 : diagnose(&l->snapshot, &l->findings);

	return r == 0 && settings->explain ? find_processes(l, source, settings) : r;
}

int single_poll(
	struct source *source, const struct single_poll_settings *settings, struct single_poll *ret)
{
	int r;

	*ret = (struct single_poll){0};
	r = scan(ret, source, settings);
	if (r == 0)
		r = name_owners(ret, source, settings);
	if (r == 0)
		r = judge(ret, source, settings);
	if (r < 0 && !*ret->error)
		snprintf(ret->error, sizeof(ret->error), "%s", strerror(-r));
	return r;
}

void single_poll_release(struct single_poll *l)
{
	processes_release(&l->processes);
	findings_release(&l->findings);
	snapshot_release(&l->snapshot);
	sock_list_release(&l->sockets);
	held_release(&l->held);
	owners_freep(&l->owners);
	tally_freep(&l->tally);
	ages_freep(&l->ages);
}

int single_poll_attach(const struct single_poll *l, struct source *source)
{
	return owners_attach(l->owners, source);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "single_look.h"

#include "judge/concern.h"
#include "kernel/processes.h"
#include "util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void start(void *userdata)
{
	struct single_look *l = userdata;

	held_start(&l->held);
	sock_list_start(&l->sockets);
}

static void see(const struct sock_seen *s, void *userdata)
{
	struct single_look *l = userdata;

	held_see(&l->held, s);
	if (l->sockets.max)
		sock_list_offer(&l->sockets, s);
}

static int scan(
	struct single_look *l, struct source *source, const struct single_look_settings *settings)
{
	struct poll_settings poll = settings->poll;
	int r;

	if (settings->explain || settings->sockets_max)
		poll.witness = (struct sock_witness){start, see, l};
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
	struct single_look *l, struct source *source, const struct single_look_settings *settings)
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
static size_t choose_wanted(const struct single_look *l, struct wanted_socket **ret)
{
	size_t count = 0;

	*ret = calloc(MAX(l->held.count, (size_t)1), sizeof(**ret));
	for (size_t i = 0; *ret && i < l->held.count; i++)
		if (findings_concern(&l->findings, l->held.list[i].group))
			(*ret)[count++] = (struct wanted_socket){
				l->held.list[i].inode, l->held.list[i].group};
	return count;
}

static int find_processes(
	struct single_look *l, struct source *source, const struct single_look_settings *settings)
{
	cleanup_(freep) struct wanted_socket *wanted = NULL;
	const size_t count = choose_wanted(l, &wanted);
	const bool unasked = source->replayed || (geteuid() == 0 && count <= PROCESSES_UNASKED_MAX);
	int r;

	if (!wanted)
		return -ENOMEM;
	l->holders.omitted = l->held.omitted;
	if (!count || !(settings->processes || unasked)) {
		l->holders.could_look = count;
		return 0;
	}
	wanted_sockets_sort(wanted, count);
	r = processes_look(source, wanted, count, &l->processes);
	if (r == 0)
		l->holders.processes = &l->processes;
	/* A recording that was made without looking for them has none. */
	return r == -ENODATA ? 0 : r;
}

static int judge(
	struct single_look *l, struct source *source, const struct single_look_settings *settings)
{
	const bool asked = settings->explain && settings->poll.filter.ports;
	int r = asked ? diagnose_asked(&l->snapshot, &l->findings)
		      : diagnose(&l->snapshot, &l->findings);

	return r == 0 && settings->explain ? find_processes(l, source, settings) : r;
}

int single_look(
	struct source *source, const struct single_look_settings *settings, struct single_look *ret)
{
	int r;

	*ret = (struct single_look){0};
	r = scan(ret, source, settings);
	if (r == 0)
		r = name_owners(ret, source, settings);
	if (r == 0)
		r = judge(ret, source, settings);
	if (r < 0 && !*ret->error)
		snprintf(ret->error, sizeof(ret->error), "%s", strerror(-r));
	return r;
}

void single_look_release(struct single_look *l)
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

int single_look_note(const struct single_look *l, struct source *source)
{
	return owners_note(l->owners, source);
}

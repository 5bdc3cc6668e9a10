/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/single_poll.h"

#include "basic/log.h"
#include "command/command.h"
#include "command/source.h"
#include "kernel/devices.h"
#include "poll/owners.h"

#include <string.h>

static void start(void *userdata)
{
	struct single_poll *p = userdata;

	wanted_sockets_start(&p->wanted);
	sock_list_start(&p->sockets);
}

static void observe(const struct sock_observation *s, void *userdata)
{
	struct single_poll *p = userdata;

	wanted_sockets_observe(&p->wanted, s);
	if (p->sockets.max)
		sock_list_offer(&p->sockets, s);
}

static int scan(const struct options *o, struct poll_settings *settings, struct single_poll *p)
{
	const bool explains = o->action == ACTION_EXPLAIN;
	int r;

	if (explains || o->sockets_max)
		settings->observer = (struct sock_observer){start, observe, p};
	/* On the first scan they ask the kernel for what it remembers. */
	r = explains ? ages_new(AGES_TRACKED_DEFAULT, &p->ages) : 0;
	settings->ages = p->ages;
	if (r == 0 && o->sockets_max)
		r = sock_list_init(&p->sockets, o->sockets_max);
	if (r == 0)
		r = tally_new(&p->tally);
	if (r < 0)
		return r;
	r = poll_once(p->source, p->tally, settings, &p->snapshot);
	if (r < 0)
		memcpy(p->error, p->snapshot.scan.error, sizeof(p->error));
	return r;
}

static int name_devices(struct single_poll *p)
{
	cleanup_(devices_freep) struct devices *devices = NULL;
	int r = devices_new(p->source, &devices);

	for (size_t i = 0; i < p->sockets.count && r == 0; i++) {
		struct sock_observation *s = &p->sockets.list[i];

		if (s->record.device)
			devices_name(devices, s->record.device, s->device_name);
	}
	return r;
}

static int name_owners(const struct options *o, struct single_poll *p)
{
	int r = owners_new(p->source, o->action == ACTION_EXPLAIN, &p->owners);

	if (r == 0)
		r = owners_name(p->owners, p->tally, &p->snapshot);
	if (r < 0)
		return r;
	sock_list_sort(&p->sockets);
	owners_name_sockets(p->tally, &p->sockets);
	return name_devices(p);
}

int single_poll(const struct options *o, struct single_poll *ret)
{
	const bool explicit = o->action == ACTION_EXPLAIN && o->filter.ports;
	struct poll_settings settings;
	int r;

	*ret = (struct single_poll){0};
	r = prepare_poll(o, &ret->source, &settings);
	if (r != 0)
		return r;
	r = scan(o, &settings, ret);
	if (r == 0)
		r = name_owners(o, ret);
	if (r == 0)
		r = diagnose(&ret->snapshot, explicit, &ret->findings);
	if (r == 0)
		r = findings_list(&ret->findings, &ret->snapshot, o->ports_max);
	if (r == 0)
		return 0;
	if (!*ret->error)
		snprintf(ret->error, sizeof(ret->error), "%s", strerror(-r));
	log_line(LOG_ERR, "%s", ret->error);
	return EXIT_SCAN_FAILED;
}

void single_poll_release(struct single_poll *p)
{
	findings_release(&p->findings);
	snapshot_release(&p->snapshot);
	sock_list_release(&p->sockets);
	wanted_sockets_release(&p->wanted);
	owners_freep(&p->owners);
	tally_freep(&p->tally);
	ages_freep(&p->ages);
	source_freep(&p->source);
}

int single_poll_record(const struct options *o, const struct single_poll *p)
{
	int r = owners_attach(p->owners, p->source);
	int status = finish_recording(o, p->source);

	if (r == 0)
		return status;
	log_line(LOG_ERR, "cannot record the owners of the sockets: %s", strerror(-r));
	return EXIT_SCAN_FAILED;
}

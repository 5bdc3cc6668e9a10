/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/words.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "output/words_private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* A longer list of ports ends behind a comma. */
#define PORTS_SHOWN 60

void words_totals(struct string *s, const struct snapshot *snapshot)
{
	const struct snapshot_totals *t = &snapshot->totals;
	char number[FORMAT_SIZE];

	words_count(s, t->sockets, "socket", "sockets");
	if (!t->sockets)
		return;
	if (snapshot->scanned & STATE_SET_CLOSING)
		string_addf(s, " (%s closing)",
			t->closing_sockets ? format_count(number, t->closing_sockets) : "none");
	if (is_known(t->memory_bytes))
		string_addf(s, ", %s", format_bytes(number, t->memory_bytes));
}

/* What was not looked at: of the machine, or of single ports, which the filter may name. */
static void add_bounds(struct string *s, const struct snapshot *snapshot, bool by_ports)
{
	const struct filter *f = &snapshot->filter;
	const bool is_filtered = (by_ports && f->ports) || f->states != STATE_SET_ALL ||
				 !f->sides[SIDE_SERVER] || !f->sides[SIDE_CLIENT];

	if (!snapshot->scan.complete)
		string_add(s, " in what could be read");
	else if (is_filtered)
		string_add(s, " within this filter");
	else if (!by_ports && snapshot->established_from_counter)
		string_add(s, " (ESTABLISHED was not read)");
}

void words_nothing_found(struct string *s, const struct snapshot *snapshot)
{
	string_add(s, "Nothing found");
	add_bounds(s, snapshot, true);
	string_add(s, ": ");
	words_totals(s, snapshot);
}

void words_status(struct string *s, const struct snapshot *snapshot, const struct alerts *alerts)
{
	const size_t in_force = alerts_in_force(alerts);

	words_totals(s, snapshot);
	string_add(s, "; ");
	if (!in_force) {
		string_add(s, "no alert");
		return;
	}
	words_count(s, in_force, "alert", "alerts");
	string_addf(s, ": %s: ", alerts_get(alerts, 0)->rule.name);
	words_alert(s, alerts_get(alerts, 0));
}

void words_time(struct string *s, const struct timespec *t)
{
	char time[FORMAT_SIZE];

	string_add(s, format_time(time, t) ? time : "?");
}

/* A name of the system, or "?". */
static void add_known(struct string *s, const char *name)
{
	string_add_printable(s, *name ? name : "?");
}

void words_origin(struct string *s, const struct origin *o, uint64_t took_us)
{
	char took[FORMAT_SIZE];

	add_known(s, o->host);
	string_add(s, ", Linux ");
	add_known(s, o->kernel);
	if (strcmp(o->netns, "host") != 0) {
		string_add(s, ", network namespace ");
		add_known(s, o->netns);
	}
	string_add(s, ", ");
	words_time(s, &o->time);
	if (is_known(took_us))
		string_addf(s, ", read in %s",
			format_duration(
				took, (uint32_t)MIN(took_us / 1000, (uint64_t)UNKNOWN_U32)));
	string_add(s, o->replayed ? ", replayed from a recording" : "");
}

void words_ports(struct string *s, const struct service_set *ports)
{
	cleanup_(freep) char *list = service_set_format(ports);

	if (!list) {
		s->error = -ENOMEM;
		return;
	}
	if (strlen(list) > PORTS_SHOWN) {
		list[PORTS_SHOWN - 3] = '\0';
		strcpy(strrchr(list, ',') + 1, "...");
	}
	string_add(s, list);
}

static void add_filter(struct string *s, const struct snapshot *snapshot)
{
	const struct filter *f = &snapshot->filter;
	const char *separator = "";

	if (f->ports) {
		string_add(s, "port ");
		words_ports(s, f->ports);
		separator = "; ";
	}
	if (f->states != STATE_SET_ALL) {
		string_addf(s, "%sstate", separator);
		STATE_FOREACH(i)
			if (state_set_has(f->states, i))
				string_addf(s, " %s", state_name(i));
		separator = "; ";
	}
	if (!f->sides[SIDE_SERVER] || !f->sides[SIDE_CLIENT])
		string_addf(s, "%s%s side", separator,
			side_name(f->sides[SIDE_SERVER] ? SIDE_SERVER : SIDE_CLIENT));
}

static void add_incomplete(struct string *s, const struct snapshot *snapshot)
{
	if (!snapshot->scan.complete)
		string_add_printable(s, snapshot->scan.error);
}

static void add_from_proc(struct string *s, const struct snapshot *snapshot)
{
	if (scan_is_of_proc(&snapshot->scan))
		string_add(s, "Read from /proc/net/tcp and tcp6, which report neither buffers nor "
			      "backlogs: memory is too low where data is queued.");
}

static void add_scan_note(struct string *s, const struct snapshot *snapshot)
{
	string_add_printable(s, snapshot->scan.note);
}

static void add_from_counter(struct string *s, const struct snapshot *snapshot)
{
	if (snapshot->established_from_counter)
		string_add(s, "ESTABLISHED sockets were not read: their number is the kernel's "
			      "counter, their memory is unknown.");
}

const struct reservation reservations[RESERVATIONS] = {
	{"INCOMPLETE: ", SEVERITY_WARNING, add_incomplete},
	{"Filter: ", SEVERITY_OK, add_filter},
	{"", SEVERITY_OK, add_from_proc},
	{"", SEVERITY_OK, add_scan_note},
	{"", SEVERITY_OK, add_from_counter},
};

void words_prices(struct string *s, const struct snapshot *snapshot)
{
	static const char *const sources[] = {
		[PRICES_FROM_SLABINFO] = "from slabinfo",
		[PRICES_FROM_BTF] = "from the kernel's BTF",
		[PRICES_FROM_TABLE] = "compiled in, since this kernel reports no sizes",
	};
	const struct prices *p = &snapshot->prices;
	char tcp[FORMAT_SIZE], tw[FORMAT_SIZE], slab[FORMAT_SIZE];

	string_addf(s, "Memory is an estimate; object sizes %s (tcp_sock %s bytes, tw_sock %s).",
		sources[p->source], format_count(tcp, p->object[OBJECT_TCP_SOCK].bytes),
		format_count(tw, p->object[OBJECT_TW_SOCK].bytes));
	if (is_known(snapshot->slab_bytes))
		string_addf(s, " The allocator keeps %s for TCP on the whole host.",
			format_bytes(slab, snapshot->slab_bytes));
}

/* The limits of the machine, with where they are set. */
static const char *const limit_labels[LIMIT_COUNT] = {
	[LIMIT_TW_BUCKETS] = "TIME_WAIT and mini (tcp_max_tw_buckets)",
	[LIMIT_ORPHANS] = "orphans, whole host (tcp_max_orphans)",
	[LIMIT_TCP_MEM] = "buffer pages, whole host (tcp_mem)",
	[LIMIT_CONNTRACK] = "connection tracking (nf_conntrack_max)",
	[LIMIT_MEMORY] = "memory of these sockets (RAM)",
};

void words_limit(struct string *s, enum rule_limit limit, const struct snapshot *snapshot)
{
	if (limit != LIMIT_CLIENT_PORTS) {
		string_add(s, limit_labels[limit]);
		return;
	}
	string_add(s, "local ports ");
	if (snapshot->busiest.sockets)
		words_endpoints(s, &snapshot->busiest);
	else
		string_add(s, "to one destination");
	words_room(s, &snapshot->port_room, snapshot->client_ports.max);
}

void words_close_rates(struct string *s, const struct close_rates *c)
{
	static const struct {
		enum close_initiator initiator;
		const char *before, *after;
	} parts[] = {
		{CLOSED_LOCAL, "", " local"},
		{CLOSED_PEER, "about ", " by peers"},
		{CLOSED_RESET, "", " resets"},
	};
	const char *separator = "closes per minute: ";
	struct close_rates_estimate e;
	char number[FORMAT_SIZE];

	close_rates_of_namespace(c, &e);
	/* Nothing to say about a quiet machine. */
	if (e.by_initiator[CLOSED_ALL].value < 0.5)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const double value = e.by_initiator[parts[i].initiator].value;

		if (!is_known(value))
			continue;
		string_addf(s, "%s%s%s%s", separator, parts[i].before,
			format_count(number, (uint64_t)(value + 0.5)), parts[i].after);
		separator = ", ";
	}
}

/* How fast they come: without a better number, as many as are no older than a minute. */
static void add_new(struct string *s, const struct age_stats *ages)
{
	const uint32_t young = ages->tracked - ages->older[AGE_MARK_1_MINUTE];
	char number[FORMAT_SIZE], age[FORMAT_SIZE];

	if (!ages->tracked || !ages->median_ms)
		return;
	string_addf(s, "; median %s; %s%s new in the last minute",
		format_duration(age, ages->median_ms), is_known(ages->added) ? "" : "up to ",
		format_count(number, is_known(ages->added) ? ages->added : young));
}

void words_since(struct string *s, const struct finding *f)
{
	char age[FORMAT_SIZE];

	if (!is_known(f->sockets) || f->scope == SCOPE_TOTAL)
		return;
	if (!is_known(f->oldest_ms) || !f->oldest_ms)
		string_add(s, "unknown from one snapshot; --watch and the daemon track it");
	else
		string_addf(s, "oldest %s", format_duration(age, f->oldest_ms));
	if (f->ages)
		add_new(s, f->ages);
}

void words_whose(struct string *s, const struct finding *f)
{
	const struct whose *w = &f->whose;

	string_add(s, f->accepted_by ? "held by " : "");
	words_owner(s, w);
	if (!w->shares_count && w->owner && w->owner->kind != OWNER_USER && w->user) {
		string_add(s, ", user ");
		words_name(s, w->user, OWNER_SHOWN);
	}
	if (!f->accepted_by)
		return;
	string_add(s, "; accepted by ");
	words_name(s, f->accepted_by->name, OWNER_SHOWN);
}

void words_nothing_on_ports(struct string *s, const struct snapshot *snapshot, uint64_t ports)
{
	string_add(s, "Nothing found on ");
	words_count(s, ports, "more port", "more ports");
	add_bounds(s, snapshot, false);
	string_add_char(s, '.');
}

void words_no_socket_on(
	struct string *s, const struct snapshot *snapshot, const struct service_set *ports)
{
	string_add(s, snapshot->rest_ports ? "Unknown: port " : "No socket on port ");
	words_ports(s, ports);
	if (snapshot->rest_ports) {
		string_add(s, "; ");
		words_count(s, snapshot->rest_ports, "service is", "services are");
		string_add(s, " not counted one by one");
	} else {
		add_bounds(s, snapshot, false);
	}
	string_add_char(s, '.');
}

void words_nothing_on_port(
	struct string *s, const struct snapshot *snapshot, const struct port_tally *row)
{
	const struct whose whose = whose_of_service(snapshot->creators, row);
	const char *separator = ": ";
	char number[FORMAT_SIZE];

	words_port(s, &row->service, row->device, row->is_only, &whose);
	string_add(s, "nothing found");
	add_bounds(s, snapshot, false);
	string_add(s, "; ");
	words_count(s, port_tally_sum(row, STATE_SET_ALL).sockets, "socket", "sockets");
	string_addf(
		s, ", %s", format_bytes(number, port_tally_sum(row, STATE_SET_ALL).memory_bytes));
	STATE_FOREACH(i) {
		if (!row->states[i].sockets)
			continue;
		string_addf(s, "%s%s %s", separator, format_count(number, row->states[i].sockets),
			state_name(i));
		separator = ", ";
	}
}

void words_process(struct string *s, const struct process *p, const struct descriptors *d)
{
	string_addf(s, "pid %" PRIu32 " (", p->pid);
	string_add_printable(s, p->comm);
	string_add(s, "), ");
	words_count(s, d->total, "descriptor", "descriptors");
	for (size_t i = 0; i < d->known; i++)
		string_addf(s, "%s%" PRIu32, i ? ", " : ": ", d->list[i]);
	string_add(s, d->known < d->total ? ", ...; command: " : "; command: ");
	string_add_printable(s, p->command);
}

void words_refused(struct string *s, const struct processes *p)
{
	if (!p->refused)
		return;
	string_add(s, "Could not inspect ");
	words_count(s, p->refused, "process", "processes");
	/* If every socket has a process, those could at most have copies. */
	string_addf(s, " (permission denied)%s.",
		!p->unheld        ? ""
		: p->refused == 1 ? "; run as root to see it"
				  : "; run as root to see them");
}

void words_unheld(struct string *s, const struct processes *p)
{
	if (!p->unheld)
		return;
	string_add(s, "No process found for ");
	words_count(s, p->unheld, "socket.", "sockets.");
}

const char words_use_processes[] = "Use --processes to list the processes; run as root to see all.";
const char words_processes_omitted[] = "The list of processes is not complete.";

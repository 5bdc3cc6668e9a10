/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/words.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "basic/utf8.h"
#include "output/words_private.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

const char *const severity_labels[] = {
	[SEVERITY_OK] = "OK",
	[SEVERITY_NOTE] = "NOTE",
	[SEVERITY_WARNING] = "WARNING",
	[SEVERITY_CRITICAL] = "CRITICAL",
};

const char *const limit_nouns[LIMIT_COUNT] = {
	[LIMIT_TW_BUCKETS] = "TIME_WAIT and mini FIN_WAIT_2",
	[LIMIT_ORPHANS] = "orphaned sockets",
	[LIMIT_TCP_MEM] = "pages of TCP buffers",
	[LIMIT_CONNTRACK] = "connection tracking entries",
	[LIMIT_CLIENT_PORTS] = "local ports in use",
	[LIMIT_ACCEPT_QUEUE] = "connections waiting for accept()",
	[LIMIT_MEMORY] = "kernel memory of sockets",
};

void words_name(struct string *s, const char *name, size_t max)
{
	const size_t start = s->length;
	size_t cut = start; /* where a name that is too long ends */

	while (*name && !s->error) {
		const size_t length = utf8_printable_length(name), size = MAX(length, (size_t)1);

		if (s->length - start + size > max) {
			string_cut(s, cut);
			string_add(s, "...");
			return;
		}
		string_add_bytes(s, length ? name : "?", size);
		if (s->length - start + strlen("...") <= max)
			cut = s->length;
		name += size;
	}
}

void words_count(struct string *s, uint64_t n, const char *one, const char *many)
{
	char number[FORMAT_SIZE];

	string_addf(s, "%s %s", format_count(number, n), n == 1 ? one : many);
}

static void add_share(struct string *s, const struct owner_share *share)
{
	char number[FORMAT_SIZE];
	const bool is_acceptor = share->owner && owner_is_acceptor(share->owner);

	string_addf(s, "%s %s ", format_count(number, share->sockets),
		is_acceptor ? "accepted by" : "of");
	words_name(s, share->owner ? share->owner->name : "unknown owners", OWNER_SHOWN);
}

static void add_shares(struct string *s, const struct whose *w)
{
	char number[FORMAT_SIZE];

	for (size_t i = 0; i < w->shares_count; i++) {
		string_add(s, i ? ", " : "");
		add_share(s, &w->shares[i]);
	}
	if (!w->others)
		return;
	string_addf(s, ", %s of ", format_count(number, w->others_sockets));
	words_count(s, w->others, "other", "others");
}

void words_owner(struct string *s, const struct whose *w)
{
	if (w->shares_count) {
		add_shares(s, w);
	} else if (w->owner) {
		string_add(s, w->is_mixed ? "mostly " : "");
		string_add(s, w->is_acceptor ? "accepted by " : "");
		words_name(s, w->owner->name, OWNER_SHOWN);
	}
}

void words_service(
	struct string *s, const struct service_key *service, const char *device, bool is_only)
{
	const struct sock_address *a = &service->address;
	char address[INET6_ADDRSTRLEN] = "*", text[DEVICE_NAME_SIZE];
	const bool has_device = *device_label(text, service->device, device);
	const bool is_bound = (a->family || has_device) && !is_only;

	if (is_bound && a->family)
		inet_ntop(a->family, a->bytes, address, sizeof(address));
	if (is_bound) {
		string_addf(s, a->family == AF_INET6 ? "[%s" : "%s", address);
		if (has_device)
			string_add_char(s, '%');
		string_add_printable(s, text);
		string_add(s, a->family == AF_INET6 ? "]:" : ":");
	}
	string_addf(s, "%u", (unsigned)service->port);
}

void words_port(struct string *s, const struct service_key *service, const char *device,
	bool is_only, const struct whose *whose)
{
	string_add(s, service->side == SIDE_SERVER ? "port " : "to port ");
	words_service(s, service, device, is_only);
	if (whose->owner || whose->shares_count) {
		string_add(s, " (");
		words_owner(s, whose);
		string_add(s, ")");
	}
	string_add(s, ": ");
}

void words_owner_subject(struct string *s, const struct owner_key *key, const struct whose *whose)
{
	static const char *const sides[] = {
		[SIDE_SERVER] = "servers on this machine",
		[SIDE_CLIENT] = "clients on this machine",
		[SIDE_COUNT] = "other services",
	};

	if (whose->owner || whose->shares_count)
		words_owner(s, whose);
	else if (key->cgroup)
		string_addf(s, "cgroup %" PRIu64, key->cgroup);
	else
		string_add(s, sides[MIN(key->side, (uint64_t)SIDE_COUNT)]);
	string_add(s, ": ");
}

void words_over_ports(struct string *s, uint64_t ports, bool is_more)
{
	if (!is_known(ports))
		return;
	string_add(s, " over ");
	words_count(s, ports, is_more ? "more port" : "port", is_more ? "more ports" : "ports");
}

void words_listeners(struct string *s, uint64_t listeners)
{
	char number[FORMAT_SIZE];

	if (is_known(listeners) && listeners > 1)
		string_addf(s, ", the fullest of %s listeners", format_count(number, listeners));
}

void words_endpoints(struct string *s, const struct destination *d)
{
	static const uint8_t unknown[16];
	const bool is_known_source = memcmp(d->source, unknown, sizeof(unknown)) != 0;
	char text[ENDPOINT_SIZE];

	if (destination_is_source(d)) {
		string_addf(s, "from %s to any address",
			format_address(text, d->family, d->source, d->device_name));
		return;
	}
	string_addf(s, "to %s",
		format_device_endpoint(text, d->family, d->address, d->device_name, d->port));
	if (is_known_source)
		string_addf(s, " from %s", format_address(text, d->family, d->source, ""));
}

void words_destination(struct string *s, const struct destination *d, const struct whose *whose)
{
	words_endpoints(s, d);
	if (whose->owner) {
		string_add(s, " (");
		words_owner(s, whose);
		string_add_char(s, ')');
	}
	string_add(s, ": ");
}

void words_room(struct string *s, const struct port_room *room, uint64_t all)
{
	char min[FORMAT_SIZE], max[FORMAT_SIZE];

	if (is_known(room->usable_min) && (room->usable_max - room->usable_min) * 100 > all)
		string_addf(s, ", between %s and %s left", format_count(min, room->usable_min),
			format_count(max, room->usable_max));
}

void words_usage(struct string *s, const char *noun, const struct usage *u)
{
	char used[FORMAT_SIZE], max[FORMAT_SIZE], percent[FORMAT_SIZE];

	string_addf(s, "%s: %s", noun, format_count(used, u->used));
	if (is_known(u->max))
		string_addf(s, " of %s", format_count(max, u->max));
	/* Nothing is a share of 0, which a backlog may be. */
	if (usage_percent(u) >= 0)
		string_addf(s, " (%s)", format_percent(percent, usage_percent(u)));
}

void words_memory_and_age(struct string *s, uint64_t memory_bytes, uint32_t oldest_ms)
{
	char number[FORMAT_SIZE];

	if (is_known(memory_bytes))
		string_addf(s, ", %s", format_bytes(number, memory_bytes));
	/* At the first poll, 0 is as much as is known. */
	if (is_known(oldest_ms) && oldest_ms)
		string_addf(s, ", oldest %s", format_duration(number, oldest_ms));
}

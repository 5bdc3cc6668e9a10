/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/attribution.h"

#include "basic/array.h"
#include "basic/hash.h"
#include "basic/macro.h"
#include "model/cookie_table.h"
#include "model/evidence.h"
#include "model/port_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Of a service that is known, so many sockets are counted, to see whether that contradicts. */
#define CHECKED_SOCKETS 64

/* From here on every system's automatic ports may be; ours are known more exactly. */
#define EPHEMERAL_FROM 32768

#define PORTS 65536

/* One that is bound to no address; there are few of a port. */
struct listener {
	bool is_ipv4, only_ipv6;
	uint32_t known; /* its service's place in known, plus one; 0: there is no room */
	uint32_t next;  /* of the same port, plus one; 0: the last */
	struct service_key service;
};

/* Which listener takes new connections to an address that a service is bound to. */
enum taker {
	TAKER_UNKNOWN, /* not seen by a complete scan yet */
	TAKER_BOUND,   /* the service's own */
	TAKER_WILDCARD,
};

/* A service that is known. A client's key has its destination's address. */
struct known {
	struct service_key key;
	enum taker taker;  /* of a service that is bound to an address: in the last complete scan */
	bool was_listened; /* some complete scan had its listener */

	/* in this scan */
	uint32_t sockets, contradictions;
	bool listens;
	enum taker taker_now;
};

struct attribution {
	uint16_t port_first, port_last;
	uint32_t listener_of_port[PORTS]; /* the first one, plus one; 0: none */
	struct listener *listeners;
	size_t listeners_count, listeners_allocated;

	struct known *known;
	size_t known_count, known_allocated;
	struct service_map places; /* in known, plus one */
	uint64_t changes;          /* of what is known */
	/* The ports of clients, and of servers bound to an address or device as well. */
	struct port_set known_clients, known_bound;

	struct sharing counts;
	bool is_second_pass;
	struct sock_record *waiting;
	size_t waiting_count, waiting_allocated;
	bool overflowed; /* a socket that should have waited was placed */

	/* The sockets that came before another listener took their address, in the last complete
	 * scan and in this one: they stay with the service that took them. */
	struct cookie_table left, still_left;
};

int attribution_new(struct attribution **ret)
{
	/* Zeroed pages cost nothing until they are written to. */
	struct attribution *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	*ret = a;
	return 0;
}

struct attribution *attribution_free(struct attribution *a)
{
	if (a) {
		free(a->listeners);
		free(a->known);
		service_map_release(&a->places);
		free(a->left.slots);
		free(a->still_left.slots);
		free(a->waiting);
		free(a);
	}
	return NULL;
}

/* A slot is a cookie. */
static uint64_t slot_cookie(const void *slot)
{
	return *(const uint64_t *)slot;
}

static void set_slot_cookie(void *slot, uint64_t cookie)
{
	*(uint64_t *)slot = cookie;
}

static const struct cookie_slot slot_type = {sizeof(uint64_t), 64, slot_cookie, set_slot_cookie};

static bool cookies_have(const struct cookie_table *t, uint64_t cookie)
{
	return t->used && slot_cookie(cookie_table_find(t, &slot_type, cookie, hash_u64(cookie)));
}

/* Returns false if there is no room. */
static bool cookies_add(struct cookie_table *t, uint64_t cookie)
{
	bool is_new;

	if (t->used == ATTRIBUTION_LEFT_MAX)
		return cookies_have(t, cookie);
	t->used_max = ATTRIBUTION_LEFT_MAX;
	return cookie_table_get(t, &slot_type, cookie, &is_new);
}

static void cookies_clear(struct cookie_table *t)
{
	if (t->used)
		memset(t->slots, 0, t->slots_count * sizeof(uint64_t));
	t->used = 0;
}

/* What is known. */

static struct known *find_known(const struct attribution *a, const struct service_key *key)
{
	const uint32_t place = service_map_get(&a->places, key);

	return place ? &a->known[place - 1] : NULL;
}

/* The server of a port that is bound to no address. */
static struct known *find_unbound(const struct attribution *a, uint16_t port)
{
	const uint32_t place = a->places.plain[SIDE_SERVER][port];

	return place ? &a->known[place - 1] : NULL;
}

/* Makes what is known searchable. Returns 0 or -ENOMEM. */
static int index_known(struct attribution *a, size_t place)
{
	const struct service_key *k = &a->known[place].key;

	if (k->side == SIDE_CLIENT)
		port_set_add(&a->known_clients, k->port);
	else if (service_key_is_bound(k))
		port_set_add(&a->known_bound, k->port);
	return service_map_set(&a->places, k, (uint32_t)place + 1);
}

/* Returns 0 with its place in *ret, -ENOMEM or -ENOSPC. */
static int add_known(struct attribution *a, const struct service_key *key, uint32_t *ret)
{
	const struct known *found = find_known(a, key);
	int r;

	if (found) {
		*ret = (uint32_t)(found - a->known);
		return 0;
	}
	if (a->known_count == ATTRIBUTION_KNOWN_MAX)
		return -ENOSPC;
	r = ARRAY_GROW(a->known, a->known_allocated, a->known_count + 1);
	if (r < 0)
		return r;
	a->known[a->known_count] = (struct known){.key = *key};
	r = index_known(a, a->known_count);
	if (r < 0)
		return r;
	*ret = (uint32_t)a->known_count++;
	a->changes++;
	return 0;
}

int attribution_restore_known(struct attribution *a, const struct service_key *known)
{
	uint32_t place;

	return add_known(a, known, &place);
}

uint64_t attribution_changes(const struct attribution *a)
{
	return a->changes;
}

size_t attribution_known_count(const struct attribution *a)
{
	return a->known_count;
}

void attribution_foreach_known(const struct attribution *a, attribution_known_fn fn, void *userdata)
{
	for (size_t i = 0; i < a->known_count; i++)
		fn(&a->known[i].key, userdata);
}

/* Whether the counts say the other side of most of its sockets that were counted. */
static bool is_refuted(const struct known *k)
{
	return 2 * k->contradictions > MIN(k->sockets, (uint32_t)CHECKED_SOCKETS);
}

/* After a complete scan, only those that have sockets stay known, unless these contradict it. */
static void forget_known(struct attribution *a)
{
	const struct cookie_table left = a->still_left;
	size_t kept = 0;

	for (size_t i = 0; i < a->known_count; i++) {
		if (!a->known[i].sockets || is_refuted(&a->known[i]))
			continue;
		a->known[kept] = a->known[i];
		a->known[kept].taker = a->known[i].taker_now ? a->known[i].taker_now : TAKER_BOUND;
		a->known[kept++].was_listened |= a->known[i].listens;
	}
	a->still_left = a->left;
	a->left = left;
	if (kept == a->known_count)
		return;
	a->changes++;
	a->known_count = 0;
	memset(&a->known_clients, 0, sizeof(a->known_clients));
	memset(&a->known_bound, 0, sizeof(a->known_bound));
	service_map_clear(&a->places);
	/* There is room: as many were in the map before. */
	for (size_t i = 0; i < kept; i++)
		if (index_known(a, i) == 0)
			a->known_count++;
}

/* Listeners. */

static void forget_listeners(struct attribution *a)
{
	for (size_t i = 0; i < a->listeners_count; i++)
		a->listener_of_port[a->listeners[i].service.port] = 0;
	a->listeners_count = 0;
}

void attribution_add_listener(
	struct attribution *a, const struct sock_record *r, struct service_key *ret)
{
	const struct sock_address address = sock_address_local(r);
	struct listener l = {
		.is_ipv4 = r->family == AF_INET,
		.only_ipv6 = r->only_ipv6,
		.next = a->listener_of_port[r->local_port],
		.service = {.side = SIDE_SERVER, .port = r->local_port, .device = r->device},
	};
	const bool is_wildcard = sock_address_is_wildcard(&address);
	uint32_t place;

	if (!is_wildcard)
		l.service.address = address;
	*ret = l.service;
	if (add_known(a, &l.service, &place) == 0) {
		a->known[place].sockets++;
		a->known[place].listens = true;
		l.known = place + 1;
	}
	/* Those bound to an address are found in what is known. */
	if (!is_wildcard ||
		ARRAY_GROW(a->listeners, a->listeners_allocated, a->listeners_count + 1) < 0)
		return;
	a->listeners[a->listeners_count++] = l;
	a->listener_of_port[r->local_port] = (uint32_t)a->listeners_count;
}

/*
 * How well a wildcard's listener matches, as the kernel scores it; 0: not at all. One that is bound
 * to the device goes first, then IPv4 for an IPv4 connection, which an IPv6 wildcard takes as well
 * unless it is IPV6_V6ONLY.
 */
static unsigned score_listener(
	const struct listener *l, const struct sock_record *r, const struct sock_address *local)
{
	const unsigned score = l->service.device ? 3 : 1;

	if (l->service.device && l->service.device != r->device)
		return 0;
	/* A full socket has its listener's family; a request has its own. */
	if (l->is_ipv4)
		return r->family == AF_INET ? score + 1 : 0;
	return local->family == AF_INET6 || !l->only_ipv6 ? score : 0;
}

static const struct listener *find_listener(
	const struct attribution *a, const struct sock_record *r, const struct sock_address *local)
{
	const struct listener *best = NULL;
	unsigned best_score = 0;

	for (uint32_t i = a->listener_of_port[r->local_port]; i; i = a->listeners[i - 1].next) {
		const struct listener *l = &a->listeners[i - 1];
		const unsigned score = score_listener(l, r, local);

		if (score > best_score) {
			best = l;
			best_score = score;
		}
	}
	return best;
}

/* What was known before. */

/* Of a link-local address, the device is a part; else a socket is bound to it. */
static uint32_t bound_device(const struct sock_record *r, const struct sock_address *a)
{
	return sock_address_is_link_local(a) ? 0 : r->device;
}

/* The known service that is bound to a local address, and to its device rather than to none. */
static struct known *find_server_at(const struct attribution *a, const struct sock_record *r,
	const struct sock_address *address)
{
	struct service_key key = {
		.side = SIDE_SERVER,
		.port = r->local_port,
		.device = r->device,
		.address = *address,
	};
	struct known *k;

	if (!port_set_has(&a->known_bound, r->local_port))
		return NULL;
	k = find_known(a, &key);
	if (k || !key.device)
		return k;
	key.device = 0;
	return find_known(a, &key);
}

static enum taker other_taker(enum taker t)
{
	return t == TAKER_BOUND ? TAKER_WILDCARD : TAKER_BOUND;
}

/* Which one took the connections that came before this scan. A listener that is new took none if a
 * wildcard's was there before it. */
static enum taker taker_before(const struct attribution *a, const struct known *bound)
{
	const struct known *unbound = find_unbound(a, bound->key.port);

	if (bound->taker)
		return bound->taker;
	return bound->listens && unbound && unbound->was_listened ? TAKER_WILDCARD : TAKER_BOUND;
}

/*
 * Which one took a socket at the address of a bound service: the one that takes them now, but for
 * what came while it was the other. Of those that there is no room for, nothing is known.
 */
static enum taker taker_of(
	struct attribution *a, struct known *bound, bool has_wildcard, const struct sock_record *r)
{
	const enum taker before = taker_before(a, bound);
	enum taker took = before;

	bound->taker_now = bound->listens ? TAKER_BOUND : has_wildcard ? TAKER_WILDCARD : before;
	if (!r->cookie)
		return TAKER_BOUND;
	if (cookies_have(&a->left, r->cookie))
		took = other_taker(before);
	if (took != bound->taker_now && !cookies_add(&a->still_left, r->cookie))
		took = bound->taker_now;
	return took;
}

/* Of the known services that no listener decides for, the one that is bound the most exactly. */
static struct known *find_server(
	struct attribution *a, const struct sock_record *r, const struct sock_address *local)
{
	struct known *bound = find_server_at(a, r, local),
		     *unbound = find_server_at(a, r, &(struct sock_address){0});

	if (!unbound)
		unbound = find_unbound(a, r->local_port);
	if (bound && (!unbound || taker_of(a, bound, false, r) == TAKER_BOUND))
		return bound;
	return unbound;
}

static struct known *find_client(
	const struct attribution *a, const struct sock_record *r, const struct sock_address *remote)
{
	const struct service_key key = {
		.side = SIDE_CLIENT,
		.port = r->remote_port,
		.address = *remote,
		.device = bound_device(r, remote),
	};

	return port_set_has(&a->known_clients, r->remote_port) ? find_known(a, &key) : NULL;
}

/* Counts. */

struct ends {
	struct sock_address local, remote;
};

/* How likely a port was chosen automatically. Our own range is known: what is outside of it was
 * chosen by a program. */
static unsigned ephemeral_rank(const struct attribution *a, uint16_t port, bool is_ours)
{
	const bool is_in_range = a->port_first <= port && port <= a->port_last;

	if (is_ours && a->port_last && !is_in_range)
		return 0;
	if (port >= EPHEMERAL_FROM)
		return 2;
	return is_in_range;
}

static bool is_served(const struct attribution *a, uint16_t port)
{
	return find_unbound(a, port) || port_set_has(&a->known_bound, port);
}

/* Clients that show in this way that they are root's, of NFS above all, choose from these ports
 * (include/linux/sunrpc/xprtsock.h: RPC_DEF_MIN_RESVPORT, RPC_DEF_MAX_RESVPORT). */
static bool is_reserved(uint16_t port)
{
	return port >= 665 && port <= 1023;
}

static enum sock_side guess_side(const struct attribution *a, const struct sock_record *r)
{
	const unsigned ours = ephemeral_rank(a, r->local_port, true);
	const unsigned theirs = ephemeral_rank(a, r->remote_port, sock_is_to_itself(r));

	/* Bound to a port of its own choice and not connected yet: only a server does that. */
	if (!r->remote_port)
		return ours ? SIDE_CLIENT : SIDE_SERVER;
	/* What serves a port on another address is likely what serves it here, or there. */
	if (is_served(a, r->local_port) != is_served(a, r->remote_port))
		return is_served(a, r->local_port) ? SIDE_SERVER : SIDE_CLIENT;
	if (ours != theirs)
		return ours > theirs ? SIDE_CLIENT : SIDE_SERVER;
	if (is_reserved(r->local_port) != is_reserved(r->remote_port))
		return is_reserved(r->local_port) ? SIDE_CLIENT : SIDE_SERVER;
	return r->local_port <= r->remote_port ? SIDE_SERVER : SIDE_CLIENT;
}

static struct evidence evidence_for(
	const struct attribution *a, const struct sock_record *r, const struct sock_address *remote)
{
	return evidence_of(&a->counts, r, remote, guess_side(a, r));
}

/* Counts a socket; the second pass has the counts of the first. */
static struct evidence count(
	struct attribution *a, const struct sock_record *r, const struct sock_address *remote)
{
	if (!a->is_second_pass)
		sharing_count(&a->counts, r, remote);
	return evidence_for(a, r, remote);
}

static struct service_key key_of(enum sock_side side, const struct sock_record *r)
{
	const struct sock_address end =
		side == SIDE_SERVER ? sock_address_local(r) : sock_address_remote(r);

	return (struct service_key){
		.side = (uint8_t)side,
		.port = side == SIDE_SERVER ? r->local_port : r->remote_port,
		.device = bound_device(r, &end),
	};
}

/* Remembers what a count said: a server's port, or a client's destination. A remote port that many
 * destinations share is not remembered: what comes from it may as well be a peer's own choice. */
static void remember(struct attribution *a, const struct sock_record *r, enum sock_side side,
	const struct evidence *e)
{
	struct service_key key = key_of(side, r);
	uint32_t place;

	if (side == SIDE_CLIENT) {
		if (!evidence_outweighs(e->remote, e->peers, AT_END))
			return;
		key.address = sock_address_remote(r);
	}
	if (add_known(a, &key, &place) == 0)
		a->known[place].sockets++;
}

/* Placing. */

static void start_known(struct attribution *a)
{
	for (size_t i = 0; i < a->known_count; i++)
		a->known[i] = (struct known){
			.key = a->known[i].key,
			.taker = a->known[i].taker,
			.was_listened = a->known[i].was_listened,
		};
	cookies_clear(&a->still_left);
}

void attribution_start(struct attribution *a, uint16_t port_first, uint16_t port_last)
{
	forget_listeners(a);
	start_known(a);
	sharing_start(&a->counts, port_first, port_last);
	a->port_first = port_first;
	a->port_last = port_last;
	a->is_second_pass = false;
	a->waiting_count = 0;
	a->overflowed = false;
}

void attribution_start_again(struct attribution *a)
{
	forget_listeners(a);
	start_known(a);
	a->is_second_pass = true;
	a->waiting_count = 0;
}

static struct service_key service_of(const struct known *k)
{
	struct service_key key = k->key;

	if (key.side == SIDE_CLIENT)
		key.address = (struct sock_address){0};
	return key;
}

static void place_with(struct known *k, struct service_key *ret)
{
	k->sockets++;
	*ret = k->key;
}

/* Places a socket by its listener: one that is bound to the very address, before a wildcard's.
 * Returns false if nothing listens. */
static bool place_by_listener(
	struct attribution *a, const struct sock_record *r, struct service_key *ret)
{
	const bool has_bound = port_set_has(&a->known_bound, r->local_port);
	const struct listener *wildcard;
	struct known *bound = NULL, *unbound = NULL;
	struct sock_address local;

	/* Most sockets of clients end here. */
	if (!has_bound && !a->listener_of_port[r->local_port])
		return false;
	local = sock_address_local(r);
	wildcard = find_listener(a, r, &local);
	if (has_bound)
		bound = find_server_at(a, r, &local);
	if (!wildcard && !(bound && bound->listens))
		return false;
	if (wildcard && wildcard->known)
		unbound = &a->known[wildcard->known - 1];
	else if (!wildcard)
		unbound = find_unbound(a, r->local_port);
	if (bound && (!unbound || taker_of(a, bound, wildcard, r) == TAKER_BOUND))
		place_with(bound, ret);
	else if (unbound)
		place_with(unbound, ret);
	else
		*ret = wildcard->service;
	return true;
}

/* A server's port is contradicted only by one destination of many local ports. */
static bool contradicts(const struct known *k, const struct evidence *e)
{
	if (k->listens)
		return false;
	return k->key.side == SIDE_SERVER
		       ? evidence_outweighs(e->remote, e->peers, AT_ONCE)
		       : evidence_outweighs(e->peers, MAX(e->remote, e->local_ports), AT_ONCE);
}

/*
 * Where both sides know the socket, the counts choose; where one does, the counts of its first
 * sockets may contradict it. Counting all of them would only add noise to the counts of others.
 */
static bool place_by_memory(struct attribution *a, const struct sock_record *r,
	const struct ends *at, bool was_counted, struct service_key *ret)
{
	struct known *server = find_server(a, r, &at->local),
		     *client = find_client(a, r, &at->remote);
	struct known *k = server ? server : client;
	struct evidence e;
	enum sock_side side;

	if (!k)
		return false;
	if ((server && client) || k->sockets < CHECKED_SOCKETS) {
		e = was_counted ? evidence_for(a, r, &at->remote) : count(a, r, &at->remote);
		if (server && client && evidence_decides(&e, AT_END, &side))
			k = side == SIDE_SERVER ? server : client;
		k->contradictions += contradicts(k, &e);
	}
	k->sockets++;
	*ret = service_of(k);
	return true;
}

static void place_by_guess(
	struct attribution *a, const struct sock_record *r, struct service_key *ret)
{
	const enum sock_side side = guess_side(a, r);

	sharing_note_guess(&a->counts, r, side);
	*ret = key_of(side, r);
}

static bool wait(struct attribution *a, const struct sock_record *r)
{
	if (a->waiting_count == ATTRIBUTION_WAITING_MAX ||
		ARRAY_GROW(a->waiting, a->waiting_allocated, a->waiting_count + 1) < 0) {
		a->overflowed = true;
		return false;
	}
	a->waiting[a->waiting_count++] = *r;
	return true;
}

/* Returns false if it waits. */
static bool place_without_listener(
	struct attribution *a, const struct sock_record *r, struct service_key *ret)
{
	const struct ends at = {sock_address_local(r), sock_address_remote(r)};
	enum sock_side side;
	struct evidence e;

	if (place_by_memory(a, r, &at, false, ret))
		return true;
	/* Without a peer there is nothing to share. */
	if (!r->remote_port) {
		*ret = key_of(guess_side(a, r), r);
		return true;
	}
	e = count(a, r, &at.remote);
	if (evidence_decides(&e, a->is_second_pass ? AT_END : AT_ONCE, &side)) {
		remember(a, r, side, &e);
		*ret = key_of(side, r);
		return true;
	}
	if (!a->is_second_pass && wait(a, r))
		return false;
	place_by_guess(a, r, ret);
	return true;
}

bool attribution_place(struct attribution *a, const struct sock_record *r, struct service_key *ret)
{
	return place_by_listener(a, r, ret) || place_without_listener(a, r, ret);
}

/* Places a socket that waited by all counts. Returns false if they are even. */
static bool place_counted(
	struct attribution *a, const struct sock_record *r, struct service_key *ret)
{
	const struct ends at = {sock_address_local(r), sock_address_remote(r)};
	struct evidence e;
	enum sock_side side;

	if (place_by_memory(a, r, &at, true, ret))
		return true;
	e = evidence_for(a, r, &at.remote);
	if (!evidence_decides(&e, AT_END, &side))
		return false;
	remember(a, r, side, &e);
	*ret = key_of(side, r);
	return true;
}

/* What the counts decide for some may be a memory for others. */
static void place_waiting(struct attribution *a, attribution_fn fn, void *userdata)
{
	struct service_key service;
	size_t even = 0;

	for (size_t i = 0; i < a->waiting_count; i++) {
		if (place_counted(a, &a->waiting[i], &service))
			fn(&a->waiting[i], &service, userdata);
		else
			a->waiting[even++] = a->waiting[i];
	}
	for (size_t i = 0; i < even; i++) {
		const struct sock_record *r = &a->waiting[i];

		if (!place_counted(a, r, &service))
			service = key_of(guess_side(a, r), r);
		fn(r, &service, userdata);
	}
	a->waiting_count = 0;
}

bool attribution_finish(struct attribution *a, bool complete, attribution_fn fn, void *userdata)
{
	bool again = !a->is_second_pass && a->overflowed && sharing_refutes_a_guess(&a->counts);

	place_waiting(a, fn, userdata);
	for (size_t i = 0; i < a->known_count && !a->is_second_pass; i++)
		again = again || is_refuted(&a->known[i]);
	if (complete)
		forget_known(a);
	return again;
}

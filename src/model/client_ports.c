/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/client_ports.h"

#include "basic/hash.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/service.h"

#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* Half of the ports is nearly used up with fewer free ones than one in so many: all were in use,
 * and some were freed since. With fewer still it is used up. */
#define NEARLY_ONE_IN 4
#define FULL_ONE_IN   64

/* As many ports that connect() would share between two destinations, and does not, tell that they
 * are bound. */
#define SHARED_EXPECTED 8.0

#define EVEN_PORTS  (UINT64_MAX / 3) /* every other bit, from the first on */
#define LOOPBACK_V4 127
#define LO_INDEX    1 /* LOOPBACK_IFINDEX, include/net/flow.h */

void client_ports_start(struct client_ports *c, uint16_t first, uint16_t last, uint32_t delay_ms)
{
	/* Zeroed pages cost nothing: only what a scan touched is cleared. */
	if (c->dirty) {
		for (size_t i = 0; i < PORT_SETS_MAX; i++)
			if (c->sets[i].used)
				memset(&c->sets[i], 0, sizeof(c->sets[i]));
		memset(c, 0, offsetof(struct client_ports, source));
		memset(c->source, 0, sizeof(c->source));
		memset(c->slot, 0, sizeof(c->slot));
	}
	c->first = first;
	c->last = last;
	c->reuse_delay_ms = delay_ms;
	c->used = 0;
	c->decrements = 0;
}

static uint64_t hash_of(uint64_t hash, const uint8_t address[16])
{
	uint64_t words[2];

	memcpy(words, address, sizeof(words));
	return hash_add(hash_add(hash, words[0]), words[1]);
}

static bool is_same(const struct destination *a, const struct destination *b)
{
	return a->port == b->port && a->family == b->family && a->device == b->device &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0 &&
	       memcmp(a->source, b->source, sizeof(a->source)) == 0;
}

/* The slot of a key, or the free one where it belongs. There is one: at most half are used. */
static uint16_t *slot_of(struct client_ports *c, const struct destination *key)
{
	uint64_t hash = hash_of(
		hash_of((uint64_t)key->device << 16 | key->port, key->source), key->address);
	uint32_t i = hash_home(hash, PORT_USER_SLOTS);

	while (c->slot[i] && !is_same(&c->user[c->slot[i] - 1].key, key))
		i = hash_next(i, PORT_USER_SLOTS);
	return &c->slot[i];
}

static void release_sets(struct client_ports *c, const struct port_user *u)
{
	if (u->sets)
		memset(&c->sets[u->sets - 1], 0, sizeof(c->sets[0]));
}

/* Decrements every counter and drops those that reach 0: the step that bounds the table. */
static void decrement_all(struct client_ports *c)
{
	uint32_t kept = 0;

	memset(c->slot, 0, sizeof(c->slot));
	for (uint32_t i = 0; i < c->used; i++) {
		struct port_user *u = &c->user[i];

		if (--u->key.sockets == 0) {
			release_sets(c, u);
			continue;
		}
		if (kept != i)
			c->user[kept] = *u;
		*slot_of(c, &c->user[kept].key) = (uint16_t)(kept + 1);
		kept++;
	}
	c->used = kept;
	c->decrements++;
}

/* The counter of a key, or NULL when it was spent on making room. */
static struct port_user *user_of(struct client_ports *c, const struct destination *key)
{
	uint16_t *slot = slot_of(c, key);

	if (*slot)
		return &c->user[*slot - 1];
	if (c->used == PORT_USERS_MAX) {
		decrement_all(c);
		return NULL;
	}
	c->user[c->used] = (struct port_user){.key = *key, .missed = c->decrements};
	*slot = (uint16_t)++c->used;
	return &c->user[*slot - 1];
}

/* Moves the list into a pair of sets, if one is free. */
static void take_sets(struct client_ports *c, struct port_user *u)
{
	for (uint16_t i = 0; i < PORT_SETS_MAX && !u->sets; i++) {
		struct port_sets *s = &c->sets[i];

		if (s->used)
			continue;
		s->used = true;
		u->sets = (uint16_t)(i + 1);
		for (uint32_t k = 0; k < u->listed; k++)
			port_set_add(u->list_waits >> k & 1 ? &s->waits : &s->held, u->list[k]);
	}
}

static void add_port(struct client_ports *c, struct port_user *u, uint16_t port, bool waits)
{
	if (!u->sets && u->listed == PORT_LIST_MAX)
		take_sets(c, u);
	if (u->sets) {
		port_set_add(
			waits ? &c->sets[u->sets - 1].waits : &c->sets[u->sets - 1].held, port);
	} else if (u->listed < PORT_LIST_MAX) {
		u->list_waits |= (uint32_t)waits << u->listed;
		u->list[u->listed++] = port;
	} else {
		u->unplaced++;
	}
}

static void count_user(struct client_ports *c, const struct destination *key,
	const struct sock_record *r, bool waits)
{
	struct port_user *u = user_of(c, key);

	if (!u)
		return;
	u->key.sockets++;
	add_port(c, u, r->local_port, waits);
	u->young += waits &&
		    TIME_WAIT_MS - MIN(r->expires_ms, (uint32_t)TIME_WAIT_MS) < c->reuse_delay_ms;
	if (r->cgroup_id)
		majority_vote(&u->cgroup, r->cgroup_id);
	if (r->inode && r->uid != UID_OVERFLOW)
		majority_vote(&u->uid, r->uid);
}

/* What a client's socket shows of its port. */
static void count_client(struct client_ports *c, const struct destination *key,
	const struct sock_record *r, bool waits)
{
	const uint16_t port = r->local_port, source = (uint16_t)(hash_of(0, key->source) | 1);

	port_set_add(r->kind == KIND_MINI ? &c->waiting : &c->connected, port);
	if (port_set_has(&c->shared, port) || port_set_has(&c->mixed, port))
		port_set_add(&c->third, port);
	if (!c->source[port])
		c->source[port] = source;
	else
		port_set_add(c->source[port] == source ? &c->shared : &c->mixed, port);
	count_user(c, key, r, waits);
}

static void count_wildcard(struct client_ports *c, const struct sock_record *r)
{
	port_set_add(r->family == AF_INET ? &c->wildcard4 : &c->wildcard6, r->local_port);
	if (!r->only_ipv6)
		port_set_add(&c->wildcard4, r->local_port);
}

void client_ports_count(struct client_ports *c, const struct sock_record *r, enum sock_side side)
{
	const bool waits = r->kind == KIND_MINI && r->state == STATE_TIME_WAIT;
	struct destination key = {.device = r->device, .port = r->remote_port};
	struct sock_address source;

	/* A request is in no bind bucket. */
	if (!c->last || r->local_port < c->first || r->local_port > c->last ||
		r->kind == KIND_REQUEST)
		return;
	c->dirty = true;
	source = sock_address_local(r);
	key.family = source.family;
	memcpy(key.source, source.bytes, sizeof(key.source));
	/* Without a connection only a socket that was bound has a port (net/ipv4/tcp.c:
	 * tcp_set_state). */
	if (side == SIDE_SERVER || !r->remote_port || r->state == STATE_LISTEN ||
		r->state == STATE_CLOSE) {
		port_set_add(&c->taken, r->local_port);
	} else {
		const struct sock_address address = sock_address_remote(r);

		memcpy(key.address, address.bytes, sizeof(key.address));
		count_client(c, &key, r, waits);
	}
	if (sock_address_is_wildcard(&source)) {
		count_wildcard(c, r);
		return;
	}
	memset(key.address, 0, sizeof(key.address));
	key.port = 0;
	count_user(c, &key, r, waits);
}

/* What became known of the ports. */
struct verdict {
	const struct client_ports *counts;
	const struct limits *limits;
	uint64_t even;          /* in a word: the ports of the parity that connect() begins with */
	bool has_parity;        /* it does */
	struct port_set room;   /* the range, without reserved ports */
	struct port_set open;   /* those that connect() takes, unless it has the very connection */
	struct port_set likely; /* of them, those that it probably takes */
	struct port_set sure;   /* of them, those that it certainly takes */
	struct port_set bound;  /* by bind(), which keeps connect() away */
	struct port_set lone;   /* of one client's socket that connect() or bind() to port 0 put
				   there */
	struct port_set lone_waits; /* of one TIME_WAIT, which may have been bound in any way */
	struct port_set contested;  /* bound, but for at most contested_max of them, by connect() */
	uint64_t contested_max;
	struct port_set unlikely;  /* of these, those that probably were */
	struct port_set halves[2]; /* open before bound was known: the parity of bind(), of
				      connect() */
	uint64_t half_open[2];     /* how many those are */
	uint64_t all, all_open, all_likely, all_sure; /* likewise */
};

/* The words of sets that have ports of the range. */
#define WORD_FOREACH(i, v)                                                                         \
	for (size_t i = (v)->counts->first / 64; (i) <= (size_t)(v)->counts->last / 64; (i)++)

static uint64_t pop(const struct verdict *v, const struct port_set *s)
{
	uint64_t n = 0;

	WORD_FOREACH(i, v)
		n += (uint64_t)__builtin_popcountll(s->bits[i]);
	return n;
}

static void add_sets(const struct verdict *v, const struct port_user *u, bool held, bool waits,
	struct port_set *ret)
{
	for (uint32_t i = 0; i < u->listed && !u->sets; i++)
		if (u->list_waits >> i & 1 ? waits : held)
			port_set_add(ret, u->list[i]);
	if (!u->sets)
		return;
	WORD_FOREACH(i, v)
		ret->bits[i] |= (held ? v->counts->sets[u->sets - 1].held.bits[i] : 0) |
				(waits ? v->counts->sets[u->sets - 1].waits.bits[i] : 0);
}

/* How many of a's ports a user has. */
static uint64_t pop_user(
	const struct verdict *v, const struct port_user *u, const struct port_set *a, bool waits)
{
	uint64_t n = 0;

	if (!u)
		return 0;
	if (u->sets) {
		const struct port_sets *s = &v->counts->sets[u->sets - 1];

		WORD_FOREACH(i, v)
			n += (uint64_t)__builtin_popcountll(
				a->bits[i] & (s->held.bits[i] | (waits ? s->waits.bits[i] : 0)));
		return n;
	}
	for (uint32_t i = 0; i < u->listed; i++)
		n += (waits || !(u->list_waits >> i & 1)) && port_set_has(a, u->list[i]);
	return n;
}

/* How far a user has used up the open ports of one parity. */
enum use { USE_FREE, USE_NEARLY, USE_FULL };

static enum use use_of(const struct verdict *v, const struct port_user *u, bool even)
{
	const uint64_t total = v->half_open[even];
	const uint64_t free = total - pop_user(v, u, &v->halves[even], true);

	if (free * NEARLY_ONE_IN > total)
		return USE_FREE;
	return free * FULL_ONE_IN > total ? USE_NEARLY : USE_FULL;
}

static bool is_source(const struct port_user *u)
{
	return !u->key.port;
}

static bool is_from(const struct port_user *u, const struct port_user *source)
{
	return !is_source(u) && u->key.device == source->key.device &&
	       u->key.family == source->key.family &&
	       memcmp(u->key.source, source->key.source, sizeof(source->key.source)) == 0;
}

/*
 * How many of a source's lone ports, of the parity that connect() begins with, it can have chosen;
 * bind() chose the others. If two destinations are connected by connect(), each pair of their
 * sockets shares a port with the probability of one in as many ports as there are, and a shared
 * port is not lone. So of destinations that share hardly any, connect() chose the ports of one, and
 * of few sockets more.
 */
static uint64_t connected_max(
	const struct verdict *v, const struct port_user *source, const struct port_set *lone)
{
	const struct client_ports *c = v->counts;
	const double all = (double)pop_user(v, source, lone, true);
	double largest = 0, pairs = all * all, ports = MAX((double)v->half_open[true], 1.0);
	struct port_set shared = {0};

	for (uint32_t i = 0; i < c->used; i++) {
		const struct port_user *u = &c->user[i];
		const double own = is_from(u, source) ? (double)pop_user(v, u, lone, true) : 0;

		pairs -= own * own;
		largest = MAX(largest, own);
	}
	WORD_FOREACH(i, v)
		shared.bits[i] = c->shared.bits[i] & v->halves[true].bits[i];
	pairs /= 2 * ports;
	if (pairs < SHARED_EXPECTED ||
		(double)pop_user(v, source, &shared, true) * NEARLY_ONE_IN > pairs)
		return UNKNOWN;
	return (uint64_t)(largest + sqrt(2 * SHARED_EXPECTED * ports));
}

/* The source that a user's sockets have, as a user; NULL: not known. */
static const struct port_user *source_of(const struct verdict *v, const struct port_user *u)
{
	const struct client_ports *c = v->counts;

	for (uint32_t i = 0; i < c->used; i++)
		if (is_source(&c->user[i]) && is_from(u, &c->user[i]))
			return &c->user[i];
	return NULL;
}

enum origin { FROM_BIND, FROM_CONNECT, FROM_EITHER };

/*
 * Where a destination's ports of the parity that bind() begins with come from. From connect() if it
 * has used up the others, and bind() had no reason yet to take those; from bind() while there are
 * others. Unless some of those were freed since, which are missing in either half alike.
 */
static enum origin origin_of(const struct verdict *v, const struct port_user *u)
{
	const struct port_user *source = source_of(v, u);
	const bool is_odd_free = source && use_of(v, source, false) == USE_FREE;

	switch (use_of(v, u, true)) {
	case USE_FULL:
		return is_odd_free ? FROM_CONNECT : FROM_EITHER;
	case USE_NEARLY:
		return FROM_EITHER;
	case USE_FREE:
		break;
	}
	return is_odd_free && 2 * pop_user(v, u, &v->halves[true], true) >
				       pop_user(v, u, &v->halves[false], true)
		       ? FROM_EITHER
		       : FROM_BIND;
}

/* Lone ports of that parity. A port that has two clients' sockets comes from connect() if both do.
 */
static void judge_odd(struct verdict *v, struct port_set *unsure)
{
	const struct client_ports *c = v->counts;
	struct port_set doubtful = {0}, once = {0}, twice = {0};

	for (uint32_t i = 0; i < c->used && v->has_parity; i++) {
		const struct port_user *u = &c->user[i];
		struct port_set own = {0};
		enum origin origin;

		if (is_source(u) || !pop_user(v, u, &v->halves[false], true))
			continue;
		origin = origin_of(v, u);
		if (origin == FROM_BIND)
			continue;
		add_sets(v, u, true, true, &own);
		WORD_FOREACH(k, v) {
			doubtful.bits[k] |= own.bits[k];
			if (origin != FROM_CONNECT)
				continue;
			twice.bits[k] |= once.bits[k] & own.bits[k];
			once.bits[k] |= own.bits[k];
		}
	}
	WORD_FOREACH(i, v) {
		const uint64_t two = c->shared.bits[i] | c->mixed.bits[i];
		const uint64_t connected =
			(once.bits[i] & ~two) | (twice.bits[i] & two & ~c->third.bits[i]);
		const uint64_t odd = ~v->even & ~connected;
		const uint64_t bound = v->has_parity ? odd & ~doubtful.bits[i] : 0;

		unsure->bits[i] |= v->lone.bits[i] & odd & ~bound;
		v->bound.bits[i] |= v->lone.bits[i] & bound;
		v->unlikely.bits[i] |= v->lone_waits.bits[i] & bound;
	}
}

/* Lone ports of the parity that connect() begins with are connect()'s, unless bind() came to them
 * because the others of that source were used up. */
static void judge_even(struct verdict *v, struct port_set *unsure)
{
	const struct client_ports *c = v->counts;

	for (uint32_t i = 0; i < c->used; i++) {
		const struct port_user *u = &c->user[i];
		struct port_set lone = {0};
		uint64_t connected;

		if (!is_source(u) || use_of(v, u, false) == USE_FREE)
			continue;
		add_sets(v, u, true, true, &lone);
		WORD_FOREACH(k, v)
			lone.bits[k] &= (v->lone.bits[k] | v->lone_waits.bits[k]) & v->even;
		connected = connected_max(v, u, &lone);
		WORD_FOREACH(k, v) {
			if (!is_known(connected)) {
				unsure->bits[k] |= lone.bits[k] & v->lone.bits[k];
				continue;
			}
			v->bound.bits[k] |= lone.bits[k] & v->lone.bits[k];
			v->contested.bits[k] |= lone.bits[k] & v->lone.bits[k];
			v->unlikely.bits[k] |= lone.bits[k] & v->lone_waits.bits[k];
		}
		v->contested_max += is_known(connected) ? connected : 0;
	}
}

/* chosen may be NULL. Returns how many ports it would tell more of. */
static uint64_t judge_ports(struct verdict *v, const struct port_set *chosen)
{
	const struct client_ports *c = v->counts;
	struct port_set unsure = {0}, undecided = {0};

	for (uint32_t port = c->first; port <= c->last; port++)
		if (!port_set_has(&v->limits->reserved, (uint16_t)port))
			port_set_add(&v->room, (uint16_t)port);
	v->even = c->first % 2 ? ~EVEN_PORTS : EVEN_PORTS;
	v->has_parity = !is_known(v->limits->port_step_width) || !v->limits->port_step_width;
	WORD_FOREACH(i, v) {
		const uint64_t decided =
			c->taken.bits[i] | (chosen ? chosen->bits[i] & v->room.bits[i] : 0);
		const uint64_t shared = c->shared.bits[i] & ~c->mixed.bits[i];

		v->open.bits[i] = v->room.bits[i] & ~decided;
		v->bound.bits[i] = chosen ? chosen->bits[i] & v->room.bits[i] : 0;
		v->lone.bits[i] = c->connected.bits[i] & ~shared & v->open.bits[i];
		v->lone_waits.bits[i] =
			c->waiting.bits[i] & ~c->connected.bits[i] & ~shared & v->open.bits[i];
		unsure.bits[i] = v->lone_waits.bits[i];
		undecided.bits[i] = chosen ? 0 : c->connected.bits[i] & v->open.bits[i];
	}
	for (int even = 0; even < 2; even++) {
		WORD_FOREACH(i, v)
			v->halves[even].bits[i] = v->open.bits[i] & (even ? v->even : ~v->even);
		v->half_open[even] = pop(v, &v->halves[even]);
	}
	judge_odd(v, &unsure);
	judge_even(v, &unsure);
	WORD_FOREACH(i, v) {
		undecided.bits[i] &= ~v->bound.bits[i];
		v->open.bits[i] &= ~v->bound.bits[i];
		v->likely.bits[i] = v->open.bits[i] & ~v->unlikely.bits[i];
		v->sure.bits[i] = v->open.bits[i] & ~unsure.bits[i] & ~undecided.bits[i];
	}
	v->all = pop(v, &v->room);
	v->all_open = pop(v, &v->open);
	v->all_likely = pop(v, &v->likely);
	v->all_sure = pop(v, &v->sure);
	return pop(v, &undecided);
}

static bool is_loopback(uint8_t family, const uint8_t address[16])
{
	static const uint8_t loopback6[16] = {[15] = 1};

	return family == AF_INET ? address[0] == LOOPBACK_V4
				 : memcmp(address, loopback6, sizeof(loopback6)) == 0;
}

/* Whether connect() may take a TIME_WAIT again (net/ipv4/tcp_ipv4.c: tcp_twsk_unique). */
static bool may_reuse(const struct limits *l, const struct destination *d)
{
	if (!is_known(l->tw_reuse) || l->tw_reuse == 1)
		return true;
	return l->tw_reuse == 2 && (d->device == LO_INDEX || is_loopback(d->family, d->address) ||
					   is_loopback(d->family, d->source));
}

/* What is left for one of them: what is likely, and the range. */
struct room_left {
	uint64_t likely, min, max;
};

static uint64_t subtract(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* A search of an odd number of ports leaves out one, the first or the last
 * (net/ipv4/inet_hashtables.c: remaining &= ~1U). */
static void leave_out_one(const struct client_ports *c, struct room_left *left)
{
	if ((c->last - c->first) % 2 == 0)
		left->min = subtract(left->min, 1);
}

static void widen(const struct port_user *u, struct room_left *left, uint64_t overlap)
{
	left->min = subtract(left->min, u->unplaced + u->missed);
	left->likely = subtract(left->likely, u->unplaced);
	left->max = subtract(left->max, subtract(u->unplaced, overlap));
}

/* A socket without device keeps those with one away from its connection, but not the reverse. */
static const struct port_user *without_device(const struct verdict *v, const struct port_user *u)
{
	const struct client_ports *c = v->counts;
	struct destination key = u->key;

	key.device = 0;
	for (uint32_t i = 0; i < c->used && u->key.device; i++)
		if (is_same(&c->user[i].key, &key))
			return &c->user[i];
	return NULL;
}

static struct room_left left_to_connect(const struct verdict *v, const struct port_user *u)
{
	const struct port_user *other = without_device(v, u);
	const struct limits *l = v->limits;
	const bool reuse = may_reuse(l, &u->key);
	/* One without timestamps now hardly had any a minute ago. */
	const bool likely = reuse && is_known(l->tw_reuse) && l->timestamps != 0;
	struct room_left left = {
		.min = subtract(v->all_sure,
			pop_user(v, u, &v->sure, true) + pop_user(v, other, &v->sure, true)),
		.max = subtract(v->all_open,
			pop_user(v, u, &v->open, !reuse) + pop_user(v, other, &v->open, !reuse)),
	};

	left.likely = subtract(v->all_likely, pop_user(v, u, &v->likely, !likely) +
						      pop_user(v, other, &v->likely, !likely) +
						      (likely ? u->young : 0));
	left.max +=
		MIN(v->contested_max, pop(v, &v->contested) - pop_user(v, u, &v->contested, true));
	leave_out_one(v->counts, &left);
	widen(u, &left, v->all - v->all_open);
	return left;
}

static struct room_left left_to_bind(const struct verdict *v, const struct port_user *u)
{
	const struct client_ports *c = v->counts;
	const struct port_user *other = without_device(v, u);
	struct port_set free;
	struct room_left left;

	WORD_FOREACH(i, v)
		free.bits[i] = v->room.bits[i] & ~(u->key.family == AF_INET ? c->wildcard4.bits[i]
									    : c->wildcard6.bits[i]);
	left.likely = subtract(
		pop(v, &free), pop_user(v, u, &free, true) + pop_user(v, other, &free, true));
	left.min = left.max = left.likely;
	leave_out_one(c, &left);
	widen(u, &left, 0);
	return left;
}

/* Whether most of a source's ports are bound: only then does its limit matter. */
static bool is_bound_first(const struct verdict *v, const struct port_user *u)
{
	return 2 * (pop_user(v, u, &v->bound, true) + pop_user(v, u, &v->unlikely, true)) >=
	       u->key.sockets;
}

/* The user with the fewest ports left. *left: of any destination before. NULL: there is none. */
static const struct port_user *find_busiest(const struct verdict *v, struct room_left *left)
{
	const struct client_ports *c = v->counts;
	const struct port_user *busiest = NULL;

	for (uint32_t i = 0; i < c->used; i++) {
		const struct port_user *u = &c->user[i];
		struct room_left mine;

		if (is_source(u))
			continue;
		mine = left_to_connect(v, u);
		if (busiest && (mine.likely > left->likely ||
				       (mine.likely == left->likely &&
					       u->key.sockets <= busiest->key.sockets)))
			continue;
		busiest = u;
		*left = mine;
	}
	for (uint32_t i = 0; i < c->used; i++) {
		const struct port_user *u = &c->user[i];
		struct room_left mine;

		if (!is_source(u) || !is_bound_first(v, u))
			continue;
		mine = left_to_bind(v, u);
		/* Where one destination has most of them, that is the better name. */
		if (busiest && (mine.likely > left->likely ||
				       2 * (uint64_t)busiest->key.sockets >= u->key.sockets))
			continue;
		busiest = u;
		*left = mine;
	}
	return busiest;
}

void client_ports_judge(const struct client_ports *c, const struct limits *l,
	const struct port_set *chosen, struct usage *ret_usage, struct destination *ret_busiest,
	struct port_room *ret_room)
{
	struct verdict v = {.counts = c, .limits = l};
	const struct port_user *busiest;
	struct room_left left;

	*ret_usage = (struct usage){UNKNOWN, UNKNOWN};
	*ret_busiest = (struct destination){0};
	*ret_room = (struct port_room){.usable_min = UNKNOWN, .usable_max = UNKNOWN};
	if (!c->last || c->last < c->first)
		return;
	ret_room->undecided = judge_ports(&v, chosen);
	left = (struct room_left){
		v.all_likely, v.all_sure, v.all_open + MIN(v.contested_max, pop(&v, &v.contested))};
	leave_out_one(c, &left);
	busiest = find_busiest(&v, &left);
	*ret_usage = (struct usage){v.all - left.likely, v.all};
	ret_room->usable_min = left.min;
	ret_room->usable_max = left.max;
	if (!busiest)
		return;
	*ret_busiest = busiest->key;
	ret_room->cgroup = busiest->cgroup;
	ret_room->uid = busiest->uid;
}

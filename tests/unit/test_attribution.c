/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "model/attribution.h"
#include "unit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * A world of services and connections that knows which service each socket is of, and an
 * attribution that is shown nothing but the sockets.
 */
enum {
	SERVICES_MAX = 2100,
	SOCKETS_MAX = 12000,
	ADDRESSES = 4,
};

enum binding { WILDCARD_4, WILDCARD_6, WILDCARD_ONLY_6, ADDRESS_4, ADDRESS_6, BINDINGS };

struct service {
	struct service_key key;
	enum binding binding;
	bool is_used, listens;
	bool was_seen_listening; /* since it last had no sockets */
	unsigned listeners;      /* SO_REUSEPORT */
	unsigned sockets;
};

/* Whose connections they are, and how its peers choose ports. */
enum clients { OWN_RANGE, WIDE_RANGE, NATED, FIXED_PORT, LOOPBACK, CLIENTS };

struct connection {
	struct sock_record record;
	struct service_key truth;
	unsigned service; /* index */
	bool is_client;
};

struct destination_service {
	uint8_t address[4];
	uint16_t port;
	bool has_own_ports; /* a proxy that binds before it connects */
	uint16_t own_ports;
	unsigned sockets;
};

struct world {
	uint64_t random, last_cookie;
	uint16_t port_first, port_last;
	struct service services[SERVICES_MAX];
	unsigned services_count;
	struct destination_service destinations[200];
	unsigned destinations_count;
	struct connection *connections;
	unsigned count;
};

static uint32_t draw(struct world *w, uint32_t below)
{
	/* xorshift64*, Vigna */
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (uint32_t)((w->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

static uint16_t draw_port(struct world *w, uint16_t first, uint16_t last)
{
	return (uint16_t)(first + draw(w, last - first + 1U));
}

static void set_ipv4(uint8_t ret[16], bool mapped, uint32_t host)
{
	uint8_t *at = ret + (mapped ? 12 : 0);

	memset(ret, 0, 16);
	if (mapped)
		ret[10] = ret[11] = 0xff;
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(host >> (24 - 8 * i));
}

static void set_ipv6(uint8_t ret[16], uint64_t host)
{
	memset(ret, 0, 16);
	ret[0] = 0xfd;
	for (unsigned i = 0; i < 8; i++)
		ret[8 + i] = (uint8_t)(host >> (56 - 8 * i));
}

#define OUR_IPV4(n) (0x0a000001U + (n))

static bool is_bound_to(const struct service *s, enum binding b, unsigned address)
{
	return s->binding == b && s->key.address.bytes[b == ADDRESS_4 ? 3 : 15] == address + 1;
}

/* Whether bind() would fail: a wildcard shares its port with addresses only. */
static bool overlaps(const struct world *w, uint16_t port, enum binding b, unsigned address)
{
	for (unsigned i = 0; i < w->services_count; i++) {
		const struct service *s = &w->services[i];

		if (s->key.port != port)
			continue;
		if (b < ADDRESS_4 && s->binding < ADDRESS_4)
			return true;
		if (b >= ADDRESS_4 && is_bound_to(s, b, address))
			return true;
	}
	return false;
}

/* The address of this machine's that a wildcard's listener still gets connections of. */
static unsigned choose_address(struct world *w, uint16_t port, enum binding b)
{
	for (unsigned tries = 0; tries < 8; tries++) {
		const unsigned address = draw(w, ADDRESSES);
		bool is_taken = false;

		for (unsigned i = 0; i < w->services_count; i++)
			is_taken = is_taken ||
				   (w->services[i].key.port == port && w->services[i].listens &&
					   is_bound_to(&w->services[i], b, address));
		if (!is_taken)
			return address;
	}
	return ADDRESSES; /* no service is bound to it */
}

static void add_service(struct world *w)
{
	struct service *s = &w->services[w->services_count];
	const enum binding b = draw(w, BINDINGS);
	const unsigned address = draw(w, ADDRESSES);
	/* Most on a registered port, some on one that the system chose. */
	uint16_t port = draw(w, 5) ? draw_port(w, 1000, 32767) : draw_port(w, 40000, 60000);

	/* Game hosts run one port on many addresses. */
	if (w->services_count && draw(w, 4) == 0)
		port = w->services[draw(w, w->services_count)].key.port;

	if (overlaps(w, port, b, address))
		return;
	*s = (struct service){
		.key = {.side = SIDE_SERVER, .port = port},
		.binding = b,
		.is_used = true,
		.listens = draw(w, 10) != 0,
		.listeners = draw(w, 8) ? 1 : 4,
	};
	if (b == ADDRESS_4) {
		s->key.address.family = AF_INET;
		set_ipv4(s->key.address.bytes, false, OUR_IPV4(address));
	} else if (b == ADDRESS_6) {
		s->key.address.family = AF_INET6;
		set_ipv6(s->key.address.bytes, address + 1);
	}
	w->services_count++;
}

static bool is_taken(const struct world *w, uint16_t port)
{
	for (unsigned i = 0; i < w->services_count; i++)
		if (w->services[i].key.port == port)
			return true;
	return false;
}

static void add_destination(struct world *w)
{
	struct destination_service *d = &w->destinations[w->destinations_count];
	static const uint16_t ports[] = {443, 5432, 6379, 3306, 8080, 40000, 50051};

	memset(d, 0, sizeof(*d));
	for (unsigned i = 0; i < 4; i++)
		d->address[i] = (uint8_t)(1 + draw(w, 250));
	d->address[0] = 172;
	d->port = ports[draw(w, ARRAY_SIZE(ports))];
	d->has_own_ports = draw(w, 10) == 0;
	d->own_ports = draw_port(w, 10000, 30000);
	w->destinations_count++;
}

static struct connection *new_connection(struct world *w)
{
	struct connection *c;

	if (w->count == SOCKETS_MAX)
		return NULL;
	c = &w->connections[w->count++];
	*c = (struct connection){.record = {
					 .state = STATE_ESTABLISHED,
					 .kind = KIND_FULL,
					 .cookie = ++w->last_cookie,
				 }};
	return c;
}

static void fill_local(struct world *w, const struct service *s, struct sock_record *r)
{
	const bool ipv4 = s->binding == WILDCARD_4 || s->binding == ADDRESS_4 ||
			  (s->binding == WILDCARD_6 && draw(w, 2));

	r->family = s->binding == WILDCARD_4 || s->binding == ADDRESS_4 ? AF_INET : AF_INET6;
	r->local_port = s->key.port;
	if (s->binding >= ADDRESS_4)
		memcpy(r->local_address, s->key.address.bytes, 16);
	else if (ipv4)
		set_ipv4(r->local_address, r->family == AF_INET6,
			OUR_IPV4(choose_address(w, s->key.port, ADDRESS_4)));
	else
		set_ipv6(r->local_address, choose_address(w, s->key.port, ADDRESS_6) + 1);
}

static void fill_peer(struct world *w, struct sock_record *r, enum clients clients)
{
	const bool mapped = r->local_address[10] == 0xff && r->family == AF_INET6;
	uint32_t host = 0xc0a80000U + draw(w, 60000);

	r->remote_port = draw_port(w, 32768, 60999);
	if (clients == WIDE_RANGE)
		r->remote_port = draw_port(w, 1024, 65535);
	if (clients == NATED)
		host = 0xc0a80001U;
	if (clients == FIXED_PORT)
		r->remote_port = 27005;
	if (r->family == AF_INET6 && !mapped)
		set_ipv6(r->remote_address, ((uint64_t)1 << 40) + host);
	else
		set_ipv4(r->remote_address, mapped, host);
}

/* The other end of a connection over loopback. */
static void add_mirror(struct world *w, const struct sock_record *r, unsigned service)
{
	struct connection *c = new_connection(w);

	if (!c)
		return;
	c->record.family = r->family;
	c->record.local_port = r->remote_port;
	c->record.remote_port = r->local_port;
	memcpy(c->record.local_address, r->remote_address, 16);
	memcpy(c->record.remote_address, r->local_address, 16);
	c->truth = (struct service_key){.side = SIDE_CLIENT, .port = r->local_port};
	c->service = service;
	c->is_client = true;
}

static void connect_to_us(struct world *w, unsigned service, enum clients clients)
{
	struct service *s = &w->services[service];
	struct connection *c = new_connection(w);
	uint16_t port;

	if (!c)
		return;
	fill_local(w, s, &c->record);
	fill_peer(w, &c->record, clients);
	if (clients == LOOPBACK) {
		do
			port = draw_port(w, w->port_first, w->port_last);
		while (is_taken(w, port));
		c->record.remote_port = port;
		memcpy(c->record.remote_address, c->record.local_address, 16);
	}
	c->truth = s->key;
	c->service = service;
	s->sockets++;
	if (clients == LOOPBACK)
		add_mirror(w, &c->record, SERVICES_MAX);
}

static void connect_out(struct world *w, unsigned destination)
{
	struct destination_service *d = &w->destinations[destination];
	struct connection *c = new_connection(w);
	uint16_t port;

	if (!c)
		return;
	do
		port = d->has_own_ports ? (uint16_t)(d->own_ports + draw(w, 2000))
					: draw_port(w, w->port_first, w->port_last);
	while (is_taken(w, port));
	c->record.family = AF_INET;
	c->record.local_port = port;
	c->record.remote_port = d->port;
	set_ipv4(c->record.local_address, false, OUR_IPV4(0));
	memcpy(c->record.remote_address, d->address, 4);
	c->truth = (struct service_key){.side = SIDE_CLIENT, .port = d->port};
	c->service = SERVICES_MAX + 1 + destination;
	c->is_client = true;
	d->sockets++;
}

/* Some come, some go, and listeners open and close. */
static void step(struct world *w)
{
	for (unsigned i = 0; i < w->count;) {
		struct connection *c = &w->connections[i];

		if (draw(w, 5)) {
			i++;
			continue;
		}
		if (c->service < SERVICES_MAX)
			w->services[c->service].sockets--;
		else if (c->service > SERVICES_MAX)
			w->destinations[c->service - SERVICES_MAX - 1].sockets--;
		*c = w->connections[--w->count];
	}
	for (unsigned i = 0; i < w->services_count; i++) {
		struct service *s = &w->services[i];
		const enum clients clients = draw(w, CLIENTS);
		/* A popular one now and then. */
		unsigned come = s->listens ? draw(w, draw(w, 10) ? 4 : 60) : 0;

		if (draw(w, 20) == 0)
			s->listens = !s->listens;
		while (come--)
			connect_to_us(w, i, clients);
	}
	for (unsigned i = 0; i < w->destinations_count; i++) {
		unsigned come = draw(w, draw(w, 10) ? 3 : 80);

		while (come--)
			connect_out(w, i);
	}
	for (unsigned i = w->count; i > 1; i--) {
		const unsigned j = draw(w, i);
		const struct connection c = w->connections[i - 1];

		w->connections[i - 1] = w->connections[j];
		w->connections[j] = c;
	}
}

struct score {
	uint64_t sockets, wrong, ties;
	uint64_t crowded, scans, second_passes;
	const struct world *world;
	const struct connection *next;
	bool remembers;
	struct service_key *placed; /* of each connection */
};

static void add_listeners(struct world *w, struct attribution *a)
{
	for (unsigned i = 0; i < w->services_count; i++) {
		struct service *s = &w->services[i];
		struct sock_record r = {.state = STATE_LISTEN, .local_port = s->key.port};
		struct service_key key;

		r.family = s->binding == WILDCARD_4 || s->binding == ADDRESS_4 ? AF_INET : AF_INET6;
		r.only_ipv6 = s->binding == WILDCARD_ONLY_6;
		memcpy(r.local_address, s->key.address.bytes, 16);
		for (unsigned n = 0; s->listens && n < s->listeners; n++) {
			attribution_add_listener(a, &r, &key);
			assert_true(service_key_equal(&key, &s->key));
			s->was_seen_listening = true;
		}
	}
}

/* Which connection a record is of is told by its inode. */
static void take_waiting(
	const struct sock_record *r, const struct service_key *service, void *userdata)
{
	struct score *score = userdata;

	score->placed[r->inode] = *service;
}

static void scan(struct world *w, struct attribution *a, struct score *score)
{
	bool again = false;

	for (unsigned pass = 0; pass < 2; pass++) {
		if (pass)
			attribution_start_again(a);
		else
			attribution_start(a, w->port_first, w->port_last);
		add_listeners(w, a);
		for (unsigned i = 0; i < w->count; i++) {
			struct connection *c = &w->connections[i];

			c->record.inode = i;
			attribution_place(a, &c->record, &score->placed[i]);
		}
		again = attribution_finish(a, true, take_waiting, score);
		if (!again)
			break;
		score->second_passes++;
	}
	assert_false(again);
}

static int compare_keys(const void *a, const void *b)
{
	return service_key_compare(a, b);
}

static size_t count_different(struct service_key *keys, size_t count)
{
	size_t different = 0;

	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++)
		different += i == 0 || !service_key_equal(&keys[i], &keys[i - 1]);
	return different;
}

/* Fewer than three sockets say nothing about their side. */
static bool is_tie(const struct world *w, const struct connection *c, bool remembers)
{
	if (c->service > SERVICES_MAX)
		return w->destinations[c->service - SERVICES_MAX - 1].sockets < 3;
	return c->service < SERVICES_MAX && !w->services[c->service].listens &&
	       w->services[c->service].sockets < 3 && !remembers;
}

/* What is to be said of a socket by one who has seen what the attribution has. */
static struct service_key expected(
	const struct world *w, const struct connection *c, bool remembers)
{
	const struct service *s = c->service < SERVICES_MAX ? &w->services[c->service] : NULL;
	const struct sock_address local = sock_address_local(&c->record);
	struct service_key key = c->truth;

	if (!s)
		return key;
	/* To what address a listener was bound that nobody has seen, no socket tells. */
	if (!s->listens && !(remembers && s->was_seen_listening))
		key.address = (struct sock_address){0};
	/* Nor that one was bound to it only after the socket came. */
	for (unsigned i = 0; i < w->services_count && !remembers; i++)
		if (w->services[i].listens && w->services[i].key.port == key.port &&
			sock_address_equal(&w->services[i].key.address, &local))
			key = w->services[i].key;
	return key;
}

static void rate(struct world *w, struct score *score)
{
	cleanup_(freep) struct service_key *truths = calloc(w->count + 1, sizeof(*truths));
	size_t count = 0, rows, services;

	assert_non_null(truths);
	for (unsigned i = 0; i < w->count; i++) {
		const struct connection *c = &w->connections[i];
		const struct service_key truth = expected(w, c, score->remembers);

		if (is_tie(w, c, score->remembers)) {
			score->ties++;
			continue;
		}
		score->wrong += !service_key_equal(&truth, &score->placed[i]);
		truths[count] = truth;
		score->placed[count++] = score->placed[i];
	}
	for (unsigned i = 0; i < w->services_count; i++)
		if (!w->services[i].sockets && !w->services[i].listens)
			w->services[i].was_seen_listening = false;
	services = count_different(truths, count);
	rows = count_different(score->placed, count);
	score->sockets += count;
	score->scans++;
	score->crowded += rows > services + MAX((size_t)2, services / 100);
}

static struct score walk(
	uint64_t seed, unsigned scans, unsigned services, bool wide, bool remembers)
{
	cleanup_(freep) struct world *w = calloc(1, sizeof(*w));
	cleanup_(attribution_freep) struct attribution *a = NULL;
	struct score score = {.remembers = remembers};

	assert_non_null(w);
	w->connections = calloc(SOCKETS_MAX, sizeof(*w->connections));
	score.placed = calloc(SOCKETS_MAX, sizeof(*score.placed));
	assert_non_null(w->connections);
	assert_non_null(score.placed);
	w->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	w->port_first = wide ? 1024 : 32768;
	w->port_last = wide ? 65535 : 60999;
	for (unsigned i = 0; i < services; i++)
		add_service(w);
	for (unsigned i = 0; i < MIN(services / 4 + 1, 200U); i++)
		add_destination(w);
	for (unsigned i = 0; i < scans; i++) {
		if (!remembers || !a) {
			a = attribution_free(a);
			assert_int_equal(attribution_new(&a), 0);
		}
		step(w);
		scan(w, a, &score);
		rate(w, &score);
	}
	free(w->connections);
	free(score.placed);
	return score;
}

/* Rows may be more than services by few, left out those of fewer than three sockets. */
static void add_score(struct score *sum, const struct score *s)
{
	sum->sockets += s->sockets;
	sum->wrong += s->wrong;
	sum->ties += s->ties;
	sum->crowded += s->crowded;
	sum->scans += s->scans;
	sum->second_passes += s->second_passes;
}

static void assert_score(const char *what, const struct score *s, double percent)
{
	const double right = 100.0 - 100.0 * (double)s->wrong / (double)s->sockets;

	print_message("%s: %" PRIu64 " scans, %" PRIu64 " sockets, %.4f %% right, %" PRIu64
		      " ties left out, %" PRIu64 " scans with more rows than services, %" PRIu64
		      " second passes\n",
		what, s->scans, s->sockets, right, s->ties, s->crowded, s->second_passes);
	assert_true(right >= percent);
	assert_int_equal(s->crowded, 0);
}

/* The seed is the number of the walk, so that each can be repeated. */
static void test_attribution_walks(void **state)
{
	static const struct {
		unsigned services, scans;
	} sizes[] = {{1, 1500}, {3, 1500}, {20, 1300}, {100, 500}, {500, 150}, {2000, 50}};
	struct score with = {0}, without = {0};

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		const unsigned services = sizes[i / 2].services, scans = sizes[i / 2].scans / 2;
		const struct score a = walk(i + 1, scans, services, i % 2, true);
		const struct score b = walk(i + 1, scans, services, i % 2, false);

		add_score(&with, &a);
		add_score(&without, &b);
	}
	assert_score("with history", &with, 99.9);
	assert_score("without", &without, 99.0);
	assert_true(with.scans + without.scans >= 9900);
}

/* A socket of the examples: this machine is 10.0.0.HOST, the peer 192.168.0.PEER. */
struct example {
	enum tcp_state state;
	uint8_t host, peer;
	uint16_t local_port, remote_port;
	uint32_t device;
};

static struct sock_record record_of(const struct example *e)
{
	struct sock_record r = {
		.family = AF_INET,
		.state = (uint8_t)e->state,
		.local_port = e->local_port,
		.remote_port = e->remote_port,
		.device = e->device,
		.cookie = (uint64_t)e->local_port << 32 | (uint64_t)e->remote_port << 16 |
			  (uint64_t)e->host << 8 | e->peer,
	};

	if (e->host)
		set_ipv4(r.local_address, false, 0x0a000000U + e->host);
	if (e->peer)
		set_ipv4(r.remote_address, false, 0xc0a80000U + e->peer);
	return r;
}

struct rows {
	struct service_key list[64];
	unsigned sockets[64];
	size_t count;
};

static void take_row(const struct sock_record *r, const struct service_key *service, void *userdata)
{
	struct rows *rows = userdata;
	size_t i = 0;

	(void)r;
	while (i < rows->count && !service_key_equal(&rows->list[i], service))
		i++;
	assert_true(i < ARRAY_SIZE(rows->list));
	rows->count = MAX(rows->count, i + 1);
	rows->list[i] = *service;
	rows->sockets[i]++;
}

static void show(struct attribution *a, const struct sock_record *r, struct rows *rows)
{
	struct service_key service;

	if (r->state == STATE_LISTEN)
		attribution_add_listener(a, r, &service);
	else if (attribution_place(a, r, &service))
		take_row(r, &service, rows);
}

/* A scan of count sockets like e, each with a peer and a remote port of its own. */
static void show_many(
	struct attribution *a, const struct example *e, unsigned count, struct rows *rows)
{
	for (unsigned i = 0; i < count; i++) {
		struct example one = *e;
		struct sock_record r;

		one.peer = (uint8_t)(i % 250 + 1);
		one.remote_port = (uint16_t)(e->remote_port + i * 7);
		r = record_of(&one);
		show(a, &r, rows);
	}
}

static void assert_row(const struct rows *rows, const struct service_key *service, unsigned sockets)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (!service_key_equal(&rows->list[i], service))
			continue;
		assert_int_equal(rows->sockets[i], sockets);
		return;
	}
	assert_int_equal(0, sockets);
}

static struct service_key server_at(uint8_t host, uint16_t port)
{
	struct service_key k = {.side = SIDE_SERVER, .port = port};

	if (host) {
		k.address.family = AF_INET;
		set_ipv4(k.address.bytes, false, 0x0a000000U + host);
	}
	return k;
}

static const uint16_t ranges[][2] = {{32768, 60999}, {1024, 65535}};

/* Without a listener, and peers from every port there is. */
static void test_attribution_many_peers_make_a_server(void **state)
{
	const struct service_key server = server_at(0, 25565);
	struct attribution *a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct rows rows = {0};

		assert_int_equal(attribution_new(&a), 0);
		attribution_start(a, ranges[i][0], ranges[i][1]);
		show_many(a,
			&(struct example){STATE_TIME_WAIT, .host = 1, .local_port = 25565,
				.remote_port = 1024},
			3000, &rows);
		assert_false(attribution_finish(a, true, take_row, &rows));
		assert_int_equal(rows.count, 1);
		assert_row(&rows, &server, 3000);
		attribution_free(a);
	}
}

/* A client that binds its ports itself, outside of the range, to one destination. */
static void test_attribution_one_destination_makes_a_client(void **state)
{
	const struct service_key client = {.side = SIDE_CLIENT, .port = 40000};
	struct rows rows = {0};
	struct attribution *a;

	(void)state;
	assert_int_equal(attribution_new(&a), 0);
	attribution_start(a, 32768, 60999);
	for (uint16_t port = 10000; port < 10300; port++) {
		const struct sock_record r =
			record_of(&(struct example){STATE_CLOSE_WAIT, 1, 1, port, 40000, 0});

		show(a, &r, &rows);
	}
	assert_false(attribution_finish(a, true, take_row, &rows));
	assert_int_equal(rows.count, 1);
	assert_row(&rows, &client, 300);
	attribution_free(a);
}

/* What is known survives scans that do not show all, and a complete scan without it ends it. */
static void test_attribution_forgets_by_complete_scans_only(void **state)
{
	const struct sock_record listener =
		record_of(&(struct example){STATE_LISTEN, .local_port = 50000});
	const struct sock_record left =
		record_of(&(struct example){STATE_CLOSE_WAIT, 1, 1, 50000, 40000, 0});
	const struct service_key server = server_at(0, 50000);
	struct attribution *a;

	(void)state;
	assert_int_equal(attribution_new(&a), 0);
	for (unsigned scan = 0; scan < 6; scan++) {
		const bool complete = scan == 0 || scan >= 4;
		struct rows rows = {0};

		attribution_start(a, 32768, 60999);
		if (scan == 0)
			show(a, &listener, &rows);
		/* Some of them do not even show it. */
		if (scan != 2 && scan != 4)
			show(a, &left, &rows);
		attribution_finish(a, complete, take_row, &rows);
		if (scan == 0 || scan == 1 || scan == 3)
			assert_row(&rows, &server, 1);
		if (scan == 5)
			assert_row(&rows, &server, 0);
	}
	attribution_free(a);
}

/* A memory that a count contradicts is replaced by it. */
static void test_attribution_count_replaces_a_memory(void **state)
{
	const struct service_key stale = server_at(0, 45000);
	struct attribution *a;

	(void)state;
	assert_int_equal(attribution_new(&a), 0);
	assert_int_equal(attribution_restore_known(a, &stale), 0);
	for (unsigned scan = 0; scan < 2; scan++) {
		struct rows rows = {0};

		attribution_start(a, 32768, 60999);
		for (uint16_t port = 44950; port < 45050; port++) {
			const struct sock_record r =
				record_of(&(struct example){STATE_ESTABLISHED, 1, 1, port, 443, 0});

			show(a, &r, &rows);
		}
		(void)attribution_finish(a, true, take_row, &rows);
		if (scan)
			assert_int_equal(rows.count, 1);
	}
	attribution_free(a);
}

/* The listener as the kernel chooses: an address before a wildcard, IPv6 for IPv4 unless it is
 * IPV6_V6ONLY, and a device before none. */
static void test_attribution_listener_as_the_kernel_chooses(void **state)
{
	struct sock_record wildcard = record_of(&(struct example){STATE_LISTEN, .local_port = 80});
	const struct sock_record bound =
		record_of(&(struct example){STATE_LISTEN, .host = 2, .local_port = 80});
	const struct sock_record device =
		record_of(&(struct example){STATE_LISTEN, .local_port = 80, .device = 3});
	const struct service_key at_wildcard = server_at(0, 80), at_address = server_at(2, 80);
	struct service_key at_device = server_at(0, 80);

	(void)state;
	at_device.device = 3;
	for (unsigned only_ipv6 = 0; only_ipv6 < 2; only_ipv6++) {
		struct rows rows = {0};
		struct attribution *a;

		assert_int_equal(attribution_new(&a), 0);
		attribution_start(a, 1024, 65535);
		wildcard.family = AF_INET6;
		wildcard.only_ipv6 = only_ipv6;
		show(a, &device, &rows);
		show(a, &bound, &rows);
		show(a, &wildcard, &rows);
		for (uint8_t host = 1; host <= 2; host++)
			for (uint32_t on = 0; on <= 3; on += 3)
				show_many(a,
					&(struct example){STATE_ESTABLISHED, host, 0, 80, 1500, on},
					10 * host + on, &rows);
		(void)attribution_finish(a, true, take_row, &rows);
		assert_row(&rows, &at_address, 20 + 23);
		assert_row(&rows, &at_device, 13);
		/* Nothing takes these if IPv6 alone listens: as many peers make a server of them.
		 */
		assert_row(&rows, &at_wildcard, 10);
		attribution_free(a);
	}
}

/* Another listener on the port renames nothing: neither a wildcard's beside an address, nor the
 * other way round. */
static void test_attribution_second_listener_renames_nothing(void **state)
{
	const struct sock_record wildcard =
		record_of(&(struct example){STATE_LISTEN, .local_port = 27015});
	const struct sock_record bound =
		record_of(&(struct example){STATE_LISTEN, .host = 2, .local_port = 27015});
	const struct example old = {STATE_CLOSE_WAIT, 2, 0, 27015, 1500, 0};
	const struct example new = {STATE_ESTABLISHED, 2, 0, 27015, 30000, 0};

	(void)state;
	for (unsigned order = 0; order < 2; order++) {
		const struct service_key first = server_at(order ? 2 : 0, 27015),
					 second = server_at(order ? 0 : 2, 27015);
		struct attribution *a;

		assert_int_equal(attribution_new(&a), 0);
		for (unsigned scan = 0; scan < 4; scan++) {
			const bool has_second = scan > 0;
			struct rows rows = {0};

			attribution_start(a, 32768, 60999);
			/* An address's listener must go for a wildcard's to take its place. */
			if (order == 0 || !has_second)
				show(a, order ? &bound : &wildcard, &rows);
			if (has_second)
				show(a, order ? &wildcard : &bound, &rows);
			show_many(a, &old, 100, &rows);
			if (scan > 1)
				show_many(a, &new, 40, &rows);
			(void)attribution_finish(a, true, take_row, &rows);
			assert_row(&rows, &first, 100);
			assert_row(&rows, &second, scan > 1 ? 40 : 0);
		}
		attribution_free(a);
	}
}

static void take_nothing(
	const struct sock_record *r, const struct service_key *service, void *userdata)
{
	(void)r;
	(void)service;
	(void)userdata;
}

/* More sockets than may wait have even counts at first: the second pass places them. */
static void test_attribution_second_pass(void **state)
{
	enum { SERVERS = 2000, EACH = 6 };
	struct attribution *a;
	size_t wrong = 0;

	(void)state;
	assert_int_equal(attribution_new(&a), 0);
	attribution_start(a, 1024, 65535);
	for (unsigned pass = 0; pass < 2; pass++) {
		bool again;

		wrong = 0;
		if (pass)
			attribution_start_again(a);
		for (unsigned i = 0; i < EACH; i++) {
			for (uint16_t server = 0; server < SERVERS; server++) {
				const struct sock_record r = record_of(&(struct example){
					STATE_ESTABLISHED, 1, (uint8_t)(server % 200 + 1),
					(uint16_t)(40000 + server),
					(uint16_t)(2000 + i * 5000 + server), 0});
				struct service_key service;

				if (attribution_place(a, &r, &service))
					wrong += service.side != SIDE_SERVER;
			}
		}
		again = attribution_finish(a, true, take_nothing, NULL);
		assert_int_equal(again, pass == 0);
	}
	/* Their counters are shared by hash. */
	assert_true(wrong <= SERVERS * EACH / 1000);
	attribution_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attribution_many_peers_make_a_server),
		cmocka_unit_test(test_attribution_one_destination_makes_a_client),
		cmocka_unit_test(test_attribution_forgets_by_complete_scans_only),
		cmocka_unit_test(test_attribution_count_replaces_a_memory),
		cmocka_unit_test(test_attribution_listener_as_the_kernel_chooses),
		cmocka_unit_test(test_attribution_second_listener_renames_nothing),
		cmocka_unit_test(test_attribution_second_pass),
		cmocka_unit_test(test_attribution_walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

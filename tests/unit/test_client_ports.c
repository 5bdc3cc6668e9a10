/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/client_ports.h"

#include "basic/macro.h"
#include "basic/unknown.h"
#include "unit.h"

#include <string.h>
#include <sys/socket.h>

#define FIRST 40000
#define PORTS 300

/* What was judged. */
struct result {
	struct usage usage;
	struct destination busiest;
	struct port_room room;
};

static int setup(void **state)
{
	*state = test_calloc(1, sizeof(struct client_ports));
	client_ports_start(*state, FIRST, FIRST + PORTS - 1, 1000);
	return 0;
}

static int teardown(void **state)
{
	test_free(*state);
	return 0;
}

static struct sock_record towards(uint32_t address, uint16_t port, uint16_t local_port)
{
	struct sock_record r = {
		.family = AF_INET,
		.state = STATE_ESTABLISHED,
		.local_port = local_port,
		.remote_port = port,
		.local_address = {10, 0, 0, 1},
	};

	memcpy(r.remote_address, &address, sizeof(address));
	return r;
}

static struct limits limits_of(const struct client_ports *c)
{
	struct limits l;

	limits_init(&l);
	l.port_first = c->first;
	l.port_last = c->last;
	l.ports_reserved = 0;
	l.tw_reuse = 0;
	l.timestamps = 1;
	return l;
}

static struct result judge(
	const struct client_ports *c, const struct limits *l, const struct port_set *chosen)
{
	struct result t;

	client_ports_judge(c, l, chosen, &t.usage, &t.busiest, &t.room);
	return t;
}

static const struct port_set none_chosen;

static struct result judge_plain(const struct client_ports *c)
{
	const struct limits l = limits_of(c);

	return judge(c, &l, &none_chosen);
}

#define assert_room(t, least, most)                                                                \
	do {                                                                                       \
		assert_int_equal((t).room.usable_min, least);                                      \
		assert_int_equal((t).room.usable_max, most);                                       \
	} while (0)

static void test_client_ports_none(void **state)
{
	struct result t = judge_plain(*state);

	assert_int_equal(t.busiest.sockets, 0);
	assert_int_equal(t.usage.used, 0);
	assert_int_equal(t.usage.max, PORTS);
	assert_room(t, PORTS, PORTS);
	client_ports_start(*state, 0, 0, 1000);
	t = judge_plain(*state);
	assert_true(t.usage.max == UNKNOWN && t.room.usable_min == UNKNOWN);
}

static void test_client_ports_by_destination_and_device(void **state)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct sock_record r;
	struct result t;

	for (uint16_t i = 0; i < 40; i += 2) {
		r = towards(1, (uint16_t)(443 + i % 4), (uint16_t)(FIRST + i));
		client_ports_count(*state, &r, SIDE_CLIENT);
	}
	t = judge_plain(*state);
	assert_int_equal(t.busiest.sockets, 10);
	assert_int_equal(t.busiest.family, AF_INET);
	assert_int_equal(t.busiest.source[0], 10);
	assert_room(t, PORTS - 10, PORTS - 10);
	/* Mapped addresses are the same ones. */
	for (uint16_t i = 40; i < 60; i += 2) {
		r = towards(1, 443, (uint16_t)(FIRST + i));
		r.family = AF_INET6;
		memcpy(r.remote_address + 12, r.remote_address, 4);
		memcpy(r.local_address + 12, r.local_address, 4);
		memcpy(r.remote_address, mapped, 12);
		memcpy(r.local_address, mapped, 12);
		client_ports_count(*state, &r, SIDE_CLIENT);
	}
	t = judge_plain(*state);
	assert_int_equal(t.busiest.port, 443);
	assert_int_equal(t.usage.used, 20);
	/* What has no device is in the way of what has one. */
	for (uint16_t i = 60; i < 100; i += 2) {
		r = towards(1, 443, (uint16_t)(FIRST + i));
		r.device = 7;
		client_ports_count(*state, &r, SIDE_CLIENT);
	}
	t = judge_plain(*state);
	assert_int_equal(t.busiest.device, 7);
	assert_int_equal(t.usage.used, 40);
}

static void test_client_ports_taken_by_others(void **state)
{
	struct limits l = limits_of(*state);
	struct port_set chosen = {0};
	struct sock_record r = towards(1, 443, FIRST);
	struct result t;

	client_ports_count(*state, &r, SIDE_CLIENT);
	r = (struct sock_record){.family = AF_INET, .state = STATE_LISTEN, .local_port = FIRST + 2};
	client_ports_count(*state, &r, SIDE_SERVER);
	r = (struct sock_record){
		.family = AF_INET, .state = STATE_BOUND_INACTIVE, .local_port = FIRST + 4};
	client_ports_count(*state, &r, SIDE_SERVER);
	r = towards(2, 50000, FIRST + 6);
	client_ports_count(*state, &r, SIDE_SERVER);
	/* A request has no port of its own, and ports beyond the range do not matter. */
	r = towards(2, 50001, FIRST + 8);
	r.kind = KIND_REQUEST;
	client_ports_count(*state, &r, SIDE_SERVER);
	r = towards(1, 443, FIRST - 1);
	client_ports_count(*state, &r, SIDE_CLIENT);
	t = judge_plain(*state);
	assert_int_equal(t.usage.used, 4);

	/* Whether the port to another destination is chosen only the second dump shows. */
	r = towards(2, 443, FIRST + 10);
	client_ports_count(*state, &r, SIDE_CLIENT);
	t = judge(*state, &l, NULL);
	assert_int_equal(t.room.undecided, 2);
	assert_room(t, PORTS - 5, PORTS - 4);
	port_set_add(&chosen, FIRST + 10);
	t = judge(*state, &l, &chosen);
	assert_int_equal(t.room.undecided, 0);
	assert_room(t, PORTS - 5, PORTS - 5);

	/* Reserved ports do not count twice. */
	port_set_add(&l.reserved, FIRST + 2);
	port_set_add(&l.reserved, FIRST + 20);
	t = judge(*state, &l, &chosen);
	assert_int_equal(t.usage.max, PORTS - 2);
	assert_int_equal(t.usage.used, 4);
}

static void test_client_ports_time_wait(void **state)
{
	struct limits l = limits_of(*state);
	struct result t;

	for (uint16_t i = 0; i < 20; i += 2) {
		struct sock_record r = towards(1, 443, (uint16_t)(FIRST + i));

		r.state = i < 18 ? STATE_TIME_WAIT : STATE_FIN_WAIT_2;
		r.kind = KIND_MINI;
		r.expires_ms = i < 6 ? 59500 : 50000;
		client_ports_count(*state, &r, SIDE_CLIENT);
	}
	t = judge(*state, &l, &none_chosen);
	assert_room(t, PORTS - 10, PORTS - 10);
	assert_int_equal(t.usage.used, 10);
	/* FIN_WAIT_2 is not taken again, and of the others the three young ones only later. */
	l.tw_reuse = 1;
	t = judge(*state, &l, &none_chosen);
	assert_room(t, PORTS - 10, PORTS - 1);
	assert_int_equal(t.usage.used, 4);
	l.timestamps = 0;
	t = judge(*state, &l, &none_chosen);
	assert_room(t, PORTS - 10, PORTS - 1);
	assert_int_equal(t.usage.used, 10);
	/* Loopback only. */
	l = limits_of(*state);
	l.tw_reuse = 2;
	t = judge(*state, &l, &none_chosen);
	assert_int_equal(t.usage.used, 10);
	l.tw_reuse = UNKNOWN;
	t = judge(*state, &l, &none_chosen);
	assert_room(t, PORTS - 10, PORTS - 1);
	assert_int_equal(t.usage.used, 10);
}

/* One destination with 20,000 sockets among 100,000 others with one each: found, and hardly off. */
static void test_client_ports_bounded_error(void **state)
{
	const uint32_t others = 100000, wanted = 20000;
	struct result t;

	client_ports_start(*state, 1024, UINT16_MAX, 1000);
	for (uint32_t i = 0; i < others; i++) {
		struct sock_record other =
			towards(1000 + i, 80, (uint16_t)(1024 + 2 * (i % 20000)));
		struct sock_record busy =
			towards(7, 443, (uint16_t)(1024 + 2 * (i * wanted / others)));

		client_ports_count(*state, &other, SIDE_CLIENT);
		if (i % (others / wanted) == 0)
			client_ports_count(*state, &busy, SIDE_CLIENT);
	}
	t = judge_plain(*state);
	assert_int_equal(t.busiest.port, 443);
	assert_in_range(t.usage.used, wanted - others / PORT_USERS_MAX, wanted);
	assert_true(t.room.usable_min <= t.usage.max - wanted);
	assert_true(t.room.usable_max >= t.usage.max - wanted);
}

/* More destinations than there are sets of ports: the range widens. */
static void test_client_ports_more_busy_ones_than_sets(void **state)
{
	struct result t;

	for (uint32_t address = 1; address <= PORT_SETS_MAX + 8; address++)
		for (uint16_t i = 0; i < (address == PORT_SETS_MAX + 8 ? 200 : 100); i += 2) {
			struct sock_record r = towards(address, 443, (uint16_t)(FIRST + i));

			client_ports_count(*state, &r, SIDE_CLIENT);
		}
	t = judge_plain(*state);
	assert_int_equal(t.busiest.sockets, 100);
	assert_int_equal(t.usage.used, 100);
	assert_true(t.room.usable_min <= 200 && t.room.usable_max >= 200);
	/* Forgotten with the next scan. */
	client_ports_start(*state, FIRST, FIRST + PORTS - 1, 1000);
	t = judge_plain(*state);
	assert_int_equal(t.usage.used, 0);
}

static void test_client_ports_have_an_owner(void **state)
{
	for (uint16_t i = 0; i < 20; i += 2) {
		struct sock_record r = towards(1, 443, (uint16_t)(FIRST + i));

		r.cgroup_id = i < 14 ? 77 : 78;
		r.inode = 1;
		r.uid = 1000;
		client_ports_count(*state, &r, SIDE_CLIENT);
	}
	assert_int_equal(judge_plain(*state).room.cgroup.value, 77);
	assert_true(judge_plain(*state).room.cgroup.mixed);
	assert_int_equal(judge_plain(*state).room.uid.value, 1000);
}

/*
 * The oracle: sockets on ports, and connect() and bind() as net/ipv4/inet_hashtables.c and
 * inet_connection_sock.c search for one.
 */
enum how { CONNECTED, BOUND, CHOSEN, LISTENING, HOWS };

#define SOURCES      3
#define DESTINATIONS 6
#define WORLD_MAX    8000
#define PLACES       500

struct end {
	uint16_t port;
	uint8_t how, source, destination;
	bool waits;
};

/* What is on one port. */
enum there { NOT_THERE, IS_OPEN, IS_WAITING };

struct place {
	uint16_t of[SOURCES]; /* sockets of that source */
	uint16_t others;      /* that connect() did not put there */
	uint16_t listening;
	uint8_t to[SOURCES][DESTINATIONS]; /* enum there */
};

struct world {
	uint32_t seed;
	uint16_t ports;
	bool reuse; /* of TIME_WAIT by connect() */
	uint32_t perturb[SOURCES][DESTINATIONS];
	struct end end[WORLD_MAX];
	size_t count;
	struct place at[PLACES];
};

static uint32_t roll(struct world *w, uint32_t below)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 8) % below;
}

static bool can_connect(const struct world *w, uint16_t port, uint8_t source, uint8_t destination)
{
	const uint8_t there = w->at[port].to[source][destination];

	return !w->at[port].others && (!there || (w->reuse && there == IS_WAITING));
}

static bool can_bind(const struct world *w, uint16_t port, uint8_t source)
{
	return !w->at[port].of[source] && !w->at[port].listening;
}

/* step: 1 to add, -1 to remove. */
static void mark(struct world *w, const struct end *e, int step)
{
	struct place *at = &w->at[e->port];

	at->of[e->source] = (uint16_t)(at->of[e->source] + step);
	at->others = (uint16_t)(at->others + (e->how != CONNECTED ? step : 0));
	at->listening = (uint16_t)(at->listening + (e->how == LISTENING ? step : 0));
	if (e->how != LISTENING)
		at->to[e->source][e->destination] = step < 0 ? 0 : e->waits ? IS_WAITING : IS_OPEN;
}

static void add(struct world *w, enum how how, uint16_t port, uint8_t source, uint8_t destination)
{
	assert_true(w->count < WORLD_MAX);
	w->end[w->count] = (struct end){port, (uint8_t)how, source, destination, false};
	mark(w, &w->end[w->count++], 1);
}

static void take_away(struct world *w, size_t i)
{
	mark(w, &w->end[i], -1);
	w->end[i] = w->end[--w->count];
}

static bool connect_one(struct world *w, enum how how, uint8_t source, uint8_t destination)
{
	const uint32_t remaining = w->ports & ~1U;
	uint32_t *perturb = &w->perturb[source][destination];
	uint32_t offset = how == CONNECTED ? *perturb % remaining & ~1U : roll(w, remaining) | 1;

	for (int pass = 0; pass < 2; pass++) {
		uint32_t port = offset;

		for (uint32_t i = 0; i < remaining; i += 2, port += 2) {
			if (port >= w->ports)
				port -= remaining;
			if (how == CONNECTED ? !can_connect(w, (uint16_t)port, source, destination)
					     : !can_bind(w, (uint16_t)port, source))
				continue;
			/* The TIME_WAIT that it takes. */
			for (size_t k = 0;
				k < w->count && w->at[port].to[source][destination] == IS_WAITING;
				k++)
				if (w->end[k].port == port && w->end[k].source == source &&
					w->end[k].destination == destination)
					take_away(w, k);
			*perturb += MAX(i, 2 * roll(w, 8)) + 2;
			add(w, how, (uint16_t)port, source, destination);
			return true;
		}
		offset = how == CONNECTED ? offset + 1 : offset - 1;
	}
	return false;
}

static void make_world(struct world *w, uint32_t seed)
{
	uint32_t sources, destinations, hows, acts;

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->ports = (uint16_t)(100 + roll(w, 400));
	for (size_t i = 0; i < SOURCES; i++)
		for (size_t k = 0; k < DESTINATIONS; k++)
			w->perturb[i][k] = roll(w, 1 << 20);
	sources = 1 + roll(w, SOURCES);
	destinations = 1 + roll(w, DESTINATIONS);
	hows = 1 + roll(w, (1 << HOWS) - 1);
	acts = roll(w, 8);
	w->reuse = roll(w, 2);
	for (uint32_t a = 0; a <= acts; a++) {
		const enum how how = (enum how)roll(w, HOWS);
		const uint8_t source = (uint8_t)roll(w, sources);
		const uint8_t destination = (uint8_t)roll(w, destinations);
		uint32_t n = roll(w, how == LISTENING ? 20 : w->ports);

		for (; n && hows & 1U << how; n--) {
			const uint16_t port = (uint16_t)roll(w, w->ports);

			if (how == CONNECTED || how == BOUND)
				(void)connect_one(w, how, source, destination);
			else if (can_bind(w, port, source))
				add(w, how, port, source, destination);
		}
	}
}

static void close_some(struct world *w, bool waits)
{
	const uint32_t one_in = 2 + roll(w, 8);

	for (size_t i = w->count; i-- > 0;) {
		if (w->end[i].how == LISTENING || roll(w, one_in))
			continue;
		if (!waits) {
			take_away(w, i);
			continue;
		}
		mark(w, &w->end[i], -1);
		w->end[i].waits = true;
		mark(w, &w->end[i], 1);
	}
}

static struct result judge_world(struct client_ports *c, const struct world *w)
{
	struct port_set chosen = {0};
	struct limits l;

	client_ports_start(c, FIRST, (uint16_t)(FIRST + w->ports - 1), 1000);
	for (size_t i = 0; i < w->count; i++) {
		const struct end *e = &w->end[i];
		struct sock_record r =
			towards(e->destination + 1U, 443, (uint16_t)(FIRST + e->port));

		r.local_address[3] = e->source;
		if (e->how == LISTENING) {
			r.state = STATE_LISTEN;
			memset(r.local_address, 0, sizeof(r.local_address));
		} else if (e->waits) {
			r.state = STATE_TIME_WAIT;
			r.kind = KIND_MINI;
			r.expires_ms = 40000;
		} else if (e->how == CHOSEN) {
			port_set_add(&chosen, r.local_port);
		}
		client_ports_count(c, &r, e->how == LISTENING ? SIDE_SERVER : SIDE_CLIENT);
	}
	l = limits_of(c);
	l.tw_reuse = w->reuse;
	return judge(c, &l, &chosen);
}

/* How many connections are really made as told. */
static uint64_t try_out(struct world *w, const struct result *t)
{
	const enum how how = destination_is_source(&t->busiest) ? BOUND : CONNECTED;
	uint8_t destination = 0;
	uint64_t made = 0;

	if (t->busiest.port)
		destination = (uint8_t)(t->busiest.address[0] - 1);
	while (connect_one(w, how, t->busiest.source[3], destination))
		if (++made > w->ports)
			break;
	return made;
}

#define WALKS 6000

enum closing { NOTHING_CLOSED, SOME_WAIT, SOME_RESET, CLOSINGS };

struct tried {
	uint32_t all;
	uint32_t outside; /* of the range */
	uint32_t wide;    /* the range has more than 1 % of the ports, or two of them */
};

static void walk(struct client_ports *c, struct world *w, enum closing closing, struct tried *tried)
{
	struct result t;
	uint64_t made;

	if (closing != NOTHING_CLOSED)
		close_some(w, closing == SOME_WAIT);
	t = judge_world(c, w);
	made = try_out(w, &t);
	tried->all++;
	tried->outside += made < t.room.usable_min || made > t.room.usable_max;
	tried->wide += t.room.usable_max - t.room.usable_min > 1 + t.usage.max / 100;
}

/*
 * Without any connection closed, the number is always in the range, and that is narrow unless a
 * program both binds and connects until one of both is short of ports. Where half of the sockets
 * are gone, the parity of what is left may mislead.
 */
static void test_client_ports_random_walk(void **state)
{
	static const struct {
		uint32_t outside_max, wide_max; /* in a thousand */
	} allowed[CLOSINGS] = {
		[NOTHING_CLOSED] = {0, 80},
		[SOME_WAIT] = {5, 1000},
		[SOME_RESET] = {40, 150},
	};
	struct tried tried[CLOSINGS] = {0};
	struct world *w = test_malloc(sizeof(*w));

	for (uint32_t i = 0; i < WALKS; i++) {
		make_world(w, i + 1);
		walk(*state, w, (enum closing)(i % CLOSINGS), &tried[i % CLOSINGS]);
	}
	test_free(w);
	for (size_t i = 0; i < CLOSINGS; i++) {
		print_message("# closing %zu: of %u, %u outside, %u wide\n", i, tried[i].all,
			tried[i].outside, tried[i].wide);
		assert_true(tried[i].outside * 1000 <= allowed[i].outside_max * tried[i].all);
		assert_true(tried[i].wide * 1000 <= allowed[i].wide_max * tried[i].all);
	}
}

#define PORTS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PORTS_TEST(test_client_ports_none),
		PORTS_TEST(test_client_ports_by_destination_and_device),
		PORTS_TEST(test_client_ports_taken_by_others),
		PORTS_TEST(test_client_ports_time_wait),
		PORTS_TEST(test_client_ports_bounded_error),
		PORTS_TEST(test_client_ports_more_busy_ones_than_sets),
		PORTS_TEST(test_client_ports_have_an_owner),
		PORTS_TEST(test_client_ports_random_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

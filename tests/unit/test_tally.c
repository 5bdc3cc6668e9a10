/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "model/snapshot.h"
#include "model/sock_memory.h"
#include "model/tally.h"
#include "unit.h"

#include <string.h>
#include <sys/socket.h>

static struct tally_context context(void)
{
	struct tally_context c = {
		.filter = FILTER_ALL,
		.port_first = 32768,
		.port_last = 60999,
		.fin_timeout_ms = 60000,
	};

	c.prices.object[OBJECT_TCP_SOCK].bytes = 2000;
	c.prices.object[OBJECT_TW_SOCK].bytes = 200;
	c.prices.object[OBJECT_BIND_BUCKET].bytes = 10;
	c.prices.object[OBJECT_BIND2_BUCKET].bytes = 5;
	return c;
}

static struct sock_record record(enum tcp_state s, uint16_t local, uint16_t remote)
{
	struct sock_record r = {
		.family = AF_INET,
		.state = (uint8_t)s,
		.kind = s == STATE_TIME_WAIT ? KIND_MINI : KIND_FULL,
		.has_buffers = true,
		.local_port = local,
		.remote_port = remote,
	};

	r.timer = r.kind == KIND_MINI ? TIMER_TIME_WAIT : TIMER_NONE;
	r.ownership = (uint8_t)sock_record_ownership(r.kind, s, 0);
	return r;
}

static void count(struct tally *t, enum tcp_state s, uint16_t local, uint16_t remote)
{
	struct sock_record r = record(s, local, remote);

	tally_count(t, &r);
}

/* Ends the scan, which may go on. */
static const struct port_tally *find_row(struct tally *t, enum sock_side side, uint16_t port)
{
	tally_finish(t, false);
	for (size_t i = 0; i < t->rows_used; i++)
		if (t->rows[i].service.side == side && t->rows[i].service.port == port)
			return &t->rows[i];
	return NULL;
}

/* A copy of the row, which must be there. */
static struct port_tally row(struct tally *t, enum sock_side side, uint16_t port)
{
	const struct port_tally *found = find_row(t, side, port);

	if (!found)
		fail_msg("no row for the %s's port %u", side_name(side), port);
	return found ? *found : (struct port_tally){0};
}

static int setup(void **state)
{
	struct tally_context c = context();
	struct tally *t;

	assert_int_equal(tally_new(&t), 0);
	tally_start(t, &c);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	*state = tally_free(*state);
	return 0;
}

static void test_tally_count_side_by_listener(void **state)
{
	struct tally *t = *state;

	/* A listener inside the ephemeral range makes its connections a server's; the other end of
	 * each is a client's. */
	count(t, STATE_LISTEN, 40000, 0);
	count(t, STATE_ESTABLISHED, 40000, 50000);
	count(t, STATE_ESTABLISHED, 50000, 40000);
	tally_finish(t, false);
	assert_int_equal(t->rows_used, 2);
	assert_int_equal(row(t, SIDE_SERVER, 40000).states[STATE_ESTABLISHED].sockets, 1);
	assert_true(row(t, SIDE_SERVER, 40000).listening);
	assert_int_equal(row(t, SIDE_CLIENT, 40000).states[STATE_ESTABLISHED].sockets, 1);
	assert_false(row(t, SIDE_CLIENT, 40000).listening);
}

static void test_tally_count_side_without_listener(void **state)
{
	struct tally *t = *state;

	count(t, STATE_CLOSE_WAIT, 7777, 50000);  /* the listener closed before */
	count(t, STATE_CLOSE_WAIT, 50000, 443);   /* an ordinary client */
	count(t, STATE_ESTABLISHED, 700, 2049);   /* a client from a privileged port */
	count(t, STATE_BOUND_INACTIVE, 8080, 0);  /* about to listen */
	count(t, STATE_BOUND_INACTIVE, 50001, 0); /* about to connect */
	assert_non_null(find_row(t, SIDE_SERVER, 7777));
	assert_non_null(find_row(t, SIDE_CLIENT, 443));
	assert_non_null(find_row(t, SIDE_CLIENT, 2049));
	assert_non_null(find_row(t, SIDE_SERVER, 8080));
	assert_non_null(find_row(t, SIDE_CLIENT, 0));
}

static void test_tally_start_remembers_servers_until_empty(void **state)
{
	struct tally *t = *state;
	struct tally_context c = context();

	count(t, STATE_LISTEN, 50000, 0);
	count(t, STATE_CLOSE_WAIT, 50000, 40000);
	tally_finish(t, true);

	/* The listener is gone, its connections are not. */
	tally_start(t, &c);
	count(t, STATE_CLOSE_WAIT, 50000, 40000);
	assert_int_equal(row(t, SIDE_SERVER, 50000).states[STATE_CLOSE_WAIT].sockets, 1);
	assert_false(row(t, SIDE_SERVER, 50000).listening);

	tally_finish(t, true);

	/* After a scan without any, the port is unknown again. */
	tally_start(t, &c);
	tally_finish(t, true);
	tally_start(t, &c);
	count(t, STATE_CLOSE_WAIT, 50000, 40000);
	assert_null(find_row(t, SIDE_SERVER, 50000));
	assert_non_null(find_row(t, SIDE_CLIENT, 40000));
}

/* A socket that a process holds. */
static void count_owned(
	struct tally *t, enum tcp_state s, uint16_t local, uint64_t cgroup_id, uint32_t uid)
{
	struct sock_record r = record(s, local, s == STATE_LISTEN ? 0 : 50000);

	r.cgroup_id = cgroup_id;
	r.inode = 4711;
	r.uid = uid;
	r.ownership = (uint8_t)sock_record_ownership(r.kind, s, r.inode);
	tally_count(t, &r);
}

/* Its address is told unless the port has no other service, as far as can be seen. */
static void test_tally_finish_knows_the_only_service_of_a_port(void **state)
{
	struct tally *t = *state;
	struct service_set at = {0};
	const struct service_range range = {
		.address = {AF_INET, {10}}, .first = 7777, .last = 7777};
	struct sock_record bound = record(STATE_LISTEN, 7777, 0);

	bound.local_address[0] = 10;
	assert_int_equal(service_set_add(&at, &range), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct tally_context c = context();

		c.filter.ports = i == 2 ? &at : NULL;
		tally_start(t, &c);
		tally_count(t, &bound);
		if (i)
			count(t, STATE_LISTEN, 7777, 0);
		tally_finish(t, true);
		assert_int_equal(t->rows_used, i == 1 ? 2 : 1);
		assert_int_equal(t->rows[0].is_only, i == 0);
	}
}

/* TIME_WAIT carries no cgroup, and /proc has none: a service keeps its owner while it has sockets.
 */
static void test_tally_keeps_the_owner_of_a_service(void **state)
{
	struct tally *t = *state;
	struct tally_context c = context();

	count_owned(t, STATE_LISTEN, 7777, 4711, 33);
	count(t, STATE_TIME_WAIT, 7777, 50000);
	tally_finish(t, true);
	for (unsigned scan = 0; scan < 3; scan++) {
		tally_start(t, &c);
		count(t, STATE_TIME_WAIT, 7777, 50000);
		tally_finish(t, scan > 0);
		assert_int_equal(row(t, SIDE_SERVER, 7777).creators.first.cgroup, 4711);
	}
	/* Another one takes its place, and several leave none. */
	tally_start(t, &c);
	count_owned(t, STATE_LISTEN, 7777, 4712, 33);
	count_owned(t, STATE_CLOSE_WAIT, 7777, 4713, 33);
	tally_finish(t, true);
	assert_int_equal(row(t, SIDE_SERVER, 7777).creators.first.cgroup, 4712);
	tally_start(t, &c);
	count(t, STATE_TIME_WAIT, 7777, 50000);
	tally_finish(t, true);
	assert_int_equal(row(t, SIDE_SERVER, 7777).creators.first.cgroup, 0);
}

/* How many sockets of a state a cgroup has in a row. */
static uint32_t created_by(struct tally *t, uint16_t port, enum tcp_state s, uint64_t cgroup)
{
	const struct port_tally found = row(t, SIDE_SERVER, port), *p = &found;
	uint32_t others = 0;

	for (uint32_t i = p->creators.others; i; i = t->creators.list[i - 1].next) {
		const struct creator_tally *c = &t->creators.list[i - 1];

		if (c->creator.cgroup == cgroup)
			return c->sockets[s][OWNERSHIP_HELD];
		others += c->sockets[s][OWNERSHIP_HELD];
	}
	assert_int_equal(p->creators.first.cgroup, cgroup);
	return p->states[s].sockets - others;
}

static void test_tally_count_creators(void **state)
{
	struct tally *t = *state;
	struct port_tally p;

	count_owned(t, STATE_LISTEN, 7777, 100, 0);
	for (int i = 0; i < 50; i++)
		count_owned(t, STATE_CLOSE_WAIT, 7777, 100, 33);
	p = row(t, SIDE_SERVER, 7777);
	assert_true(p.creators.first.reported && !p.creators.first.by_user);
	assert_int_equal(p.creators.first.cgroup, 100);
	assert_int_equal(p.creators.first.listeners, 1);
	/* Root listens, another accepted. */
	assert_int_equal(p.creators.first.uids.value, 33);
	/* One creator costs nothing. */
	assert_int_equal(p.creators.others, 0);
	assert_null(t->creators.slots);

	for (int i = 0; i < 100; i++) {
		count_owned(t, STATE_CLOSE_WAIT, 7777, 99, 34);
		count_owned(t, i % 2 ? STATE_ESTABLISHED : STATE_CLOSE_WAIT, 7777, 98, 35);
	}
	assert_int_equal(t->creators.used, 2);
	assert_int_equal(created_by(t, 7777, STATE_CLOSE_WAIT, 100), 50);
	assert_int_equal(created_by(t, 7777, STATE_CLOSE_WAIT, 99), 100);
	assert_int_equal(created_by(t, 7777, STATE_CLOSE_WAIT, 98), 50);
	assert_int_equal(created_by(t, 7777, STATE_ESTABLISHED, 98), 50);
	assert_int_equal(created_by(t, 7777, STATE_ESTABLISHED, 100), 0);

	/* A row of its own has its own. */
	count_owned(t, STATE_LISTEN, 7778, 200, 0);
	count_owned(t, STATE_CLOSE_WAIT, 7778, 99, 0);
	assert_int_equal(row(t, SIDE_SERVER, 7778).creators.first.cgroup, 200);
	assert_int_equal(created_by(t, 7778, STATE_CLOSE_WAIT, 99), 1);

	/* The next scan starts anew. */
	tally_start(t, &t->context);
	count_owned(t, STATE_LISTEN, 7777, 99, 0);
	count_owned(t, STATE_CLOSE_WAIT, 7777, 100, 0);
	assert_int_equal(created_by(t, 7777, STATE_CLOSE_WAIT, 99), 0);
	assert_int_equal(created_by(t, 7777, STATE_CLOSE_WAIT, 100), 1);
}

/* Root's cgroup is everybody's who has none. */
static void test_tally_count_creators_by_user(void **state)
{
	struct tally *t = *state;
	struct port_tally p;

	count_owned(t, STATE_LISTEN, 7777, 1, 0);
	for (int i = 0; i < 3; i++)
		count_owned(t, STATE_CLOSE_WAIT, 7777, 1, 33);
	p = row(t, SIDE_SERVER, 7777);
	assert_true(p.creators.first.by_user);
	assert_int_equal(p.creators.first.uid, 33);
	assert_int_equal(p.creators.others, 0);
	count_owned(t, STATE_CLOSE_WAIT, 7777, 1, 34);
	assert_int_equal(t->creators.used, 1);
	assert_int_equal(t->creators.list[0].creator.uid, 34);
	assert_int_equal(t->creators.list[0].sockets[STATE_CLOSE_WAIT][OWNERSHIP_HELD], 1);
}

static void test_tally_count_more_creators_than_there_is_room_for(void **state)
{
	struct tally *t = *state;

	count_owned(t, STATE_LISTEN, 7777, 1000, 0);
	for (uint64_t i = 0; i <= CREATORS_MAX; i++)
		count_owned(t, STATE_CLOSE_WAIT, 7777, 1000 + i, 0);
	assert_int_equal(t->creators.used, CREATORS_MAX);
	assert_false(row(t, SIDE_SERVER, 7777).creators.uncounted);
	assert_int_equal(created_by(t, 7777, STATE_CLOSE_WAIT, 1000), 1);
	count_owned(t, STATE_CLOSE_WAIT, 7777, 7, 0);
	assert_true(row(t, SIDE_SERVER, 7777).creators.uncounted);
	count_owned(t, STATE_CLOSE_WAIT, 7777, 1000 + CREATORS_MAX, 0);
	assert_int_equal(created_by(t, 7777, STATE_CLOSE_WAIT, 1000 + CREATORS_MAX), 2);
}

static void test_tally_count_without_creator(void **state)
{
	struct tally *t = *state;
	struct sock_record orphan = record(STATE_LAST_ACK, 7777, 50000);
	struct port_tally p;

	count(t, STATE_TIME_WAIT, 7777, 50000);
	count_owned(t, STATE_CLOSE_WAIT, 7777, 0, UID_OVERFLOW);
	assert_false(row(t, SIDE_SERVER, 7777).creators.first.reported);

	/* An orphan has a service, but no user. */
	orphan.cgroup_id = 5;
	tally_count(t, &orphan);
	p = row(t, SIDE_SERVER, 7777);
	assert_true(p.creators.first.reported);
	assert_int_equal(p.creators.first.cgroup, 5);
	assert_false(p.creators.first.uids.reported);

	/* Root is somebody. */
	count_owned(t, STATE_CLOSE_WAIT, 7777, 5, 0);
	p = row(t, SIDE_SERVER, 7777);
	assert_true(p.creators.first.uids.reported);
	assert_int_equal(p.creators.first.uids.value, 0);
}

static void test_tally_count_creators_filter(void **state)
{
	struct tally *t = *state;
	struct tally_context c = context();

	/* The listener is known although it is filtered out; other filtered sockets are not. */
	c.filter.states = STATE_BIT(STATE_CLOSE_WAIT);
	tally_start(t, &c);
	count_owned(t, STATE_LISTEN, 7777, 1, 0);
	count_owned(t, STATE_ESTABLISHED, 7777, 2, 0);
	count_owned(t, STATE_CLOSE_WAIT, 7777, 1, 0);
	assert_int_equal(row(t, SIDE_SERVER, 7777).creators.first.listeners, 1);
	assert_int_equal(t->creators.used, 0);
	assert_int_equal(port_tally_sum(find_row(t, SIDE_SERVER, 7777), STATE_SET_ALL).sockets, 1);
}

static void test_tally_count_ages(void **state)
{
	struct tally *t = *state;
	struct sock_record young = record(STATE_TIME_WAIT, 7777, 50000);
	struct sock_record old = record(STATE_TIME_WAIT, 7777, 50001);
	struct sock_record ticked = record(STATE_TIME_WAIT, 7778, 50002);
	struct sock_record long_fin_wait = record(STATE_FIN_WAIT_2, 7777, 50003);
	struct port_tally p;

	young.expires_ms = 59000;
	old.expires_ms = 1000;
	ticked.expires_ms = 60004;
	long_fin_wait.kind = KIND_MINI;
	long_fin_wait.expires_ms = 90000;
	tally_count(t, &young);
	tally_count(t, &old);
	tally_count(t, &ticked);
	tally_count(t, &long_fin_wait);
	count(t, STATE_CLOSE_WAIT, 7777, 50004);

	p = row(t, SIDE_SERVER, 7777);
	assert_int_equal(p.states[STATE_TIME_WAIT].oldest_ms, 59000);
	assert_int_equal(p.states[STATE_FIN_WAIT_2].oldest_ms, UNKNOWN_U32);
	assert_int_equal(p.states[STATE_CLOSE_WAIT].oldest_ms, UNKNOWN_U32);
	assert_int_equal(row(t, SIDE_SERVER, 7778).states[STATE_TIME_WAIT].oldest_ms, 0);
}

static void test_tally_count_kinds_and_ownership(void **state)
{
	struct tally *t = *state;
	struct sock_record held = record(STATE_FIN_WAIT_2, 7777, 50000);
	struct sock_record mini = record(STATE_FIN_WAIT_2, 7777, 50001);
	struct sock_record orphan = record(STATE_FIN_WAIT_2, 7777, 50002);
	struct state_tally st;

	held.ownership = OWNERSHIP_HELD;
	mini.kind = KIND_MINI;
	mini.ownership = OWNERSHIP_NONE;
	tally_count(t, &held);
	tally_count(t, &mini);
	tally_count(t, &orphan);
	count(t, STATE_CLOSE_WAIT, 7777, 50003);

	st = row(t, SIDE_SERVER, 7777).states[STATE_FIN_WAIT_2];
	assert_int_equal(st.sockets, 3);
	assert_int_equal(st.mini, 1);
	assert_int_equal(st.orphan, 1);
	assert_int_equal(st.unaccepted, 0);
	assert_int_equal(row(t, SIDE_SERVER, 7777).states[STATE_CLOSE_WAIT].unaccepted, 1);
}

static void test_tally_count_charges_a_local_port_once(void **state)
{
	struct tally *t = *state;

	count(t, STATE_LISTEN, 7777, 0);
	count(t, STATE_TIME_WAIT, 7777, 50000);
	count(t, STATE_TIME_WAIT, 7777, 50001);
	assert_int_equal(row(t, SIDE_SERVER, 7777).states[STATE_TIME_WAIT].memory_bytes, 2 * 200);
	assert_int_equal(row(t, SIDE_SERVER, 7777).states[STATE_LISTEN].memory_bytes,
		2000 + port_memory(&t->context.prices));

	/* Two clients from one port: the second shares the first one's buckets. */
	count(t, STATE_TIME_WAIT, 50000, 80);
	count(t, STATE_TIME_WAIT, 50000, 81);
	assert_int_equal(row(t, SIDE_CLIENT, 80).states[STATE_TIME_WAIT].memory_bytes, 200 + 15);
	assert_int_equal(row(t, SIDE_CLIENT, 81).states[STATE_TIME_WAIT].memory_bytes, 200);
}

static void test_tally_count_accept_queue(void **state)
{
	struct tally *t = *state;
	struct sock_record v4 = record(STATE_LISTEN, 7777, 0), v6 = record(STATE_LISTEN, 7777, 0);

	v4.receive_queue = 3;
	v4.send_queue = 128;
	v6.receive_queue = 1;
	v6.send_queue = 4096;
	v4.has_backlog = v6.has_backlog = true;
	tally_count(t, &v6);
	tally_count(t, &v4);
	assert_int_equal(row(t, SIDE_SERVER, 7777).listeners, 2);
	assert_int_equal(row(t, SIDE_SERVER, 7777).accept_queue, 3);
	assert_int_equal(row(t, SIDE_SERVER, 7777).backlog, 128);
	assert_int_equal(row(t, SIDE_SERVER, 7777).backlogs, 4224);
}

/* The fullest of several listeners decides, in whatever order they come. */
static void test_tally_count_the_fullest_listener(void **state)
{
	static const struct {
		uint32_t queue, backlog;
	} listeners[] = {
		/* from the fullest on */
		{1, 0},
		{129, 128},
		{UINT32_MAX, UINT32_MAX - 1},
		{4096, 4096},
		{5, 5},
		{90, 128},
		{0, 0},
		{0, 128},
		{0, UINT32_MAX - 1},
	};
	struct tally *t = *state;

	for (size_t i = 0; i + 1 < ARRAY_SIZE(listeners); i++) {
		for (unsigned swapped = 0; swapped < 2; swapped++) {
			const struct tally_context c = context();
			struct sock_record r = record(STATE_LISTEN, 7777, 0);

			tally_start(t, &c);
			r.has_backlog = true;
			for (unsigned k = 0; k < 2; k++) {
				r.receive_queue = listeners[i + (k ^ swapped)].queue;
				r.send_queue = listeners[i + (k ^ swapped)].backlog;
				tally_count(t, &r);
			}
			assert_int_equal(
				row(t, SIDE_SERVER, 7777).accept_queue, listeners[i].queue);
			assert_int_equal(row(t, SIDE_SERVER, 7777).backlog, listeners[i].backlog);
			assert_int_equal(row(t, SIDE_SERVER, 7777).backlogs,
				(uint64_t)listeners[i].backlog + listeners[i + 1].backlog);
		}
	}
}

/* A source without backlogs has unknown ones, not empty ones. */
static void test_tally_count_unknown_backlogs(void **state)
{
	struct tally *t = *state;
	struct sock_record r = record(STATE_LISTEN, 7777, 0);

	r.receive_queue = 7;
	tally_count(t, &r);
	r.receive_queue = 3;
	tally_count(t, &r);
	assert_int_equal(row(t, SIDE_SERVER, 7777).listeners, 2);
	assert_int_equal(row(t, SIDE_SERVER, 7777).accept_queue, 7);
	assert_true(row(t, SIDE_SERVER, 7777).backlog == UNKNOWN_U32);
	assert_true(row(t, SIDE_SERVER, 7777).backlogs == UNKNOWN);
}

static void test_tally_count_filters(void **state)
{
	struct tally *t = *state;
	struct tally_context c = context();
	static struct service_set ports;
	struct snapshot s = {0};

	port_set_add(&ports.ports, 7777);
	c.filter = (struct filter){
		.ports = &ports, .states = STATE_BIT(STATE_CLOSE_WAIT), .sides = {true, false}};
	tally_start(t, &c);
	count(t, STATE_LISTEN, 7777, 0);
	count(t, STATE_LISTEN, 7778, 0);
	count(t, STATE_CLOSE_WAIT, 7777, 50000); /* the only one that passes */
	count(t, STATE_CLOSE_WAIT, 7778, 50000); /* wrong port */
	count(t, STATE_TIME_WAIT, 7777, 50001);  /* wrong state */
	count(t, STATE_CLOSE_WAIT, 50002, 7777); /* wrong side */

	tally_finish(t, false);
	assert_int_equal(snapshot_take(&s, t), 0);
	assert_int_equal(s.totals.sockets, 1);
	assert_int_equal(s.ports_count, 1);
	assert_true(s.ports[0]->listening);
	snapshot_release(&s);
}

/* Of two servers on one port, only the one whose address was named. */
static void test_tally_count_filters_by_address(void **state)
{
	static struct service_set services;
	struct tally *t = *state;
	struct tally_context c = context();

	services.ranges[0] = (struct service_range){{AF_INET, {127, 0, 0, 2}}, 7777, 7777};
	services.ranges_count = 1;
	c.filter.ports = &services;
	tally_start(t, &c);
	for (uint8_t last = 1; last <= 3; last++) {
		struct sock_record r = record(STATE_LISTEN, 7777, 0);

		memcpy(r.local_address, (uint8_t[4]){127, 0, 0, last}, 4);
		tally_count(t, &r);
		r = record(STATE_CLOSE_WAIT, 7777, 50000);
		memcpy(r.local_address, (uint8_t[4]){127, 0, 0, last}, 4);
		tally_count(t, &r);
	}
	tally_finish(t, true);
	assert_int_equal(t->rows_used, 1);
	assert_int_equal(t->rows[0].service.address.bytes[3], 2);
	assert_int_equal(t->rows[0].states[STATE_CLOSE_WAIT].sockets, 1);
}

static state_set states_had(struct tally *t, enum sock_side side, uint16_t port)
{
	const struct port_tally *found = NULL;

	for (size_t i = 0; i < t->rows_used; i++)
		if (t->rows[i].service.side == side && t->rows[i].service.port == port)
			found = &t->rows[i];
	assert_non_null(found);
	return found ? found->states_had : 0;
}

/* The states of earlier scans are remembered, over failed and partial ones, until a complete scan
 * does not show the service. */
static void test_tally_remembers_the_states_of_a_service(void **state)
{
	const state_set listen = STATE_BIT(STATE_LISTEN), wait = STATE_BIT(STATE_CLOSE_WAIT),
			ack = STATE_BIT(STATE_LAST_ACK);
	struct tally *t = *state;
	struct tally_context c = context();

	count(t, STATE_LISTEN, 7777, 0);
	count(t, STATE_CLOSE_WAIT, 7777, 50000);
	count(t, STATE_LISTEN, 7778, 0);
	tally_finish(t, true);
	assert_int_equal(states_had(t, SIDE_SERVER, 7777), listen | wait);
	assert_int_equal(states_had(t, SIDE_SERVER, 7778), listen);

	/* A scan that fails, which nobody finishes. */
	tally_start(t, &c);
	count(t, STATE_LISTEN, 7777, 0);
	/* A partial one, in which the other service is not seen. */
	tally_start(t, &c);
	count(t, STATE_LISTEN, 7777, 0);
	count(t, STATE_LAST_ACK, 7777, 50000);
	tally_finish(t, false);
	assert_int_equal(states_had(t, SIDE_SERVER, 7777), listen | wait | ack);

	tally_start(t, &c);
	count(t, STATE_LISTEN, 7777, 0);
	count(t, STATE_CLOSE_WAIT, 7778, 50000);
	tally_finish(t, true);
	assert_int_equal(states_had(t, SIDE_SERVER, 7777), listen | wait | ack);
	assert_int_equal(states_had(t, SIDE_SERVER, 7778), listen | wait);
	assert_int_equal(t->had_count, 2);

	/* Gone, and back: a new service. */
	tally_start(t, &c);
	count(t, STATE_LISTEN, 7777, 0);
	tally_finish(t, true);
	tally_start(t, &c);
	count(t, STATE_LISTEN, 7778, 0);
	tally_finish(t, true);
	assert_int_equal(states_had(t, SIDE_SERVER, 7778), listen);
	assert_int_equal(t->had_count, 1);
}

/* More ports than rows: the sockets of the others are all in the rest, and counted as so many
 * ports. */
static void test_tally_count_caps_rows(void **state)
{
	struct tally *t = *state;
	struct tally_context c = context();
	struct snapshot s = {0};
	uint64_t rows = 0;

	for (unsigned port = 1; port <= UINT16_MAX; port++) {
		count(t, STATE_LISTEN, (uint16_t)port, 0);
		rows++;
	}
	for (unsigned port = 1; port <= 1000; port++) {
		struct sock_record r = record(STATE_LISTEN, (uint16_t)port, 0);

		r.local_address[0] = 10;
		tally_count(t, &r);
		tally_count(t, &r);
		rows++;
	}
	assert_int_equal(t->rows_used, TALLY_ROWS_MAX);
	tally_finish(t, false);
	assert_int_equal(snapshot_take(&s, t), 0);
	assert_int_equal(snapshot_list(&s, 50, NULL, 0), 0);
	assert_int_equal(s.totals.sockets, UINT16_MAX + 2000);
	assert_int_equal(s.ports_count, 50);
	assert_int_equal(s.omitted.ports, rows - 50);
	/* Among the listed ones is the one port with two sockets that still got a row. */
	assert_int_equal(s.omitted.sockets, s.totals.sockets - 51);
	snapshot_release(&s);

	/* The next scan starts from nothing. */
	tally_start(t, &c);
	count(t, STATE_CLOSE_WAIT, 0, 999);
	tally_finish(t, true);
	assert_int_equal(t->rows_used, 1);
	assert_int_equal(t->rest_ports, 0);
}

static void test_snapshot_take_ranks_and_sums(void **state)
{
	struct tally *t = *state;
	struct snapshot s = {.scanned = STATE_SET_ALL};

	count(t, STATE_TIME_WAIT, 7001, 50000);
	count(t, STATE_CLOSE_WAIT, 7002, 50001);
	count(t, STATE_ESTABLISHED, 7002, 50002);
	count(t, STATE_TIME_WAIT, 7003, 50003);
	count(t, STATE_TIME_WAIT, 7003, 50004);

	tally_finish(t, false);
	assert_int_equal(snapshot_take(&s, t), 0);
	assert_int_equal(snapshot_list(&s, 2, NULL, 0), 0);
	assert_int_equal(s.ports_count, 2);
	assert_int_equal(s.ports[0]->service.port, 7002);
	assert_int_equal(s.ports[1]->service.port, 7003);
	assert_int_equal(s.omitted.ports, 1);
	assert_int_equal(s.omitted.sockets, 1);
	assert_int_equal(s.omitted.memory_bytes, 200 + 15);
	assert_int_equal(s.totals.sockets, 5);
	assert_int_equal(s.totals.memory_bytes, 2 * 2000 + 3 * 200 + 3 * 15);
	assert_int_equal(s.totals.closing_sockets, 4);
	assert_int_equal(s.totals.closing_memory_bytes, 2000 + 3 * 200 + 3 * 15);
	snapshot_release(&s);
}

static void test_snapshot_take_client_ports(void **state)
{
	struct tally *t = *state;
	struct snapshot s = {.scanned = STATE_SET_ALL};

	s.limits.port_first = 32768;
	s.limits.port_last = 60999;
	s.limits.ports_reserved = 32;
	for (uint16_t port = 60000; port < 60032; port++)
		port_set_add(&s.limits.reserved, port);
	count(t, STATE_TIME_WAIT, 50000, 443);
	count(t, STATE_ESTABLISHED, 50001, 443);
	count(t, STATE_ESTABLISHED, 50001, 80);
	tally_finish(t, false);
	assert_int_equal(snapshot_take(&s, t), 0);
	assert_int_equal(s.client_ports.used, 2);
	assert_int_equal(s.client_ports.max, 28232 - 32);
	assert_int_equal(s.busiest.port, 443);
	snapshot_release(&s);

	/* Not all states were looked at: how many ports are taken is not known. */
	s.scanned = STATE_SET_ALL & (state_set)~STATE_BIT(STATE_ESTABLISHED);
	tally_finish(t, false);
	assert_int_equal(snapshot_take(&s, t), 0);
	assert_true(s.client_ports.used == UNKNOWN);
	snapshot_release(&s);
}

static void test_snapshot_established_from_counter(void **state)
{
	struct tally *t = *state;
	struct snapshot s = {.scanned = STATE_SET_ALL & (state_set)~STATE_BIT(STATE_ESTABLISHED)};

	count(t, STATE_CLOSE_WAIT, 7777, 50000);
	s.limits.curr_estab = 101;
	tally_finish(t, false);
	assert_int_equal(snapshot_take(&s, t), 0);
	snapshot_established_from_counter(&s);
	assert_true(s.established_from_counter);
	assert_int_equal(s.totals.states[STATE_ESTABLISHED].sockets, 100);
	assert_int_equal(s.totals.sockets, 101);
	assert_true(s.totals.memory_bytes == UNKNOWN);
	snapshot_release(&s);

	s.limits.curr_estab = UNKNOWN;
	tally_finish(t, false);
	assert_int_equal(snapshot_take(&s, t), 0);
	snapshot_established_from_counter(&s);
	assert_false(s.established_from_counter);
	assert_true(s.totals.sockets == UNKNOWN);
	snapshot_release(&s);
}

#define TALLY_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void test_tally_count_fresh(void **state)
{
	/* Polls every second: a socket as old as the last poll was counted by it. */
	static const struct {
		const char *name;
		enum tcp_state state;
		enum sock_kind kind;
		uint32_t expires_ms, fin_timeout_ms, since_ms;
		uint32_t time_wait, fin_wait_2;
	} cases[] = {
		{"just begun", STATE_TIME_WAIT, KIND_MINI, 60000, 60000, 1000, 1, 0},
		{"rounded up by a tick", STATE_TIME_WAIT, KIND_MINI, 60004, 60000, 1000, 1, 0},
		{"within the second", STATE_TIME_WAIT, KIND_MINI, 59001, 60000, 1000, 1, 0},
		{"a second ago", STATE_TIME_WAIT, KIND_MINI, 59000, 60000, 1000, 0, 0},
		{"long ago", STATE_TIME_WAIT, KIND_MINI, 0, 60000, 1000, 0, 0},
		{"the first look", STATE_TIME_WAIT, KIND_MINI, 60000, 60000, 0, 0, 0},
		{"mini FIN_WAIT_2", STATE_FIN_WAIT_2, KIND_MINI, 14500, 15000, 1000, 0, 1},
		{"an older one", STATE_FIN_WAIT_2, KIND_MINI, 13500, 15000, 1000, 0, 0},
		{"one of its own time", STATE_FIN_WAIT_2, KIND_MINI, 40000, 15000, 1000, 0, 0},
		{"its time not known", STATE_FIN_WAIT_2, KIND_MINI, 15000, UNKNOWN_U32, 1000, 0, 0},
		{"a full one", STATE_FIN_WAIT_2, KIND_FULL, 15000, 15000, 1000, 0, 0},
	};
	struct tally *t = *state;
	struct ages *ages;

	/* The age of a full socket is from here, and another: it has not closed yet. */
	assert_int_equal(ages_new(64, &ages), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tally_context c = context();
		struct sock_record r = record(cases[i].state, 7777, 50000);
		struct port_tally p;

		c.fin_timeout_ms = cases[i].fin_timeout_ms;
		c.since_ms = cases[i].since_ms;
		r.kind = (uint8_t)cases[i].kind;
		r.expires_ms = cases[i].expires_ms;
		r.cookie = i + 1;
		c.ages = ages;
		ages_start(ages, 5000);
		tally_start(t, &c);
		tally_count(t, &r);
		p = row(t, SIDE_SERVER, 7777);
		if (p.fresh_time_wait != cases[i].time_wait ||
			p.fresh_fin_wait_2 != cases[i].fin_wait_2)
			fail_msg("%s: %u and %u are fresh", cases[i].name,
				(unsigned)p.fresh_time_wait, (unsigned)p.fresh_fin_wait_2);
	}
	ages_free(ages);
}

/* A boot id that cannot be read is not that of another boot that could not be read either. */
static void test_origin_is_same_boot(void **state)
{
	struct origin o = {.boot_id = "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b11"}, unknown = {0};

	(void)state;
	assert_true(origin_is_same_boot(&o, "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b11"));
	assert_false(origin_is_same_boot(&o, "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b12"));
	assert_false(origin_is_same_boot(&o, ""));
	assert_false(origin_is_same_boot(&unknown, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TALLY_TEST(test_tally_count_side_by_listener),
		TALLY_TEST(test_tally_count_side_without_listener),
		TALLY_TEST(test_tally_start_remembers_servers_until_empty),
		TALLY_TEST(test_tally_finish_knows_the_only_service_of_a_port),
		TALLY_TEST(test_tally_keeps_the_owner_of_a_service),
		TALLY_TEST(test_tally_count_creators),
		TALLY_TEST(test_tally_count_creators_by_user),
		TALLY_TEST(test_tally_count_more_creators_than_there_is_room_for),
		TALLY_TEST(test_tally_count_without_creator),
		TALLY_TEST(test_tally_count_creators_filter),
		TALLY_TEST(test_tally_count_ages),
		TALLY_TEST(test_tally_count_kinds_and_ownership),
		TALLY_TEST(test_tally_count_charges_a_local_port_once),
		TALLY_TEST(test_tally_count_accept_queue),
		TALLY_TEST(test_tally_count_the_fullest_listener),
		TALLY_TEST(test_tally_count_unknown_backlogs),
		TALLY_TEST(test_tally_count_filters),
		TALLY_TEST(test_tally_count_filters_by_address),
		TALLY_TEST(test_tally_remembers_the_states_of_a_service),
		TALLY_TEST(test_tally_count_caps_rows),
		TALLY_TEST(test_snapshot_take_ranks_and_sums),
		TALLY_TEST(test_snapshot_take_client_ports),
		TALLY_TEST(test_snapshot_established_from_counter),
		TALLY_TEST(test_tally_count_fresh),
		cmocka_unit_test(test_origin_is_same_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

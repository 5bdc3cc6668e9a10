/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "lab/scenario.h"

#include <errno.h>

#define OTHER_PORT 7778

/* Ends a connection as programs should: one side closes, the other reads the end and closes too. */
static void close_in_turn(struct stage *s, struct end *first, struct end *second)
{
	call_close(s, first, NULL);
	expect_receive(s, second, 1, SOON_MS, 0);
	call_close(s, second, NULL);
}

static void play_who_closes_first(struct stage *s)
{
	struct connection a, b;
	struct sock_record r = {0};

	stage_remark(s, "the client closes first:");
	a = stage_connect(s, &(struct connect_options){0});
	close_in_turn(s, &a.client, &a.server);
	expect_state(s, &a.client, STATE_TIME_WAIT, SOON_MS, NULL);
	expect_gone(s, &a.server, SOON_MS);

	stage_remark(s, "the server closes first:");
	b = stage_connect(s, &(struct connect_options){0});
	close_in_turn(s, &b.server, &b.client);
	expect_state(s, &b.server, STATE_TIME_WAIT, SOON_MS, &r);
	expect_gone(s, &b.client, SOON_MS);
	expect_true(s, "it is a mini socket, with a timer of its own",
		r.kind == KIND_MINI && r.timer == TIMER_TIME_WAIT);
	if (stage_is_full(s))
		expect_gone(s, &b.server, timer_ms(&r));
}

static void play_server_accepts(struct stage *s)
{
	enum { BATCH = 2000, BATCHES = 10, ALL = BATCH * BATCHES };
	struct connection batch[BATCH], c;
	struct connect_options o = {0};

	/* Small machines have a lower limit. */
	stage_sysctl(s, SERVER, "ipv4/tcp_max_tw_buckets", "40000");
	/* One client address per batch: no pair of address and port may occur twice. */
	for (; o.client_address < BATCHES; o.client_address++) {
		stage_connect_many(s, &o, batch, BATCH);
		call_close_many(s, batch, BATCH, SERVER);
		call_close_many(s, batch, BATCH, CLIENT);
	}
	expect_count(s, SERVER, STATE_TIME_WAIT, ALL);

	c = stage_connect(s, &o);
	expect_count(s, SERVER, STATE_ESTABLISHED, 1);
	call_send(s, &c.client, 1);
	expect_receive(s, &c.server, 1, SOON_MS, 1);
	expect_count(s, SERVER, STATE_TIME_WAIT, ALL);
}

static void play_buckets_full(struct stage *s)
{
	enum { LIMIT = 100, CONNECTIONS = 300 };
	struct connection list[CONNECTIONS];

	stage_sysctl(s, SERVER, "ipv4/tcp_max_tw_buckets", "100");
	stage_connect_many(s, &(struct connect_options){0}, list, ARRAY_SIZE(list));
	call_close_many(s, list, ARRAY_SIZE(list), SERVER);
	/* The clients' kernel may take 40 ms to acknowledge, and a FIN that comes along with that
	 * is still answered with an ACK. */
	expect_count(s, SERVER, STATE_FIN_WAIT_1, 0);
	call_close_many(s, list, ARRAY_SIZE(list), CLIENT);
	expect_count(s, SERVER, STATE_TIME_WAIT, LIMIT);
	expect_count(s, SERVER, STATE_FIN_WAIT_2, 0);
	expect_counter(s, SERVER, COUNTER_TIME_WAIT_OVERFLOW, CONNECTIONS - LIMIT);

	stage_remark(s, "the server no longer knows the clients that closed later:");
	expect_count(s, CLIENT, STATE_LAST_ACK, 0);
	expect_counter(s, SERVER, COUNTER_OUT_RSTS, 1);
}

static void play_ports_exhausted(struct stage *s)
{
	enum { PORTS = 100 };
	const struct connect_options here = {0}, elsewhere = {.port = OTHER_PORT};
	struct connection list[PORTS], c = {.server.fd = -1, .client.fd = -1};

	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", "40000 40099");
	stage_connect_many(s, &here, list, ARRAY_SIZE(list));
	call_close_many(s, list, ARRAY_SIZE(list), CLIENT);
	call_close_many(s, list, ARRAY_SIZE(list), SERVER);
	expect_count(s, CLIENT, STATE_TIME_WAIT, PORTS);
	expect_number(s, "connect() returns", call_connect(s, &here, &c), -EADDRNOTAVAIL);

	stage_remark(s, "the same ports are free towards another destination:");
	c = stage_connect(s, &elsewhere);
	expect_state(s, &c.client, STATE_ESTABLISHED, SOON_MS, NULL);
}

static void play_reuse(struct stage *s)
{
	const struct connect_options o = {0};
	struct connection first, second = {.server.fd = -1, .client.fd = -1};

	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", "40000 40000");
	stage_sysctl(s, CLIENT, "ipv4/tcp_tw_reuse", "0");
	first = stage_connect(s, &o);
	close_in_turn(s, &first.client, &first.server);
	/* The kernel reuses a pair only after it has been in TIME_WAIT for a second. */
	expect_stays(s, &first.client, STATE_TIME_WAIT, 1100);
	expect_number(s, "connect() returns", call_connect(s, &o, &second), -EADDRNOTAVAIL);

	stage_sysctl(s, CLIENT, "ipv4/tcp_tw_reuse", "1");
	second = stage_connect(s, &o);
	expect_number(s, "the client's port", second.client.local_port, first.client.local_port);
	expect_state(s, &second.client, STATE_ESTABLISHED, SOON_MS, NULL);
	expect_counter(s, CLIENT, COUNTER_TW_RECYCLED, 1);
	expect_count(s, CLIENT, STATE_TIME_WAIT, 0);
}

const struct scenario scenarios_time_wait[] = {
	{"time-wait-who-closes-first", "TIME_WAIT stays on the side that closes first",
		play_who_closes_first,
		.lesson = "The side that closes first keeps a mini socket for 60 s, so that stray "
			  "segments cannot enter the next connection between the same addresses "
			  "and ports. To avoid TIME_WAIT on servers, let the clients close first.",
		.windows = "the time can be set, from 30 to 300 s, by TcpTimedWaitDelay."},
	{"time-wait-server-accepts", "A server port with 20,000 TIME_WAIT still accepts",
		play_server_accepts,
		.lesson = "TIME_WAIT on a server does not stop new connections: each blocks only "
			  "its own pair of addresses and ports. It costs memory, less than 300 "
			  "bytes each."},
	{"tw-buckets-full", "tcp_max_tw_buckets is reached: connections end without TIME_WAIT",
		play_buckets_full,
		.lesson = "At the limit the kernel ends connections at once, without TIME_WAIT, "
			  "and counts TCPTimeWaitOverflow; a peer that still sends is reset. Raise "
			  "net.ipv4.tcp_max_tw_buckets before that counter moves."},
	{"client-ports-exhausted",
		"A client's ports are all in TIME_WAIT: connect() fails, EADDRNOTAVAIL",
		play_ports_exhausted,
		.lesson = "Each TIME_WAIT on a client blocks one local port towards one "
			  "destination for 60 s; with all blocked, connect() fails at once, while "
			  "other destinations still work. Keep connections open longer, let the "
			  "server close first, or widen net.ipv4.ip_local_port_range."},
	{"time-wait-reuse", "tcp_tw_reuse: a new connection reuses a pair in TIME_WAIT", play_reuse,
		.lesson = "With net.ipv4.tcp_tw_reuse=1 connect() reuses a port that has been in "
			  "TIME_WAIT for a second, since TCP timestamps distinguish old segments "
			  "from new ones. It helps clients; on a server that only accepts it "
			  "changes nothing."},
	{0},
};

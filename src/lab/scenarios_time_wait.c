/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "lab/scenario.h"

#include <errno.h>

#define PORT       7777
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

	stage_remark(s, "The client closes first:");
	a = stage_connect(s, &(struct connect_options){.port = PORT});
	close_in_turn(s, &a.client, &a.server);
	expect_state(s, &a.client, STATE_TIME_WAIT, SOON_MS, NULL);
	expect_gone(s, &a.server, SOON_MS);

	stage_remark(s, "The server closes first:");
	b = stage_connect(s, &(struct connect_options){.port = PORT});
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
	struct connect_options o = {.port = PORT};

	/* Small machines have a lower limit. */
	stage_sysctl(s, SERVER, "ipv4/tcp_max_tw_buckets", "40000");
	/* A client address to each batch: no pair of address and port may come twice. */
	for (; o.client_address < BATCHES; o.client_address++) {
		stage_connect_many(s, &o, batch, BATCH);
		call_close_many(s, batch, BATCH, SERVER);
		call_close_many(s, batch, BATCH, CLIENT);
	}
	expect_count(s, SERVER, STATE_TIME_WAIT, PORT, ALL, SOON_MS);

	c = stage_connect(s, &o);
	expect_count(s, SERVER, STATE_ESTABLISHED, PORT, 1, SOON_MS);
	call_send(s, &c.client, 1);
	expect_receive(s, &c.server, 1, SOON_MS, 1);
	expect_count(s, SERVER, STATE_TIME_WAIT, PORT, ALL, SOON_MS);
}

static void play_buckets_full(struct stage *s)
{
	enum { LIMIT = 100, CONNECTIONS = 300 };
	struct connection list[CONNECTIONS];

	stage_sysctl(s, SERVER, "ipv4/tcp_max_tw_buckets", "100");
	stage_connect_many(s, &(struct connect_options){.port = PORT}, list, ARRAY_SIZE(list));
	call_close_many(s, list, ARRAY_SIZE(list), SERVER);
	/*
	 * The clients' kernel may take 40 ms to acknowledge. A FIN that comes along with that is
	 * still answered in peace.
	 */
	expect_count(s, SERVER, STATE_FIN_WAIT_1, PORT, 0, SOON_MS);
	call_close_many(s, list, ARRAY_SIZE(list), CLIENT);
	expect_count(s, SERVER, STATE_TIME_WAIT, PORT, LIMIT, SOON_MS);
	expect_count(s, SERVER, STATE_FIN_WAIT_2, PORT, 0, SOON_MS);
	expect_counter(s, SERVER, COUNTER_TIME_WAIT_OVERFLOW, CONNECTIONS - LIMIT);

	stage_remark(s, "The clients that closed later found nobody there any more:");
	expect_count(s, CLIENT, STATE_LAST_ACK, PORT, 0, SOON_MS);
	expect_counter(s, SERVER, COUNTER_OUT_RSTS, 1);
}

static void play_ports_exhausted(struct stage *s)
{
	enum { PORTS = 100 };
	const struct connect_options here = {.port = PORT}, elsewhere = {.port = OTHER_PORT};
	struct connection list[PORTS], c = {.server.fd = -1, .client.fd = -1};

	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", "40000 40099");
	stage_connect_many(s, &here, list, ARRAY_SIZE(list));
	call_close_many(s, list, ARRAY_SIZE(list), CLIENT);
	call_close_many(s, list, ARRAY_SIZE(list), SERVER);
	expect_count(s, CLIENT, STATE_TIME_WAIT, PORT, PORTS, SOON_MS);
	expect_number(s, "connect() returns", call_connect(s, &here, &c), -EADDRNOTAVAIL);

	stage_remark(s, "The same ports are free towards another destination:");
	c = stage_connect(s, &elsewhere);
	expect_state(s, &c.client, STATE_ESTABLISHED, SOON_MS, NULL);
}

static void play_reuse(struct stage *s)
{
	const struct connect_options o = {.port = PORT};
	struct connection first, second = {.server.fd = -1, .client.fd = -1};

	stage_sysctl(s, CLIENT, "ipv4/ip_local_port_range", "40000 40000");
	stage_sysctl(s, CLIENT, "ipv4/tcp_tw_reuse", "0");
	first = stage_connect(s, &o);
	close_in_turn(s, &first.client, &first.server);
	/* The kernel lets a pair go only when it has been in TIME_WAIT for a second. */
	expect_stays(s, &first.client, STATE_TIME_WAIT, 1100);
	expect_number(s, "connect() returns", call_connect(s, &o, &second), -EADDRNOTAVAIL);

	stage_sysctl(s, CLIENT, "ipv4/tcp_tw_reuse", "1");
	second = stage_connect(s, &o);
	expect_number(s, "the client's port", second.client.local_port, first.client.local_port);
	expect_state(s, &second.client, STATE_ESTABLISHED, SOON_MS, NULL);
	expect_counter(s, CLIENT, COUNTER_TW_RECYCLED, 1);
	expect_count(s, CLIENT, STATE_TIME_WAIT, PORT, 0, SOON_MS);
}

const struct scenario scenarios_time_wait[] = {
	{
		.name = "time-wait-who-closes-first",
		.title = "TIME_WAIT is on the side that closes first, and only there",
		.lesson = "Whoever closes first keeps a mini socket for 60 s, so that stray "
			  "segments cannot enter the next connection on the same pair of "
			  "addresses and ports. If servers should have no TIME_WAIT, let the "
			  "clients close first.",
		.windows = "the time can be set, from 30 to 300 s, by TcpTimedWaitDelay.",
		.play = play_who_closes_first,
	},
	{
		.name = "time-wait-server-accepts",
		.title = "A server port with 20,000 TIME_WAIT still accepts",
		.lesson = "TIME_WAIT on a server does not stop new connections: each keeps only "
			  "its own pair of addresses and ports. What they cost is memory, less "
			  "than 300 bytes each.",
		.play = play_server_accepts,
	},
	{
		.name = "tw-buckets-full",
		.title = "tcp_max_tw_buckets is reached: connections end without TIME_WAIT",
		.lesson = "At the limit the kernel ends connections at once, without TIME_WAIT, "
			  "and counts TCPTimeWaitOverflow; a peer that still has something to say "
			  "is reset. Raise net.ipv4.tcp_max_tw_buckets before that counter moves.",
		.play = play_buckets_full,
	},
	{
		.name = "client-ports-exhausted",
		.title = "A client's ports are all in TIME_WAIT: connect() gives EADDRNOTAVAIL",
		.lesson = "Each TIME_WAIT on the client takes one local port towards one "
			  "destination for 60 s; with all taken, connect() fails at once, while "
			  "other destinations still answer. Keep connections open for longer, let "
			  "the server close first, or widen net.ipv4.ip_local_port_range.",
		.play = play_ports_exhausted,
	},
	{
		.name = "time-wait-reuse",
		.title = "tcp_tw_reuse: a new connection takes over a pair in TIME_WAIT",
		.lesson = "With net.ipv4.tcp_tw_reuse=1 connect() takes over a port that has been "
			  "in TIME_WAIT for a second, because TCP timestamps tell old segments "
			  "from new ones. It helps those who connect; on a server that only "
			  "accepts it changes nothing.",
		.play = play_reuse,
	},
	{.name = NULL},
};

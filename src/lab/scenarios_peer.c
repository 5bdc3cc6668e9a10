/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/scenario.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define PORT 7777

static void play_close_wait_leak(struct stage *s)
{
	struct connection c;
	struct sock_record r = {0};

	/* So that the client forgets it while we look on. */
	stage_sysctl(s, CLIENT, "ipv4/tcp_fin_timeout", "1");
	c = stage_connect(s, &(struct connect_options){.port = PORT});
	call_close(s, &c.client, NULL);
	expect_receive(s, &c.server, 1, SOON_MS, 0);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, &r);
	expect_true(s, "no timer will end it", r.timer == TIMER_NONE);
	expect_gone(s, &c.client, TIMER_MS);
	stage_remark(s, "The client has forgotten it; the server still pays:");
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, NULL);

	call_close(s, &c.server, NULL);
	expect_gone(s, &c.server, SOON_MS);
}

static void play_close_wait_unread(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){.port = PORT});
	struct sock_record r = {0};

	call_send(s, &c.client, 500);
	call_close(s, &c.client, NULL);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, &r);
	expect_number(s, "the receive queue, with the FIN, holds", r.receive_queue, 501);
	expect_true(s, "no timer will end it", r.timer == TIMER_NONE);

	expect_number(s, "close() returns", call_close(s, &c.server, NULL), 0);
	expect_gone(s, &c.server, SOON_MS);
	expect_counter(s, SERVER, COUNTER_ABORT_ON_CLOSE, 1);
	expect_counter(s, SERVER, COUNTER_OUT_RSTS, 1);
	expect_gone(s, &c.client, SOON_MS);
}

static void play_close_wait_unaccepted(struct stage *s)
{
	struct connection c =
		stage_connect(s, &(struct connect_options){.port = PORT, .not_accepted = true});
	struct sock_record r = {0};

	call_close(s, &c.client, NULL);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, &r);
	expect_true(s, "no process has it: it waits in the accept queue",
		r.ownership == OWNERSHIP_UNACCEPTED && r.inode == 0);
	expect_true(s, "no timer will end it", r.timer == TIMER_NONE);
	expect_stays(s, &c.server, STATE_CLOSE_WAIT, 500);
}

static void play_close_wait_accepts(struct stage *s)
{
	enum { BATCH = 1000, BATCHES = 5, ALL = BATCH * BATCHES };
	struct connection batch[BATCH], c;
	struct connect_options o = {.port = PORT};

	for (; o.client_address < BATCHES; o.client_address++) {
		stage_connect_many(s, &o, batch, BATCH);
		call_close_many(s, batch, BATCH, CLIENT);
	}
	expect_count(s, SERVER, STATE_CLOSE_WAIT, PORT, ALL, SOON_MS);

	c = stage_connect(s, &o);
	expect_count(s, SERVER, STATE_ESTABLISHED, PORT, 1, SOON_MS);
	call_send(s, &c.client, 1);
	expect_receive(s, &c.server, 1, SOON_MS, 1);
	expect_count(s, SERVER, STATE_CLOSE_WAIT, PORT, ALL, SOON_MS);
}

static void play_dead_silent(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){.port = PORT});
	struct sock_record r = {0};

	stage_vanish(s, CLIENT);
	expect_receive(s, &c.server, 1, 500, -EAGAIN);
	expect_stays(s, &c.server, STATE_ESTABLISHED, 1000);
	expect_state(s, &c.server, STATE_ESTABLISHED, 0, &r);
	expect_true(s, "no timer will end it", r.timer == TIMER_NONE);
}

static void play_dead_keepalive(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){.port = PORT});
	struct sock_record r = {0};

	call_option(s, &c.server, SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE", 1);
	call_option(s, &c.server, IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE", 1);
	call_option(s, &c.server, IPPROTO_TCP, TCP_KEEPINTVL, "TCP_KEEPINTVL", 1);
	call_option(s, &c.server, IPPROTO_TCP, TCP_KEEPCNT, "TCP_KEEPCNT", 1);
	expect_state(s, &c.server, STATE_ESTABLISHED, SOON_MS, &r);
	expect_true(s, "the keepalive timer runs", r.timer == TIMER_KEEPALIVE);

	stage_vanish(s, CLIENT);
	expect_receive(s, &c.server, 1, TIMER_MS, -ETIMEDOUT);
	expect_gone(s, &c.server, SOON_MS);
	expect_counter(s, SERVER, COUNTER_ABORT_ON_TIMEOUT, 1);
}

static void play_dead_user_timeout(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){.port = PORT});
	struct sock_record r = {0};

	call_option(s, &c.server, IPPROTO_TCP, TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT", 2000);
	stage_vanish(s, CLIENT);
	call_send(s, &c.server, 100);
	expect_state(s, &c.server, STATE_ESTABLISHED, 0, &r);
	expect_number(s, "the send queue holds", r.send_queue, 100);
	expect_true(s, "the retransmission timer runs", r.timer == TIMER_RETRANSMIT);
	expect_receive(s, &c.server, 1, TIMER_MS, -ETIMEDOUT);
	expect_gone(s, &c.server, SOON_MS);
	expect_counter(s, SERVER, COUNTER_ABORT_ON_TIMEOUT, 1);
}

/* Whether an address of 16 bytes is an IPv4 one in IPv6 clothes, ::ffff:a.b.c.d. */
static bool is_mapped(const uint8_t *address)
{
	struct in6_addr a;

	memcpy(&a, address, sizeof(a));
	return IN6_IS_ADDR_V4MAPPED(&a);
}

static void play_dual_stack(struct stage *s)
{
	const struct connect_options o = {.port = PORT, .dual_stack = true};
	struct connection c = stage_connect(s, &o);
	struct sock_record server = {0}, client = {0};

	expect_state(s, &c.server, STATE_ESTABLISHED, SOON_MS, &server);
	expect_state(s, &c.client, STATE_ESTABLISHED, SOON_MS, &client);
	expect_true(s, "the server's socket is of IPv6, its addresses mapped IPv4 ones",
		server.family == AF_INET6 && is_mapped(server.local_address) &&
			is_mapped(server.remote_address));
	expect_true(s, "the client's socket is of IPv4", client.family == AF_INET);
	expect_count(s, SERVER, STATE_ESTABLISHED, PORT, 1, SOON_MS);

	call_close(s, &c.server, NULL);
	call_close(s, &c.client, NULL);
	expect_state(s, &c.server, STATE_TIME_WAIT, SOON_MS, &server);
	expect_true(s, "its TIME_WAIT is of IPv6, too",
		server.family == AF_INET6 && is_mapped(server.remote_address));
	expect_count(s, SERVER, STATE_TIME_WAIT, PORT, 1, SOON_MS);
}

static void play_mptcp(struct stage *s)
{
	struct connection c =
		stage_connect(s, &(struct connect_options){.port = PORT, .mptcp = true});
	struct sock_record r = {0};

	call_send(s, &c.client, 100);
	expect_receive(s, &c.server, 100, SOON_MS, 100);
	expect_state(s, &c.server, STATE_ESTABLISHED, SOON_MS, &r);
	expect_true(s, "the subflow shows as a TCP socket that a process holds",
		r.kind == KIND_FULL && r.ownership == OWNERSHIP_HELD);
	expect_count(s, SERVER, STATE_ESTABLISHED, PORT, 1, SOON_MS);
	expect_count(s, CLIENT, STATE_ESTABLISHED, PORT, 1, SOON_MS);

	call_close(s, &c.server, NULL);
	call_close(s, &c.client, NULL);
	expect_count(s, SERVER, STATE_ESTABLISHED, PORT, 0, SOON_MS);
	expect_count(s, CLIENT, STATE_ESTABLISHED, PORT, 0, SOON_MS);
}

const struct scenario scenarios_peer[] = {
	{
		.name = "close-wait-leak",
		.title = "CLOSE_WAIT leak: the peer closed, the program does not",
		.lesson = "After recv() returned 0 the socket stays in CLOSE_WAIT until the "
			  "program calls close(), if need be for ever: no timer and no sysctl "
			  "ends it. CLOSE_WAIT that grows is a fault of the program: it must call "
			  "close() when recv() returns 0.",
		.play = play_close_wait_leak,
	},
	{
		.name = "close-wait-unread",
		.title = "CLOSE_WAIT with unread data: close() resets",
		.lesson = "Closing a socket that has unread data sends RST instead of FIN, and "
			  "nothing is left on either side. Read until recv() returns 0 before "
			  "close() where the peer should see a clean end.",
		.play = play_close_wait_unread,
	},
	{
		.name = "close-wait-unaccepted",
		.title = "CLOSE_WAIT in the accept queue: the client gave up before accept()",
		.lesson = "The kernel completes connections by itself; one that the client has "
			  "left again waits as CLOSE_WAIT in the accept queue, and no process has "
			  "it. Many of them mean that the program is too slow in accept(), or "
			  "hangs.",
		.play = play_close_wait_unaccepted,
	},
	{
		.name = "close-wait-server-accepts",
		.title = "A server port with 5,000 CLOSE_WAIT still accepts",
		.lesson = "A leak of CLOSE_WAIT does not stop new connections, so nobody notices "
			  "it. Each takes a descriptor and 4 KiB of kernel memory or more, until "
			  "one of the two runs out.",
		.play = play_close_wait_accepts,
	},
	{
		.name = "dead-peer-silent",
		.title = "A dead peer without keepalive stays ESTABLISHED",
		.lesson = "A peer that vanishes sends no FIN, and a connection on which nothing "
			  "is sent has no timer: it stays ESTABLISHED for ever. Use a heartbeat "
			  "of your own, TCP keepalive or TCP_USER_TIMEOUT.",
		.play = play_dead_silent,
	},
	{
		.name = "dead-peer-keepalive",
		.title = "A dead peer found by keepalive: ETIMEDOUT",
		.lesson = "Keepalive ends an idle connection after TCP_KEEPIDLE and then "
			  "TCP_KEEPCNT times TCP_KEEPINTVL: the program reads ETIMEDOUT. "
			  "SO_KEEPALIVE alone takes more than two hours (7200 s, then 9 times 75 "
			  "s).",
		.play = play_dead_keepalive,
	},
	{
		.name = "dead-peer-user-timeout",
		.title = "A dead peer found by TCP_USER_TIMEOUT: ETIMEDOUT",
		.lesson = "TCP_USER_TIMEOUT says for how many milliseconds data may stay "
			  "unacknowledged: then the connection ends, and the program reads "
			  "ETIMEDOUT. Without it the kernel goes on sending for some 15 minutes "
			  "(net.ipv4.tcp_retries2).",
		.windows = "the option is TCP_MAXRT, in seconds.",
		.play = play_dead_user_timeout,
	},
	{
		.name = "dual-stack",
		.title = "A dual-stack listener's IPv4 clients are IPv6 sockets",
		.lesson = "A listener on :: takes IPv4 clients as IPv6 sockets with mapped "
			  "addresses (::ffff:a.b.c.d), and their TIME_WAIT is one of IPv6, too. "
			  "Whoever counts IPv4 sockets only sees none of them; tcpstated counts "
			  "both under the port.",
		.play = play_dual_stack,
	},
	{
		.name = "mptcp",
		.title = "MPTCP: each subflow shows as a TCP socket",
		.lesson = "The subflows of an MPTCP connection show as TCP sockets, one for each "
			  "path, and cost what TCP sockets cost. tcpstated counts them and not "
			  "the MPTCP socket above them, so that nothing is counted twice.",
		.play = play_mptcp,
	},
	{.name = NULL},
};

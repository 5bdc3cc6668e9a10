/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/scenario.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static void play_close_wait_leak(struct stage *s)
{
	struct connection c;
	struct sock_record r = {0};

	/* The client forgets the connection while the scenario runs. */
	stage_sysctl(s, CLIENT, "ipv4/tcp_fin_timeout", "1");
	c = stage_connect(s, &(struct connect_options){0});
	call_close(s, &c.client, NULL);
	expect_receive(s, &c.server, 1, SOON_MS, 0);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, &r);
	expect_true(s, "no timer will end it", r.timer == TIMER_NONE);
	expect_gone(s, &c.client, TIMER_MS);
	stage_remark(s, "the client has forgotten it; the server still pays:");
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, NULL);

	call_close(s, &c.server, NULL);
	expect_gone(s, &c.server, SOON_MS);
}

static void play_close_wait_unread(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
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
	struct connection c = stage_connect(s, &(struct connect_options){.not_accepted = true});
	struct sock_record r = {0};

	call_close(s, &c.client, NULL);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, &r);
	expect_true(s, "no process holds it: it waits in the accept queue",
		r.ownership == OWNERSHIP_UNACCEPTED && r.inode == 0);
	expect_true(s, "no timer will end it", r.timer == TIMER_NONE);
	expect_stays(s, &c.server, STATE_CLOSE_WAIT, 500);
}

static void play_close_wait_accepts(struct stage *s)
{
	enum { BATCH = 1000, BATCHES = 5, ALL = BATCH * BATCHES };
	struct connection batch[BATCH], c;
	struct connect_options o = {0};

	for (; o.client_address < BATCHES; o.client_address++) {
		stage_connect_many(s, &o, batch, BATCH);
		call_close_many(s, batch, BATCH, CLIENT);
	}
	expect_count(s, SERVER, STATE_CLOSE_WAIT, ALL);

	c = stage_connect(s, &o);
	expect_count(s, SERVER, STATE_ESTABLISHED, 1);
	call_send(s, &c.client, 1);
	expect_receive(s, &c.server, 1, SOON_MS, 1);
	expect_count(s, SERVER, STATE_CLOSE_WAIT, ALL);
}

static void play_dead_silent(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
	struct sock_record r = {0};

	stage_vanish(s, CLIENT);
	expect_receive(s, &c.server, 1, 500, -EAGAIN);
	expect_stays(s, &c.server, STATE_ESTABLISHED, 1000);
	expect_state(s, &c.server, STATE_ESTABLISHED, 0, &r);
	expect_true(s, "no timer will end it", r.timer == TIMER_NONE);
}

static void play_dead_keepalive(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
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
	struct connection c = stage_connect(s, &(struct connect_options){0});
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

/* Whether an address of 16 bytes is a mapped IPv4 one, ::ffff:a.b.c.d. */
static bool is_mapped(const uint8_t *address)
{
	struct in6_addr a;

	memcpy(&a, address, sizeof(a));
	return IN6_IS_ADDR_V4MAPPED(&a);
}

static void play_dual_stack(struct stage *s)
{
	const struct connect_options o = {.dual_stack = true};
	struct connection c = stage_connect(s, &o);
	struct sock_record server = {0}, client = {0};

	expect_state(s, &c.server, STATE_ESTABLISHED, SOON_MS, &server);
	expect_state(s, &c.client, STATE_ESTABLISHED, SOON_MS, &client);
	expect_true(s, "the server has an IPv6 socket with mapped IPv4 addresses",
		server.family == AF_INET6 && is_mapped(server.local_address) &&
			is_mapped(server.remote_address));
	expect_true(s, "the client has an IPv4 socket", client.family == AF_INET);
	expect_count(s, SERVER, STATE_ESTABLISHED, 1);

	call_close(s, &c.server, NULL);
	call_close(s, &c.client, NULL);
	expect_state(s, &c.server, STATE_TIME_WAIT, SOON_MS, &server);
	expect_true(s, "its TIME_WAIT is an IPv6 one too",
		server.family == AF_INET6 && is_mapped(server.remote_address));
	expect_count(s, SERVER, STATE_TIME_WAIT, 1);
}

static void play_mptcp(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){.mptcp = true});
	struct sock_record r = {0};

	call_send(s, &c.client, 100);
	expect_receive(s, &c.server, 100, SOON_MS, 100);
	expect_state(s, &c.server, STATE_ESTABLISHED, SOON_MS, &r);
	expect_true(s, "the subflow shows as a TCP socket that a process holds",
		r.kind == KIND_FULL && r.ownership == OWNERSHIP_HELD);
	expect_count(s, SERVER, STATE_ESTABLISHED, 1);
	expect_count(s, CLIENT, STATE_ESTABLISHED, 1);

	call_close(s, &c.server, NULL);
	call_close(s, &c.client, NULL);
	expect_count(s, SERVER, STATE_ESTABLISHED, 0);
	expect_count(s, CLIENT, STATE_ESTABLISHED, 0);
}

const struct scenario scenarios_peer[] = {
	{"close-wait-leak", "CLOSE_WAIT leak: the peer closed, the program does not",
		play_close_wait_leak,
		.lesson =
			"After recv() returned 0 the socket stays in CLOSE_WAIT until the program "
			"calls close(): no timer and no sysctl ends it. Growing CLOSE_WAIT is a "
			"bug in the program: it must call close() when recv() returns 0."},
	{"close-wait-unread", "CLOSE_WAIT with unread data: close() resets", play_close_wait_unread,
		.lesson = "Closing a socket with unread data sends an RST instead of a FIN, and "
			  "nothing is left on either side. To give the peer a clean end, read "
			  "until recv() returns 0 before close()."},
	{"close-wait-unaccepted",
		"CLOSE_WAIT in the accept queue: the client gave up before accept()",
		play_close_wait_unaccepted,
		.lesson = "The kernel completes connections by itself; one that the client has "
			  "already closed waits as CLOSE_WAIT in the accept queue, without a "
			  "process. Many of them mean that the program calls accept() too rarely, "
			  "or hangs."},
	{"close-wait-server-accepts", "A server port with 5,000 CLOSE_WAIT still accepts",
		play_close_wait_accepts,
		.lesson = "A CLOSE_WAIT leak does not stop new connections, so nobody notices it. "
			  "Each takes a descriptor and at least 4 KiB of kernel memory, until one "
			  "of the two runs out."},
	{"dead-peer-silent", "A dead peer without keepalive stays ESTABLISHED", play_dead_silent,
		.lesson = "A peer that vanishes sends no FIN, and an idle connection has no timer: "
			  "it stays ESTABLISHED indefinitely. Use a heartbeat in the protocol, TCP "
			  "keepalive or TCP_USER_TIMEOUT."},
	{"dead-peer-keepalive", "A dead peer found by keepalive: ETIMEDOUT", play_dead_keepalive,
		.lesson =
			"Keepalive ends an idle connection after TCP_KEEPIDLE and then TCP_KEEPCNT "
			"times TCP_KEEPINTVL: the program reads ETIMEDOUT. SO_KEEPALIVE alone "
			"takes more than two hours (7200 s, then 9 times 75 s)."},
	{"dead-peer-user-timeout", "A dead peer found by TCP_USER_TIMEOUT: ETIMEDOUT",
		play_dead_user_timeout,
		.lesson = "TCP_USER_TIMEOUT limits how many milliseconds data may stay "
			  "unacknowledged: then the connection ends, and the program reads "
			  "ETIMEDOUT. Without it the kernel retransmits for about 15 minutes "
			  "(net.ipv4.tcp_retries2).",
		.windows = "the option is TCP_MAXRT, in seconds."},
	{"dual-stack", "A dual-stack listener's IPv4 clients are IPv6 sockets", play_dual_stack,
		.lesson =
			"A listener on :: accepts IPv4 clients as IPv6 sockets with mapped "
			"addresses (::ffff:a.b.c.d), and their TIME_WAIT is an IPv6 one too. A "
			"count of IPv4 sockets misses them; tcpstated counts both under the port."},
	{"mptcp", "MPTCP: each subflow shows as a TCP socket", play_mptcp,
		.lesson = "The subflows of an MPTCP connection show as TCP sockets, one per path, "
			  "and cost as much. tcpstated counts them and not the MPTCP socket above "
			  "them, so that nothing is counted twice."},
	{0},
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of the side that closes: FIN_WAIT_1, FIN_WAIT_2, CLOSING, and LAST_ACK. */
#include "lab/scenario.h"
#include "lab/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static void play_half_close(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});

	call_shutdown_write(s, &c.client);
	expect_receive(s, &c.server, 1, SOON_MS, 0);
	expect_state(s, &c.client, STATE_FIN_WAIT_2, SOON_MS, NULL);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, NULL);
	expect_number(s, "the server can still send bytes", call_send(s, &c.server, 1000), 1000);
	expect_receive(s, &c.client, 1000, SOON_MS, 1000);
	call_close(s, &c.server, NULL);
	expect_receive(s, &c.client, 1, SOON_MS, 0);
	expect_state(s, &c.client, STATE_TIME_WAIT, SOON_MS, NULL);
	expect_gone(s, &c.server, SOON_MS);
}

static void play_fin_wait_2_held(struct stage *s)
{
	struct connection held, closed;
	struct sock_record r = {0};

	stage_sysctl(s, SERVER, "ipv4/tcp_fin_timeout", "1");
	held = stage_connect(s, &(struct connect_options){0});
	closed = stage_connect(s, &(struct connect_options){0});
	call_shutdown_write(s, &held.server);
	expect_state(s, &held.server, STATE_FIN_WAIT_2, SOON_MS, &r);
	expect_true(s, "a process holds it", r.ownership == OWNERSHIP_HELD);
	expect_true(s, "no timer runs", r.timer == TIMER_NONE);
	stage_remark(s, "the second connection is closed, to show the difference:");
	call_close(s, &closed.server, NULL);
	expect_gone(s, &closed.server, TIMER_MS);
	expect_state(s, &held.server, STATE_FIN_WAIT_2, 0, NULL);
}

static void play_fin_wait_2_mini(struct stage *s)
{
	struct connection c;
	struct sock_record r = {0};

	stage_sysctl(s, SERVER, "ipv4/tcp_fin_timeout", "2");
	c = stage_connect(s, &(struct connect_options){0});
	call_close(s, &c.server, NULL);
	expect_state(s, &c.server, STATE_FIN_WAIT_2, SOON_MS, &r);
	expect_true(s, "it is a mini socket", r.kind == KIND_MINI);
	expect_true(s, "its timer runs", r.timer == TIMER_TIME_WAIT);
	expect_between(s, "what is left of it, in ms", r.expires_ms, 1, 2000);
	expect_gone(s, &c.server, TIMER_MS);
	expect_state(s, &c.client, STATE_CLOSE_WAIT, 0, NULL);
	stage_remark(s, "the client does not know, and sends:");
	call_send(s, &c.client, 1);
	expect_gone(s, &c.client, SOON_MS);
}

static void play_fin_wait_2_linger2_long(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
	struct sock_record r = {0};

	call_option(s, &c.server, IPPROTO_TCP, TCP_LINGER2, "TCP_LINGER2", 120);
	call_close(s, &c.server, NULL);
	expect_state(s, &c.server, STATE_FIN_WAIT_2, SOON_MS, &r);
	expect_true(s, "it is a full socket", r.kind == KIND_FULL);
	expect_true(s, "no process holds it: an orphan", r.ownership == OWNERSHIP_ORPHAN);
	expect_true(s, "the keepalive timer runs", r.timer == TIMER_KEEPALIVE);
	/* What exceeds the 60 s of a mini socket (net/tcp.h: TCP_TIMEWAIT_LEN). */
	expect_between(s, "what is left of it, in ms", r.expires_ms, 50000, 60000);
	if (!stage_is_full(s))
		return;
	expect_stays(s, &c.server, STATE_FIN_WAIT_2, timer_ms(&r));
	expect_state(s, &c.server, STATE_FIN_WAIT_2, 0, &r);
	expect_true(s, "now it is a mini socket", r.kind == KIND_MINI);
	expect_gone(s, &c.server, timer_ms(&r));
}

static void play_fin_wait_2_linger2_negative(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});

	call_option(s, &c.server, IPPROTO_TCP, TCP_LINGER2, "TCP_LINGER2", -1);
	call_close(s, &c.server, NULL);
	expect_gone(s, &c.server, SOON_MS);
	expect_gone(s, &c.client, SOON_MS);
	expect_receive(s, &c.client, 1, SOON_MS, 0);
	expect_counter(s, SERVER, COUNTER_ABORT_ON_DATA, 1);
}

/* The kernel then gives up within seconds, instead of after 108 s (measured on Linux 6.18). */
static void give_up_orphans_soon(struct stage *s)
{
	if (!stage_is_full(s))
		stage_sysctl(s, SERVER, "ipv4/tcp_orphan_retries", "1");
}

/* Closes an end whose peer has vanished; the kernel must give it up. */
static void close_until_given_up(struct stage *s, struct end *e, enum tcp_state state)
{
	struct sock_record r = {0};

	call_close(s, e, NULL);
	expect_state(s, e, state, SOON_MS, &r);
	expect_true(s, "no process holds it: an orphan", r.ownership == OWNERSHIP_ORPHAN);
	expect_true(s, "the retransmission timer runs", r.timer == TIMER_RETRANSMIT);
	expect_gone(s, e, stage_is_full(s) ? 240000 : TIMER_MS);
	expect_counter(s, SERVER, COUNTER_ABORT_ON_TIMEOUT, 1);
}

static void play_fin_wait_1_orphan_vanished(struct stage *s)
{
	struct connection c;

	give_up_orphans_soon(s);
	c = stage_connect(s, &(struct connect_options){0});
	stage_vanish(s, CLIENT);
	close_until_given_up(s, &c.server, STATE_FIN_WAIT_1);
}

static void play_fin_wait_1_held_vanished(struct stage *s)
{
	struct connection held, closed;
	struct sock_record r = {0};

	give_up_orphans_soon(s);
	held = stage_connect(s, &(struct connect_options){0});
	closed = stage_connect(s, &(struct connect_options){0});
	stage_vanish(s, CLIENT);
	call_shutdown_write(s, &held.server);
	stage_remark(s, "the second connection is closed, to show the difference:");
	close_until_given_up(s, &closed.server, STATE_FIN_WAIT_1);
	expect_state(s, &held.server, STATE_FIN_WAIT_1, 0, &r);
	expect_true(s, "a process holds it", r.ownership == OWNERSHIP_HELD);
	expect_true(s, "it is still retransmitting", r.timer == TIMER_RETRANSMIT);
}

static void play_fin_wait_1_zero_window(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
	struct sock_record r = {0};

	call_send(s, &c.server, MUCH);
	call_close(s, &c.server, NULL);
	/* The last segments that fit into the window may still be in flight. */
	while (expect_state(s, &c.server, STATE_FIN_WAIT_1, 0, &r) && r.timer == TIMER_RETRANSMIT)
		if (!expect_stays(s, &c.server, STATE_FIN_WAIT_1, r.expires_ms))
			return;
	expect_true(s, "the window is closed: the probe timer runs", r.timer == TIMER_PROBE);
	expect_true(s, "it has bytes to send", r.send_queue > 1);
	expect_stays(s, &c.server, STATE_FIN_WAIT_1, 1000);
	expect_state(s, &c.server, STATE_FIN_WAIT_1, 0, &r);
	expect_true(s, "a second later it still has bytes to send", r.send_queue > 1);
}

static void play_last_ack_vanished(struct stage *s)
{
	struct connection c;

	give_up_orphans_soon(s);
	c = stage_connect(s, &(struct connect_options){0});
	call_close(s, &c.client, NULL);
	expect_receive(s, &c.server, 1, SOON_MS, 0);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, NULL);
	stage_vanish(s, CLIENT);
	close_until_given_up(s, &c.server, STATE_LAST_ACK);
}

static void play_simultaneous_close(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
	struct sock_record r = {0};

	stage_remark(s, "what the client sends is lost from here on:");
	expect_number(s, "setsockopt(SO_ATTACH_FILTER) returns", socket_deafen(c.server.fd), 0);
	call_close(s, &c.client, NULL);
	expect_state(s, &c.client, STATE_FIN_WAIT_1, SOON_MS, NULL);
	call_shutdown_write(s, &c.server);
	expect_state(s, &c.client, STATE_CLOSING, SOON_MS, &r);
	expect_true(s, "no process holds it: an orphan", r.ownership == OWNERSHIP_ORPHAN);
	expect_true(s, "the retransmission timer runs", r.timer == TIMER_RETRANSMIT);
	expect_state(s, &c.server, STATE_FIN_WAIT_1, 0, NULL);
	stage_remark(s, "from here on it arrives again:");
	call_option(s, &c.server, SOL_SOCKET, SO_DETACH_FILTER, "SO_DETACH_FILTER", 0);
	expect_state(s, &c.client, STATE_TIME_WAIT, TIMER_MS, NULL);
	expect_state(s, &c.server, STATE_TIME_WAIT, TIMER_MS, NULL);
}

const struct scenario scenarios_fin_wait[] = {
	{"half-close", "shutdown() of the sending side, then receiving in FIN_WAIT_2",
		play_half_close,
		.lesson = "A FIN says only that its sender has nothing more to send: the peer's "
			  "recv() returns 0, and the peer may continue to send. In FIN_WAIT_2 data "
			  "still arrives until the peer closes too."},
	{"fin-wait-2-held", "FIN_WAIT_2 after shutdown(): no timeout while a process holds it",
		play_fin_wait_2_held,
		.lesson = "tcp_fin_timeout does not apply to a socket that a process still has "
			  "open: after shutdown() it waits for the peer's FIN indefinitely. A "
			  "program that shuts down must set its own time limit and then close()."},
	{"fin-wait-2-mini", "FIN_WAIT_2 after close(): a mini socket, ended by tcp_fin_timeout",
		play_fin_wait_2_mini,
		.lesson = "After close() the kernel replaces the socket with a mini socket and "
			  "drops that after tcp_fin_timeout, 60 s by default. The peer does not "
			  "notice: it stays in CLOSE_WAIT and is reset when it sends again."},
	{"fin-wait-2-linger2-long",
		"TCP_LINGER2 above 60 s: a full orphan first, then a mini socket",
		play_fin_wait_2_linger2_long,
		.lesson = "FIN_WAIT_2 beyond 60 s costs a full socket for the excess, about ten "
			  "times the memory of a mini socket. Raising TCP_LINGER2 or "
			  "tcp_fin_timeout above 60 s is therefore expensive."},
	{"fin-wait-2-linger2-negative", "TCP_LINGER2 below 0: no FIN_WAIT_2 at all",
		play_fin_wait_2_linger2_negative,
		.lesson = "With a negative TCP_LINGER2 the socket is gone as soon as the peer has "
			  "acknowledged the FIN: there is neither FIN_WAIT_2 nor TIME_WAIT. The "
			  "peer reads the end of the stream, but what it still sends is refused."},
	{"fin-wait-1-orphan-vanished",
		"FIN_WAIT_1 after close(), the peer vanished: the kernel gives up",
		play_fin_wait_1_orphan_vanished,
		.lesson = "Nobody answers the FIN, and the kernel retransmits it at growing "
			  "intervals until tcp_orphan_retries ends it, by default after nearly two "
			  "minutes. Until then it is a full socket with all its unsent data."},
	{"fin-wait-1-held-vanished", "FIN_WAIT_1 after shutdown(), the peer vanished: much longer",
		play_fin_wait_1_held_vanished,
		.lesson = "While a process holds the socket tcp_orphan_retries does not apply: the "
			  "kernel retransmits for tcp_retries2, 15 minutes and more. A program "
			  "that shuts down a connection must also close() it, or limit the wait "
			  "with TCP_USER_TIMEOUT."},
	{"fin-wait-1-zero-window", "FIN_WAIT_1 against a peer that does not read: the queue stays",
		play_fin_wait_1_zero_window,
		.lesson = "A peer that is alive but does not read keeps its window closed, and the "
			  "FIN waits behind the unsent data. The kernel only probes the window, "
			  "and the orphan keeps its send buffer meanwhile."},
	{"last-ack-vanished", "LAST_ACK, the peer vanished: ends like an orphaned FIN_WAIT_1",
		play_last_ack_vanished,
		.lesson = "The side that closes second waits in LAST_ACK for the answer to its "
			  "FIN. If the peer has vanished meanwhile, tcp_orphan_retries ends it, by "
			  "default after nearly two minutes."},
	{"simultaneous-close", "Both close at the same time: CLOSING", play_simultaneous_close,
		.lesson = "CLOSING means that the peer's FIN came before the answer to our own: "
			  "both sides closed at the same time. It lasts one round trip, unless "
			  "packets are lost, and ends in TIME_WAIT on both sides."},
	{0},
};

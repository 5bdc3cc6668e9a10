/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What close() does by the socket's options, by what is unread, and by how the process ends. */
#include "lab/scenario.h"

#include <errno.h>

/* "At once", as told from the 2 s that a lingering close() takes, also on a busy machine. */
#define AT_ONCE_MS     1000.0
#define LINGER_SECONDS 2
/* More than a receiver that does not read takes in, so that a part stays in the send buffer. */
#define MUCH (1U << 20)

static void expect_close_at_once(struct stage *s, struct end *e)
{
	double ms = -1;

	expect_number(s, "close() returns", call_close(s, e, &ms), 0);
	expect_between(s, "close() takes, in ms", ms, 0, AT_ONCE_MS);
}

/* Receives to the end of the stream or to an error, which is returned. */
static long drain(struct stage *s, struct end *e, long *ret_total)
{
	long n, total = 0;

	while ((n = call_receive(s, e, MUCH, SOON_MS)) > 0)
		total += n;
	*ret_total = total;
	return n;
}

static void play_linger_off(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});

	expect_close_at_once(s, &c.client);
	expect_receive(s, &c.server, 1, SOON_MS, 0);
	expect_state(s, &c.client, STATE_FIN_WAIT_2, SOON_MS, NULL);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, NULL);
	expect_close_at_once(s, &c.server);
	expect_state(s, &c.client, STATE_TIME_WAIT, SOON_MS, NULL);
	expect_gone(s, &c.server, SOON_MS);
}

static void play_linger_off_unsent(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
	struct sock_record r = {0};
	long received, sent = call_send(s, &c.server, MUCH);

	expect_close_at_once(s, &c.server);
	expect_state(s, &c.server, STATE_FIN_WAIT_1, SOON_MS, &r);
	expect_true(s, "no process holds it: an orphan", r.ownership == OWNERSHIP_ORPHAN);
	expect_true(s, "it still has bytes to send", r.send_queue > 0);
	expect_number(s, "after all bytes recv() returns", drain(s, &c.client, &received), 0);
	expect_number(s, "bytes that the client received", received, sent);
	expect_state(s, &c.server, STATE_FIN_WAIT_2, SOON_MS, NULL);
}

static void play_linger_zero(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
	long received, sent = call_send(s, &c.server, MUCH);

	call_linger(s, &c.server, true, 0);
	expect_close_at_once(s, &c.server);
	expect_gone(s, &c.server, SOON_MS);
	expect_gone(s, &c.client, SOON_MS);
	expect_number(s, "recv() ends with", drain(s, &c.client, &received), -ECONNRESET);
	expect_true(s, "the bytes still in the send buffer never arrived", received < sent);
	expect_counter(s, SERVER, COUNTER_ABORT_ON_DATA, 1);
}

static void play_linger_answered(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});

	call_linger(s, &c.client, true, LINGER_SECONDS);
	call_send(s, &c.client, 1000);
	expect_close_at_once(s, &c.client);
	expect_state(s, &c.client, STATE_FIN_WAIT_2, SOON_MS, NULL);
	expect_state(s, &c.server, STATE_CLOSE_WAIT, SOON_MS, NULL);
}

static void linger_until_timeout(struct stage *s, bool nonblocking)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});
	struct sock_record r = {0};
	double ms = -1;

	if (nonblocking)
		call_nonblocking(s, &c.server);
	call_linger(s, &c.server, true, LINGER_SECONDS);
	stage_vanish(s, CLIENT);
	call_send(s, &c.server, 1000);
	expect_number(s, "close() returns", call_close(s, &c.server, &ms), 0);
	/* The kernel counts in ticks of up to 10 ms. */
	expect_between(s, "close() takes, in ms", ms, LINGER_SECONDS * 1000 - 20,
		LINGER_SECONDS * 1000 + AT_ONCE_MS);
	expect_state(s, &c.server, STATE_FIN_WAIT_1, 0, &r);
	expect_true(s, "no process holds it: an orphan", r.ownership == OWNERSHIP_ORPHAN);
	expect_true(s, "nothing was dropped: 1000 bytes and the FIN wait", r.send_queue == 1001);
}

static void play_linger_timeout(struct stage *s)
{
	linger_until_timeout(s, false);
}

static void play_linger_timeout_nonblocking(struct stage *s)
{
	linger_until_timeout(s, true);
}

static void play_close_unread(struct stage *s)
{
	struct connection c = stage_connect(s, &(struct connect_options){0});

	call_send(s, &c.client, 1000);
	call_receive(s, &c.server, 100, SOON_MS);
	expect_close_at_once(s, &c.server);
	expect_gone(s, &c.server, SOON_MS);
	expect_gone(s, &c.client, SOON_MS);
	expect_receive(s, &c.client, 1, SOON_MS, -ECONNRESET);
	expect_counter(s, SERVER, COUNTER_ABORT_ON_CLOSE, 1);
}

struct owned {
	struct connection idle, unread;
};

static void make_owned(struct stage *s, void *userdata)
{
	struct owned *o = userdata;

	o->idle = stage_connect(s, &(struct connect_options){0});
	o->unread = stage_connect(s, &(struct connect_options){0});
	call_send(s, &o->unread.client, 1000);
	call_receive(s, &o->unread.server, 100, SOON_MS);
}

static void play_process_killed(struct stage *s)
{
	struct owned o;

	stage_killed_process(s, SERVER, make_owned, &o);
	expect_state(s, &o.idle.server, STATE_FIN_WAIT_2, SOON_MS, NULL);
	expect_receive(s, &o.idle.client, 1, SOON_MS, 0);
	expect_gone(s, &o.unread.server, SOON_MS);
	expect_receive(s, &o.unread.client, 1, SOON_MS, -ECONNRESET);
	expect_counter(s, SERVER, COUNTER_ABORT_ON_CLOSE, 1);
}

const struct scenario scenarios_close[] = {
	{
		.name = "linger-off",
		.title = "SO_LINGER off, nothing pending: close() returns at once",
		.lesson = "Without SO_LINGER close() returns at once and the four-way close runs "
			  "behind it. The side that closed first ends in TIME_WAIT, the other "
			  "leaves nothing.",
		.play = play_linger_off,
	},
	{
		.name = "linger-off-unsent",
		.title = "SO_LINGER off, unsent data: the drain goes on behind close()",
		.lesson = "close() does not wait for unsent data: the kernel goes on sending it, "
			  "then the FIN, and the peer gets every byte. Until then the socket is "
			  "an orphan in FIN_WAIT_1, and its send buffer is kernel memory that no "
			  "process answers for.",
		.play = play_linger_off_unsent,
	},
	{
		.name = "linger-zero",
		.title = "SO_LINGER on with 0 seconds: a reset, and nothing is left",
		.lesson = "close() drops what is unsent and sends an RST, and nothing is left on "
			  "either side, not even TIME_WAIT. The peer learns it as ECONNRESET and "
			  "may miss data that send() had accepted.",
		.play = play_linger_zero,
	},
	{
		.name = "linger-answered",
		.title = "SO_LINGER on, the peer answers: close() returns early",
		.lesson = "With SO_LINGER close() waits only until the peer's kernel has "
			  "acknowledged the data and the FIN, then returns 0. It waits neither for "
			  "the peer's program to read nor for the peer's own FIN.",
		.play = play_linger_answered,
	},
	{
		.name = "linger-timeout",
		.title = "SO_LINGER on with 2 s, the peer is silent: close() blocks 2 s",
		.lesson = "close() blocks for the whole linger time and then returns 0, as if all "
			  "had gone well. The connection is not reset: it goes on as an orphan in "
			  "FIN_WAIT_1 with its unsent data.",
		.windows = "closesocket() waits as long, then drops the data and resets the "
			   "connection.",
		.play = play_linger_timeout,
	},
	{
		.name = "linger-timeout-nonblocking",
		.title = "The same on a non-blocking socket: close() blocks all the same",
		.lesson = "O_NONBLOCK does not keep close() from lingering: it blocks the thread "
			  "for as long as the peer is silent. An event loop that sets SO_LINGER "
			  "with a time stands still for every client that vanished.",
		.windows = "closesocket() fails with WSAEWOULDBLOCK at once and leaves the socket "
			   "open, to be closed again later.",
		.play = play_linger_timeout_nonblocking,
	},
	{
		.name = "close-unread",
		.title = "close() with unread data: a reset instead of a FIN",
		.lesson = "Whoever closes with received data still unread resets the connection, "
			  "whatever SO_LINGER says. To end it cleanly, shut down the sending side, "
			  "read to the end of the stream, then close.",
		.play = play_close_unread,
	},
	{
		.name = "process-killed",
		.title = "A process killed with connections open: as if it had called close()",
		.lesson = "When a process dies the kernel closes its connections just as close() "
			  "would: most end by FIN, those with unread data by RST. So a server that "
			  "crashed leaves the same states behind as one that closed everything.",
		.play = play_process_killed,
	},
	{0},
};

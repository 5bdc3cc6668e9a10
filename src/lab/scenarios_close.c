/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What close() does, depending on options, unread data and how the process ends. */
#include "lab/scenario.h"

#include <errno.h>

/* "At once", on a busy machine too: much less than the 2 s of a lingering close(). */
#define AT_ONCE_MS     1000.0
#define LINGER_SECONDS 2

static void expect_close_at_once(struct stage *s, struct end *e)
{
	double ms = -1;

	expect_number(s, "close() returns", call_close(s, e, &ms), 0);
	expect_between(s, "close() takes, in ms", ms, 0, AT_ONCE_MS);
}

/* Receives up to the end of the stream or an error, which is returned. */
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

	call_linger(s, &c.server, 0);
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

	call_linger(s, &c.client, LINGER_SECONDS);
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
	call_linger(s, &c.server, LINGER_SECONDS);
	stage_vanish(s, CLIENT);
	call_send(s, &c.server, 1000);
	expect_number(s, "close() returns", call_close(s, &c.server, &ms), 0);
	/* The kernel counts in ticks of up to 10 ms. */
	expect_between(s, "close() takes, in ms", ms, LINGER_SECONDS * 1000 - 20,
		LINGER_SECONDS * 1000 + AT_ONCE_MS);
	expect_state(s, &c.server, STATE_FIN_WAIT_1, 0, &r);
	expect_true(s, "no process holds it: an orphan", r.ownership == OWNERSHIP_ORPHAN);
	expect_true(
		s, "nothing was dropped: 1000 bytes and the FIN are queued", r.send_queue == 1001);
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
	{"linger-off", "SO_LINGER off, nothing pending: close() returns at once", play_linger_off,
		.lesson = "Without SO_LINGER close() returns at once, and the four-way close "
			  "happens in the background. The side that closed first ends in "
			  "TIME_WAIT, the other leaves nothing."},
	{"linger-off-unsent", "SO_LINGER off, unsent data: the kernel sends it after close()",
		play_linger_off_unsent,
		.lesson = "close() does not wait for unsent data: the kernel continues to send it, "
			  "then the FIN, and the peer gets every byte. Until then the socket is an "
			  "orphan in FIN_WAIT_1, and its send buffer is kernel memory that belongs "
			  "to no process."},
	{"linger-zero", "SO_LINGER on with 0 seconds: a reset, and nothing is left",
		play_linger_zero,
		.lesson = "close() drops unsent data and sends an RST, and nothing is left on "
			  "either side, not even TIME_WAIT. The peer gets ECONNRESET and may miss "
			  "data that send() had accepted."},
	{"linger-answered", "SO_LINGER on, the peer answers: close() returns early",
		play_linger_answered,
		.lesson = "With SO_LINGER close() waits only until the peer's kernel has "
			  "acknowledged the data and the FIN, then returns 0. It waits neither for "
			  "the peer's program to read nor for the peer's FIN."},
	{"linger-timeout", "SO_LINGER on with 2 s, the peer is silent: close() blocks 2 s",
		play_linger_timeout,
		.lesson = "close() blocks for the linger time and then returns 0, as if all had "
			  "gone well. The connection is not reset: it remains as an orphan in "
			  "FIN_WAIT_1 with its unsent data.",
		.windows = "closesocket() waits as long, then drops the data and resets the "
			   "connection."},
	{"linger-timeout-nonblocking", "The same on a non-blocking socket: close() still blocks",
		play_linger_timeout_nonblocking,
		.lesson = "O_NONBLOCK does not prevent close() from lingering: it blocks the "
			  "thread while the peer is silent. An event loop that sets a linger time "
			  "stalls for every client that vanished.",
		.windows = "closesocket() fails with WSAEWOULDBLOCK at once and leaves the socket "
			   "open, to be closed again later."},
	{"close-unread", "close() with unread data: a reset instead of a FIN", play_close_unread,
		.lesson = "Closing with unread data resets the connection, whatever SO_LINGER "
			  "says. To end it cleanly, shut down the sending side, read to the end of "
			  "the stream, then close."},
	{"process-killed", "A process killed with connections open: as if it had called close()",
		play_process_killed,
		.lesson = "When a process dies the kernel closes its connections as close() would: "
			  "most with a FIN, those with unread data with an RST. So a server that "
			  "crashed leaves the same states behind as one that closed everything."},
	{0},
};

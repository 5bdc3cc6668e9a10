/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/diagnosis.h"

#include <string.h>

#define USAGE_AT(member) offsetof(struct snapshot, member)

/* Closed by their process: mini sockets and orphans. */
#define PART_RELEASED (HOLD_BIT(HOLD_NONE) | HOLD_BIT(HOLD_ORPHAN))

/*
 * What one look can tell. The percentages of the limits: orphans by net/ipv4/tcp_timer.c
 * (tcp_out_of_resources shifts their number by up to two, so that the kernel may act at a quarter
 * of the limit); tcp_mem by its defaults, where the pressure mark is two thirds of the limit.
 */
const struct diagnosis diagnoses[] = {
	{
		.id = "close-wait-not-closed",
		.look = look_groups,
		.state = STATE_CLOSE_WAIT,
		.part = HOLD_BIT(HOLD_HELD),
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "not closed by the program",
		.why = "The peer has closed, and the kernel waits for the program to call close(). "
		       "No timeout ends this state: each socket keeps its memory and its file "
		       "descriptor, until the program has none left for new connections.",
		.advice = "Find the code that does not call close() after recv() returned 0 or an "
			  "error ('ss -tnp state close-wait' names the process). Restarting the "
			  "program frees them for now; no sysctl does.",
	},
	{
		.id = "close-wait-unaccepted",
		.look = look_groups,
		.state = STATE_CLOSE_WAIT,
		.part = HOLD_BIT(HOLD_UNACCEPTED),
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "never accepted by the program",
		.why = "Clients connected, waited in the listener's accept queue and left again: "
		       "the program calls accept() too seldom or not at all. Each takes a place in "
		       "the queue from a client that still waits.",
		.advice = "See what blocks the thread that accepts, and let it accept until "
			  "EAGAIN. A larger backlog only makes clients wait longer.",
	},
	{
		.id = "fin-wait-2-held",
		.look = look_groups,
		.state = STATE_FIN_WAIT_2,
		.part = HOLD_BIT(HOLD_HELD),
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "kept open after shutdown()",
		.why = "The program called shutdown() and kept the descriptor; the peer "
		       "acknowledged but does not close its side. tcp_fin_timeout starts only at "
		       "close(): until then no timeout ends this state.",
		.advice = "After shutdown(), wait a bounded time for recv() to return 0, then call "
			  "close(): the kernel ends what is left after tcp_fin_timeout.",
	},
	{
		.id = "fin-wait-2-orphans",
		.look = look_groups,
		.state = STATE_FIN_WAIT_2,
		.part = PART_RELEASED,
		.floor = 2 * FINDING_FLOOR_SOCKETS,
		.share_percent = 10,
		.age_ms = 5000, /* longer than any round trip */
		.words = "not closed by the peer",
		.why = "The program closed and the peers acknowledged, but they do not close in "
		       "return: they leak the socket (CLOSE_WAIT on their machine) or are gone. "
		       "The kernel ends each after tcp_fin_timeout; until then it counts against "
		       "tcp_max_tw_buckets.",
		.advice = "Let the clients close when they read the end of the stream. Where the "
			  "number hurts, a lower net.ipv4.tcp_fin_timeout (or TCP_LINGER2 in the "
			  "program) ends FIN_WAIT_2 sooner; above 60 s it makes each about ten "
			  "times as large.",
	},
	{
		.id = "fin-wait-1-stuck",
		.look = look_groups,
		.state = STATE_FIN_WAIT_1,
		.part = HOLD_SET_ALL,
		.floor = 2 * FINDING_FLOOR_SOCKETS,
		.share_percent = 10,
		.words = "not acknowledged by the peer",
		.why = "A healthy close passes FIN_WAIT_1 within one round trip. These wait for "
		       "peers that vanished or do not read (their window is full), or for a "
		       "network that drops the packets. The unsent data stays in memory: for "
		       "minutes after close(), a quarter of an hour and more after a mere "
		       "shutdown().",
		.advice = "Look again in a minute. If they stay, 'ss -tno state fin-wait-1' shows "
			  "queues and retransmissions: check the path and its firewalls. A server "
			  "that must cut a dead client can reset it (SO_LINGER with 0 s, which "
			  "discards what was not delivered).",
	},
	{
		.id = "last-ack-stuck",
		.look = look_groups,
		.state = STATE_LAST_ACK,
		.part = HOLD_SET_ALL,
		.floor = 10 * FINDING_FLOOR_SOCKETS,
		.words = "not acknowledged by the peer",
		.why = "Both sides closed, and only the peer's last acknowledgement is missing; it "
		       "should take one round trip. The peers vanished right after their close, or "
		       "something on the path drops the last packets. The kernel gives up after "
		       "some minutes.",
		.advice =
			"Look again in a minute. If they stay, check firewalls and NAT on the path "
			"that forget a connection at its first FIN.",
	},
	{
		.id = "closing-stuck",
		.look = look_groups,
		.state = STATE_CLOSING,
		.part = HOLD_SET_ALL,
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "not acknowledged by the peer",
		.why = "Both sides closed at the same moment, and the peer has not acknowledged "
		       "our FIN; it should take one round trip. Many at once mean that packets "
		       "towards the peers are lost.",
		.advice = "Look again in a minute. If they stay, check the path towards the peers "
			  "and its firewalls.",
	},
	{
		.id = "time-wait-client-ports",
		.look = look_client_ports,
		.usage = USAGE_AT(client_ports),
		.warning = 75,
		.critical = 90,
		.counts_sockets = true,
		.words = "local ports in use:",
		.why = "Each connection to one address and port needs a local port of its own, and "
		       "TIME_WAIT keeps it for 60 s where this side closed first. When all are in "
		       "use, connect() fails with EADDRNOTAVAIL.",
		.advice =
			"Keep connections open and use them again (a pool, keep-alive), or let the "
			"server close first. More room: a wider net.ipv4.ip_local_port_range, "
			"further source or destination addresses, net.ipv4.tcp_tw_reuse=1.",
	},
	{
		.id = "tw-buckets-full",
		.look = look_limit,
		.usage = USAGE_AT(limits.tw_buckets),
		.warning = 75,
		.critical = 90,
		.counts_sockets = true,
		.words = "TIME_WAIT and mini FIN_WAIT_2:",
		.why = "Beyond net.ipv4.tcp_max_tw_buckets a connection ends without TIME_WAIT "
		       "(TCPTimeWaitOverflow counts them): late segments of it can then meet a new "
		       "connection of the same addresses and ports.",
		.advice = "Raise net.ipv4.tcp_max_tw_buckets (each costs one tw_sock), or let "
			  "the clients close first. TIME_WAIT lasts 60 s; no sysctl shortens it.",
	},
	{
		.id = "orphans-near-limit",
		.look = look_limit,
		.usage = USAGE_AT(limits.orphans),
		.warning = 25,
		.critical = 50,
		.counts_sockets = true,
		.words = "orphaned sockets:",
		.why = "Programs closed these, and the kernel still delivers their data. It counts "
		       "some of them double or fourfold: from a quarter of "
		       "net.ipv4.tcp_max_orphans on it may reset them and lose the data "
		       "(TCPAbortOnMemory, 'too many orphaned sockets' in the kernel log).",
		.advice = "See which ports have FIN_WAIT_1, FIN_WAIT_2, LAST_ACK and CLOSING, and "
			  "why their peers do not answer. With memory to spare, raise "
			  "net.ipv4.tcp_max_orphans; net.ipv4.tcp_orphan_retries bounds how long "
			  "each may take.",
	},
	{
		.id = "tcp-mem-near-limit",
		.look = look_limit,
		.usage = USAGE_AT(limits.tcp_mem_pages),
		.warning = 66,
		.critical = 90,
		.words = "pages of TCP buffers:",
		.why = "From the second number of net.ipv4.tcp_mem on the kernel shrinks every "
		       "connection's buffers; at the third it drops what arrives and resets "
		       "connections.",
		.advice = "See which ports hold the memory: programs that do not read, or clients "
			  "that do not. Raise net.ipv4.tcp_mem only when the machine has the "
			  "memory.",
	},
	{
		.id = "conntrack-near-limit",
		.look = look_limit,
		.usage = USAGE_AT(limits.conntrack),
		.warning = 75,
		.critical = 90,
		.words = "connection tracking entries:",
		.why = "When the table of the firewall's connection tracking is full, packets of "
		       "new connections are dropped, whatever the services could take.",
		.advice = "Raise net.netfilter.nf_conntrack_max, exempt the busiest port from "
			  "tracking (notrack), or lower nf_conntrack_tcp_timeout_close_wait and "
			  "_time_wait.",
	},
	{
		.id = "accept-queue-full",
		.look = look_accept_queues,
		.floor = FINDING_FLOOR_SOCKETS,
		.warning = 75,
		.words = "connections wait for accept()",
		.why = "The program accepts more slowly than clients come. When more wait than its "
		       "backlog, the kernel drops new connections (ListenOverflows): clients see "
		       "timeouts.",
		.advice =
			"See what blocks the thread that accepts, and whether the program has file "
			"descriptors left. Against mere bursts: a larger backlog in listen(), and "
			"net.core.somaxconn at least as large.",
	},
	{
		.id = "syn-recv-flood",
		.look = look_syn_recv,
		.floor = FINDING_FLOOR_SOCKETS,
		.warning = 50,
		.critical = 90,
		.words = "SYN_RECV (half open)",
		.why = "Clients asked to connect and did not complete the handshake: a flood with "
		       "forged addresses, a path that loses the answers, or an accept queue that "
		       "is full.",
		.advice = "Leave net.ipv4.tcp_syncookies at 1, it keeps the port reachable. See "
			  "whether the sources repeat ('ss -tn state syn-recv'). Against honest "
			  "bursts: a larger backlog in listen(), and net.core.somaxconn at least "
			  "as large.",
	},
	{.id = NULL},
};

const struct diagnosis *diagnosis_find(const char *id)
{
	const struct diagnosis *d = diagnoses;

	while (d->id && strcmp(d->id, id) != 0)
		d++;
	return d->id ? d : NULL;
}

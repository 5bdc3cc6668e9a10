/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/diagnosis.h"

#include <string.h>

#define USAGE_AT(member) offsetof(struct snapshot, member)

/* CLOSE_WAIT that a program has: three ways of the same fault. */
#define SYMPTOMS_NOT_CLOSED                                                                        \
	(SYMPTOM_BIT(SYMPTOM_EOF_READ) | SYMPTOM_BIT(SYMPTOM_EOF_UNREAD) |                         \
		SYMPTOM_BIT(SYMPTOM_DATA_UNREAD))

/* Closed by their process: mini sockets and orphans. */
#define OWNERSHIP_RELEASED (OWNERSHIP_BIT(OWNERSHIP_NONE) | OWNERSHIP_BIT(OWNERSHIP_ORPHAN))

static const struct cause fin_wait_1_causes[] = {
	{
		.symptom = SYMPTOM_FIN_UNANSWERED,
		.words = "sent again without an answer",
		.why = "The program closed, and the peers do not answer any more: they vanished "
		       "(network lost, machine off), or something on the path drops the packets. "
		       "The kernel goes on sending, with what was not delivered in memory: for "
		       "minutes after close(), a quarter of an hour after a mere shutdown().",
		.advice = "Look again in a minute. If they stay, check the path to these peers and "
			  "the firewalls that forget a connection at its first FIN. Set "
			  "TCP_USER_TIMEOUT to bound it; a server that must cut a dead client can "
			  "reset it (SO_LINGER with 0 s, which discards what was not delivered).",
	},
	{
		.symptom = SYMPTOM_FIN_NOT_TAKEN,
		.words = "behind data that the peer does not read",
		.why = "The program closed with data still to send, and the peers' receive windows "
		       "are shut: they are alive and answer the probes, but their programs do not "
		       "read. The data stay in kernel memory: for minutes after close(), without "
		       "end after a mere shutdown().",
		.advice = "Let the program give a client that does not read a time limit before it "
			  "closes, and reset it then (SO_LINGER with 0 s, which discards what was "
			  "not delivered). TCP_USER_TIMEOUT covers a shut window, too; SO_SNDBUF "
			  "bounds the memory of each.",
	},
	{.words = NULL},
};

/*
 * What one look can tell. The percentages of the limits: orphans by net/ipv4/tcp_timer.c
 * (tcp_out_of_resources shifts their number by up to two, so that the kernel may act at a quarter
 * of the limit); tcp_mem by its defaults, where the pressure mark is two thirds of the limit.
 */
const struct diagnosis diagnoses[] = {
	{
		.id = "close-wait-eof-unread",
		.judge = judge_groups,
		.state = STATE_CLOSE_WAIT,
		.by_symptom = true,
		.symptom = SYMPTOM_EOF_UNREAD,
		.together = SYMPTOMS_NOT_CLOSED,
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "not looked at by the program since the peer left",
		.why = "The peer has closed, and the program has not even read that: it does not "
		       "call recv() on these sockets any more, because it lost track of them, does "
		       "not poll them, or is stuck. The kernel never ends this state by itself: "
		       "each socket keeps its memory and its file descriptor, until the program "
		       "has none left for new connections.",
		.advice = "Find out why these sockets are not in the program's event loop (every "
			  "descriptor must be polled for reading until it is closed, also while "
			  "nothing is expected), or which thread is stuck. Restarting the program "
			  "frees them for now; no sysctl does.",
		.see = "recv(2), epoll(7); RFC 9293 section 3.6; tcpstated-lab run "
		       "close-wait-leak",
	},
	{
		.id = "close-wait-not-closed",
		.judge = judge_groups,
		.state = STATE_CLOSE_WAIT,
		.by_symptom = true,
		.symptom = SYMPTOM_EOF_READ,
		.together = SYMPTOMS_NOT_CLOSED,
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "not closed by the program",
		.why = "The peer has closed, recv() has returned 0 to the program, and the program "
		       "does not call close(): it leaks the descriptor. The kernel never ends "
		       "this state by itself: each socket keeps its memory and its file "
		       "descriptor, until the program has none left for new connections.",
		.advice = "Find the path in the program that does not call close() after recv() "
			  "returned 0 or an error; a child or a copy (dup(), fork()) that still "
			  "has the descriptor open has the same effect. Restarting the program "
			  "frees them for now; no sysctl does.",
		.see = "recv(2), close(2); RFC 9293 section 3.6; tcpstated-lab run "
		       "close-wait-leak",
	},
	{
		.id = "close-wait-data-unread",
		.judge = judge_groups,
		.state = STATE_CLOSE_WAIT,
		.by_symptom = true,
		.symptom = SYMPTOM_DATA_UNREAD,
		.together = SYMPTOMS_NOT_CLOSED,
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "with data unread by the program",
		.why = "The peer has sent data and closed; the program has read neither. It has "
		       "stopped reading these connections before their end, or is too slow for "
		       "them. The kernel never ends this state by itself; the data stay in memory "
		       "as well.",
		.advice = "Find what keeps the program from reading: a stuck thread, a full queue "
			  "behind it, a protocol error after which it neither reads nor closes. "
			  "Let it close what it will not read (with data unread, close() resets "
			  "the connection, which is right then).",
		.see = "recv(2); RFC 9293 section 3.6; tcpstated-lab run close-wait-unread",
	},
	{
		.id = "close-wait-unaccepted",
		.judge = judge_groups,
		.state = STATE_CLOSE_WAIT,
		.ownership = OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED),
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "never accepted by the program",
		.why = "Clients connected, waited in the listener's accept queue and left again: "
		       "the program calls accept() too seldom or not at all. Each takes a place in "
		       "the queue from a client that still waits.",
		.advice = "See what blocks the thread that accepts, and let it accept until "
			  "EAGAIN. A larger backlog only makes clients wait longer.",
		.see = "accept(2), listen(2); tcpstated-lab run close-wait-unaccepted",
	},
	{
		.id = "fin-wait-2-held",
		.judge = judge_groups,
		.state = STATE_FIN_WAIT_2,
		.ownership = OWNERSHIP_BIT(OWNERSHIP_HELD),
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "kept open after shutdown()",
		.why = "The program called shutdown() and kept the descriptor; the peer "
		       "acknowledged but does not close its side. tcp_fin_timeout starts only at "
		       "close(): until then only keepalive can end this state, and only where "
		       "the peer is gone.",
		.advice = "After shutdown(), wait a bounded time for recv() to return 0, then call "
			  "close(): the kernel ends what is left after tcp_fin_timeout.",
		.see = "shutdown(2); RFC 9293 section 3.6.1; tcpstated-lab run "
		       "fin-wait-2-held",
	},
	{
		.id = "fin-wait-2-orphans",
		.judge = judge_groups,
		.state = STATE_FIN_WAIT_2,
		.ownership = OWNERSHIP_RELEASED,
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
			  "program) ends FIN_WAIT_2 sooner (and does nothing to TIME_WAIT); above "
			  "60 s it makes each about ten times as large.",
		.see = "tcp_fin_timeout and TCP_LINGER2 in tcp(7); tcpstated-lab run "
		       "fin-wait-2-mini",
	},
	{
		.id = "fin-wait-1-stuck",
		.judge = judge_groups,
		.state = STATE_FIN_WAIT_1,
		.ownership = OWNERSHIP_SET_ALL,
		.floor = 2 * FINDING_FLOOR_SOCKETS,
		.share_percent = 10,
		.words = "not acknowledged by the peer",
		.causes = fin_wait_1_causes,
		.why = "A healthy close passes FIN_WAIT_1 within one round trip. These wait for "
		       "peers that vanished, for peers that do not read (their window is shut), or "
		       "for a network that drops the packets. What was not sent stays in memory: "
		       "for minutes after close(), a quarter of an hour and more after a mere "
		       "shutdown().",
		.advice = "Look again in a minute. If they stay, 'ss -tno state fin-wait-1' shows "
			  "queues and retransmissions: check the path and its firewalls. A server "
			  "that must cut a dead client can reset it (SO_LINGER with 0 s, which "
			  "discards what was not delivered).",
		.see = "tcp_orphan_retries and tcp_retries2 in tcp(7); RFC 9293 sections 3.6 "
		       "and 3.8; tcpstated-lab run fin-wait-1-orphan-vanished "
		       "fin-wait-1-zero-window",
	},
	{
		.id = "last-ack-stuck",
		.judge = judge_groups,
		.state = STATE_LAST_ACK,
		.by_symptom = true,
		.symptom = SYMPTOM_LAST_FIN_UNANSWERED,
		.together = SYMPTOM_BIT(SYMPTOM_LAST_FIN_UNANSWERED),
		.floor = 2 * FINDING_FLOOR_SOCKETS,
		.words = "not acknowledged by the peer",
		.why = "Both sides closed, and only the peer's last acknowledgement is missing; it "
		       "should take one round trip. The peers vanished right after their close, or "
		       "something on the path drops the last packets. The kernel gives up after "
		       "a minute or two (net.ipv4.tcp_orphan_retries).",
		.advice =
			"Look again in a minute. If they stay, check firewalls and NAT on the path "
			"that forget a connection at its first FIN.",
		.see = "tcp_orphan_retries in tcp(7); RFC 9293 section 3.6; tcpstated-lab "
		       "run last-ack-vanished",
	},
	{
		.id = "closing-stuck",
		.judge = judge_groups,
		.state = STATE_CLOSING,
		.ownership = OWNERSHIP_SET_ALL,
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "not acknowledged by the peer",
		.why = "Both sides closed at the same moment, and the peer has not acknowledged "
		       "our FIN; it should take one round trip. Many at once mean that packets "
		       "towards the peers are lost.",
		.advice = "Look again in a minute. If they stay, check the path towards the peers "
			  "and its firewalls.",
		.see = "RFC 9293 section 3.6; tcpstated-lab run simultaneous-close",
	},
	{
		.id = "time-wait-server",
		.judge = judge_time_wait_server,
		.state = STATE_TIME_WAIT,
		.ownership = OWNERSHIP_SET_ALL,
		.is_note = true,
		.floor = 20 * FINDING_FLOOR_SOCKETS,
		.words = "because this server closes first",
		.why = "TIME_WAIT is with whoever closes first, for 60 s, so that late segments "
		       "cannot meet the next connection of the same addresses and ports. It does "
		       "no harm here: new connections are accepted, and each costs one small "
		       "mini socket.",
		.advice = "Nothing, as long as there are fewer than net.ipv4.tcp_max_tw_buckets. "
			  "To have none: let the clients close first. A server that must cut a "
			  "client can reset it (SO_LINGER with 0 s); what was not delivered yet "
			  "is lost then. No sysctl shortens TIME_WAIT.",
		.see = "RFC 9293 section 3.6, RFC 1337; tcpstated-lab run "
		       "time-wait-server-accepts time-wait-who-closes-first",
	},
	{
		.id = "time-wait-client-ports",
		.judge = judge_client_ports,
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
			"server close first. More room: a wider net.ipv4.ip_local_port_range; "
			"further destination or source addresses (bound with "
			"IP_BIND_ADDRESS_NO_PORT); net.ipv4.tcp_tw_reuse=1, by which connect() "
			"takes over pairs in TIME_WAIT where TCP timestamps make that safe.",
		.see = "ip_local_port_range and IP_BIND_ADDRESS_NO_PORT in ip(7), "
		       "tcp_tw_reuse in tcp(7); tcpstated-lab run client-ports-exhausted "
		       "time-wait-reuse",
	},
	{
		.id = "tw-buckets-full",
		.judge = judge_limits,
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
		.see = "tcp_max_tw_buckets in tcp(7); RFC 1337; tcpstated-lab run "
		       "tw-buckets-full",
	},
	{
		.id = "orphans-near-limit",
		.judge = judge_limits,
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
		.see = "tcp_max_orphans and tcp_orphan_retries in tcp(7); tcpstated-lab run "
		       "fin-wait-1-orphan-vanished",
	},
	{
		.id = "tcp-mem-near-limit",
		.judge = judge_limits,
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
		.see = "tcp_mem, tcp_rmem and tcp_wmem in tcp(7)",
	},
	{
		.id = "conntrack-near-limit",
		.judge = judge_limits,
		.usage = USAGE_AT(limits.conntrack),
		.warning = 75,
		.critical = 90,
		.words = "connection tracking entries:",
		.why = "When the table of the firewall's connection tracking is full, packets of "
		       "new connections are dropped, whatever the services could take.",
		.advice = "See what fills it ('conntrack -L', by state). Raise "
			  "net.netfilter.nf_conntrack_max, exempt the busiest port from tracking "
			  "(notrack), or lower nf_conntrack_tcp_timeout_close_wait and _time_wait: "
			  "these are the firewall's, and change no socket.",
		.see = "conntrack(8); nf_conntrack-sysctl in the documentation of the kernel",
	},
	{
		.id = "receive-queue-memory",
		.judge = judge_groups,
		.state = STATE_ESTABLISHED,
		.by_symptom = true,
		.symptom = SYMPTOM_NOT_READ,
		.together = SYMPTOM_BIT(SYMPTOM_NOT_READ),
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "with 32 KiB and more unread by the program",
		.why = "The program does not read as fast as its peers send, or not at all. The "
		       "data wait in kernel memory, up to net.ipv4.tcp_rmem for each connection; "
		       "the peers' windows shut, and what they send next comes late.",
		.advice = "See what blocks the program's reading thread. Bound what each "
			  "connection may hold with SO_RCVBUF, and cut clients that send more "
			  "than the program can take.",
		.see = "tcp_rmem in tcp(7), SO_RCVBUF in socket(7)",
	},
	{
		.id = "send-queue-memory",
		.judge = judge_groups,
		.state = STATE_ESTABLISHED,
		.by_symptom = true,
		.symptom = SYMPTOM_NOT_TAKEN,
		.together = SYMPTOM_BIT(SYMPTOM_NOT_TAKEN),
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "whose peer does not read what was sent to it",
		.why = "The peers' receive windows are shut: they are alive and acknowledge, but "
		       "their programs do not read. What was written to them stays in kernel "
		       "memory, up to net.ipv4.tcp_wmem for each connection, for as long as "
		       "they like.",
		.advice = "Give the program a time limit on a send queue that does not move "
			  "(TCP_USER_TIMEOUT covers a shut window, too), and let it cut clients "
			  "that exceed it. SO_SNDBUF and TCP_NOTSENT_LOWAT bound the memory of "
			  "each.",
		.see = "TCP_USER_TIMEOUT and tcp_wmem in tcp(7); RFC 9293 section 3.8.6.1; "
		       "tcpstated-lab run fin-wait-1-zero-window",
	},
	{
		.id = "dead-peers",
		.judge = judge_groups,
		.state = STATE_ESTABLISHED,
		.by_symptom = true,
		.symptom = SYMPTOM_UNANSWERED,
		.together = SYMPTOM_BIT(SYMPTOM_UNANSWERED),
		.floor = FINDING_FLOOR_SOCKETS,
		.words = "whose peer does not answer any more",
		.why = "What was sent has been sent again and again without an acknowledgement: "
		       "the peers vanished (network lost, machine off) or the path is broken. The "
		       "kernel goes on for net.ipv4.tcp_retries2, some fifteen minutes, and the "
		       "program takes them for connected all the while.",
		.advice = "Set TCP_USER_TIMEOUT to what a silent client may take (seconds for a "
			  "game), so that send() and recv() fail with ETIMEDOUT then. Where the "
			  "server may be silent as well, keepalive (SO_KEEPALIVE with "
			  "TCP_KEEPIDLE) or a heartbeat of the protocol finds the dead ones.",
		.see = "TCP_USER_TIMEOUT, TCP_KEEPIDLE and tcp_retries2 in tcp(7); RFC 9293 "
		       "sections 3.8.3 and 3.8.4; tcpstated-lab run dead-peer-silent "
		       "dead-peer-keepalive dead-peer-user-timeout",
	},
	{
		.id = "accept-queue-full",
		.judge = judge_accept_queues,
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
		.see = "accept(2), listen(2); tcpstated-lab run close-wait-unaccepted",
	},
	{
		.id = "syn-recv-flood",
		.judge = judge_syn_recv,
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
		.see = "tcp_syncookies and tcp_max_syn_backlog in tcp(7); RFC 4987",
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

const struct cause *diagnosis_cause(
	const struct diagnosis *d, const struct port_tally *row, uint64_t sockets)
{
	for (const struct cause *c = d->causes; c && c->words; c++)
		if (row->symptoms[c->symptom].sockets * UINT64_C(10) >= sockets * 9)
			return c;
	return NULL;
}

/* Of the same fault, the diagnosis whose sign most show. */
static const struct diagnosis *by_most(const struct diagnosis *d, const struct port_tally *row)
{
	const struct diagnosis *most = d;

	for (const struct diagnosis *x = diagnoses; d->by_symptom && x->id; x++)
		if (x->by_symptom && x->together == d->together &&
			row->symptoms[x->symptom].sockets > row->symptoms[most->symptom].sockets)
			most = x;
	return most;
}

struct explanation diagnosis_explain(const struct diagnosis *d, const struct port_tally *row)
{
	const struct diagnosis *most = by_most(d, row);
	uint64_t sockets = row->states[most->state].sockets;
	const struct cause *c = sockets ? diagnosis_cause(most, row, sockets) : NULL;

	return c ? (struct explanation){c->why, c->advice}
		 : (struct explanation){most->why, most->advice};
}

static const char *same(const char *text, const char *sentence)
{
	return sentence && strcmp(text, sentence) == 0 ? sentence : NULL;
}

const char *diagnosis_sentence(const char *text)
{
	const char *found = NULL;

	for (const struct diagnosis *d = diagnoses; d->id && !found; d++) {
		found = same(text, d->why);
		if (!found)
			found = same(text, d->advice);
		for (const struct cause *c = d->causes; c && c->words && !found; c++) {
			found = same(text, c->why);
			if (!found)
				found = same(text, c->advice);
		}
	}
	return found;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/words.h"

#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/diagnosis.h"
#include "output/words_private.h"

#include <string.h>

/* A cause that some of the sockets of a diagnosis have. */
struct cause_words {
	enum symptom symptom;
	const char *counted; /* stands behind the number of those that show it */
	const char *why, *fix;
};

struct diagnosis_words {
	const char *id;
	const char
		*noun; /* what is counted; NULL: sockets of the state, or what the limit bounds */
	const char *tail; /* what is wrong with them, behind the noun */
	const char *why, *fix, *see;
	const struct cause_words *causes; /* the last has no words */
};

static const struct cause_words fin_wait_1_causes[] = {
	{
		.symptom = SYMPTOM_FIN_UNANSWERED,
		.counted = "retransmitted without an answer",
		.why = "The program closed, and the peers no longer answer: they vanished "
		       "(network lost, machine off), or something on the path drops the packets. "
		       "The kernel keeps retransmitting and holds the undelivered data in memory: "
		       "for minutes after close(), for a quarter of an hour after a mere "
		       "shutdown().",
		.fix = "Check again in a minute. If they stay, check the path to these peers and "
		       "firewalls that drop a connection from their table at its first FIN. "
		       "TCP_USER_TIMEOUT bounds the wait; a server that must drop a dead client "
		       "can reset it (SO_LINGER with 0 s, which discards undelivered data).",
	},
	{
		.symptom = SYMPTOM_FIN_NOT_TAKEN,
		.counted = "behind data that the peer does not read",
		.why = "The program closed with data still to send, and the peers' receive "
		       "windows are closed: the peers are alive and answer the probes, but their "
		       "programs do not read. The data stays in kernel memory: for minutes after "
		       "close(), indefinitely after a mere shutdown().",
		.fix = "Set a time limit for clients that do not read, then reset them (SO_LINGER "
		       "with 0 s, which discards undelivered data). TCP_USER_TIMEOUT covers a "
		       "closed window, too; SO_SNDBUF bounds the memory of each connection.",
	},
	{.counted = NULL},
};

static const struct diagnosis_words all_words[] = {
	{
		.id = "close-wait-eof-unread",
		.tail = ", the program has not read the peer's close",
		.why = "The peer has closed, and the program has not even read that: it no longer "
		       "calls recv() on these sockets, because it lost track of them, does not "
		       "poll them, or is stuck. The kernel never ends this state by itself: each "
		       "socket keeps its memory and its file descriptor, until the program has no "
		       "descriptors left for new connections.",
		.fix = "Find out why these sockets are not in the program's event loop (every "
		       "descriptor must be polled for reading until it is closed, even while "
		       "nothing is expected), or which thread is stuck. Restarting the program "
		       "frees them for now; no sysctl does.",
		.see = "recv(2), epoll(7); RFC 9293 section 3.6; tcpstated-lab run close-wait-leak",
	},
	{
		.id = "close-wait-not-closed",
		.tail = ", not closed by the program",
		.why = "The peer has closed, recv() has returned 0 to the program, and the "
		       "program does not call close(): it leaks the descriptor. The kernel never "
		       "ends this state by itself: each socket keeps its memory and its file "
		       "descriptor, until the program has no descriptors left for new connections.",
		.fix = "Find the path in the program that does not call close() after recv() "
		       "returned 0 or an error; a child process or a copy (dup(), fork()) that "
		       "still has the descriptor open has the same effect. Restarting the program "
		       "frees them for now; no sysctl does.",
		.see = "recv(2), close(2); RFC 9293 section 3.6; tcpstated-lab run close-wait-leak",
	},
	{
		.id = "close-wait-data-unread",
		.tail = " with unread data",
		.why = "The peer has sent data and closed, and the program has read neither. It "
		       "stopped reading these connections before their end, or is too slow for "
		       "them. The kernel never ends this state by itself, and the data stays in "
		       "memory as well.",
		.fix = "Find what keeps the program from reading: a stuck thread, a full queue "
		       "behind it, a protocol error after which it neither reads nor closes. "
		       "Close what will not be read (with unread data, close() resets the "
		       "connection, which is correct here).",
		.see = "recv(2); RFC 9293 section 3.6; tcpstated-lab run close-wait-unread",
	},
	{
		.id = "close-wait-unaccepted",
		.tail = ", never accepted by the program",
		.why = "Clients connected, waited in the listener's accept queue and left again: "
		       "the program calls accept() too rarely or not at all. Each takes a place "
		       "in the queue from a client that is still waiting.",
		.fix = "Check what blocks the accepting thread, and accept until EAGAIN. A larger "
		       "backlog only makes clients wait longer.",
		.see = "accept(2), listen(2); tcpstated-lab run close-wait-unaccepted",
	},
	{
		.id = "fin-wait-2-held",
		.tail = ", kept open after shutdown()",
		.why = "The program called shutdown() and kept the descriptor; the peer "
		       "acknowledged but does not close its side. tcp_fin_timeout starts only at "
		       "close(): until then only keepalive can end this state, and only if the "
		       "peer is gone.",
		.fix = "After shutdown(), wait a bounded time for recv() to return 0, then call "
		       "close(): the kernel ends what is left after tcp_fin_timeout.",
		.see = "shutdown(2); RFC 9293 section 3.6.1; tcpstated-lab run fin-wait-2-held",
	},
	{
		.id = "fin-wait-2-orphans",
		.tail = ", not closed by the peer",
		.why = "The program closed and the peers acknowledged, but they do not close in "
		       "return: they leak the socket (CLOSE_WAIT on their machine) or are gone. "
		       "The kernel ends each after tcp_fin_timeout; until then it counts against "
		       "tcp_max_tw_buckets.",
		.fix = "Make the clients close when they read the end of the stream. Where the "
		       "number hurts, a lower net.ipv4.tcp_fin_timeout (or TCP_LINGER2 in the "
		       "program) ends FIN_WAIT_2 sooner (and does nothing to TIME_WAIT); above 60 "
		       "s it makes each about ten times as large.",
		.see = "tcp_fin_timeout and TCP_LINGER2 in tcp(7); tcpstated-lab run "
		       "fin-wait-2-mini",
	},
	{
		.id = "fin-wait-1-stuck",
		.tail = ", not acknowledged by the peer",
		.causes = fin_wait_1_causes,
		.why = "A healthy close passes FIN_WAIT_1 within one round trip. These wait for "
		       "peers that vanished, for peers that do not read (their receive window is "
		       "closed), or for a network that drops the packets. Unsent data stays in "
		       "memory: for minutes after close(), for a quarter of an hour or more after "
		       "a mere shutdown().",
		.fix = "Check again in a minute. If they stay, 'ss -tno state fin-wait-1' shows "
		       "queues and retransmissions: check the path and its firewalls. A server "
		       "that must drop a dead client can reset it (SO_LINGER with 0 s, which "
		       "discards undelivered data).",
		.see = "tcp_orphan_retries and tcp_retries2 in tcp(7); RFC 9293 sections 3.6 and "
		       "3.8; tcpstated-lab run fin-wait-1-orphan-vanished fin-wait-1-zero-window",
	},
	{
		.id = "last-ack-stuck",
		.tail = ", not acknowledged by the peer",
		.why = "Both sides closed, and only the peer's last acknowledgement is missing; "
		       "it should take one round trip. The peers vanished right after their "
		       "close, or something on the path drops the last packets. The kernel gives "
		       "up after a minute or two (net.ipv4.tcp_orphan_retries).",
		.fix = "Check again in a minute. If they stay, check firewalls and NAT on the "
		       "path that drop a connection from their table at its first FIN.",
		.see = "tcp_orphan_retries in tcp(7); RFC 9293 section 3.6; tcpstated-lab run "
		       "last-ack-vanished",
	},
	{
		.id = "closing-stuck",
		.tail = ", not acknowledged by the peer",
		.why = "Both sides closed at the same moment, and the peer has not acknowledged "
		       "our FIN; it should take one round trip. Many at once mean that packets to "
		       "the peers are lost.",
		.fix = "Check again in a minute. If they stay, check the path to the peers and "
		       "its firewalls.",
		.see = "RFC 9293 section 3.6; tcpstated-lab run simultaneous-close",
	},
	{
		.id = "time-wait-server",
		.tail = ", this server closes first",
		.why = "TIME_WAIT stays on the side that closes first, for 60 s, so that late "
		       "segments cannot reach the next connection of the same addresses and "
		       "ports. It does no harm here: new connections are accepted, and each costs "
		       "one mini socket.",
		.fix = "Nothing, as long as there are fewer than net.ipv4.tcp_max_tw_buckets. To "
		       "have none, let the clients close first. A server that must drop a client "
		       "can reset it (SO_LINGER with 0 s, which discards undelivered data). No "
		       "sysctl shortens TIME_WAIT.",
		.see = "RFC 9293 section 3.6, RFC 1337; tcpstated-lab run "
		       "time-wait-server-accepts time-wait-who-closes-first",
	},
	{
		.id = "time-wait-client-ports",
		.why = "Each connection to one address and port needs a local port of its own, "
		       "and TIME_WAIT keeps it for 60 s if this side closed first. A port that a "
		       "socket is bound to, or listens on, is lost to every connect(); bind() of a "
		       "source address before connect() takes one port of that address for each "
		       "connection, whatever its destination. When all are in use, connect() fails "
		       "with EADDRNOTAVAIL, and bind() with EADDRINUSE.",
		.fix = "Reuse connections (a pool, keep-alive), or let the server close first. To "
		       "have more ports: a wider net.ipv4.ip_local_port_range; more destination "
		       "or source addresses (bound with IP_BIND_ADDRESS_NO_PORT); "
		       "net.ipv4.tcp_tw_reuse=1, which lets connect() take over pairs in "
		       "TIME_WAIT where TCP timestamps make that safe.",
		.see = "ip_local_port_range and IP_BIND_ADDRESS_NO_PORT in ip(7), tcp_tw_reuse in "
		       "tcp(7); tcpstated-lab run client-ports-exhausted time-wait-reuse",
	},
	{
		.id = "connect-searches-longer",
		.tail = ", connect() searches longer",
		.why = "connect() tries the local ports of one parity first: from half of all on, "
		       "it goes through these in vain at every call. With 28,232 ports a call "
		       "takes a millisecond instead of a few microseconds.",
		.fix = "Nothing has to be done while ports are left. Reuse connections (a pool, "
		       "keep-alive), or spread them over more destination or source addresses.",
		.see = "ip_local_port_range and IP_BIND_ADDRESS_NO_PORT in ip(7)",
	},
	{
		.id = "tw-buckets-full",
		.why = "Above net.ipv4.tcp_max_tw_buckets a connection ends without TIME_WAIT "
		       "(TCPTimeWaitOverflow counts them): late segments of it can then reach a "
		       "new connection of the same addresses and ports.",
		.fix = "Raise net.ipv4.tcp_max_tw_buckets (each costs one tw_sock), or let the "
		       "clients close first. TIME_WAIT lasts 60 s; no sysctl shortens it.",
		.see = "tcp_max_tw_buckets in tcp(7); RFC 1337; tcpstated-lab run tw-buckets-full",
	},
	{
		.id = "orphans-near-limit",
		.why = "Programs closed these, and the kernel still delivers their data. It "
		       "counts some of them double or fourfold: above a quarter of "
		       "net.ipv4.tcp_max_orphans it may reset them and lose the data "
		       "(TCPAbortOnMemory, 'too many orphaned sockets' in the kernel log).",
		.fix = "Check which ports have FIN_WAIT_1, FIN_WAIT_2, LAST_ACK and CLOSING, and "
		       "why their peers do not answer. With memory to spare, raise "
		       "net.ipv4.tcp_max_orphans; net.ipv4.tcp_orphan_retries bounds how long "
		       "each may take.",
		.see = "tcp_max_orphans and tcp_orphan_retries in tcp(7); tcpstated-lab run "
		       "fin-wait-1-orphan-vanished",
	},
	{
		.id = "tcp-mem-near-limit",
		.why = "Above the second value of net.ipv4.tcp_mem, the kernel shrinks every "
		       "connection's buffers; at the third it drops incoming data and resets "
		       "connections.",
		.fix = "Check which ports hold the memory: programs that do not read, or clients "
		       "that do not. Raise net.ipv4.tcp_mem only if the machine has the memory.",
		.see = "tcp_mem, tcp_rmem and tcp_wmem in tcp(7)",
	},
	{
		.id = "conntrack-near-limit",
		.why = "When the firewall's connection tracking table is full, packets of new "
		       "connections are dropped, whatever the services could take.",
		.fix = "Check what fills it ('conntrack -L', by state). Raise "
		       "net.netfilter.nf_conntrack_max, exempt the busiest port from tracking "
		       "(notrack), or lower nf_conntrack_tcp_timeout_close_wait and _time_wait: "
		       "these affect only conntrack, not sockets.",
		.see = "conntrack(8); nf_conntrack-sysctl in the documentation of the kernel",
	},
	{
		.id = "receive-queue-memory",
		.tail = " with 32 KiB or more unread by the program",
		.why = "The program does not read as fast as its peers send, or not at all. The "
		       "data waits in kernel memory, up to net.ipv4.tcp_rmem for each connection; "
		       "the receive windows close, and what the peers send next is delayed.",
		.fix = "Check what blocks the program's reading thread. Bound the memory of each "
		       "connection with SO_RCVBUF, and drop clients that send more than the "
		       "program can take.",
		.see = "tcp_rmem in tcp(7), SO_RCVBUF in socket(7)",
	},
	{
		.id = "send-queue-memory",
		.tail = ", the peer does not read what was sent",
		.why = "The peers' receive windows are closed: the peers are alive and "
		       "acknowledge, but their programs do not read. What was written to them "
		       "stays in kernel memory, up to net.ipv4.tcp_wmem for each connection, "
		       "indefinitely.",
		.fix = "Set a time limit for a send queue that does not move (TCP_USER_TIMEOUT "
		       "covers a closed window, too), and drop clients that exceed it. SO_SNDBUF "
		       "and TCP_NOTSENT_LOWAT bound the memory of each.",
		.see = "TCP_USER_TIMEOUT and tcp_wmem in tcp(7); RFC 9293 section 3.8.6.1; "
		       "tcpstated-lab run fin-wait-1-zero-window",
	},
	{
		.id = "dead-peers",
		.tail = ", the peer no longer answers",
		.why = "Data was retransmitted again and again without an acknowledgement: the "
		       "peers vanished (network lost, machine off) or the path is broken. The "
		       "kernel goes on for net.ipv4.tcp_retries2, some fifteen minutes, and the "
		       "program still considers them connected.",
		.fix = "Set TCP_USER_TIMEOUT to what a silent client may take (seconds for a "
		       "game), so that send() and recv() then fail with ETIMEDOUT. Where the "
		       "server may be silent as well, keepalive (SO_KEEPALIVE with TCP_KEEPIDLE) "
		       "or a heartbeat of the protocol finds dead peers.",
		.see = "TCP_USER_TIMEOUT, TCP_KEEPIDLE and tcp_retries2 in tcp(7); RFC 9293 "
		       "sections 3.8.3 and 3.8.4; tcpstated-lab run dead-peer-silent "
		       "dead-peer-keepalive dead-peer-user-timeout",
	},
	{
		.id = "accept-queue-full",
		.why = "The program accepts more slowly than clients connect. When more wait than "
		       "its backlog allows, the kernel drops new connections (ListenOverflows): "
		       "clients see timeouts.",
		.fix = "Check what blocks the accepting thread, and whether the program has file "
		       "descriptors left. Against mere bursts: a larger backlog in listen(), and "
		       "net.core.somaxconn at least as large.",
		.see = "accept(2), listen(2); tcpstated-lab run close-wait-unaccepted",
	},
	{
		.id = "syn-recv-flood",
		.noun = "SYN_RECV (half open)",
		.why = "Clients asked to connect and did not complete the handshake: a flood with "
		       "forged addresses, a path that loses the answers, or an accept queue that "
		       "is full.",
		.fix = "Leave net.ipv4.tcp_syncookies at 1, which keeps the port reachable. Check "
		       "whether the sources repeat ('ss -tn state syn-recv'). Against honest "
		       "bursts: a larger backlog in listen(), and net.core.somaxconn at least as "
		       "large.",
		.see = "tcp_syncookies and tcp_max_syn_backlog in tcp(7); RFC 4987",
	},
};

static const struct diagnosis_words *words_of(const char *id)
{
	for (size_t i = 0; id && i < ARRAY_SIZE(all_words); i++)
		if (strcmp(all_words[i].id, id) == 0)
			return &all_words[i];
	return NULL;
}

const char *words_of_diagnosis(const char *id)
{
	const struct diagnosis_words *w = words_of(id);

	return w ? w->tail : NULL;
}

struct advice words_advice(const char *id, enum symptom cause)
{
	const struct diagnosis_words *w = words_of(id);

	if (!w)
		return (struct advice){0};
	for (const struct cause_words *c = w->causes; c && c->counted; c++)
		if (c->symptom == cause)
			return (struct advice){c->why, c->fix, w->see};
	return (struct advice){w->why, w->fix, w->see};
}

/* How many show each cause. */
static void add_causes(struct string *s, const struct finding *f, const struct diagnosis_words *w)
{
	const char *separator = " (";
	char number[FORMAT_SIZE];

	for (const struct cause_words *c = w->causes; c && c->counted; c++) {
		if (!f->causes[c->symptom])
			continue;
		string_addf(s, "%s%s %s", separator, format_count(number, f->causes[c->symptom]),
			c->counted);
		separator = ", ";
	}
	if (*separator == ',')
		string_add_char(s, ')');
}

/* What it is about, up to the colon; a limit of the machine needs no subject. */
static void add_subject(struct string *s, const struct finding *f)
{
	if (f->destination.sockets)
		words_destination(s, &f->destination, &f->whose);
	else if (f->has_port)
		words_port(s, &f->service, f->device, f->is_only, &f->whose);
	else if (f->scope == SCOPE_OWNER)
		words_owner_subject(s, &f->owner_key, &f->whose);
}

/* What is counted. */
static const char *noun_of(const struct diagnosis *d, const struct diagnosis_words *w)
{
	return w->noun                    ? w->noun
	       : d->judge == judge_groups ? state_name(d->state)
					  : limit_nouns[d->limit];
}

void words_finding(struct string *s, const struct finding *f)
{
	const struct diagnosis *d = diagnosis_find(f->id);
	const struct diagnosis_words *w = words_of(f->id);
	char number[FORMAT_SIZE];

	add_subject(s, f);
	if (is_known(f->usage.max)) {
		words_usage(s, noun_of(d, w), &f->usage);
		words_listeners(s, f->listeners);
		words_room(s, &f->port_room, f->usage.max);
		string_add(s, w->tail ? w->tail : "");
		return;
	}
	string_addf(s, "%s %s", format_count(number, f->sockets), noun_of(d, w));
	words_over_ports(s, f->scope == SCOPE_OWNER ? f->ports : UNKNOWN, f->is_rest);
	string_add(s, w->tail ? w->tail : "");
	add_causes(s, f, w);
	words_memory_and_age(s, f->memory_bytes, f->oldest_ms);
}

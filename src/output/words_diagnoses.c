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
	const char *why, *what_to_do;
};

struct diagnosis_words {
	const char *id;
	const char *words; /* what the sentence says of its sockets or its limit */
	const char *why, *what_to_do, *see;
	const struct cause_words *causes; /* the last has no words */
};

static const struct cause_words fin_wait_1_causes[] = {
	{
		.symptom = SYMPTOM_FIN_UNANSWERED,
		.counted = "sent again without an answer",
		.why = "The program closed, and the peers do not answer any more: they vanished "
		       "(network lost, machine off), or something on the path drops the packets. "
		       "The kernel goes on sending, with what was not delivered in memory: for "
		       "minutes after close(), a quarter of an hour after a mere shutdown().",
		.what_to_do =
			"Look again in a minute. If they stay, check the path to these peers and "
			"the firewalls that forget a connection at its first FIN. Set "
			"TCP_USER_TIMEOUT to bound it; a server that must cut a dead client can "
			"reset it (SO_LINGER with 0 s, which discards what was not delivered).",
	},
	{
		.symptom = SYMPTOM_FIN_NOT_TAKEN,
		.counted = "behind data that the peer does not read",
		.why = "The program closed with data still to send, and the peers' receive windows "
		       "are shut: they are alive and answer the probes, but their programs do not "
		       "read. The data stay in kernel memory: for minutes after close(), without "
		       "end after a mere shutdown().",
		.what_to_do =
			"Let the program give a client that does not read a time limit before it "
			"closes, and reset it then (SO_LINGER with 0 s, which discards what was "
			"not delivered). TCP_USER_TIMEOUT covers a shut window, too; SO_SNDBUF "
			"bounds the memory of each.",
	},
	{.counted = NULL},
};

static const struct diagnosis_words all_words[] = {
	{
		.id = "close-wait-eof-unread",
		.words = "not looked at by the program since the peer left",
		.why = "The peer has closed, and the program has not even read that: it does not "
		       "call recv() on these sockets any more, because it lost track of them, does "
		       "not poll them, or is stuck. The kernel never ends this state by itself: "
		       "each socket keeps its memory and its file descriptor, until the program "
		       "has none left for new connections.",
		.what_to_do =
			"Find out why these sockets are not in the program's event loop (every "
			"descriptor must be polled for reading until it is closed, also while "
			"nothing is expected), or which thread is stuck. Restarting the program "
			"frees them for now; no sysctl does.",
		.see = "recv(2), epoll(7); RFC 9293 section 3.6; tcpstated-lab run "
		       "close-wait-leak",
	},
	{
		.id = "close-wait-not-closed",
		.words = "not closed by the program",
		.why = "The peer has closed, recv() has returned 0 to the program, and the program "
		       "does not call close(): it leaks the descriptor. The kernel never ends "
		       "this state by itself: each socket keeps its memory and its file "
		       "descriptor, until the program has none left for new connections.",
		.what_to_do =
			"Find the path in the program that does not call close() after recv() "
			"returned 0 or an error; a child or a copy (dup(), fork()) that still "
			"has the descriptor open has the same effect. Restarting the program "
			"frees them for now; no sysctl does.",
		.see = "recv(2), close(2); RFC 9293 section 3.6; tcpstated-lab run "
		       "close-wait-leak",
	},
	{
		.id = "close-wait-data-unread",
		.words = "with data unread by the program",
		.why = "The peer has sent data and closed; the program has read neither. It has "
		       "stopped reading these connections before their end, or is too slow for "
		       "them. The kernel never ends this state by itself; the data stay in memory "
		       "as well.",
		.what_to_do =
			"Find what keeps the program from reading: a stuck thread, a full queue "
			"behind it, a protocol error after which it neither reads nor closes. "
			"Let it close what it will not read (with data unread, close() resets "
			"the connection, which is right then).",
		.see = "recv(2); RFC 9293 section 3.6; tcpstated-lab run close-wait-unread",
	},
	{
		.id = "close-wait-unaccepted",
		.words = "never accepted by the program",
		.why = "Clients connected, waited in the listener's accept queue and left again: "
		       "the program calls accept() too seldom or not at all. Each takes a place in "
		       "the queue from a client that still waits.",
		.what_to_do = "See what blocks the thread that accepts, and let it accept until "
			      "EAGAIN. A larger backlog only makes clients wait longer.",
		.see = "accept(2), listen(2); tcpstated-lab run close-wait-unaccepted",
	},
	{
		.id = "fin-wait-2-held",
		.words = "kept open after shutdown()",
		.why = "The program called shutdown() and kept the descriptor; the peer "
		       "acknowledged but does not close its side. tcp_fin_timeout starts only at "
		       "close(): until then only keepalive can end this state, and only where "
		       "the peer is gone.",
		.what_to_do =
			"After shutdown(), wait a bounded time for recv() to return 0, then call "
			"close(): the kernel ends what is left after tcp_fin_timeout.",
		.see = "shutdown(2); RFC 9293 section 3.6.1; tcpstated-lab run "
		       "fin-wait-2-held",
	},
	{
		.id = "fin-wait-2-orphans",
		.words = "not closed by the peer",
		.why = "The program closed and the peers acknowledged, but they do not close in "
		       "return: they leak the socket (CLOSE_WAIT on their machine) or are gone. "
		       "The kernel ends each after tcp_fin_timeout; until then it counts against "
		       "tcp_max_tw_buckets.",
		.what_to_do =
			"Let the clients close when they read the end of the stream. Where the "
			"number hurts, a lower net.ipv4.tcp_fin_timeout (or TCP_LINGER2 in the "
			"program) ends FIN_WAIT_2 sooner (and does nothing to TIME_WAIT); above "
			"60 s it makes each about ten times as large.",
		.see = "tcp_fin_timeout and TCP_LINGER2 in tcp(7); tcpstated-lab run "
		       "fin-wait-2-mini",
	},
	{
		.id = "fin-wait-1-stuck",
		.words = "not acknowledged by the peer",
		.causes = fin_wait_1_causes,
		.why = "A healthy close passes FIN_WAIT_1 within one round trip. These wait for "
		       "peers that vanished, for peers that do not read (their window is shut), or "
		       "for a network that drops the packets. What was not sent stays in memory: "
		       "for minutes after close(), a quarter of an hour and more after a mere "
		       "shutdown().",
		.what_to_do =
			"Look again in a minute. If they stay, 'ss -tno state fin-wait-1' shows "
			"queues and retransmissions: check the path and its firewalls. A server "
			"that must cut a dead client can reset it (SO_LINGER with 0 s, which "
			"discards what was not delivered).",
		.see = "tcp_orphan_retries and tcp_retries2 in tcp(7); RFC 9293 sections 3.6 "
		       "and 3.8; tcpstated-lab run fin-wait-1-orphan-vanished "
		       "fin-wait-1-zero-window",
	},
	{
		.id = "last-ack-stuck",
		.words = "not acknowledged by the peer",
		.why = "Both sides closed, and only the peer's last acknowledgement is missing; it "
		       "should take one round trip. The peers vanished right after their close, or "
		       "something on the path drops the last packets. The kernel gives up after "
		       "a minute or two (net.ipv4.tcp_orphan_retries).",
		.what_to_do =
			"Look again in a minute. If they stay, check firewalls and NAT on the path "
			"that forget a connection at its first FIN.",
		.see = "tcp_orphan_retries in tcp(7); RFC 9293 section 3.6; tcpstated-lab "
		       "run last-ack-vanished",
	},
	{
		.id = "closing-stuck",
		.words = "not acknowledged by the peer",
		.why = "Both sides closed at the same moment, and the peer has not acknowledged "
		       "our FIN; it should take one round trip. Many at once mean that packets "
		       "towards the peers are lost.",
		.what_to_do =
			"Look again in a minute. If they stay, check the path towards the peers "
			"and its firewalls.",
		.see = "RFC 9293 section 3.6; tcpstated-lab run simultaneous-close",
	},
	{
		.id = "time-wait-server",
		.words = "because this server closes first",
		.why = "TIME_WAIT is with whoever closes first, for 60 s, so that late segments "
		       "cannot meet the next connection of the same addresses and ports. It does "
		       "no harm here: new connections are accepted, and each costs one small "
		       "mini socket.",
		.what_to_do =
			"Nothing, as long as there are fewer than net.ipv4.tcp_max_tw_buckets. "
			"To have none: let the clients close first. A server that must cut a "
			"client can reset it (SO_LINGER with 0 s); what was not delivered yet "
			"is lost then. No sysctl shortens TIME_WAIT.",
		.see = "RFC 9293 section 3.6, RFC 1337; tcpstated-lab run "
		       "time-wait-server-accepts time-wait-who-closes-first",
	},
	{
		.id = "time-wait-client-ports",
		.words = "local ports in use:",
		.why = "Each connection to one address and port needs a local port of its own, and "
		       "TIME_WAIT keeps it for 60 s where this side closed first. When all are in "
		       "use, connect() fails with EADDRNOTAVAIL.",
		.what_to_do =
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
		.words = "TIME_WAIT and mini FIN_WAIT_2:",
		.why = "Beyond net.ipv4.tcp_max_tw_buckets a connection ends without TIME_WAIT "
		       "(TCPTimeWaitOverflow counts them): late segments of it can then meet a new "
		       "connection of the same addresses and ports.",
		.what_to_do =
			"Raise net.ipv4.tcp_max_tw_buckets (each costs one tw_sock), or let "
			"the clients close first. TIME_WAIT lasts 60 s; no sysctl shortens it.",
		.see = "tcp_max_tw_buckets in tcp(7); RFC 1337; tcpstated-lab run "
		       "tw-buckets-full",
	},
	{
		.id = "orphans-near-limit",
		.words = "orphaned sockets:",
		.why = "Programs closed these, and the kernel still delivers their data. It counts "
		       "some of them double or fourfold: from a quarter of "
		       "net.ipv4.tcp_max_orphans on it may reset them and lose the data "
		       "(TCPAbortOnMemory, 'too many orphaned sockets' in the kernel log).",
		.what_to_do =
			"See which ports have FIN_WAIT_1, FIN_WAIT_2, LAST_ACK and CLOSING, and "
			"why their peers do not answer. With memory to spare, raise "
			"net.ipv4.tcp_max_orphans; net.ipv4.tcp_orphan_retries bounds how long "
			"each may take.",
		.see = "tcp_max_orphans and tcp_orphan_retries in tcp(7); tcpstated-lab run "
		       "fin-wait-1-orphan-vanished",
	},
	{
		.id = "tcp-mem-near-limit",
		.words = "pages of TCP buffers:",
		.why = "From the second number of net.ipv4.tcp_mem on the kernel shrinks every "
		       "connection's buffers; at the third it drops what arrives and resets "
		       "connections.",
		.what_to_do =
			"See which ports hold the memory: programs that do not read, or clients "
			"that do not. Raise net.ipv4.tcp_mem only when the machine has the "
			"memory.",
		.see = "tcp_mem, tcp_rmem and tcp_wmem in tcp(7)",
	},
	{
		.id = "conntrack-near-limit",
		.words = "connection tracking entries:",
		.why = "When the table of the firewall's connection tracking is full, packets of "
		       "new connections are dropped, whatever the services could take.",
		.what_to_do =
			"See what fills it ('conntrack -L', by state). Raise "
			"net.netfilter.nf_conntrack_max, exempt the busiest port from tracking "
			"(notrack), or lower nf_conntrack_tcp_timeout_close_wait and _time_wait: "
			"these are the firewall's, and change no socket.",
		.see = "conntrack(8); nf_conntrack-sysctl in the documentation of the kernel",
	},
	{
		.id = "receive-queue-memory",
		.words = "with 32 KiB and more unread by the program",
		.why = "The program does not read as fast as its peers send, or not at all. The "
		       "data wait in kernel memory, up to net.ipv4.tcp_rmem for each connection; "
		       "the peers' windows shut, and what they send next comes late.",
		.what_to_do = "See what blocks the program's reading thread. Bound what each "
			      "connection may hold with SO_RCVBUF, and cut clients that send more "
			      "than the program can take.",
		.see = "tcp_rmem in tcp(7), SO_RCVBUF in socket(7)",
	},
	{
		.id = "send-queue-memory",
		.words = "whose peer does not read what was sent to it",
		.why = "The peers' receive windows are shut: they are alive and acknowledge, but "
		       "their programs do not read. What was written to them stays in kernel "
		       "memory, up to net.ipv4.tcp_wmem for each connection, for as long as "
		       "they like.",
		.what_to_do =
			"Give the program a time limit on a send queue that does not move "
			"(TCP_USER_TIMEOUT covers a shut window, too), and let it cut clients "
			"that exceed it. SO_SNDBUF and TCP_NOTSENT_LOWAT bound the memory of "
			"each.",
		.see = "TCP_USER_TIMEOUT and tcp_wmem in tcp(7); RFC 9293 section 3.8.6.1; "
		       "tcpstated-lab run fin-wait-1-zero-window",
	},
	{
		.id = "dead-peers",
		.words = "whose peer does not answer any more",
		.why = "What was sent has been sent again and again without an acknowledgement: "
		       "the peers vanished (network lost, machine off) or the path is broken. The "
		       "kernel goes on for net.ipv4.tcp_retries2, some fifteen minutes, and the "
		       "program takes them for connected all the while.",
		.what_to_do =
			"Set TCP_USER_TIMEOUT to what a silent client may take (seconds for a "
			"game), so that send() and recv() fail with ETIMEDOUT then. Where the "
			"server may be silent as well, keepalive (SO_KEEPALIVE with "
			"TCP_KEEPIDLE) or a heartbeat of the protocol finds the dead ones.",
		.see = "TCP_USER_TIMEOUT, TCP_KEEPIDLE and tcp_retries2 in tcp(7); RFC 9293 "
		       "sections 3.8.3 and 3.8.4; tcpstated-lab run dead-peer-silent "
		       "dead-peer-keepalive dead-peer-user-timeout",
	},
	{
		.id = "accept-queue-full",
		.words = "connections wait for accept()",
		.why = "The program accepts more slowly than clients come. When more wait than its "
		       "backlog, the kernel drops new connections (ListenOverflows): clients see "
		       "timeouts.",
		.what_to_do =
			"See what blocks the thread that accepts, and whether the program has file "
			"descriptors left. Against mere bursts: a larger backlog in listen(), and "
			"net.core.somaxconn at least as large.",
		.see = "accept(2), listen(2); tcpstated-lab run close-wait-unaccepted",
	},
	{
		.id = "syn-recv-flood",
		.words = "SYN_RECV (half open)",
		.why = "Clients asked to connect and did not complete the handshake: a flood with "
		       "forged addresses, a path that loses the answers, or an accept queue that "
		       "is full.",
		.what_to_do =
			"Leave net.ipv4.tcp_syncookies at 1, it keeps the port reachable. See "
			"whether the sources repeat ('ss -tn state syn-recv'). Against honest "
			"bursts: a larger backlog in listen(), and net.core.somaxconn at least "
			"as large.",
		.see = "tcp_syncookies and tcp_max_syn_backlog in tcp(7); RFC 4987",
	},
};

static const struct diagnosis_words *words_of(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_words); i++)
		if (strcmp(all_words[i].id, id) == 0)
			return &all_words[i];
	return NULL;
}

const char *words_of_diagnosis(const char *id)
{
	const struct diagnosis_words *w = id ? words_of(id) : NULL;

	return w ? w->words : NULL;
}

struct advice words_advice(const char *id, enum symptom cause)
{
	const struct diagnosis_words *w = id ? words_of(id) : NULL;

	if (!w)
		return (struct advice){0};
	for (const struct cause_words *c = w->causes; c && c->counted; c++)
		if (c->symptom == cause)
			return (struct advice){c->why, c->what_to_do, w->see};
	return (struct advice){w->why, w->what_to_do, w->see};
}

/* Begins the sentence with its subject. */
static void add_where(struct string *s, const struct finding *f)
{
	char endpoint[FORMAT_SIZE];

	if (f->destination.sockets)
		string_addf(s, "to %s: ",
			format_endpoint(endpoint, f->destination.family, f->destination.address,
				f->destination.port));
	else if (f->has_port)
		string_addf(s,
			f->side == SIDE_SERVER ? "port %u: " : "to port %u: ", (unsigned)f->port);
	else if (!is_known(f->usage.max))
		string_add(s, "many ports: ");
}

/* Ends a sentence that does not name the owner with who that is. */
static void add_owner(struct string *s, const struct finding *f)
{
	if (!f->owner)
		return;
	string_add(s, f->owner_is_mixed ? ", owner mostly " : ", owner ");
	words_name(s, f->owner, OWNER_SHOWN);
}

/* Says of what a program did whose it is. Returns false where the words do not speak of one. */
static bool add_words(struct string *s, const struct finding *f, const char *words)
{
	static const char program[] = "the program";
	const char *at = f->owner && !f->owner_is_mixed ? strstr(words, program) : NULL;

	string_add_char(s, ' ');
	if (!at) {
		string_add(s, words);
		return false;
	}
	at += strlen(program);
	string_add_bytes(s, words, (size_t)(at - words));
	string_add(s, " of ");
	words_name(s, f->owner, OWNER_SHOWN);
	string_add(s, at);
	return true;
}

/* Says how many show each cause. */
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

static void add_group(struct string *s, const struct finding *f, const struct diagnosis_words *w)
{
	char number[FORMAT_SIZE];
	bool named;

	string_addf(s, "%s %s", format_count(number, f->sockets),
		state_name(diagnosis_find(f->id)->state));
	named = add_words(s, f, w->words);
	add_causes(s, f, w);
	string_addf(s, ", %s", format_bytes(number, f->memory_bytes));
	/* At the first poll of all, 0 is as much as is known. */
	if (is_known(f->oldest_ms) && f->oldest_ms)
		string_addf(s, ", oldest %s", format_duration(number, f->oldest_ms));
	if (!named)
		add_owner(s, f);
}

static void add_usage(struct string *s, const struct usage *u, const char *words)
{
	char used[FORMAT_SIZE], max[FORMAT_SIZE], percent[FORMAT_SIZE];

	string_addf(s, "%s %s of %s (%s)", words, format_count(used, u->used),
		format_count(max, u->max), format_percent(percent, usage_percent(u)));
}

static void add_listener(struct string *s, const struct finding *f, const char *words)
{
	char number[FORMAT_SIZE];

	string_addf(s, "%s %s", format_count(number, f->sockets), words);
	if (is_known(f->backlog))
		string_addf(s, ", the backlog is %s", format_count(number, f->backlog));
	add_owner(s, f);
}

void words_finding(struct string *s, const struct finding *f)
{
	const struct diagnosis *d = diagnosis_find(f->id);
	const struct diagnosis_words *w = words_of(f->id);

	add_where(s, f);
	if (is_known(f->usage.max))
		add_usage(s, &f->usage, w->words);
	else if (d->judge == judge_accept_queues || d->judge == judge_syn_recv)
		add_listener(s, f, w->words);
	else
		add_group(s, f, w);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The situations in which a TCP connection can stay, each as the steps that lead there. A situation
 * is that of "my" socket, which is counted and measured; the peer's socket only brings it about,
 * and then vanishes without a trace, unless it is to stay.
 */
#ifndef TCPSTATED_LAB_SITUATION_H
#define TCPSTATED_LAB_SITUATION_H

#include "basic/names.h"
#include "lab/pair.h"
#include "model/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum who { MINE, PEER };

enum act {
	ACT_END,
	ACT_SEND,     /* MINE: the unsent bytes, PEER: the unread bytes of the spec, if any */
	ACT_SHUTDOWN, /* of the sending side: FIN */
	ACT_CLOSE,
	ACT_READ_EOF,      /* if the spec says so: read everything, the end included */
	ACT_ACK_FIN,       /* PEER: wait for the FIN, read all, and acknowledge it at once */
	ACT_AWAIT_ACK,     /* until all that was sent is acknowledged, the FIN included */
	ACT_AWAIT_STATE,   /* until sock_diag shows my sockets in the state */
	ACT_DEAF,          /* receive no more segments, silently */
	ACT_LINGER2_SHORT, /* TCP_LINGER2 of 60 s: the kernel's mini socket */
	ACT_LINGER2_LONG,  /* of 120 s: a full socket for the first 60 */
	ACT_RESET,         /* close by an RST */
	ACT_SEVER,         /* PEER: its address and its sockets vanish; it answers no more */
};

struct step {
	enum who who;
	enum act act;
};

enum handshake {
	HANDSHAKE_COMPLETE,   /* connected and accepted */
	HANDSHAKE_UNACCEPTED, /* connected, never accepted */
	HANDSHAKE_HALF,       /* SYN, SYN-ACK, silence */
	HANDSHAKE_SYN,        /* SYN, silence */
	HANDSHAKE_NONE,       /* a listener only, or not even that */
};

#define STEPS_MAX 8

/* Who holds the socket. */
enum situation_kind {
	SITUATION_ANY,
	SITUATION_HELD,       /* a process */
	SITUATION_ORPHAN,     /* the kernel alone, in full size */
	SITUATION_MINI,       /* the kernel alone, as a tcp_timewait_sock */
	SITUATION_UNACCEPTED, /* the accept queue */
	SITUATION_REQUEST,    /* the queue of half-open connections, as a request_sock */
};

/* "held", "orphan", ...: the option of a kind, and what the ready line calls it. */
extern const struct names situation_kind_names;

struct situation {
	enum tcp_state state;
	enum situation_kind kind;
	enum handshake handshake;
	struct step steps[STEPS_MAX];
};

/* Finds the situation of a state and kind; for SITUATION_ANY, the most usual one. NULL: there is
 * none.
 */
const struct situation *situation_find(enum tcp_state state, enum situation_kind kind);

/* The situations one by one; NULL after the last. */
const struct situation *situation_at(size_t index);

bool situation_has_step(const struct situation *s, enum who who, enum act act);

enum spec_family { FAMILY_4, FAMILY_6, FAMILY_DUAL /* IPv6 sockets, IPv4 packets */ };

/* Sockets to make: one group of the command line. */
struct spec {
	const struct situation *situation;
	enum spec_family family;
	unsigned sockets;
	uint16_t port; /* of the listener */
	bool client;   /* my side is the one that connected */
	bool loopback; /* both ends on lo */
	bool read_eof;
	bool alive;              /* the peer stays, acknowledges, and never reads */
	unsigned unread, unsent; /* bytes */
	bool has_backlog;        /* else it is enough */
	unsigned backlog;        /* of the listener */
	unsigned address;        /* which of this host's it is bound to, from 1; 0: the wildcard */
	unsigned group; /* so many listeners with SO_REUSEPORT, all but one idle; 0: one without */
	bool device;    /* my socket and its listener are bound to the cable's device */
	bool listener_gone;   /* closed when the sockets are made */
	uint16_t client_port; /* the first of the clients' */
	const char *cgroup;   /* of whoever makes them; NULL: that of the lab. Borrowed */
	uint64_t began_us;    /* when the first was made, by clock_us(CLOCK_MONOTONIC) */
	unsigned made;
	unsigned expired; /* of those: mini sockets that the kernel has ended since */
};

/* Each may take a process. */
#define SPECS_MAX 1024

/*
 * Waits until sock_diag shows here what the specs have made so far, if this kernel lists such
 * sockets. Mini sockets that are missing and old enough have expired, which the specs record.
 * Returns 0, -errno, or -ETIMEDOUT with the first spec that is not there and how many sockets are.
 */
int specs_await(struct spec *specs, size_t count, const struct spec **ret_spec, unsigned *ret_seen);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many sockets share their ends, in one scan, and what that says of their side: one local port
 * with many different peers is a server's; one remote address and port with many local ports is a
 * client's. Counters, not sets: 0.7 MiB, of which only what is written to becomes resident.
 */
#ifndef TCPSTATED_MODEL_EVIDENCE_H
#define TCPSTATED_MODEL_EVIDENCE_H

#include "model/filter.h"
#include "model/port_set.h"
#include "model/service.h"
#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

/* Counters of remote addresses and ports, in two rows that hash differently: the smaller one is
 * too high only where both are shared. */
#define SHARING_REMOTES 16384U

/* All zero is the start. */
struct sharing {
	double range;                /* how many automatic local ports there are */
	uint16_t local_port[65536];  /* sockets: as many peers, but for those of other addresses */
	uint32_t remote_port[65536]; /* which local ports it was seen with: a bit for each, by hash
				      */
	uint32_t remote_port_sockets[65536];
	uint16_t remote[2][SHARING_REMOTES]; /* sockets of a remote address and port */
	/* By remote and by local port, what was placed before counts decided. */
	struct port_set guessed_server, guessed_client;
	uint32_t sockets;
};

/* Starts a scan of a namespace with this ip_local_port_range; 0, 0 when it is unknown. */
void sharing_start(struct sharing *s, uint16_t port_first, uint16_t port_last);

/* Counts a socket that has a peer. */
void sharing_count(
	struct sharing *s, const struct sock_record *r, const struct sock_address *remote);

/* What was seen so far of the ends of a socket. */
struct evidence {
	uint32_t peers;       /* of its local port */
	uint32_t remote;      /* sockets of its remote address and port, or, if that is of this
				 machine, peers of the port there */
	uint32_t local_ports; /* of its remote port */
	uint32_t by_chance;   /* peers of a local port, if all sockets of the remote port were a
				 client's */
	enum sock_side guess; /* what the ports say by themselves */
};

struct evidence evidence_of(const struct sharing *s, const struct sock_record *r,
	const struct sock_address *remote, enum sock_side guess);

/* How sure a count must be. */
enum certainty {
	AT_ONCE, /* what is still to come may shift it */
	AT_END,  /* everything was counted */
	CERTAINTIES,
};

/* Whether one count is enough by itself, and enough times the other. */
bool evidence_outweighs(uint32_t one, uint32_t other, enum certainty certainty);

/* Whether the evidence decides, and for which side. */
bool evidence_decides(const struct evidence *e, enum certainty certainty, enum sock_side *ret);

/* Whether the peer is this machine, as far as the addresses tell. */
bool sock_is_to_itself(const struct sock_record *r);

/* Notes that a socket was placed by a guess, before the counts were complete. */
void sharing_note_guess(struct sharing *s, const struct sock_record *r, enum sock_side side);

/* Whether a socket was guessed to be on a side that its port's count now makes the other one. */
bool sharing_refutes_a_guess(const struct sharing *s);

#endif

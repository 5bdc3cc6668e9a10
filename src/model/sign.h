/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one look at a socket says about why it is as it is: which of two programs, or the network,
 * leaves it so. A socket shows one sign or none.
 */
#ifndef TCPSTATED_MODEL_SIGN_H
#define TCPSTATED_MODEL_SIGN_H

#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

enum sign {
	/* CLOSE_WAIT that a process holds. The FIN takes a byte of the receive queue until recv()
	 * has returned 0 (net/ipv4/tcp_input.c: tcp_fin; measured on 6.18). */
	SIGN_EOF_READ,    /* the program saw the end, and did not close */
	SIGN_EOF_UNREAD,  /* only the end is unread: the program does not look at the socket */
	SIGN_DATA_UNREAD, /* data as well: the program has stopped reading */
	/* ESTABLISHED */
	SIGN_NOT_READ,   /* much waits for the program that holds it */
	SIGN_NOT_TAKEN,  /* much waits for a peer whose window is shut; it answers the probes */
	SIGN_UNANSWERED, /* sent or probed again and again, and not acknowledged */
	/* FIN_WAIT_1 */
	SIGN_FIN_NOT_TAKEN, /* behind data that the peer has no window for; it answers the probes */
	SIGN_FIN_UNANSWERED, /* sent again, or probed again and again, and not acknowledged */
	/* LAST_ACK */
	SIGN_LAST_FIN_UNANSWERED, /* likewise */
	SIGN_COUNT,
};

/* A set of signs: bit N is enum sign N. */
typedef uint16_t sign_set;

#define SIGN_BIT(s) ((sign_set)(1U << (s)))

/* From so many bytes on a queue is much: more than a burst of a game or a web page in flight. */
#define SIGN_QUEUE_BYTES 32768

/* From so many retransmissions or window probes on a peer is unanswering; any answer sets their
 * number back (net/ipv4/tcp_input.c: tcp_ack). The kernel doubles the time between them from
 * 200 ms: after four, three seconds at the least have passed (net/ipv4/tcp_timer.c). A FIN
 * is answered by the kernel of the peer, not by its program: one that was sent twice is enough. */
#define SIGN_RETRANSMITS 4

/* Returns false where it shows none. */
bool sign_of(const struct sock_record *r, enum sign *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one look at a socket says about why it is as it is: which of two programs, or the network,
 * leaves it so. A socket shows one sign or none.
 */
#ifndef TCPSTATED_MODEL_SYMPTOM_H
#define TCPSTATED_MODEL_SYMPTOM_H

#include "model/sock_record.h"

#include <stdbool.h>
#include <stdint.h>

enum symptom {
	/* CLOSE_WAIT that a process holds. The FIN takes a byte of the receive queue until recv()
	 * has returned 0 (net/ipv4/tcp_input.c: tcp_fin; measured on 6.18). */
	SYMPTOM_EOF_READ,    /* the program saw the end, and did not close */
	SYMPTOM_EOF_UNREAD,  /* only the end is unread: the program does not look at the socket */
	SYMPTOM_DATA_UNREAD, /* data as well: the program has stopped reading */
	/* ESTABLISHED */
	SYMPTOM_NOT_READ,   /* much waits for the program that holds it */
	SYMPTOM_NOT_TAKEN,  /* much waits for a peer whose window is shut; it answers the probes */
	SYMPTOM_UNANSWERED, /* sent or probed again and again, and not acknowledged */
	/* FIN_WAIT_1 */
	SYMPTOM_FIN_NOT_TAKEN, /* behind data that the peer has no window for; it answers the probes
				*/
	SYMPTOM_FIN_UNANSWERED, /* sent again, or probed again and again, and not acknowledged */
	/* LAST_ACK */
	SYMPTOM_LAST_FIN_UNANSWERED, /* likewise */
	SYMPTOM_COUNT,
};

/* A set of signs: bit N is enum sign N. */
typedef uint16_t symptom_set;

#define SYMPTOM_BIT(s) ((symptom_set)(1U << (s)))

/* From so many bytes on a queue is much: more than a burst of a game or a web page in flight. */
#define SYMPTOM_QUEUE_BYTES 32768

/* From so many retransmissions or window probes on a peer is unanswering; any answer sets their
 * number back (net/ipv4/tcp_input.c: tcp_ack). The kernel doubles the time between them from
 * 200 ms: after four, three seconds at the least have passed (net/ipv4/tcp_timer.c). A FIN
 * is answered by the kernel of the peer, not by its program: one that was sent twice is enough. */
#define SYMPTOM_RETRANSMITS 4

/* Returns false where it shows none. */
bool symptom_of(const struct sock_record *r, enum symptom *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a single poll shows of why a socket is stuck: which of the two programs, or the network, is
 * the cause. A socket has one symptom or none.
 */
#ifndef TCPSTATED_MODEL_SYMPTOM_H
#define TCPSTATED_MODEL_SYMPTOM_H

#include "model/sock_record.h"

#include <stdint.h>

enum symptom {
	/* CLOSE_WAIT that a process holds. The FIN takes a byte of the receive queue until recv()
	 * returns 0 (net/ipv4/tcp_input.c: tcp_fin; measured on 6.18). */
	SYMPTOM_EOF_READ,    /* the program read the end and did not close */
	SYMPTOM_EOF_UNREAD,  /* only the end is unread: the program ignores the socket */
	SYMPTOM_DATA_UNREAD, /* data is unread too: the program stopped reading */
	/* ESTABLISHED */
	SYMPTOM_NOT_READ,   /* much data waits for the program that holds it */
	SYMPTOM_NOT_TAKEN,  /* much data waits for a peer with a closed window, which answers probes
			     */
	SYMPTOM_UNANSWERED, /* retransmitted or probed repeatedly without acknowledgement */
	/* FIN_WAIT_1 */
	SYMPTOM_FIN_NOT_TAKEN,  /* behind data for a peer with a closed window, which answers probes
				 */
	SYMPTOM_FIN_UNANSWERED, /* retransmitted, or probed repeatedly, without acknowledgement */
	/* LAST_ACK */
	SYMPTOM_LAST_FIN_UNANSWERED, /* likewise */
	SYMPTOM_COUNT,
};

/* A set of symptoms: bit N is enum symptom N. */
typedef uint16_t symptom_set;

#define SYMPTOM_BIT(s) ((symptom_set)(1U << (s)))

/* How many bytes in a queue are much: more than a burst of a game or a web page in flight. */
#define SYMPTOM_QUEUE_BYTES 32768

/* How many retransmissions or window probes make a peer unresponsive; any answer resets their
 * number (net/ipv4/tcp_input.c: tcp_ack). The kernel doubles the time between them from 200 ms:
 * after four at least three seconds have passed (net/ipv4/tcp_timer.c). The peer's kernel answers a
 * FIN, not its program: one retransmission is enough. */
#define SYMPTOM_RETRANSMITS 4

/* Returns SYMPTOM_COUNT when the socket has none. */
enum symptom symptom_of(const struct sock_record *r);

#endif

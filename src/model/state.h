/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP states and sets of them. The names are those of tcp(7) and RFC 9293 in upper case with
 * underscores; the order of the first eleven is the kernel's (include/net/tcp_states.h), less one.
 */
#ifndef TCPSTATED_MODEL_STATE_H
#define TCPSTATED_MODEL_STATE_H

#include "basic/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tcp_state {
	STATE_ESTABLISHED,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT_1,
	STATE_FIN_WAIT_2,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_CLOSING,
	STATE_BOUND_INACTIVE, /* bound to a port, neither listening nor connected; sock_diag tells
				 since Linux 6.8 */
	STATE_COUNT,
};

/* A set of states: bit N is enum tcp_state N. */
typedef uint16_t state_set;

#define STATE_BIT(s)     ((state_set)(1U << (s)))
#define STATE_SET_ALL    ((state_set)((1U << STATE_COUNT) - 1))
#define STATE_FOREACH(s) for (enum tcp_state s = 0; s < STATE_COUNT; s++)

/* The states of a connection that one side or both have ended. */
#define STATE_SET_CLOSING                                                                          \
	((state_set)(STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2) |                   \
		     STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_TIME_WAIT) |                       \
		     STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_LAST_ACK)))

static inline bool state_set_has(state_set set, enum tcp_state s)
{
	return set & STATE_BIT(s);
}

/* The name of a state, for example "CLOSE_WAIT". Static storage. */
const char *state_name(enum tcp_state s);
extern const struct names state_names;

/*
 * Finds the state that a user names: case does not matter, "-" is as good as "_" (ss writes
 * fin-wait-1), and both may be left out (netstat writes FIN_WAIT1). Returns 0 or -EINVAL.
 */
int state_from_name(const char *name, size_t length, enum tcp_state *ret);

/*
 * Reads a list of state names separated by commas. Returns 0, or -EINVAL with *ret_word and
 * *ret_length naming the word that is no state (within list).
 */
int state_set_parse(const char *list, state_set *ret, const char **ret_word, size_t *ret_length);

/*
 * The kernel's number for a socket's state, as inet_diag_msg.idiag_state and /proc/net/tcp carry
 * it, to ours. Returns 0, or -EINVAL for a number that no kernel up to 6.18 reports.
 */
int state_from_kernel(unsigned number, enum tcp_state *ret);

/* The mask for inet_diag_req_v2.idiag_states (bit N is the kernel's state N). Old kernels ignore
 * the bits they do not know. */
uint32_t state_set_to_kernel(state_set set);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP states and sets of them. The names are those of tcp(7) and RFC 9293 in upper case with
 * underscores; the order of the first eleven is the kernel's (include/net/tcp_states.h), less one.
 */
#ifndef TCPSTATED_MODEL_STATE_H
#define TCPSTATED_MODEL_STATE_H

#include "basic/names.h"
#include "basic/string.h"

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
	STATE_BOUND_INACTIVE, /* bound to a port, neither listening nor connected; sock_diag lists
				 them since Linux 6.8 */
	STATE_COUNT,
};

/* A set of states: bit N is enum tcp_state N. */
typedef uint16_t state_set;

#define STATE_BIT(s)     ((state_set)(1U << (s)))
#define STATE_SET_ALL    ((state_set)((1U << STATE_COUNT) - 1))
#define STATE_FOREACH(s) for (enum tcp_state s = 0; s < STATE_COUNT; s++)

/* The closing states: one side or both have ended the connection. */
#define STATE_SET_CLOSING                                                                          \
	((state_set)(STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2) |                   \
		     STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_TIME_WAIT) |                       \
		     STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_LAST_ACK)))

static inline bool state_set_has(state_set set, enum tcp_state s)
{
	return set & STATE_BIT(s);
}

/* The names of the states, for example "CLOSE_WAIT". */
extern const struct names state_names;

static inline const char *state_name(enum tcp_state s)
{
	return name_of(state_names, s);
}

/*
 * Finds the state that a user names: case does not matter, "-" stands for "_" (ss prints
 * fin-wait-1), and both may be omitted (netstat prints FIN_WAIT1). Returns 0 or -EINVAL.
 */
int state_from_name(const char *name, size_t length, enum tcp_state *ret);

/*
 * Reads a list of state names separated by commas. Returns 0, or -EINVAL with *ret_word and
 * *ret_length set to the word within list that is not a state.
 */
int state_set_parse(const char *list, state_set *ret, const char **ret_word, size_t *ret_length);

/* Adds the names of a set, separated by commas, as state_set_parse() reads them. */
void state_set_format(struct string *s, state_set set);

/*
 * Converts the kernel's number for a state, as in inet_diag_msg.idiag_state and /proc/net/tcp, to
 * ours. Returns 0, or -EINVAL for a number that no kernel up to 6.18 reports.
 */
int state_from_kernel(unsigned number, enum tcp_state *ret);

/* The mask for inet_diag_req_v2.idiag_states: bit N is the kernel's state N. Kernels ignore bits
 * that they do not know. */
uint32_t state_set_to_kernel(state_set set);

#endif

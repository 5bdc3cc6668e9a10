/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/state.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const state_list[] = {
	[STATE_ESTABLISHED] = "ESTABLISHED",
	[STATE_SYN_SENT] = "SYN_SENT",
	[STATE_SYN_RECV] = "SYN_RECV",
	[STATE_FIN_WAIT_1] = "FIN_WAIT_1",
	[STATE_FIN_WAIT_2] = "FIN_WAIT_2",
	[STATE_TIME_WAIT] = "TIME_WAIT",
	[STATE_CLOSE] = "CLOSE",
	[STATE_CLOSE_WAIT] = "CLOSE_WAIT",
	[STATE_LAST_ACK] = "LAST_ACK",
	[STATE_LISTEN] = "LISTEN",
	[STATE_CLOSING] = "CLOSING",
	[STATE_BOUND_INACTIVE] = "BOUND_INACTIVE",
};

const struct names state_names = NAMES(state_list);

/* include/net/tcp_states.h; 12 is TCP_NEW_SYN_RECV. */
static unsigned kernel_number(enum tcp_state s)
{
	return s == STATE_BOUND_INACTIVE ? 13 : s + 1U;
}

const char *state_name(enum tcp_state s)
{
	return state_list[s];
}

static bool is_separator(char c)
{
	return c == '_' || c == '-';
}

/* Compares without case and separators, so that FIN-WAIT-1, fin_wait_1 and FIN_WAIT1 are the same
 * word. */
static bool same_state_name(const char *name, size_t length, const char *canonical)
{
	size_t i = 0;

	for (; *canonical; canonical++) {
		if (is_separator(*canonical))
			continue;
		while (i < length && is_separator(name[i]))
			i++;
		if (i == length || toupper((unsigned char)name[i]) != *canonical)
			return false;
		i++;
	}
	return i == length;
}

int state_from_name(const char *name, size_t length, enum tcp_state *ret)
{
	STATE_FOREACH(s) {
		if (same_state_name(name, length, state_list[s])) {
			*ret = s;
			return 0;
		}
	}
	return -EINVAL;
}

int state_set_parse(const char *list, state_set *ret, const char **ret_word, size_t *ret_length)
{
	state_set set = 0;

	for (const char *word = list;; word++) {
		size_t length = strcspn(word, ",");
		enum tcp_state s;

		if (state_from_name(word, length, &s) < 0) {
			*ret_word = word;
			*ret_length = length;
			return -EINVAL;
		}
		set |= STATE_BIT(s);
		word += length;
		if (!*word)
			break;
	}
	*ret = set;
	return 0;
}

int state_from_kernel(unsigned number, enum tcp_state *ret)
{
	/* Asked once for each socket. TCP_NEW_SYN_RECV, 12, is not reported: request sockets are
	 * SYN_RECV. */
	if (number >= 1 && number <= STATE_CLOSING + 1U) {
		*ret = (enum tcp_state)(number - 1);
		return 0;
	}
	if (number != kernel_number(STATE_BOUND_INACTIVE))
		return -EINVAL;
	*ret = STATE_BOUND_INACTIVE;
	return 0;
}

uint32_t state_set_to_kernel(state_set set)
{
	uint32_t mask = 0;

	STATE_FOREACH(s)
		if (state_set_has(set, s))
			mask |= UINT32_C(1) << kernel_number(s);
	/* A socket in CLOSE is in no table but that of bound ports, which is read for
	 * BOUND_INACTIVE alone. */
	if (state_set_has(set, STATE_CLOSE))
		mask |= UINT32_C(1) << kernel_number(STATE_BOUND_INACTIVE);
	return mask;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/state.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const state_list[STATE_COUNT] = {
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

/* TCP_BOUND_INACTIVE, include/net/tcp_states.h. 12 is TCP_NEW_SYN_RECV, which no kernel reports:
 * request sockets are SYN_RECV. */
#define KERNEL_BOUND_INACTIVE 13U

static bool is_separator(char c)
{
	return c == '_' || c == '-';
}

/* Compares without case and separators, so that FIN-WAIT-1, fin_wait_1 and FIN_WAIT1 are equal. */
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
		if (same_state_name(name, length, state_name(s))) {
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

void state_set_format(struct string *s, state_set set)
{
	const char *comma = "";

	STATE_FOREACH(state) {
		if (!state_set_has(set, state))
			continue;
		string_addf(s, "%s%s", comma, state_name(state));
		comma = ",";
	}
}

int state_from_kernel(unsigned number, enum tcp_state *ret)
{
	/* Called for each socket. */
	if (number >= 1 && number <= STATE_CLOSING + 1U) {
		*ret = (enum tcp_state)(number - 1);
		return 0;
	}
	if (number != KERNEL_BOUND_INACTIVE)
		return -EINVAL;
	*ret = STATE_BOUND_INACTIVE;
	return 0;
}

uint32_t state_set_to_kernel(state_set set)
{
	uint32_t mask = 0;

	for (enum tcp_state s = 0; s <= STATE_CLOSING; s++)
		if (state_set_has(set, s))
			mask |= UINT32_C(1) << (s + 1);
	/* A socket in CLOSE is only in the table of bound ports, which the kernel reads for
	 * BOUND_INACTIVE alone. */
	if (set & (STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_BOUND_INACTIVE)))
		mask |= UINT32_C(1) << KERNEL_BOUND_INACTIVE;
	return mask;
}

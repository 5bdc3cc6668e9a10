/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/sock_record.h"

/* States in which the kernel finishes what a process closed; in others a socket without inode waits
 * for accept(). */
#define STATES_AFTER_CLOSE                                                                         \
	(STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2) | STATE_BIT(STATE_CLOSING) |    \
		STATE_BIT(STATE_LAST_ACK))

enum sock_ownership sock_record_ownership(enum sock_kind kind, enum tcp_state state, uint32_t inode)
{
	if (kind != KIND_FULL)
		return OWNERSHIP_NONE;
	/* A listener or a bound socket without inode is the kernel's own (NFS, SMB): it is held
	 * too. */
	if (inode || state == STATE_LISTEN || state == STATE_BOUND_INACTIVE || state == STATE_CLOSE)
		return OWNERSHIP_HELD;
	return state_set_has(STATES_AFTER_CLOSE, state) ? OWNERSHIP_ORPHAN : OWNERSHIP_UNACCEPTED;
}

enum sock_keepalive sock_record_keepalive(enum sock_timer timer)
{
	if (timer == TIMER_NONE)
		return KEEPALIVE_OFF;
	return timer == TIMER_KEEPALIVE ? KEEPALIVE_ON : KEEPALIVE_UNKNOWN;
}

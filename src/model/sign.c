/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/sign.h"

static bool close_wait_sign(const struct sock_record *r, enum sign *ret)
{
	if (r->hold != HOLD_HELD)
		return false;
	if (r->receive_queue > 1)
		*ret = SIGN_DATA_UNREAD;
	else
		*ret = r->receive_queue ? SIGN_EOF_UNREAD : SIGN_EOF_READ;
	return true;
}

/* What was sent has been sent again so often. Behind a shut window one probe is always on its way,
 * so that only several tell. */
static bool is_unanswered(const struct sock_record *r, unsigned retransmits)
{
	if (r->timer == TIMER_PROBE)
		return r->retransmits >= SIGN_RETRANSMITS;
	return r->timer == TIMER_RETRANSMIT && r->retransmits >= retransmits;
}

static bool established_sign(const struct sock_record *r, enum sign *ret)
{
	if (is_unanswered(r, SIGN_RETRANSMITS))
		*ret = SIGN_UNANSWERED;
	else if (r->hold == HOLD_HELD && r->receive_queue >= SIGN_QUEUE_BYTES)
		*ret = SIGN_NOT_READ;
	else if (r->timer == TIMER_PROBE && r->send_queue >= SIGN_QUEUE_BYTES)
		*ret = SIGN_NOT_TAKEN;
	else
		return false;
	return true;
}

static bool fin_wait_1_sign(const struct sock_record *r, enum sign *ret)
{
	if (is_unanswered(r, 1))
		*ret = SIGN_FIN_UNANSWERED;
	else if (r->timer == TIMER_PROBE)
		*ret = SIGN_FIN_NOT_TAKEN;
	else
		return false;
	return true;
}

static bool last_ack_sign(const struct sock_record *r, enum sign *ret)
{
	if (!is_unanswered(r, 1))
		return false;
	*ret = SIGN_LAST_FIN_UNANSWERED;
	return true;
}

bool sign_of(const struct sock_record *r, enum sign *ret)
{
	if (r->kind != KIND_FULL)
		return false;
	if (r->state == STATE_CLOSE_WAIT)
		return close_wait_sign(r, ret);
	if (r->state == STATE_ESTABLISHED)
		return established_sign(r, ret);
	if (r->state == STATE_FIN_WAIT_1)
		return fin_wait_1_sign(r, ret);
	return r->state == STATE_LAST_ACK && last_ack_sign(r, ret);
}

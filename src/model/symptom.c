/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/symptom.h"

static bool close_wait_symptom(const struct sock_record *r, enum symptom *ret)
{
	if (r->ownership != OWNERSHIP_HELD)
		return false;
	if (r->receive_queue > 1)
		*ret = SYMPTOM_DATA_UNREAD;
	else
		*ret = r->receive_queue ? SYMPTOM_EOF_UNREAD : SYMPTOM_EOF_READ;
	return true;
}

/* Whether that many retransmissions are unanswered. With a closed window one probe is always in
 * flight, so only several count. */
static bool is_unanswered(const struct sock_record *r, unsigned retransmits)
{
	if (r->timer == TIMER_PROBE)
		return r->retransmits >= SYMPTOM_RETRANSMITS;
	return r->timer == TIMER_RETRANSMIT && r->retransmits >= retransmits;
}

static bool established_symptom(const struct sock_record *r, enum symptom *ret)
{
	if (is_unanswered(r, SYMPTOM_RETRANSMITS))
		*ret = SYMPTOM_UNANSWERED;
	else if (r->ownership == OWNERSHIP_HELD && r->receive_queue >= SYMPTOM_QUEUE_BYTES)
		*ret = SYMPTOM_NOT_READ;
	else if (r->timer == TIMER_PROBE && r->send_queue >= SYMPTOM_QUEUE_BYTES)
		*ret = SYMPTOM_NOT_TAKEN;
	else
		return false;
	return true;
}

static bool fin_wait_1_symptom(const struct sock_record *r, enum symptom *ret)
{
	if (is_unanswered(r, 1))
		*ret = SYMPTOM_FIN_UNANSWERED;
	else if (r->timer == TIMER_PROBE)
		*ret = SYMPTOM_FIN_NOT_TAKEN;
	else
		return false;
	return true;
}

static bool last_ack_symptom(const struct sock_record *r, enum symptom *ret)
{
	if (!is_unanswered(r, 1))
		return false;
	*ret = SYMPTOM_LAST_FIN_UNANSWERED;
	return true;
}

bool symptom_of(const struct sock_record *r, enum symptom *ret)
{
	if (r->kind != KIND_FULL)
		return false;
	if (r->state == STATE_CLOSE_WAIT)
		return close_wait_symptom(r, ret);
	if (r->state == STATE_ESTABLISHED)
		return established_symptom(r, ret);
	if (r->state == STATE_FIN_WAIT_1)
		return fin_wait_1_symptom(r, ret);
	return r->state == STATE_LAST_ACK && last_ack_symptom(r, ret);
}

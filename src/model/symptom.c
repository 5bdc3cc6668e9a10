/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/symptom.h"

#include <stdbool.h>

static enum symptom close_wait_symptom(const struct sock_record *r)
{
	if (r->ownership != OWNERSHIP_HELD)
		return SYMPTOM_COUNT;
	if (r->receive_queue > 1)
		return SYMPTOM_DATA_UNREAD;
	return r->receive_queue ? SYMPTOM_EOF_UNREAD : SYMPTOM_EOF_READ;
}

/* Whether that many retransmissions are unanswered. With a closed window one probe is always in
 * flight, so only several count. */
static bool is_unanswered(const struct sock_record *r, unsigned retransmits)
{
	if (r->timer == TIMER_PROBE)
		return r->retransmits >= SYMPTOM_RETRANSMITS;
	return r->timer == TIMER_RETRANSMIT && r->retransmits >= retransmits;
}

static enum symptom established_symptom(const struct sock_record *r)
{
	if (is_unanswered(r, SYMPTOM_RETRANSMITS))
		return SYMPTOM_UNANSWERED;
	if (r->ownership == OWNERSHIP_HELD && r->receive_queue >= SYMPTOM_QUEUE_BYTES)
		return SYMPTOM_NOT_READ;
	if (r->timer == TIMER_PROBE && r->send_queue >= SYMPTOM_QUEUE_BYTES)
		return SYMPTOM_NOT_TAKEN;
	return SYMPTOM_COUNT;
}

static enum symptom fin_wait_1_symptom(const struct sock_record *r)
{
	if (is_unanswered(r, 1))
		return SYMPTOM_FIN_UNANSWERED;
	return r->timer == TIMER_PROBE ? SYMPTOM_FIN_NOT_TAKEN : SYMPTOM_COUNT;
}

enum symptom symptom_of(const struct sock_record *r)
{
	if (r->kind != KIND_FULL)
		return SYMPTOM_COUNT;
	if (r->state == STATE_CLOSE_WAIT)
		return close_wait_symptom(r);
	if (r->state == STATE_ESTABLISHED)
		return established_symptom(r);
	if (r->state == STATE_FIN_WAIT_1)
		return fin_wait_1_symptom(r);
	if (r->state == STATE_LAST_ACK && is_unanswered(r, 1))
		return SYMPTOM_LAST_FIN_UNANSWERED;
	return SYMPTOM_COUNT;
}

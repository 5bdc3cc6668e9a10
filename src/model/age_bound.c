/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/age_bound.h"

#include "basic/macro.h"
#include "basic/unknown.h"

/*
 * CLOSE_WAIT, CLOSING and FIN_WAIT_2 are entered when a segment is received (RFC 9293, 3.10.7.4):
 * the peer's FIN, or the acknowledgement of ours. Linux notes the time of every acknowledgement
 * that it takes (net/ipv4/tcp_input.c: tcp_ack, rcv_tstamp), and a segment that changes the state
 * has passed through there: a FIN never takes the short way of header prediction, nor does data
 * that closes a gap before a FIN, and outside of ESTABLISHED there is no short way
 * (tcp_rcv_established, tcp_rcv_state_process). So the last acknowledgement came when the state was
 * entered or later.
 *
 * FIN_WAIT_2 has no exception. CLOSE_WAIT and CLOSING (since Linux 6.8) have one: a FIN that was
 * overtaken on the way by a later acknowledgement is taken without noting the time; then the state
 * is told older than it is, by as much as the FIN was late.
 *
 * Data is taken into account as it began with the connection: so does its time, where rcv_tstamp
 * was never set, and reads as if the last acknowledgement had come when the machine was started.
 */
static uint32_t since_last_segment(const struct sock_record *r)
{
	const uint32_t ms = MIN(r->info.last_ack_recv_ms, r->info.last_data_recv_ms);

	return ms == UNKNOWN_U32 ? 0 : ms;
}

/*
 * FIN_WAIT_1 and LAST_ACK are entered when the program closes. Nothing that tcp_info has begins
 * then: a segment of a FIN alone does not count as data sent (net/ipv4/tcp_output.c:
 * tcp_event_data_sent), and data may have been sent last long before or after. What is certain is
 * how often the FIN was sent again. Each time the timeout had passed in full, and was doubled after
 * that (net/ipv4/tcp_timer.c: tcp_retransmit_timer), up to a bound, of which half is still no more
 * than what it was before: so what is now T was T/2, T/4 and so on. A retransmission that failed
 * for want of memory comes again after half a second, and doubles nothing: the doublings are
 * counted, not the attempts. An acknowledgement sets the attempts back to 0 (tcp_ack), and may
 * leave the doublings of before: neither number alone is enough.
 *
 * All of that concerns the FIN only where it alone is unacknowledged. Data before it may have been
 * sent again before the program closed, and so may probes of a window that is shut.
 */
static uint32_t since_fin_was_sent(const struct sock_record *r)
{
	unsigned passed = MIN(r->retransmits, r->info.backoffs);
	uint32_t timeout_ms = r->info.timeout_us / 1000, sum = 0;

	if (r->timer != TIMER_RETRANSMIT || r->send_queue != 1 || r->info.timeout_us == UNKNOWN_U32)
		return 0;
	for (; passed && timeout_ms; passed--) {
		timeout_ms /= 2;
		sum += timeout_ms;
	}
	return sum;
}

/* What tells it, for each state. */
static uint32_t (*const bounds[STATE_COUNT])(const struct sock_record *r) = {
	[STATE_CLOSE_WAIT] = since_last_segment,
	[STATE_CLOSING] = since_last_segment,
	[STATE_FIN_WAIT_2] = since_last_segment,
	[STATE_FIN_WAIT_1] = since_fin_was_sent,
	[STATE_LAST_ACK] = since_fin_was_sent,
};

uint32_t age_bound_ms(const struct sock_record *r)
{
	if (r->kind != KIND_FULL || !r->has_info || !bounds[r->state])
		return 0;
	return bounds[r->state](r);
}

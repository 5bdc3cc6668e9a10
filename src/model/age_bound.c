/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/age_bound.h"

#include "basic/macro.h"
#include "basic/unknown.h"

/*
 * CLOSE_WAIT, CLOSING and FIN_WAIT_2 start when a segment is received (RFC 9293, 3.10.7.4): the
 * peer's FIN, or the acknowledgement of ours. Linux records the time of every acknowledgement that
 * it accepts (net/ipv4/tcp_input.c: tcp_ack, rcv_tstamp), and a segment that changes the state
 * passes through there: a FIN never takes the fast path of header prediction, nor does data that
 * closes a gap before a FIN, and outside ESTABLISHED there is no fast path (tcp_rcv_established,
 * tcp_rcv_state_process). So the last acknowledgement came when the state started, or later.
 *
 * FIN_WAIT_2 has no exception. CLOSE_WAIT and CLOSING (since Linux 6.8) have one: a FIN that a
 * later acknowledgement overtook is accepted without recording the time; then the state appears
 * older than it is, by the delay of the FIN.
 *
 * Data counts because its time starts with the connection: that of acknowledgements does not while
 * rcv_tstamp is unset, and then reads as if the last one had come at boot.
 */
static uint32_t since_last_segment(const struct sock_record *r)
{
	const uint32_t ms = MIN(r->info.last_ack_recv_ms, r->info.last_data_recv_ms);

	return is_known(ms) ? ms : 0;
}

/*
 * FIN_WAIT_1 and LAST_ACK start when the program closes. Nothing in tcp_info starts then: a segment
 * of only a FIN does not count as data sent (net/ipv4/tcp_output.c: tcp_event_data_sent), and data
 * may have been sent long before or after. What is certain is how often the FIN was retransmitted.
 * Each time the timeout had passed completely and was doubled (net/ipv4/tcp_timer.c:
 * tcp_retransmit_timer), up to a bound, half of which is no more than the timeout before: a timeout
 * of T was T/2, T/4 and so on. A retransmission that failed for lack of memory is repeated after
 * half a second and doubles nothing: the doublings count, not the attempts. An acknowledgement sets
 * the attempts to 0 (tcp_ack) and may leave earlier doublings: neither number alone suffices.
 *
 * This is about the FIN only if it alone is unacknowledged. Data before it, and probes of a closed
 * window, may have been retransmitted before the program closed.
 */
static uint32_t since_fin_was_sent(const struct sock_record *r)
{
	unsigned passed = MIN(r->retransmits, r->info.backoffs);
	uint32_t timeout_ms = r->info.timeout_us / 1000, sum = 0;

	if (r->timer != TIMER_RETRANSMIT || r->send_queue != 1 || !is_known(r->info.timeout_us))
		return 0;
	for (; passed && timeout_ms; passed--) {
		timeout_ms /= 2;
		sum += timeout_ms;
	}
	return sum;
}

/* How to compute it in each state. */
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

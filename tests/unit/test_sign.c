/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "model/sign.h"
#include "util.h"

#include <string.h>

#define NO_SIGN SIGN_COUNT

#define MUCH  SIGN_QUEUE_BYTES
#define OFTEN SIGN_RETRANSMITS

static const struct row {
	const char *what;
	enum sign sign;
	struct sock_record record;
} rows[] = {
	{"CLOSE_WAIT, the end read", SIGN_EOF_READ, {.state = STATE_CLOSE_WAIT, .hold = HOLD_HELD}},
	{"CLOSE_WAIT, the FIN unread", SIGN_EOF_UNREAD,
		{.state = STATE_CLOSE_WAIT, .hold = HOLD_HELD, .receive_queue = 1}},
	{"CLOSE_WAIT, a byte and the FIN unread", SIGN_DATA_UNREAD,
		{.state = STATE_CLOSE_WAIT, .hold = HOLD_HELD, .receive_queue = 2}},
	{"CLOSE_WAIT, not accepted", NO_SIGN,
		{.state = STATE_CLOSE_WAIT, .hold = HOLD_UNACCEPTED, .receive_queue = 1}},

	{"ESTABLISHED, idle", NO_SIGN, {.state = STATE_ESTABLISHED, .hold = HOLD_HELD}},
	{"ESTABLISHED, a burst unread", NO_SIGN,
		{.state = STATE_ESTABLISHED, .hold = HOLD_HELD, .receive_queue = MUCH - 1}},
	{"ESTABLISHED, much unread", SIGN_NOT_READ,
		{.state = STATE_ESTABLISHED, .hold = HOLD_HELD, .receive_queue = MUCH}},
	{"ESTABLISHED, much unread, but not accepted yet", NO_SIGN,
		{.state = STATE_ESTABLISHED, .hold = HOLD_UNACCEPTED, .receive_queue = MUCH}},
	{"ESTABLISHED, much on its way", NO_SIGN,
		{.state = STATE_ESTABLISHED,
			.hold = HOLD_HELD,
			.timer = TIMER_RETRANSMIT,
			.send_queue = MUCH}},
	{"ESTABLISHED, little behind a shut window", NO_SIGN,
		{.state = STATE_ESTABLISHED,
			.hold = HOLD_HELD,
			.timer = TIMER_PROBE,
			.send_queue = MUCH - 1}},
	{"ESTABLISHED, much behind a shut window", SIGN_NOT_TAKEN,
		{.state = STATE_ESTABLISHED,
			.hold = HOLD_HELD,
			.timer = TIMER_PROBE,
			.send_queue = MUCH,
			.retransmits = 1}},
	{"ESTABLISHED, behind a shut window, and the probes unanswered", SIGN_UNANSWERED,
		{.state = STATE_ESTABLISHED,
			.hold = HOLD_HELD,
			.timer = TIMER_PROBE,
			.send_queue = MUCH,
			.retransmits = OFTEN}},
	{"ESTABLISHED, lossy", NO_SIGN,
		{.state = STATE_ESTABLISHED,
			.hold = HOLD_HELD,
			.timer = TIMER_RETRANSMIT,
			.send_queue = 1,
			.retransmits = OFTEN - 1}},
	{"ESTABLISHED, unanswered", SIGN_UNANSWERED,
		{.state = STATE_ESTABLISHED,
			.hold = HOLD_HELD,
			.timer = TIMER_RETRANSMIT,
			.send_queue = 1,
			.retransmits = OFTEN}},
	{"ESTABLISHED, unanswered, and much unread: the peer comes first", SIGN_UNANSWERED,
		{.state = STATE_ESTABLISHED,
			.hold = HOLD_HELD,
			.timer = TIMER_RETRANSMIT,
			.receive_queue = MUCH,
			.retransmits = OFTEN}},
	{"ESTABLISHED, keepalive unanswered so far", NO_SIGN,
		{.state = STATE_ESTABLISHED,
			.hold = HOLD_HELD,
			.timer = TIMER_KEEPALIVE,
			.retransmits = OFTEN}},

	{"FIN_WAIT_1, the FIN just sent", NO_SIGN,
		{.state = STATE_FIN_WAIT_1, .hold = HOLD_ORPHAN, .timer = TIMER_RETRANSMIT}},
	{"FIN_WAIT_1, the FIN sent again", SIGN_FIN_UNANSWERED,
		{.state = STATE_FIN_WAIT_1,
			.hold = HOLD_ORPHAN,
			.timer = TIMER_RETRANSMIT,
			.retransmits = 1}},
	{"FIN_WAIT_1 after shutdown(), the FIN sent again", SIGN_FIN_UNANSWERED,
		{.state = STATE_FIN_WAIT_1,
			.hold = HOLD_HELD,
			.timer = TIMER_RETRANSMIT,
			.retransmits = 1}},
	{"FIN_WAIT_1, behind a shut window", SIGN_FIN_NOT_TAKEN,
		{.state = STATE_FIN_WAIT_1,
			.hold = HOLD_ORPHAN,
			.timer = TIMER_PROBE,
			.retransmits = 1}},
	{"FIN_WAIT_1, behind a shut window, and the probes unanswered", SIGN_FIN_UNANSWERED,
		{.state = STATE_FIN_WAIT_1,
			.hold = HOLD_ORPHAN,
			.timer = TIMER_PROBE,
			.retransmits = OFTEN}},

	{"LAST_ACK, the FIN just sent", NO_SIGN,
		{.state = STATE_LAST_ACK, .hold = HOLD_ORPHAN, .timer = TIMER_RETRANSMIT}},
	{"LAST_ACK, the FIN sent again", SIGN_LAST_FIN_UNANSWERED,
		{.state = STATE_LAST_ACK,
			.hold = HOLD_ORPHAN,
			.timer = TIMER_RETRANSMIT,
			.retransmits = 1}},

	{"FIN_WAIT_2", NO_SIGN,
		{.state = STATE_FIN_WAIT_2,
			.hold = HOLD_HELD,
			.timer = TIMER_RETRANSMIT,
			.retransmits = OFTEN,
			.receive_queue = MUCH}},
	{"SYN_SENT, unanswered", NO_SIGN,
		{.state = STATE_SYN_SENT,
			.hold = HOLD_HELD,
			.timer = TIMER_RETRANSMIT,
			.retransmits = OFTEN}},
	{"LISTEN, many waiting", NO_SIGN,
		{.state = STATE_LISTEN, .hold = HOLD_HELD, .receive_queue = MUCH}},
	{"TIME_WAIT", NO_SIGN,
		{.state = STATE_TIME_WAIT, .kind = KIND_MINI, .timer = TIMER_TIME_WAIT}},
	{"SYN_RECV, answered again and again", NO_SIGN,
		{.state = STATE_SYN_RECV,
			.kind = KIND_REQUEST,
			.timer = TIMER_RETRANSMIT,
			.retransmits = OFTEN}},
};

static void test_sign_of(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum sign sign = NO_SIGN;
		bool shows = sign_of(&rows[i].record, &sign);

		if (shows != (rows[i].sign != NO_SIGN) || sign != rows[i].sign)
			fail_msg("%s: shows %d instead of %d", rows[i].what, (int)sign,
				(int)rows[i].sign);
		seen |= SIGN_BIT(rows[i].sign);
	}
	/* The table has each sign, and what shows none. */
	assert_int_equal(seen, (1U << (SIGN_COUNT + 1)) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

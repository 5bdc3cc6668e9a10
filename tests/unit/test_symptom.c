/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "unit.h"

#include "model/symptom.h"

#include <string.h>

#define NO_SYMPTOM SYMPTOM_COUNT

#define MUCH  SYMPTOM_QUEUE_BYTES
#define OFTEN SYMPTOM_RETRANSMITS

static const struct row {
	const char *what;
	enum symptom symptom;
	struct sock_record record;
} rows[] = {
	{"CLOSE_WAIT, the end read", SYMPTOM_EOF_READ,
		{.state = STATE_CLOSE_WAIT, .ownership = OWNERSHIP_HELD}},
	{"CLOSE_WAIT, the FIN unread", SYMPTOM_EOF_UNREAD,
		{.state = STATE_CLOSE_WAIT, .ownership = OWNERSHIP_HELD, .receive_queue = 1}},
	{"CLOSE_WAIT, a byte and the FIN unread", SYMPTOM_DATA_UNREAD,
		{.state = STATE_CLOSE_WAIT, .ownership = OWNERSHIP_HELD, .receive_queue = 2}},
	{"CLOSE_WAIT, not accepted", NO_SYMPTOM,
		{.state = STATE_CLOSE_WAIT, .ownership = OWNERSHIP_UNACCEPTED, .receive_queue = 1}},

	{"ESTABLISHED, idle", NO_SYMPTOM,
		{.state = STATE_ESTABLISHED, .ownership = OWNERSHIP_HELD}},
	{"ESTABLISHED, a burst unread", NO_SYMPTOM,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.receive_queue = MUCH - 1}},
	{"ESTABLISHED, much unread", SYMPTOM_NOT_READ,
		{.state = STATE_ESTABLISHED, .ownership = OWNERSHIP_HELD, .receive_queue = MUCH}},
	{"ESTABLISHED, much unread, but not accepted yet", NO_SYMPTOM,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_UNACCEPTED,
			.receive_queue = MUCH}},
	{"ESTABLISHED, much on its way", NO_SYMPTOM,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_RETRANSMIT,
			.send_queue = MUCH}},
	{"ESTABLISHED, little behind a shut window", NO_SYMPTOM,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_PROBE,
			.send_queue = MUCH - 1}},
	{"ESTABLISHED, much behind a shut window", SYMPTOM_NOT_TAKEN,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_PROBE,
			.send_queue = MUCH,
			.retransmits = 1}},
	{"ESTABLISHED, behind a shut window, and the probes unanswered", SYMPTOM_UNANSWERED,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_PROBE,
			.send_queue = MUCH,
			.retransmits = OFTEN}},
	{"ESTABLISHED, lossy", NO_SYMPTOM,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_RETRANSMIT,
			.send_queue = 1,
			.retransmits = OFTEN - 1}},
	{"ESTABLISHED, unanswered", SYMPTOM_UNANSWERED,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_RETRANSMIT,
			.send_queue = 1,
			.retransmits = OFTEN}},
	{"ESTABLISHED, unanswered, and much unread: the peer comes first", SYMPTOM_UNANSWERED,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_RETRANSMIT,
			.receive_queue = MUCH,
			.retransmits = OFTEN}},
	{"ESTABLISHED, keepalive unanswered so far", NO_SYMPTOM,
		{.state = STATE_ESTABLISHED,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_KEEPALIVE,
			.retransmits = OFTEN}},

	{"FIN_WAIT_1, the FIN just sent", NO_SYMPTOM,
		{.state = STATE_FIN_WAIT_1,
			.ownership = OWNERSHIP_ORPHAN,
			.timer = TIMER_RETRANSMIT}},
	{"FIN_WAIT_1, the FIN sent again", SYMPTOM_FIN_UNANSWERED,
		{.state = STATE_FIN_WAIT_1,
			.ownership = OWNERSHIP_ORPHAN,
			.timer = TIMER_RETRANSMIT,
			.retransmits = 1}},
	{"FIN_WAIT_1 after shutdown(), the FIN sent again", SYMPTOM_FIN_UNANSWERED,
		{.state = STATE_FIN_WAIT_1,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_RETRANSMIT,
			.retransmits = 1}},
	{"FIN_WAIT_1, behind a shut window", SYMPTOM_FIN_NOT_TAKEN,
		{.state = STATE_FIN_WAIT_1,
			.ownership = OWNERSHIP_ORPHAN,
			.timer = TIMER_PROBE,
			.retransmits = 1}},
	{"FIN_WAIT_1, behind a shut window, and the probes unanswered", SYMPTOM_FIN_UNANSWERED,
		{.state = STATE_FIN_WAIT_1,
			.ownership = OWNERSHIP_ORPHAN,
			.timer = TIMER_PROBE,
			.retransmits = OFTEN}},

	{"LAST_ACK, the FIN just sent", NO_SYMPTOM,
		{.state = STATE_LAST_ACK,
			.ownership = OWNERSHIP_ORPHAN,
			.timer = TIMER_RETRANSMIT}},
	{"LAST_ACK, the FIN sent again", SYMPTOM_LAST_FIN_UNANSWERED,
		{.state = STATE_LAST_ACK,
			.ownership = OWNERSHIP_ORPHAN,
			.timer = TIMER_RETRANSMIT,
			.retransmits = 1}},

	{"FIN_WAIT_2", NO_SYMPTOM,
		{.state = STATE_FIN_WAIT_2,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_RETRANSMIT,
			.retransmits = OFTEN,
			.receive_queue = MUCH}},
	{"SYN_SENT, unanswered", NO_SYMPTOM,
		{.state = STATE_SYN_SENT,
			.ownership = OWNERSHIP_HELD,
			.timer = TIMER_RETRANSMIT,
			.retransmits = OFTEN}},
	{"LISTEN, many waiting", NO_SYMPTOM,
		{.state = STATE_LISTEN, .ownership = OWNERSHIP_HELD, .receive_queue = MUCH}},
	{"TIME_WAIT", NO_SYMPTOM,
		{.state = STATE_TIME_WAIT, .kind = KIND_MINI, .timer = TIMER_TIME_WAIT}},
	{"SYN_RECV, answered again and again", NO_SYMPTOM,
		{.state = STATE_SYN_RECV,
			.kind = KIND_REQUEST,
			.timer = TIMER_RETRANSMIT,
			.retransmits = OFTEN}},
};

static void test_symptom_of(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const enum symptom symptom = symptom_of(&rows[i].record);

		if (symptom != rows[i].symptom)
			fail_msg("%s: shows %d instead of %d", rows[i].what, (int)symptom,
				(int)rows[i].symptom);
		seen |= SYMPTOM_BIT(rows[i].symptom);
	}
	/* The table has each symptom, and sockets without any. */
	assert_int_equal(seen, (1U << (SYMPTOM_COUNT + 1)) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symptom_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

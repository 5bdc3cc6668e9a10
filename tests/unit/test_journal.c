/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "unit.h"

#include "deliver/journal.h"
#include "json.h"
#include "model/tally.h"
#include "sample_event.h"
#include "sentence.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* What sd_journal_sendv() was given, a field a line. */
static char sent[8192];
static int send_result;

int __wrap_sd_journal_sendv(const struct iovec *iov, int n);

int __wrap_sd_journal_sendv(const struct iovec *iov, int n)
{
	size_t used = 0;

	for (int i = 0; i < n; i++)
		used += (size_t)snprintf(sent + used, sizeof(sent) - used, "%.*s\n",
			(int)iov[i].iov_len, (const char *)iov[i].iov_base);
	return send_result;
}

static int journal_send(const struct alert_event *e)
{
	struct item *item = item_new_event(e);
	char text[256];
	struct string error = STRING_IN(text);
	int r;

	assert_non_null(item);
	r = journal_ops.deliver(NULL, item, -1, &error);
	item_unref(item);
	assert_int_equal(r < 0, text[0] != '\0');
	return r;
}

static void test_journal_fields(void **state)
{
	struct alert_event e = sample_event;

	(void)state;
	e.alert.key.service.address = (struct sock_address){AF_INET, {192, 0, 2, 7}};
	strcpy(e.alert.device, "eth1");
	assert_int_equal(journal_send(&e), 0);
	assert_string_equal(sent, "MESSAGE=raised close-wait-leak: "
				  "port 192.0.2.7%eth1:7777 (game.service): 412 CLOSE_WAIT for 60 "
				  "s or longer, not closed by the "
				  "program, 1.5 MiB, oldest 15 min\n"
				  "MESSAGE_ID=" JOURNAL_ID_RAISED "\n"
				  "PRIORITY=4\n"
				  "SYSLOG_IDENTIFIER=tcpstated\n"
				  "TCPSTATED_SEQUENCE=17\n"
				  "TCPSTATED_EVENT=raised\n"
				  "TCPSTATED_TIME=2026-11-22T09:40:00.123Z\n"
				  "TCPSTATED_SINCE=2026-11-22T09:39:30.120Z\n"
				  "TCPSTATED_HOST=gs1\n"
				  "TCPSTATED_KEY=close-wait-leak/host/server/192.0.2.7%eth1:7777\n"
				  "TCPSTATED_ALERT=close-wait-leak\n"
				  "TCPSTATED_SEVERITY=warning\n"
				  "TCPSTATED_NETNS=host\n"
				  "TCPSTATED_SCOPE=port\n"
				  "TCPSTATED_SIDE=server\n"
				  "TCPSTATED_ADDRESS=192.0.2.7\n"
				  "TCPSTATED_DEVICE=eth1\n"
				  "TCPSTATED_PORT=7777\n"
				  "TCPSTATED_STATE=CLOSE_WAIT\n"
				  "TCPSTATED_MEASURE=sockets\n"
				  "TCPSTATED_VALUE=412\n"
				  "TCPSTATED_THRESHOLD=100\n"
				  "TCPSTATED_CLEAR=50\n"
				  "TCPSTATED_SOCKETS=412\n"
				  "TCPSTATED_MEMORY_BYTES=1594000\n"
				  "TCPSTATED_OLDEST_SECONDS=913.4\n"
				  "TCPSTATED_TEXT=port 192.0.2.7%eth1:7777 (game.service): 412 "
				  "CLOSE_WAIT for 60 s or longer, not "
				  "closed by the program, 1.5 MiB, oldest 15 min\n");
}

static void test_journal_leaves_out_what_is_unknown(void **state)
{
	static const char *const unknown[] = {"NETNS", "SIDE", "ADDRESS", "DEVICE", "PORT", "STATE",
		"VALUE", "SOCKETS", "MEMORY_BYTES", "OLDEST"};
	struct alert_event e = sample_event;

	(void)state;
	e.netns[0] = '\0';
	e.alert.key = (struct alert_key){.scope = SCOPE_TOTAL};
	e.alert.rule.measure = MEASURE_RATE;
	e.alert.numbers = (struct alert_numbers){
		.value = UNKNOWN_DOUBLE,
		.sockets = UNKNOWN,
		.memory_bytes = UNKNOWN,
		.oldest_ms = UNKNOWN_U32,
		.ports = UNKNOWN,
		.listeners = UNKNOWN,
	};
	assert_int_equal(journal_send(&e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		char field[64];

		snprintf(field, sizeof(field), "\nTCPSTATED_%s", unknown[i]);
		assert_null(strstr(sent, field));
	}
	assert_non_null(strstr(sent, "\nTCPSTATED_SEQUENCE=17\n"));
}

static void test_journal_longest_values_are_not_cut(void **state)
{
	struct alert_event e = sample_event;
	char expected[SENTENCE_SIZE + 32];

	(void)state;
	memset(e.netns, 'n', sizeof(e.netns) - 1);
	memset(e.alert.owner.name, 'o', sizeof(e.alert.owner.name) - 1);
	e.alert.rule.states = STATE_SET_ALL;
	assert_int_equal(journal_send(&e), 0);
	snprintf(expected, sizeof(expected), "\nTCPSTATED_NETNS=%s\n", e.netns);
	assert_non_null(strstr(sent, expected));
	snprintf(expected, sizeof(expected), "\nTCPSTATED_TEXT=%s\n", sentence_of_alert(&e.alert));
	assert_non_null(strstr(sent, expected));
	assert_non_null(strstr(sent,
		"\nTCPSTATED_STATE=ESTABLISHED,SYN_SENT,SYN_RECV,FIN_WAIT_1,FIN_WAIT_2,TIME_WAIT,"
		"CLOSE,CLOSE_WAIT,LAST_ACK,LISTEN,CLOSING,BOUND_INACTIVE\n"));
}

static void test_journal_kinds_and_priorities(void **state)
{
	static const struct {
		enum event_kind kind;
		enum severity severity;
		const char *begins, *id, *priority;
	} rows[] = {
		{EVENT_RAISED, SEVERITY_CRITICAL, "raised", JOURNAL_ID_RAISED, "2"},
		{EVENT_REPEATED, SEVERITY_CRITICAL, "repeated", JOURNAL_ID_REPEATED, "2"},
		{EVENT_REPEATED, SEVERITY_WARNING, "repeated", JOURNAL_ID_REPEATED, "4"},
		{EVENT_CLEARED, SEVERITY_CRITICAL, "cleared", JOURNAL_ID_CLEARED, "5"},
		{EVENT_CLEARED, SEVERITY_WARNING, "cleared", JOURNAL_ID_CLEARED, "5"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct alert_event e = sample_event;
		char expected[128];

		e.kind = rows[i].kind;
		e.alert.rule.severity = rows[i].severity;
		assert_int_equal(journal_send(&e), 0);
		snprintf(
			expected, sizeof(expected), "MESSAGE=%s close-wait-leak: ", rows[i].begins);
		assert_ptr_equal(strstr(sent, expected), sent);
		snprintf(expected, sizeof(expected), "\nMESSAGE_ID=%s\nPRIORITY=%s\n", rows[i].id,
			rows[i].priority);
		assert_non_null(strstr(sent, expected));
	}
}

static void test_journal_failure(void **state)
{
	(void)state;
	send_result = -ENOBUFS;
	assert_int_equal(journal_send(&sample_event), -ENOBUFS);
	send_result = 0;
}

/* journalctl -x finds the explanations by the ids. */
static void test_journal_catalog_has_the_ids(void **state)
{
	static const char *const ids[] = {
		JOURNAL_ID_RAISED, JOURNAL_ID_REPEATED, JOURNAL_ID_CLEARED};
	char path[1024], text[8192], expected[64];
	size_t size;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/contrib/tcpstated.catalog", source_folder());
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	assert_true(feof(file));
	fclose(file);
	text[size] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		snprintf(expected, sizeof(expected), "\n-- %s\nSubject: ", ids[i]);
		assert_non_null(strstr(text, expected));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal_fields),
		cmocka_unit_test(test_journal_leaves_out_what_is_unknown),
		cmocka_unit_test(test_journal_longest_values_are_not_cut),
		cmocka_unit_test(test_journal_kinds_and_priorities),
		cmocka_unit_test(test_journal_failure),
		cmocka_unit_test(test_journal_catalog_has_the_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

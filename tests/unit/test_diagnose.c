/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "unit.h"

#include "judge/finding.h"
#include "sample.h"
#include "sentence.h"

#include <string.h>
#include <sys/socket.h>

/* Judges a sample; the findings go to the caller, who releases them. */
static struct findings judge(const struct sample *sample)
{
	struct findings f;

	assert_int_equal(diagnose(&sample->snapshot, false, &f), 0);
	return f;
}

static void assert_silent(const struct sample *sample)
{
	struct findings f = judge(sample);

	if (f.count)
		fail_msg("unexpected: %s: %s", f.list[0].id, sentence_of_finding(&f.list[0]));
	findings_release(&f);
}

/* One finding, and nothing else. */
static struct finding judge_one(const struct sample *sample, const char *id, enum severity severity)
{
	struct findings f = judge(sample);
	struct finding one;

	assert_int_equal(f.count, 1);
	one = f.list[0];
	findings_release(&f);
	assert_string_equal(one.id, id);
	assert_string_equal(
		name_of(severity_names, one.severity), name_of(severity_names, severity));
	assert_true(words_advice(id, one.cause).why && words_advice(id, one.cause).fix);
	return one;
}

static void test_diagnose_empty_machine_is_silent(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	assert_silent(&sample);
	sample.snapshot.limits.mem_total_bytes = UNKNOWN;
	sample.snapshot.limits.tw_buckets = (struct usage){UNKNOWN, UNKNOWN};
	assert_silent(&sample);
}

static void test_diagnose_time_wait_on_a_server_is_harmless(void **state)
{
	struct sample sample;
	struct port_tally *port;
	struct finding f;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 80);
	sample_held(&sample, port, STATE_ESTABLISHED, 10000);
	sample_held(&sample, port, STATE_TIME_WAIT, 999);
	assert_silent(&sample);
	sample_held(&sample, port, STATE_TIME_WAIT, 59001);
	f = judge_one(&sample, "time-wait-server", SEVERITY_NOTE);
	assert_int_equal(f.service.port, 80);
	assert_int_equal(f.sockets, 60000);

	/* A note stays one, whatever it holds. */
	sample.snapshot.limits.mem_total_bytes = UINT64_C(16) << 20;
	judge_one(&sample, "time-wait-server", SEVERITY_NOTE);
}

static void test_diagnose_time_wait_of_a_client_is_no_note(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_CLIENT, 80), STATE_TIME_WAIT, 60000);
	sample_held(&sample, NULL, STATE_TIME_WAIT, 60000);
	assert_silent(&sample);
}

static void test_diagnose_notes_are_no_faults(void **state)
{
	struct sample sample;
	struct findings f, faults;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 80), STATE_TIME_WAIT, 60000);
	f = judge(&sample);
	assert_int_equal(findings_faults(&f).count, 0);
	findings_release(&f);

	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 60);
	f = judge(&sample);
	assert_int_equal(f.count, 2);
	faults = findings_faults(&f);
	assert_int_equal(faults.count, 1);
	assert_string_equal(faults.list[0].id, "close-wait-not-closed");
	findings_release(&f);
}

static void test_diagnose_floor_of_close_wait(void **state)
{
	struct sample sample;
	struct port_tally *port;
	struct finding f;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	sample_held(&sample, port, STATE_ESTABLISHED, 1800);
	sample_held(&sample, port, STATE_CLOSE_WAIT, FINDING_FLOOR_SOCKETS - 1);
	assert_silent(&sample);

	sample_held(&sample, port, STATE_CLOSE_WAIT, 1);
	f = judge_one(&sample, "close-wait-not-closed", SEVERITY_WARNING);
	assert_true(f.has_port);
	assert_int_equal(f.service.side, SIDE_SERVER);
	assert_int_equal(f.service.port, 7777);
	assert_int_equal(f.sockets, 50);
	assert_int_equal(f.memory_bytes, 50 * 3867);
	assert_int_equal(f.oldest_ms, UNKNOWN_U32);
	assert_string_equal(f.netns, "host");
	assert_string_equal(sentence_of_finding(&f),
		"port 7777: 50 CLOSE_WAIT, not closed by the program, 189 KiB");
}

static void test_diagnose_client_is_named_by_its_peer(void **state)
{
	struct sample sample;
	struct finding f;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_CLIENT, 5432), STATE_CLOSE_WAIT, 412);
	f = judge_one(&sample, "close-wait-not-closed", SEVERITY_WARNING);
	assert_int_equal(f.service.side, SIDE_CLIENT);
	assert_string_equal(sentence_of_finding(&f),
		"to port 5432: 412 CLOSE_WAIT, not closed by the program, 1.5 MiB");
}

static void test_diagnose_memory_speaks_below_the_floor(void **state)
{
	const uint64_t total = UINT64_C(16) << 30;
	struct sample sample;
	struct port_tally *port;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	sample_add(&sample, port, STATE_FIN_WAIT_1,
		&(struct state_tally){
			.sockets = 3, .orphan = 3, .memory_bytes = total / 100 - 100});
	assert_silent(&sample);

	sample_add(&sample, port, STATE_FIN_WAIT_1, &(struct state_tally){.memory_bytes = 200});
	judge_one(&sample, "fin-wait-1-stuck", SEVERITY_WARNING);

	sample_add(&sample, port, STATE_FIN_WAIT_1,
		&(struct state_tally){.memory_bytes = total / 100 * 4});
	judge_one(&sample, "fin-wait-1-stuck", SEVERITY_CRITICAL);
}

static void test_diagnose_splits_close_wait_by_ownership(void **state)
{
	struct sample sample;
	struct port_tally *port;
	struct findings f;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	sample_held(&sample, port, STATE_CLOSE_WAIT, 40);
	sample_unaccepted(&sample, port, STATE_CLOSE_WAIT, 60);
	f = judge(&sample);
	assert_int_equal(f.count, 1);
	assert_string_equal(f.list[0].id, "close-wait-unaccepted");
	assert_int_equal(f.list[0].sockets, 60);
	findings_release(&f);

	sample_held(&sample, port, STATE_CLOSE_WAIT, 100);
	f = judge(&sample);
	assert_int_equal(f.count, 2);
	assert_string_equal(f.list[0].id, "close-wait-not-closed");
	assert_int_equal(f.list[0].sockets, 140);
	assert_string_equal(f.list[1].id, "close-wait-unaccepted");
	assert_int_equal(f.list[0].memory_bytes, 140 * 3867);
	/* One sum a state: the unaccepted have their share of it by number. */
	assert_int_equal(
		f.list[1].memory_bytes, (UINT64_C(140) * 3867 + UINT64_C(60) * 3977) / 200 * 60);
	findings_release(&f);
}

static void test_diagnose_splits_fin_wait_2_by_price(void **state)
{
	struct sample sample;
	struct port_tally *port;
	struct findings f;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7003);
	sample_held(&sample, port, STATE_FIN_WAIT_2, 200);
	sample_mini(&sample, port, 150);
	f = judge(&sample);
	assert_int_equal(f.count, 2);
	assert_string_equal(f.list[0].id, "fin-wait-2-held");
	assert_int_equal(f.list[0].sockets, 200);
	assert_int_equal(f.list[0].memory_bytes, 200 * 3867);
	assert_int_equal(f.list[0].oldest_ms, UNKNOWN_U32);
	assert_string_equal(f.list[1].id, "fin-wait-2-orphans");
	assert_int_equal(f.list[1].sockets, 150);
	assert_int_equal(f.list[1].memory_bytes, 150 * 264);
	assert_int_equal(f.list[1].oldest_ms, 58000);
	assert_string_equal(sentence_of_finding(&f.list[1]),
		"port 7003: 150 FIN_WAIT_2, not closed by the peer, 38.7 KiB, oldest 58 s");
	findings_release(&f);
}

/* On the client side they hold their local ports too: all that the state holds is theirs. */
static void test_diagnose_mini_alone_have_all_of_the_state(void **state)
{
	struct sample sample;
	struct port_tally *port;
	struct finding f;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_CLIENT, 7003);
	sample_mini(&sample, port, 150);
	sample_add(&sample, port, STATE_FIN_WAIT_2,
		&(struct state_tally){.memory_bytes = UINT64_C(150) * 272, .oldest_ms = 0});
	f = judge_one(&sample, "fin-wait-2-orphans", SEVERITY_WARNING);
	assert_int_equal(f.memory_bytes, 150 * (264 + 272));
}

static void test_diagnose_traffic_passing_through_is_silent(void **state)
{
	struct sample sample;
	struct port_tally *port;

	(void)state;
	sample_init(&sample);
	/* A web server that closes first, 1000 times a second, at 100 ms round trip. */
	port = sample_port(&sample, SIDE_SERVER, 80);
	sample_held(&sample, port, STATE_TIME_WAIT, 60000);
	sample_orphans(&sample, port, STATE_FIN_WAIT_1, 150);
	sample_symptom(&sample, port, SYMPTOM_FIN_UNANSWERED, 20);
	sample_mini(&sample, port, 150);
	/* One whose clients close first, ten times as often; here and there a segment is lost. */
	port = sample_port(&sample, SIDE_SERVER, 8080);
	sample_held(&sample, port, STATE_ESTABLISHED, 300);
	sample_orphans(&sample, port, STATE_LAST_ACK, 1500);
	sample_symptom(&sample, port, SYMPTOM_LAST_FIN_UNANSWERED, 99);
	judge_one(&sample, "time-wait-server", SEVERITY_NOTE);
}

static void test_diagnose_fin_wait_2_that_just_began_is_silent(void **state)
{
	struct sample sample;
	struct port_tally *port;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7003);
	sample_mini(&sample, port, 1000);
	port->states[STATE_FIN_WAIT_2].oldest_ms = 4999;
	sample.snapshot.totals.states[STATE_FIN_WAIT_2].oldest_ms = 4999;
	assert_silent(&sample);
	port->states[STATE_FIN_WAIT_2].oldest_ms = 5000;
	judge_one(&sample, "fin-wait-2-orphans", SEVERITY_WARNING);
	port->states[STATE_FIN_WAIT_2].oldest_ms = UNKNOWN_U32;
	judge_one(&sample, "fin-wait-2-orphans", SEVERITY_WARNING);
}

static void test_diagnose_fin_wait_1_says_its_causes(void **state)
{
	struct finding general, unanswered, not_taken;
	struct port_tally *port;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7007);
	sample_orphans(&sample, port, STATE_FIN_WAIT_1, 100);
	general = judge_one(&sample, "fin-wait-1-stuck", SEVERITY_WARNING);
	assert_string_equal(sentence_of_finding(&general),
		"port 7007: 100 FIN_WAIT_1, not acknowledged by the peer, 247 KiB");

	sample_symptom(&sample, port, SYMPTOM_FIN_UNANSWERED, 90);
	unanswered = judge_one(&sample, "fin-wait-1-stuck", SEVERITY_WARNING);
	assert_string_equal(sentence_of_finding(&unanswered),
		"port 7007: 100 FIN_WAIT_1, not acknowledged by the peer (90 retransmitted without "
		"an "
		"answer), 247 KiB");
	assert_int_equal(general.cause, CAUSE_NONE);
	assert_int_equal(unanswered.cause, SYMPTOM_FIN_UNANSWERED);

	/* Of both causes neither is the cause. */
	sample_orphans(&sample, port, STATE_FIN_WAIT_1, 20);
	sample_symptom(&sample, port, SYMPTOM_FIN_NOT_TAKEN, 30);
	not_taken = judge_one(&sample, "fin-wait-1-stuck", SEVERITY_WARNING);
	assert_string_equal(sentence_of_finding(&not_taken),
		"port 7007: 120 FIN_WAIT_1, not acknowledged by the peer (90 retransmitted without "
		"an "
		"answer, 30 behind data that the peer does not read), 296 KiB");
	assert_int_equal(not_taken.cause, CAUSE_NONE);

	sample_orphans(&sample, port, STATE_FIN_WAIT_1, 1000);
	sample_symptom(&sample, port, SYMPTOM_FIN_NOT_TAKEN, 1000);
	not_taken = judge_one(&sample, "fin-wait-1-stuck", SEVERITY_WARNING);
	assert_int_equal(not_taken.cause, SYMPTOM_FIN_NOT_TAKEN);
}

/* Symptoms that are not a state: not found below the floor, the only finding at it. */
static void test_diagnose_symptoms_of_established(void **state)
{
	static const struct {
		enum symptom symptom;
		const char *id;
	} rows[] = {
		{SYMPTOM_NOT_READ, "receive-queue-memory"},
		{SYMPTOM_NOT_TAKEN, "send-queue-memory"},
		{SYMPTOM_UNANSWERED, "dead-peers"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct port_tally *port;
		struct sample sample;
		struct finding f;

		sample_init(&sample);
		port = sample_port(&sample, SIDE_SERVER, 7777);
		sample_held(&sample, port, STATE_ESTABLISHED, 5000);
		port->states[STATE_ESTABLISHED].oldest_ms = 600000;
		sample_symptom(&sample, port, rows[i].symptom, FINDING_FLOOR_SOCKETS - 1);
		assert_silent(&sample);
		sample_symptom(&sample, port, rows[i].symptom, 1);
		f = judge_one(&sample, rows[i].id, SEVERITY_WARNING);
		assert_int_equal(f.service.port, 7777);
		assert_int_equal(f.sockets, FINDING_FLOOR_SOCKETS);
		assert_int_equal(f.memory_bytes, FINDING_FLOOR_SOCKETS * 3867);
		/* The oldest of the state need not be one of them. */
		assert_int_equal(f.oldest_ms, UNKNOWN_U32);
	}
}

static void close_wait_with(struct sample *sample, struct port_tally *port, uint32_t eof_read,
	uint32_t eof_unread, uint32_t data_unread)
{
	sample_held(sample, port, STATE_CLOSE_WAIT, eof_read);
	sample_add(sample, port, STATE_CLOSE_WAIT,
		&(struct state_tally){
			.sockets = eof_unread + data_unread,
			.memory_bytes = (eof_unread + data_unread) * UINT64_C(3867),
			.oldest_ms = 90000,
		});
	sample_symptom(sample, port, SYMPTOM_EOF_UNREAD, eof_unread);
	sample_symptom(sample, port, SYMPTOM_DATA_UNREAD, data_unread);
}

/* Three symptoms of one fault have one floor; each with more than a tenth is a finding. */
static void test_diagnose_close_wait_by_what_is_unread(void **state)
{
	struct port_tally *port;
	struct sample sample;
	struct findings f;
	struct finding one;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	close_wait_with(&sample, port, 17, 16, 16);
	assert_silent(&sample);
	close_wait_with(&sample, port, 0, 1, 0);
	f = judge(&sample);
	assert_int_equal(f.count, 3);
	assert_string_equal(f.list[0].id, "close-wait-eof-unread");
	assert_string_equal(f.list[1].id, "close-wait-not-closed");
	assert_string_equal(f.list[2].id, "close-wait-data-unread");
	assert_int_equal(f.list[0].sockets, 17);
	assert_int_equal(f.list[0].oldest_ms, UNKNOWN_U32);
	findings_release(&f);

	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	close_wait_with(&sample, port, 5, 4, 91);
	judge_one(&sample, "close-wait-data-unread", SEVERITY_WARNING);

	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	close_wait_with(&sample, port, 0, 60, 0);
	one = judge_one(&sample, "close-wait-eof-unread", SEVERITY_WARNING);
	assert_int_equal(one.oldest_ms, 90000);
	assert_string_equal(sentence_of_finding(&one),
		"port 7777: 60 CLOSE_WAIT, the program has not read the peer's close, "
		"227 KiB, oldest 90 s");
}

static void test_diagnose_last_ack_and_closing(void **state)
{
	struct port_tally *port;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 1);
	sample_orphans(&sample, port, STATE_LAST_ACK, 500);
	sample_symptom(&sample, port, SYMPTOM_LAST_FIN_UNANSWERED, 99);
	assert_silent(&sample);
	sample_symptom(&sample, port, SYMPTOM_LAST_FIN_UNANSWERED, 1);
	judge_one(&sample, "last-ack-stuck", SEVERITY_WARNING);
	sample_init(&sample);
	sample_orphans(&sample, sample_port(&sample, SIDE_SERVER, 1), STATE_CLOSING, 50);
	judge_one(&sample, "closing-stuck", SEVERITY_WARNING);
}

static const struct owner tunnel = {.kind = OWNER_UNIT, .name = "tunnel.service"},
			  other = {.kind = OWNER_UNIT, .name = "other.service"},
			  proxy = {.kind = OWNER_UNIT, .name = "proxy.service"};

/* So many services of one owner, each with one socket in CLOSE_WAIT, of which so many are old. */
static void spread(struct sample *sample, unsigned ports, enum sock_side side, uint64_t cgroup,
	const struct owner *owner, unsigned aged)
{
	const unsigned first = 10000 + (unsigned)sample->snapshot.ports_count;

	for (unsigned i = 0; i < ports; i++) {
		struct port_tally *row = sample_port(sample, side, (uint16_t)(first + i));

		sample_held(sample, row, STATE_CLOSE_WAIT, 1);
		sample_aged(row, STATE_CLOSE_WAIT, i < aged);
		if (cgroup)
			sample_creator(row, cgroup, owner);
	}
}

static void test_diagnose_sums_the_services_of_an_owner(void **state)
{
	struct sample sample;
	struct finding f;

	(void)state;
	sample_init(&sample);
	spread(&sample, 99, SIDE_CLIENT, 4711, &tunnel, 99);
	spread(&sample, 99, SIDE_CLIENT, 4712, &other, 99);
	assert_silent(&sample);
	/* Whatever side they are on. */
	spread(&sample, 1, SIDE_SERVER, 4711, &tunnel, 1);
	f = judge_one(&sample, "close-wait-not-closed", SEVERITY_WARNING);
	assert_int_equal(f.scope, SCOPE_OWNER);
	assert_false(f.has_port);
	assert_int_equal(f.sockets, 100);
	assert_int_equal(f.ports, 100);
	assert_int_equal(f.owner_key.cgroup, 4711);
	assert_string_equal(sentence_of_finding(&f),
		"tunnel.service: 100 CLOSE_WAIT over 100 ports, not closed by the program, "
		"378 KiB, oldest 95 s");
}

/* Without a cgroup, as of TIME_WAIT or from /proc, the side stands for the owner. */
static void test_diagnose_sums_a_side_where_the_owner_is_unknown(void **state)
{
	struct sample sample;
	struct finding f;

	(void)state;
	sample_init(&sample);
	spread(&sample, 99, SIDE_SERVER, 0, NULL, 99);
	spread(&sample, 100, SIDE_CLIENT, 0, NULL, 100);
	f = judge_one(&sample, "close-wait-not-closed", SEVERITY_WARNING);
	assert_int_equal(f.sockets, 100);
	assert_int_equal(f.service.side, SIDE_CLIENT);
	assert_string_equal(sentence_of_finding(&f),
		"clients on this machine: 100 CLOSE_WAIT over 100 ports, not closed by the "
		"program, 378 KiB, oldest 95 s");
}

/* A proxy with many destinations always has some that close at this moment. */
static void test_diagnose_a_busy_proxy_is_no_leak(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	spread(&sample, 300, SIDE_CLIENT, 4711, &proxy, 0);
	assert_silent(&sample);
	/* Some of them may be slow. */
	spread(&sample, 19, SIDE_CLIENT, 4711, &proxy, 19);
	assert_silent(&sample);

	sample_init(&sample);
	spread(&sample, 300, SIDE_CLIENT, 4711, &proxy, 99);
	assert_silent(&sample);

	/* One port with many that are young is another matter, but none for the sum. */
	sample_init(&sample);
	for (unsigned i = 0; i < 10; i++) {
		struct port_tally *row = sample_port(&sample, SIDE_CLIENT, (uint16_t)(443 + i));

		sample_held(&sample, row, STATE_CLOSE_WAIT, FINDING_FLOOR_SOCKETS - 1);
		sample_aged(row, STATE_CLOSE_WAIT, 9);
		sample_creator(row, 4711, &proxy);
	}
	assert_silent(&sample);
}

/* What the source does not date is only worth a note. */
static void test_diagnose_a_sum_of_unknown_age_is_a_note(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, NULL, STATE_CLOSE_WAIT, 99);
	assert_silent(&sample);
	sample_held(&sample, NULL, STATE_CLOSE_WAIT, 1);
	judge_one(&sample, "close-wait-not-closed", SEVERITY_NOTE);
}

/* A sample of the sockets has ages: it stands for the others. */
static void test_diagnose_a_sum_of_sampled_ages(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	spread(&sample, 200, SIDE_CLIENT, 4711, &tunnel, 200);
	for (size_t i = 0; i < 200; i++)
		if (i % 4)
			sample.rows[i].states[STATE_CLOSE_WAIT].dated =
				sample.rows[i].states[STATE_CLOSE_WAIT].aged = 0;
	assert_int_equal(
		judge_one(&sample, "close-wait-not-closed", SEVERITY_WARNING).sockets, 200);
}

/* Of ports that the user named, each is worth a note, and the leak over all of them is one still.
 */
static void test_diagnose_explicit_ports_are_summed_as_well(void **state)
{
	struct sample sample;
	struct findings f;

	(void)state;
	sample_init(&sample);
	spread(&sample, 150, SIDE_CLIENT, 4711, &tunnel, 150);
	assert_int_equal(diagnose(&sample.snapshot, true, &f), 0);
	assert_int_equal(f.count, 151);
	assert_int_equal(f.list[0].scope, SCOPE_OWNER);
	assert_int_equal(f.list[0].severity, SEVERITY_WARNING);
	assert_int_equal(f.list[0].sockets, 150);
	assert_int_equal(f.list[1].severity, SEVERITY_NOTE);
	findings_release(&f);
}

/* Rows are judged, whatever is listed of them; and what has a finding is listed. */
static void test_diagnose_what_is_not_listed(void **state)
{
	struct sample sample;
	struct port_tally *hung;
	struct findings f;

	(void)state;
	sample_init(&sample);
	for (unsigned i = 0; i < 60; i++)
		sample_held(&sample, sample_port(&sample, SIDE_SERVER, (uint16_t)(7000 + i)),
			STATE_ESTABLISHED, 1000);
	hung = sample_port(&sample, SIDE_SERVER, 8500);
	hung->backlog = 5;
	hung->accept_queue = 6;
	sample_unaccepted(&sample, hung, STATE_ESTABLISHED, 6);
	assert_int_equal(diagnose(&sample.snapshot, false, &f), 0);
	assert_int_equal(findings_list(&f, &sample.snapshot, 50), 0);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.list[0].service.port, 8500);
	assert_int_equal(sample.snapshot.ports_count, 51);
	assert_ptr_equal(sample.snapshot.ports[50], hung);
	assert_int_equal(sample.snapshot.omitted.ports, 10);
	assert_int_equal(findings_severity(&f, &hung->service), SEVERITY_CRITICAL);
	assert_int_equal(findings_severity(&f, &sample.rows[0].service), SEVERITY_OK);
	findings_release(&f);
}

/* The worst are reported one by one, the others as one for each diagnosis and owner. */
static void test_diagnose_counts_findings_beyond_the_listed(void **state)
{
	const unsigned ports = FINDINGS_OF_PORTS_MAX + 100;
	struct sample sample;
	struct findings f;

	(void)state;
	sample_init(&sample);
	for (unsigned i = 0; i < ports; i++) {
		struct port_tally *row = sample_port(&sample, SIDE_SERVER, (uint16_t)(1000 + i));

		/* The first ones hold the most. */
		sample_held(&sample, row, STATE_CLOSE_WAIT, 1000 - i);
		sample_creator(row, 1 + i % 2, i % 2 ? &other : &tunnel);
	}
	assert_int_equal(diagnose(&sample.snapshot, false, &f), 0);
	assert_int_equal(f.count, FINDINGS_OF_PORTS_MAX + 2);
	assert_int_equal(findings_total(&f), ports);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(f.list[i].scope, SCOPE_OWNER);
		assert_true(f.list[i].is_rest);
		assert_int_equal(f.list[i].ports, 50);
	}
	assert_string_equal(sentence_of_finding(&f.list[0]),
		"tunnel.service: 37,550 CLOSE_WAIT over 50 more ports, not closed by the program, "
		"138 MiB");
	assert_int_equal(f.list[2].service.port, 1000);
	/* Each of them has a finding, listed or not. */
	for (unsigned i = 0; i < ports; i++)
		assert_int_equal(findings_severity(&f, &sample.rows[i].service), SEVERITY_WARNING);
	assert_int_equal(findings_list(&f, &sample.snapshot, 10), 0);
	assert_int_equal(sample.snapshot.ports_count, FINDINGS_OF_PORTS_MAX);
	findings_release(&f);
}

static void test_diagnose_spread_sockets_are_reported_once(void **state)
{
	struct sample sample;
	struct findings f;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 400);
	sample_held(&sample, NULL, STATE_CLOSE_WAIT, 300);
	sample_aged(&sample.rest, STATE_CLOSE_WAIT, 300);
	f = judge(&sample);
	assert_int_equal(f.count, 2);
	assert_int_equal(f.list[0].service.port, 7777);
	assert_int_equal(f.list[0].sockets, 400);
	assert_false(f.list[1].has_port);
	assert_int_equal(f.list[1].sockets, 300);
	findings_release(&f);
}

static void test_diagnose_limits(void **state)
{
	static const struct {
		size_t place;                       /* of the struct usage in struct snapshot */
		uint64_t silent, warning, critical; /* of 1000 */
		const char *id;
	} rows[] = {
		{offsetof(struct snapshot, limits.tw_buckets), 749, 750, 900, "tw-buckets-full"},
		{offsetof(struct snapshot, limits.orphans), 249, 250, 500, "orphans-near-limit"},
		{offsetof(struct snapshot, limits.tcp_mem_pages), 659, 660, 900,
			"tcp-mem-near-limit"},
		{offsetof(struct snapshot, limits.conntrack), 749, 750, 900,
			"conntrack-near-limit"},
		{offsetof(struct snapshot, client_ports), 499, 750, 900, "time-wait-client-ports"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sample sample;
		void *place = (char *)&sample.snapshot + rows[i].place;
		struct usage *usage = place;

		sample_init(&sample);
		sample.snapshot.busiest =
			(struct destination){.sockets = 1, .port = 3306, .family = AF_INET};
		*usage = (struct usage){rows[i].silent, 1000};
		assert_silent(&sample);
		usage->used = rows[i].warning;
		judge_one(&sample, rows[i].id, SEVERITY_WARNING);
		usage->used = rows[i].critical;
		judge_one(&sample, rows[i].id, SEVERITY_CRITICAL);
		usage->max = UNKNOWN;
		assert_silent(&sample);
	}
}

static void test_diagnose_client_ports_name_the_destination(void **state)
{
	struct sample sample;
	struct finding f;

	(void)state;
	sample_init(&sample);
	sample.snapshot.client_ports = (struct usage){27000, 28232};
	sample.snapshot.busiest = (struct destination){
		.sockets = 27000, .port = 3306, .family = AF_INET, .address = {10, 0, 0, 5}};
	f = judge_one(&sample, "time-wait-client-ports", SEVERITY_CRITICAL);
	assert_true(f.has_port);
	assert_int_equal(f.service.side, SIDE_CLIENT);
	assert_int_equal(f.service.port, 3306);
	assert_int_equal(f.sockets, 27000);
	assert_string_equal(sentence_of_finding(&f),
		"to 10.0.0.5:3306: local ports in use: 27,000 of 28,232 (95.6 %)");
}

static void test_diagnose_client_ports_of_a_source(void **state)
{
	struct sample sample;
	struct finding f;

	(void)state;
	sample_init(&sample);
	sample.snapshot.client_ports = (struct usage){300, 300};
	sample.snapshot.busiest =
		(struct destination){.sockets = 300, .family = AF_INET, .source = {10, 0, 0, 1}};
	sample.snapshot.port_room =
		(struct port_room){.owner = sample_owner("/system.slice/proxy.service")};
	f = judge_one(&sample, "time-wait-client-ports", SEVERITY_CRITICAL);
	assert_false(f.has_port);
	assert_string_equal(sentence_of_finding(&f),
		"from 10.0.0.1 to any address (proxy.service): local ports in use: 300 of 300 "
		"(100.0 %)");
}

/* From half of the ports on until they run short: worth knowing, and what is unknown is told. */
static void test_diagnose_connect_searches_longer(void **state)
{
	struct sample sample;
	struct finding f;

	(void)state;
	sample_init(&sample);
	sample.snapshot.busiest = (struct destination){.sockets = 500,
		.device = 2,
		.port = 443,
		.family = AF_INET6,
		.source = {0xfe, 0x80, [15] = 1},
		.address = {0xfe, 0x80, [15] = 7},
		.device_name = "eth1"};
	sample.snapshot.port_room = (struct port_room){.usable_min = 200, .usable_max = 500};
	sample.snapshot.client_ports = (struct usage){499, 1000};
	assert_silent(&sample);
	sample.snapshot.client_ports.used = 500;
	f = judge_one(&sample, "connect-searches-longer", SEVERITY_NOTE);
	assert_int_equal(f.service.port, 443);
	assert_string_equal(sentence_of_finding(&f),
		"to [fe80::7%eth1]:443 from fe80::1: local ports in use: 500 of 1,000 (50.0 %), "
		"between 200 and 500 left, connect() searches longer");
	sample.snapshot.client_ports.used = 749;
	judge_one(&sample, "connect-searches-longer", SEVERITY_NOTE);
}

static void test_diagnose_accept_queue(void **state)
{
	struct sample sample;
	struct port_tally *port;
	struct finding f;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	port->backlog = 128;
	port->accept_queue = 95;
	assert_silent(&sample);
	port->accept_queue = 96;
	judge_one(&sample, "accept-queue-full", SEVERITY_WARNING);
	port->accept_queue = 128;
	judge_one(&sample, "accept-queue-full", SEVERITY_WARNING);
	port->accept_queue = 129;
	f = judge_one(&sample, "accept-queue-full", SEVERITY_CRITICAL);
	assert_string_equal(sentence_of_finding(&f),
		"port 7777: connections waiting for accept(): 129 of 128 (100.8 %)");

	/* A small queue that is nearly full is no news; one that is over is. */
	port->backlog = 5;
	port->accept_queue = 5;
	assert_silent(&sample);
	port->accept_queue = 6;
	judge_one(&sample, "accept-queue-full", SEVERITY_CRITICAL);

	/* listen(fd, 0) takes one: with it, it is full. */
	port->backlog = 0;
	port->accept_queue = 0;
	assert_silent(&sample);
	port->accept_queue = 1;
	f = judge_one(&sample, "accept-queue-full", SEVERITY_CRITICAL);
	assert_string_equal(
		sentence_of_finding(&f), "port 7777: connections waiting for accept(): 1 of 0");

	/* Of several listeners, the row has the numbers of the fullest. */
	port->listeners = 4;
	f = judge_one(&sample, "accept-queue-full", SEVERITY_CRITICAL);
	assert_string_equal(sentence_of_finding(&f),
		"port 7777: connections waiting for accept(): 1 of 0, the fullest of 4 listeners");

	port->backlog = UNKNOWN_U32; /* the source does not have it */
	port->accept_queue = 60;
	assert_silent(&sample);
}

static void test_diagnose_syn_recv_against_the_backlog(void **state)
{
	struct sample sample;
	struct port_tally *port;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	port->backlogs = 1000;
	port->states[STATE_SYN_RECV].sockets = 499;
	assert_silent(&sample);
	port->states[STATE_SYN_RECV].sockets = 500;
	judge_one(&sample, "syn-recv-flood", SEVERITY_WARNING);
	port->states[STATE_SYN_RECV].sockets = 900;
	judge_one(&sample, "syn-recv-flood", SEVERITY_CRITICAL);
	port->backlogs = 10;
	port->states[STATE_SYN_RECV].sockets = 49;
	assert_silent(&sample);

	/* A flood at the four listeners of a port: which of them has how many, none of them shows.
	 */
	port->listeners = 4;
	port->backlog = 128;
	port->backlogs = 512;
	port->states[STATE_SYN_RECV].sockets = 255;
	assert_silent(&sample);
	port->states[STATE_SYN_RECV].sockets = 256;
	judge_one(&sample, "syn-recv-flood", SEVERITY_WARNING);

	/* Unknown backlogs are not empty ones. */
	port->backlogs = UNKNOWN;
	port->states[STATE_SYN_RECV].sockets = 249;
	assert_silent(&sample);
	port->states[STATE_SYN_RECV].sockets = 500;
	judge_one(&sample, "syn-recv-flood", SEVERITY_CRITICAL);
}

static void test_diagnose_worst_first(void **state)
{
	struct sample sample;
	struct findings f;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 1), STATE_CLOSE_WAIT, 60);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 2), STATE_FIN_WAIT_2, 70);
	sample_add(&sample, sample_port(&sample, SIDE_SERVER, 3), STATE_FIN_WAIT_1,
		&(struct state_tally){.sockets = 10, .memory_bytes = UINT64_C(1) << 30});
	sample.snapshot.limits.orphans.used = 20000;
	f = judge(&sample);
	assert_int_equal(f.count, 4);
	assert_int_equal(f.list[0].severity, SEVERITY_CRITICAL);
	assert_int_equal(f.list[0].service.port, 3);
	assert_string_equal(f.list[1].id, "orphans-near-limit");
	assert_int_equal(f.list[2].service.port, 2);
	assert_int_equal(f.list[3].service.port, 1);
	findings_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diagnose_empty_machine_is_silent),
		cmocka_unit_test(test_diagnose_time_wait_on_a_server_is_harmless),
		cmocka_unit_test(test_diagnose_time_wait_of_a_client_is_no_note),
		cmocka_unit_test(test_diagnose_notes_are_no_faults),
		cmocka_unit_test(test_diagnose_floor_of_close_wait),
		cmocka_unit_test(test_diagnose_client_is_named_by_its_peer),
		cmocka_unit_test(test_diagnose_memory_speaks_below_the_floor),
		cmocka_unit_test(test_diagnose_splits_close_wait_by_ownership),
		cmocka_unit_test(test_diagnose_splits_fin_wait_2_by_price),
		cmocka_unit_test(test_diagnose_mini_alone_have_all_of_the_state),
		cmocka_unit_test(test_diagnose_traffic_passing_through_is_silent),
		cmocka_unit_test(test_diagnose_fin_wait_2_that_just_began_is_silent),
		cmocka_unit_test(test_diagnose_fin_wait_1_says_its_causes),
		cmocka_unit_test(test_diagnose_symptoms_of_established),
		cmocka_unit_test(test_diagnose_close_wait_by_what_is_unread),
		cmocka_unit_test(test_diagnose_last_ack_and_closing),
		cmocka_unit_test(test_diagnose_sums_the_services_of_an_owner),
		cmocka_unit_test(test_diagnose_sums_a_side_where_the_owner_is_unknown),
		cmocka_unit_test(test_diagnose_a_busy_proxy_is_no_leak),
		cmocka_unit_test(test_diagnose_a_sum_of_unknown_age_is_a_note),
		cmocka_unit_test(test_diagnose_a_sum_of_sampled_ages),
		cmocka_unit_test(test_diagnose_explicit_ports_are_summed_as_well),
		cmocka_unit_test(test_diagnose_what_is_not_listed),
		cmocka_unit_test(test_diagnose_counts_findings_beyond_the_listed),
		cmocka_unit_test(test_diagnose_spread_sockets_are_reported_once),
		cmocka_unit_test(test_diagnose_limits),
		cmocka_unit_test(test_diagnose_client_ports_name_the_destination),
		cmocka_unit_test(test_diagnose_client_ports_of_a_source),
		cmocka_unit_test(test_diagnose_connect_searches_longer),
		cmocka_unit_test(test_diagnose_accept_queue),
		cmocka_unit_test(test_diagnose_syn_recv_against_the_backlog),
		cmocka_unit_test(test_diagnose_worst_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

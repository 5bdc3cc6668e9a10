/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "unit.h"

#include "json.h"
#include "model/growth.h"
#include "output/json.h"
#include "sample.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What a state has without ages. */
#define NO_AGES "\"age\":null,\"growth_per_minute\":null"

/* The alerts, in place of those of rules that judged. */
static struct alert alerts[4];
static size_t alerts_used;
static uint64_t alerts_left_out;

/* How connections ended; NULL: a single poll. */
static const struct close_rates *close_rates_reported;

size_t __wrap_alerts_count(const struct alerts *a);
const struct alert *__wrap_alerts_get(const struct alerts *a, size_t index);
uint64_t __wrap_alerts_omitted(const struct alerts *a);

size_t __wrap_alerts_count(const struct alerts *a)
{
	assert_ptr_equal(a, alerts);
	return alerts_used;
}

const struct alert *__wrap_alerts_get(const struct alerts *a, size_t index)
{
	assert_ptr_equal(a, alerts);
	assert_true(index < alerts_used);
	return &alerts[index];
}

uint64_t __wrap_alerts_omitted(const struct alerts *a)
{
	assert_ptr_equal(a, alerts);
	return alerts_left_out;
}

static char *report(const struct sample *sample, bool pretty)
{
	const struct json_extras extras = {
		.alerts = alerts_used ? (const struct alerts *)alerts : NULL,
		.close_rates = close_rates_reported,
	};
	cleanup_(string_release) struct string formatted = string_up_to(JSON_SIZE_MAX);
	struct findings f;
	char *text;
	int r;

	assert_int_equal(diagnose(&sample->snapshot, false, &f), 0);
	text = SAMPLE_REPORTED(&r, json_print(out, &sample->snapshot, &f, &extras, pretty));
	assert_int_equal(r, 0);
	if (!pretty) {
		/* In memory it is the same. */
		assert_int_equal(json_format(&formatted, &sample->snapshot, &f, &extras), 0);
		assert_string_equal(formatted.text, text);
	}
	findings_release(&f);
	return text;
}

static bool is_valid(const char *text)
{
	return schema_accepts("tcpstated.snapshot.schema.json", text);
}

/* What json_print() writes for a sample, validated and parsed; the caller puts it. */
static struct json_object *document(const struct sample *sample)
{
	cleanup_(freep) char *text = report(sample, false);
	struct json_object *doc;

	/* One line. */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_true(is_valid(text));
	doc = json_tokener_parse(text);
	assert_non_null(doc);
	return doc;
}

static void test_json_empty_machine(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	doc = document(&sample);
	assert_string_equal(at(doc, "/schema"), "\"tcpstated.snapshot/1\"");
	assert_string_equal(at(doc, "/time"), "\"2026-11-22T09:40:00.123Z\"");
	assert_string_equal(at(doc, "/host"), "\"gs1\"");
	assert_string_equal(at(doc, "/scan/source"), "\"sock_diag\"");
	assert_string_equal(at(doc, "/scan/complete"), "true");
	assert_string_equal(at(doc, "/scan/error"), "null");
	assert_string_equal(at(doc, "/scan/note"), "null");
	assert_string_equal(at(doc, "/filter"), "null");
	assert_string_equal(at(doc, "/ages"), "null");
	assert_string_equal(at(doc, "/totals/sockets"), "0");
	STATE_FOREACH(s) {
		char pointer[64];

		snprintf(pointer, sizeof(pointer), "/totals/states/%s/sockets", state_name(s));
		assert_string_equal(at(doc, pointer), "0");
	}
	assert_string_equal(at(doc, "/fin_wait_2/held"), "0");
	assert_string_equal(at(doc, "/ports"), "[]");
	assert_string_equal(at(doc, "/prices/source"), "\"slabinfo\"");
	assert_string_equal(at(doc, "/prices/tcp_sock"), "2521");
	assert_string_equal(at(doc, "/slab/slab_bytes"), "3250000");
	assert_string_equal(at(doc, "/alerts"), "[]");
	assert_string_equal(at(doc, "/alerts_omitted"), "0");
	assert_string_equal(at(doc, "/findings"), "[]");
	json_object_put(doc);
}

static void test_json_port(void **state)
{
	struct sample sample;
	struct port_tally *port;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	port->accept_queue = 12;
	sample_held(&sample, port, STATE_LISTEN, 1);
	sample_unaccepted(&sample, port, STATE_CLOSE_WAIT, 10);
	sample_held(&sample, port, STATE_FIN_WAIT_2, 20);
	sample_mini(&sample, port, 30);
	sample_orphans(&sample, port, STATE_FIN_WAIT_2, 5);
	sample_held(&sample, port, STATE_TIME_WAIT, 100);
	sample_held(&sample, sample_port(&sample, SIDE_CLIENT, 5432), STATE_ESTABLISHED, 7);
	doc = document(&sample);
	assert_string_equal(at(doc, "/ports/0/netns"), "\"host\"");
	assert_string_equal(at(doc, "/ports/0/side"), "\"server\"");
	assert_string_equal(at(doc, "/ports/0/port"), "7777");
	assert_string_equal(at(doc, "/ports/0/listening"), "true");
	assert_string_equal(at(doc, "/ports/0/sockets"), "166");
	assert_string_equal(at(doc, "/ports/0/accept_queue"), "12");
	assert_string_equal(at(doc, "/ports/0/backlog"), "4096");
	assert_string_equal(at(doc, "/ports/0/unaccepted"), "10");
	assert_string_equal(at(doc, "/ports/0/orphans"), "5");
	assert_string_equal(
		at(doc, "/ports/0/fin_wait_2"), "{\"mini\":30,\"orphan\":5,\"held\":20}");
	assert_string_equal(at(doc, "/ports/0/states/TIME_WAIT"),
		"{\"sockets\":100,\"memory_bytes\":26400,\"oldest_seconds\":59.9," NO_AGES "}");
	assert_string_equal(at(doc, "/ports/0/states/CLOSE_WAIT/oldest_seconds"), "null");
	/* Only the states with sockets. */
	assert_int_equal(json_object_object_length(json_object_object_get(
				 json_object_array_get_idx(json_object_object_get(doc, "ports"), 1),
				 "states")),
		1);
	assert_string_equal(at(doc, "/ports/1/side"), "\"client\"");
	assert_string_equal(at(doc, "/ports/1/accept_queue"), "null");
	assert_string_equal(at(doc, "/ports/1/backlog"), "null");
	assert_string_equal(
		at(doc, "/totals/closing"), "{\"sockets\":165,\"memory_bytes\":164080}");
	assert_string_equal(at(doc, "/fin_wait_2"), "{\"mini\":30,\"orphan\":5,\"held\":20}");
	json_object_put(doc);
}

static void see(struct ages *a, uint64_t cookie, uint32_t row)
{
	const struct sock_record r = {
		.state = STATE_CLOSE_WAIT,
		.kind = KIND_FULL,
		.cookie = cookie,
	};

	ages_observe(a, &r, row);
}

/* 3 CLOSE_WAIT of 11 minutes and one of 20 seconds, of which the first row has two. */
static void sample_ages(struct sample *sample, struct ages *a)
{
	static const uint32_t places[] = {1, 2};
	const struct age_rows rows = {.places = places, .rows = 2, .ports = 2};

	for (unsigned scan = 0; scan < 3; scan++) {
		ages_start(a, scan ? 640000 + scan * 10240 : 0);
		for (uint64_t cookie = 1; cookie <= (scan ? 4 : 3); cookie++)
			see(a, cookie, cookie > 2);
		ages_finish(a, true);
	}
	assert_int_equal(age_table_take(&sample->snapshot.age_table, a, &rows), 0);
}

static void test_json_ages(void **state)
{
	struct sample sample;
	struct json_object *doc;
	struct ages *a;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 2);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7778), STATE_CLOSE_WAIT, 2);
	sample_mini(&sample, &sample.rows[0], 30);
	assert_int_equal(ages_new(AGES_TRACKED_DEFAULT, &a), 0);
	sample_ages(&sample, a);
	doc = document(&sample);
	assert_string_equal(at(doc, "/ages"),
		"{\"tracked\":4,\"sampled\":false,\"weight\":1,\"watched_seconds\":660.5}");
	assert_string_equal(at(doc, "/ports/0/states/CLOSE_WAIT"),
		"{\"sockets\":2,\"memory_bytes\":7734,\"oldest_seconds\":null,"
		"\"age\":{\"median_seconds\":660.5,\"p90_seconds\":660.5,\"older_than_1_minute\":2,"
		"\"older_than_10_minutes\":2,\"older_than_60_minutes\":0,"
		"\"added_last_minute\":0},\"growth_per_minute\":null}");
	assert_string_equal(at(doc, "/ports/1/states/CLOSE_WAIT/age/median_seconds"), "10.2");
	assert_string_equal(at(doc, "/ports/1/states/CLOSE_WAIT/age/added_last_minute"), "1");
	assert_string_equal(at(doc, "/totals/states/CLOSE_WAIT/age/median_seconds"), "660.5");
	assert_string_equal(at(doc, "/totals/states/CLOSE_WAIT/age/older_than_1_minute"), "3");
	assert_string_equal(at(doc, "/totals/states/CLOSE_WAIT/age/added_last_minute"), "1");
	/* Mini sockets are not tracked; where there is none, none is old. */
	assert_string_equal(at(doc, "/ports/0/states/FIN_WAIT_2/age"), "null");
	assert_string_equal(at(doc, "/totals/states/LAST_ACK/age/older_than_1_minute"), "0");
	assert_string_equal(at(doc, "/totals/states/LAST_ACK/age/median_seconds"), "null");
	assert_string_equal(at(doc, "/totals/states/TIME_WAIT/age"), "null");
	json_object_put(doc);
	age_table_release(&sample.snapshot.age_table);
	ages_free(a);
}

static void test_json_growth(void **state)
{
	struct growth growth = {0};
	struct sample sample;
	struct port_tally *port;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	port = sample_port(&sample, SIDE_SERVER, 7777);
	sample_held(&sample, port, STATE_CLOSE_WAIT, 100);
	sample_held(&sample, port, STATE_ESTABLISHED, 100);
	assert_int_equal(growth_take(&growth, &sample.snapshot, 1000), 0);
	sample_held(&sample, port, STATE_CLOSE_WAIT, 30);
	assert_int_equal(growth_take(&growth, &sample.snapshot, 91000), 0);
	doc = document(&sample);
	assert_string_equal(at(doc, "/ports/0/states/CLOSE_WAIT/growth_per_minute"), "20.0");
	assert_string_equal(at(doc, "/ports/0/states/ESTABLISHED/growth_per_minute"), "null");
	assert_string_equal(at(doc, "/totals/states/CLOSE_WAIT/growth_per_minute"), "20.0");
	json_object_put(doc);
	port->states[STATE_CLOSE_WAIT].sockets = 85;
	doc = document(&sample);
	assert_string_equal(at(doc, "/ports/0/states/CLOSE_WAIT/growth_per_minute"), "-10.0");
	json_object_put(doc);
	growth_release(&growth);
}

static void test_json_states_not_scanned_are_null(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	sample.snapshot.filter.states = STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_TIME_WAIT);
	sample.snapshot.filter.sides[SIDE_CLIENT] = false;
	sample.snapshot.scanned = sample.snapshot.filter.states;
	for (uint16_t port = 27015; port <= 27030; port++)
		port_set_add(&sample.services.ports, port);
	port_set_add(&sample.services.ports, 7777);
	sample.services.ranges[0] = (struct service_range){{AF_INET, {192, 0, 2, 7}}, 80, 80};
	sample.services.ranges[1] =
		(struct service_range){{AF_INET6, {0x20, 1, 0xd, 0xb8, [15] = 1}}, 80, 81};
	sample.services.ranges[2] = (struct service_range){.first = 443, .last = 443};
	sample.services.ranges_count = 3;
	sample.snapshot.filter.ports = &sample.services;
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 3);
	doc = document(&sample);
	assert_string_equal(at(doc, "/filter"),
		"{\"ports\":\"7777,27015-27030,192.0.2.7:80,[2001:db8::1]:80-81,*:443\",\"states\":"
		"[\"TIME_WAIT\",\"CLOSE_WAIT\"],"
		"\"side\":\"server\"}");
	assert_string_equal(at(doc, "/totals/states/TIME_WAIT/sockets"), "0");
	assert_string_equal(at(doc, "/totals/states/CLOSE_WAIT/sockets"), "3");
	assert_string_equal(at(doc, "/totals/states/FIN_WAIT_2"),
		"{\"sockets\":null,\"memory_bytes\":null,\"oldest_seconds\":null," NO_AGES "}");
	assert_string_equal(
		at(doc, "/fin_wait_2"), "{\"mini\":null,\"orphan\":null,\"held\":null}");
	assert_string_equal(at(doc, "/totals/closing/sockets"), "3");
	json_object_put(doc);

	sample.snapshot.scanned = STATE_BIT(STATE_LISTEN);
	doc = document(&sample);
	assert_string_equal(at(doc, "/totals/closing"), "{\"sockets\":null,\"memory_bytes\":null}");
	json_object_put(doc);
}

static void test_json_longest_port_list(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	for (unsigned port = 1; port <= UINT16_MAX; port += 2)
		port_set_add(&sample.services.ports, (uint16_t)port);
	sample.snapshot.filter.ports = &sample.services;
	doc = document(&sample);
	assert_true(strlen(at(doc, "/filter/ports")) > 190000);
	json_object_put(doc);
}

static void test_json_established_from_the_counter(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 10);
	sample.snapshot.scanned &= (state_set)~STATE_BIT(STATE_ESTABLISHED);
	sample.snapshot.limits.curr_estab = 1010;
	snapshot_established_from_counter(&sample.snapshot);
	doc = document(&sample);
	assert_string_equal(at(doc, "/totals/states/ESTABLISHED"),
		"{\"sockets\":1000,\"memory_bytes\":null,\"oldest_seconds\":null," NO_AGES "}");
	assert_string_equal(at(doc, "/totals/sockets"), "1010");
	assert_string_equal(at(doc, "/totals/memory_bytes"), "null");
	assert_string_equal(at(doc, "/limits/memory/used"), "null");
	json_object_put(doc);
}

static void test_json_established_unknown(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	sample.snapshot.scanned &= (state_set)~STATE_BIT(STATE_ESTABLISHED);
	snapshot_established_from_counter(&sample.snapshot);
	doc = document(&sample);
	assert_string_equal(at(doc, "/totals/states/ESTABLISHED/sockets"), "null");
	assert_string_equal(at(doc, "/totals/sockets"), "null");
	json_object_put(doc);
}

static void test_json_fallback_source(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	sample.snapshot.scan.source = "proc";
	sample.snapshot.scan.complete = false;
	strcpy(sample.snapshot.scan.note, "sock_diag was refused: Operation not permitted");
	strcpy(sample.snapshot.scan.error, "/proc/net/tcp6 changed while it was read");
	sample.snapshot.origin.replayed = true;
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_LISTEN, 1);
	sample.rows[0].backlog = UNKNOWN_U32;
	doc = document(&sample);
	assert_string_equal(at(doc, "/scan/source"), "\"proc\"");
	assert_string_equal(
		at(doc, "/scan/note"), "\"sock_diag was refused: Operation not permitted\"");
	assert_string_equal(at(doc, "/scan/complete"), "false");
	assert_string_equal(at(doc, "/scan/error"), "\"/proc/net/tcp6 changed while it was read\"");
	assert_string_equal(at(doc, "/scan/replayed"), "true");
	assert_string_equal(at(doc, "/ports/0/accept_queue"), "0");
	assert_string_equal(at(doc, "/ports/0/backlog"), "null");
	json_object_put(doc);
}

static void test_json_unknown_is_null(void **state)
{
	static const char *const nulls[] = {
		"/time",
		"/host",
		"/boot_id",
		"/kernel",
		"/netns",
		"/slab/slab_bytes",
		"/limits/tw_buckets/used",
		"/limits/tw_buckets/max",
		"/limits/tw_buckets/percent",
		"/limits/tcp_mem_pages/pressure",
		"/limits/conntrack/percent",
		"/limits/client_ports/destination",
		"/limits/memory/percent",
		"/counters/TCPTimeWaitOverflow",
		"/sockstat/alloc",
	};
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	memset(&sample.snapshot.origin, 0, sizeof(sample.snapshot.origin));
	sample.snapshot.origin.time.tv_sec = INT64_MAX;
	limits_init(&sample.snapshot.limits);
	sample.snapshot.client_ports = (struct usage){UNKNOWN, UNKNOWN};
	sample.snapshot.slab_bytes = UNKNOWN;
	doc = document(&sample);
	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		assert_string_equal(at(doc, nulls[i]), "null");
	json_object_put(doc);
}

static void test_json_limits_and_counters(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	sample.snapshot.limits.tw_buckets.used = 1000;
	sample.snapshot.limits.inuse = 42;
	sample.snapshot.client_ports.used = 27000;
	sample.snapshot.busiest = (struct destination){.sockets = 27000,
		.port = 443,
		.family = AF_INET6,
		.address = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	sample.snapshot.port_room = (struct port_room){.usable_min = 1000,
		.usable_max = UNKNOWN,
		.owner = sample_owner("/system.slice/app.service"),
		.user = "app"};
	doc = document(&sample);
	assert_string_equal(
		at(doc, "/limits/tw_buckets"), "{\"used\":1000,\"max\":131072,\"percent\":0.8}");
	assert_string_equal(at(doc, "/limits/tcp_mem_pages"),
		"{\"used\":457,\"max\":573432,\"percent\":0.1,\"low\":286716,\"pressure\":382290}");
	assert_string_equal(at(doc, "/limits/client_ports"),
		"{\"used\":27000,\"max\":28232,\"percent\":95.6,\"usable\":1232,"
		"\"usable_min\":1000,\"usable_max\":null,"
		"\"destination\":{\"address\":\"2001:db8::1\",\"device\":null,\"port\":443,"
		"\"source\":null},\"owner\":{\"kind\":\"unit\",\"unit\":\"app.service\","
		"\"container\":null,\"cgroup\":\"/system.slice/app.service\","
		"\"user\":\"app\",\"mixed\":false,\"gone\":false}}");
	assert_string_equal(at(doc, "/limits/memory/max"), "17179869184");
	assert_int_equal(
		json_object_object_length(json_object_object_get(doc, "counters")), COUNTER_COUNT);
	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++) {
		char pointer[64], number[16];

		snprintf(pointer, sizeof(pointer), "/counters/%s", name_of(counter_names, c));
		snprintf(number, sizeof(number), "%d", (int)c);
		assert_string_equal(at(doc, pointer), number);
	}
	assert_string_equal(at(doc, "/sockstat/tcp_inuse"), "42");
	assert_string_equal(at(doc, "/sockstat/tw"), "1000");
	json_object_put(doc);
}

static void test_json_findings(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 412);
	sample.snapshot.limits.orphans.used = 20000;
	doc = document(&sample);
	assert_string_equal(at(doc, "/findings/0/id"), "\"orphans-near-limit\"");
	assert_string_equal(at(doc, "/findings/0/severity"), "\"warning\"");
	assert_string_equal(at(doc, "/findings/0/side"), "null");
	assert_string_equal(at(doc, "/findings/0/port"), "null");
	assert_string_equal(at(doc, "/findings/0/memory_bytes"), "null");
	assert_string_equal(at(doc, "/findings/1/id"), "\"close-wait-not-closed\"");
	assert_string_equal(at(doc, "/findings/1/side"), "\"server\"");
	assert_string_equal(at(doc, "/findings/1/port"), "7777");
	assert_string_equal(at(doc, "/findings/1/sockets"), "412");
	assert_string_equal(at(doc, "/findings/1/oldest_seconds"), "null");
	assert_string_equal(at(doc, "/findings/1/owner"), "null");
	assert_string_equal(at(doc, "/findings/1/cause"), "null");
	assert_string_equal(at(doc, "/findings/1/destination"), "null");
	/* What they mean, once each, and whole though it is long. */
	assert_int_equal(json_object_object_length(json_object_object_get(doc, "diagnoses")), 2);
	assert_non_null(strstr(at(doc, "/diagnoses/close-wait-not-closed/see"),
		"tcpstated-lab run close-wait-leak"));
	assert_string_equal(at(doc, "/diagnoses/orphans-near-limit/causes"), "{}");
	assert_string_equal(at(doc, "/diagnoses/close-wait-not-closed/do") +
				    strlen(at(doc, "/diagnoses/close-wait-not-closed/do")) - 2,
		".\"");
	json_object_put(doc);
}

/* A finding names its service whole; one about a destination has that. */
static void test_json_findings_name_the_service(void **state)
{
	struct sample sample;
	struct json_object *doc;
	struct port_tally *row;

	(void)state;
	sample_init(&sample);
	row = sample_port(&sample, SIDE_SERVER, 7777);
	row->service.address = (struct sock_address){AF_INET6, {0xfe, 0x80, [15] = 7}};
	row->service.device = 4;
	sample_held(&sample, row, STATE_CLOSE_WAIT, 412);
	doc = document(&sample);
	assert_string_equal(at(doc, "/findings/0/address"), "\"fe80::7\"");
	/* Nobody has told its name. */
	assert_string_equal(at(doc, "/findings/0/device"), "\"4\"");
	assert_string_equal(at(doc, "/findings/0/port"), "7777");
	assert_string_equal(at(doc, "/ports/0/address"), "\"fe80::7\"");
	assert_string_equal(at(doc, "/ports/0/device"), "\"4\"");
	json_object_put(doc);

	strcpy(row->device, "eth1");
	sample.snapshot.client_ports = (struct usage){28000, 28232};
	sample.snapshot.busiest =
		(struct destination){.sockets = 28000, .port = 443, .family = AF_INET6};
	memcpy(sample.snapshot.busiest.address, (uint8_t[16]){[10] = 0xff, 0xff, 192, 0, 2, 1}, 16);
	doc = document(&sample);
	assert_string_equal(at(doc, "/findings/0/id"), "\"time-wait-client-ports\"");
	assert_string_equal(at(doc, "/findings/0/side"), "\"client\"");
	assert_string_equal(at(doc, "/findings/0/address"), "null");
	assert_string_equal(at(doc, "/findings/0/destination"),
		"{\"address\":\"192.0.2.1\",\"device\":null,\"port\":443,\"source\":null}");
	assert_string_equal(at(doc, "/findings/1/device"), "\"eth1\"");
	assert_string_equal(at(doc, "/ports/0/device"), "\"eth1\"");
	json_object_put(doc);
}

/* Every finding and alert has its diagnosis; one with causes has words for each. */
static void test_json_diagnoses_have_causes(void **state)
{
	struct sample sample;
	struct json_object *doc;
	struct port_tally *row;

	(void)state;
	sample_init(&sample);
	row = sample_port(&sample, SIDE_SERVER, 7777);
	sample_held(&sample, row, STATE_FIN_WAIT_1, 412);
	row->symptoms[SYMPTOM_FIN_NOT_TAKEN].sockets = 412;
	doc = document(&sample);
	assert_string_equal(at(doc, "/findings/0/id"), "\"fin-wait-1-stuck\"");
	assert_string_equal(at(doc, "/findings/0/cause"), "\"fin_not_taken\"");
	assert_non_null(strstr(at(doc, "/diagnoses/fin-wait-1-stuck/why"), "healthy close"));
	assert_non_null(strstr(
		at(doc, "/diagnoses/fin-wait-1-stuck/causes/fin_not_taken/do"), "do not read"));
	assert_non_null(strstr(
		at(doc, "/diagnoses/fin-wait-1-stuck/causes/fin_unanswered/why"), "vanished"));
	json_object_put(doc);
}

/* A state that a service had is there without sockets, too; what was not read is unknown. */
static void test_json_states_that_a_service_had(void **state)
{
	struct sample sample;
	struct json_object *doc;
	struct port_tally *row;

	(void)state;
	sample_init(&sample);
	row = sample_port(&sample, SIDE_SERVER, 7777);
	sample_held(&sample, row, STATE_CLOSE_WAIT, 4);
	row->states_had = STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_LAST_ACK) |
			  STATE_BIT(STATE_ESTABLISHED);
	sample.snapshot.scanned &= (state_set)~STATE_BIT(STATE_ESTABLISHED);
	doc = document(&sample);
	assert_int_equal(json_object_object_length(json_object_object_get(
				 json_object_array_get_idx(json_object_object_get(doc, "ports"), 0),
				 "states")),
		3);
	assert_string_equal(at(doc, "/ports/0/states/LAST_ACK"),
		"{\"sockets\":0,\"memory_bytes\":0,\"oldest_seconds\":null," NO_AGES "}");
	assert_string_equal(at(doc, "/ports/0/states/ESTABLISHED"),
		"{\"sockets\":null,\"memory_bytes\":null,\"oldest_seconds\":null," NO_AGES "}");
	json_object_put(doc);
}

/* A leak that was raised, a limit that is about to be, and one of which nothing is known. */
static void set_alerts(void)
{
	memset(alerts, 0, sizeof(alerts));
	alerts[0] = (struct alert){
		.rule = {.name = "close-wait-leak",
			.diagnosis = "close-wait-not-closed",
			.severity = SEVERITY_WARNING,
			.states = STATE_BIT(STATE_CLOSE_WAIT),
			.ownerships = OWNERSHIP_BIT(OWNERSHIP_HELD),
			.measure = MEASURE_SOCKETS,
			.raise = 100,
			.clear = 50},
		.key = {.scope = SCOPE_PORT,
			.service = {.side = SIDE_SERVER,
				.port = 7777,
				.device = 4,
				.address = {AF_INET, {192, 0, 2, 7}}}},
		.device = "eth1",
		.is_only = true,
		.state = ALERT_RAISED,
		.since = {.tv_sec = 1795340370, .tv_nsec = 120000000},
		.numbers = {412, 412, 1594000, 913400, UNKNOWN, UNKNOWN, {UNKNOWN, UNKNOWN}, {0}},
	};
	alerts[1] = (struct alert){
		.rule = {.name = "closing-memory",
			.severity = SEVERITY_CRITICAL,
			.measure = MEASURE_PERCENT,
			.raise = 0.25,
			.clear = 0.125},
		.key.scope = SCOPE_TOTAL,
		.state = ALERT_PENDING,
		.numbers = {0.3333333, 10, UNKNOWN, UNKNOWN_U32, UNKNOWN, UNKNOWN, {10, 3000}, {0}},
	};
	alerts[2] = alerts[1];
	alerts[2].state = ALERT_CLEARING;
	alerts[2].numbers = (struct alert_numbers){UNKNOWN_DOUBLE, UNKNOWN, UNKNOWN, UNKNOWN_U32,
		UNKNOWN, UNKNOWN, {UNKNOWN, UNKNOWN}, {0}};
	alerts[3] = alerts[0];
	alerts[3].key = (struct alert_key){
		.scope = SCOPE_OWNER, .owner_key = {.cgroup = 4711, .side = SIDE_COUNT}};
	alerts[3].numbers.ports = 600;
	alerts_used = ARRAY_SIZE(alerts);
	alerts_left_out = 5;
}

static void test_json_close_rates(void **state)
{
	struct close_rates_port port = {.service.port = 7777,
		.fresh_time_wait = {40, 60000},
		.fresh_fin_wait_2 = {0, 60000}};
	struct close_rates close_rates = {.watched_ms = 90500, .ports = &port, .ports_count = 1};
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_ESTABLISHED, 1);
	sample_held(&sample, sample_port(&sample, SIDE_CLIENT, 7777), STATE_ESTABLISHED, 1);
	doc = document(&sample);
	assert_string_equal(at(doc, "/closes"), "null");
	assert_string_equal(at(doc, "/ports/0/closes"), "null");
	json_object_put(doc);

	for (enum close_rates_flow f = 0; f < FLOW_COUNT; f++)
		close_rates.sums[f].ms = 60000;
	close_rates.sums[FLOW_PASSIVE_OPENS].amount = 100;
	close_rates.sums[FLOW_TW].amount = 50;
	close_rates.sums[FLOW_FRESH_TIME_WAIT].amount = 50;
	close_rates.sums[FLOW_ESTAB_RESETS].amount = 5;
	close_rates.sums[FLOW_ABORT_ON_DATA].amount = 2.5;
	close_rates_reported = &close_rates;
	doc = document(&sample);
	assert_string_equal(at(doc, "/closes/estimate"), "true");
	assert_string_equal(at(doc, "/closes/watched_seconds"), "90.5");
	assert_string_equal(at(doc, "/closes/closed_per_minute"),
		"{\"estimate\":100.0,\"low\":100.0,\"high\":100.0}");
	assert_string_equal(at(doc, "/closes/peer_first_per_minute"),
		"{\"estimate\":45.0,\"low\":42.5,\"high\":45.0}");
	assert_string_equal(at(doc, "/closes/reset_per_minute/high"), "7.5");
	assert_string_equal(at(doc, "/ports/0/closes/we_first_per_minute/estimate"), "40.0");
	assert_string_equal(at(doc, "/ports/0/closes/peer_first_per_minute"), "null");
	assert_string_equal(at(doc, "/ports/1/closes"), "null");
	json_object_put(doc);

	/* Without the kernel's counters. */
	close_rates.sums[FLOW_PASSIVE_OPENS].ms = 0;
	doc = document(&sample);
	assert_string_equal(at(doc, "/closes/closed_per_minute"), "null");
	assert_string_equal(at(doc, "/closes/we_first_per_minute/estimate"), "50.0");
	json_object_put(doc);

	/* The first poll of many. */
	close_rates.watched_ms = 0;
	doc = document(&sample);
	assert_string_equal(at(doc, "/closes"), "null");
	assert_string_equal(at(doc, "/ports/0/closes"), "null");
	json_object_put(doc);
	close_rates_reported = NULL;
}

static void test_json_alerts(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	set_alerts();
	doc = document(&sample);
	alerts_used = 0;
	assert_string_equal(at(doc, "/alerts/0"),
		"{\"state\":\"raised\",\"since\":\"2026-11-22T09:39:30.120Z\","
		"\"key\":\"close-wait-leak/host/server/192.0.2.7%eth1:7777\","
		"\"alert\":\"close-wait-leak\",\"id\":\"close-wait-not-closed\",\"cause\":null,"
		"\"severity\":\"warning\",\"netns\":\"host\",\"scope\":\"port\",\"side\":"
		"\"server\","
		"\"address\":\"192.0.2.7\",\"device\":\"eth1\",\"port\":7777,"
		"\"only_service_of_port\":true,\"owner\":null,\"cgroup_id\":null,"
		"\"destination\":null,\"states\":[\"CLOSE_WAIT\"],\"ownership\":[\"held\"],"
		"\"older_than_seconds\":null,\"measure\":\"sockets\",\"limit\":null,"
		"\"counter\":null,\"window_seconds\":null,\"value\":412.0,\"raise\":100.0,"
		"\"clear\":50.0,\"rule_gone\":false,\"ports\":null,\"listeners\":null,\"used\":"
		"null,\"max\":null,\"sockets\":412,"
		"\"memory_bytes\":1594000,\"oldest_seconds\":913.4,"
		"\"rule_diagnosis\":\"close-wait-not-closed\","
		"\"what\":\"port 7777: 412 CLOSE_WAIT, not closed by the program, 1.5 MiB, "
		"oldest 15 min\"}");
	assert_non_null(strstr(at(doc, "/diagnoses/close-wait-not-closed/why"), "close()"));
	assert_string_equal(at(doc, "/alerts/1/state"), "\"pending\"");
	assert_string_equal(at(doc, "/alerts/1/severity"), "\"critical\"");
	assert_string_equal(at(doc, "/alerts/1/value"), "0.333");
	assert_string_equal(at(doc, "/alerts/1/clear"), "0.125");
	assert_string_equal(at(doc, "/alerts/1/side"), "null");
	assert_string_equal(at(doc, "/alerts/1/port"), "null");
	assert_string_equal(at(doc, "/alerts/1/oldest_seconds"), "null");
	assert_string_equal(at(doc, "/alerts/2/state"), "\"clearing\"");
	assert_string_equal(at(doc, "/alerts/2/value"), "null");
	assert_string_equal(at(doc, "/alerts/1/scope"), "\"total\"");
	assert_string_equal(at(doc, "/alerts/3/scope"), "\"owner\"");
	assert_string_equal(at(doc, "/alerts/3/ports"), "600");
	assert_string_equal(at(doc, "/alerts/3/side"), "null");
	assert_string_equal(at(doc, "/alerts/3/port"), "null");
	assert_string_equal(at(doc, "/alerts_omitted"), "5");
	json_object_put(doc);
}

static void test_json_finding_of_an_owner(void **state)
{
	static const struct owner tunnel = {
		.kind = OWNER_UNIT, .name = "tunnel.service", .unit = "tunnel.service"};
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	for (unsigned i = 0; i < 200; i++) {
		struct port_tally *row = sample_port(&sample, SIDE_CLIENT, (uint16_t)(10000 + i));

		sample_held(&sample, row, STATE_CLOSE_WAIT, 1);
		sample_aged(row, STATE_CLOSE_WAIT, 1);
		sample_creator(row, 4711, &tunnel);
	}
	doc = document(&sample);
	assert_string_equal(at(doc, "/findings/0/scope"), "\"owner\"");
	assert_string_equal(at(doc, "/findings/0/owner/unit"), "\"tunnel.service\"");
	assert_string_equal(at(doc, "/findings/0/side"), "\"client\"");
	assert_string_equal(at(doc, "/findings/0/port"), "null");
	assert_string_equal(at(doc, "/findings/0/ports"), "200");
	assert_string_equal(at(doc, "/findings/0/sockets"), "200");
	json_object_put(doc);
}

static void test_json_many_ports(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	for (unsigned i = 0; i < SAMPLE_ROWS; i++)
		sample_held(&sample, sample_port(&sample, SIDE_CLIENT, (uint16_t)i),
			STATE_ESTABLISHED, 1000000);
	sample_held(&sample, NULL, STATE_ESTABLISHED, 5000);
	sample.snapshot.omitted.ports = 4000;
	doc = document(&sample);
	assert_int_equal(
		json_object_array_length(json_object_object_get(doc, "ports")), SAMPLE_ROWS);
	assert_string_equal(at(doc, "/ports_omitted"),
		"{\"ports\":4000,\"sockets\":5000,\"memory_bytes\":19335000}");
	assert_string_equal(at(doc, "/totals/sockets"), "320005000");
	json_object_put(doc);
}

static void test_json_pretty_is_the_same_document(void **state)
{
	cleanup_(freep) char *plain = NULL, *pretty = NULL;
	struct json_object *a, *b;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 412);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7778), STATE_CLOSE_WAIT, 1);
	plain = report(&sample, false);
	pretty = report(&sample, true);
	a = json_tokener_parse(plain);
	b = json_tokener_parse(pretty);
	assert_non_null(a);
	assert_true(json_object_equal(a, b));
	assert_true(strncmp(pretty, "{\n  \"schema\": \"tcpstated", 24) == 0);
	assert_non_null(strstr(pretty, "\n  \"ports\": [\n    {\n      \"netns\": \"host\","));
	assert_non_null(strstr(pretty, "\n  }\n}\n"));
	json_object_put(a);
	json_object_put(b);
}

static void test_json_hostile_names_stay_json(void **state)
{
	struct sample sample;
	struct json_object *doc;

	(void)state;
	sample_init(&sample);
	strcpy(sample.snapshot.origin.host, "\"},\xff\n\033");
	memset(sample.snapshot.scan.error, '\xe2', sizeof(sample.snapshot.scan.error) - 1);
	sample.snapshot.scan.complete = false;
	doc = document(&sample);
	assert_string_equal(at(doc, "/host"), "\"\\\"},???\"");
	json_object_put(doc);
}

/* The schema must be able to say no, or the other tests prove nothing. */
static void test_schema_refuses_what_the_contract_forbids(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"\"schema\":", "\"surprise\":1,\"schema\":"},
		{"\"filter\":null,", ""},
		{"tcpstated.snapshot/1", "tcpstated.snapshot/2"},
		{"\"complete\":true", "\"complete\":1"},
		{"\"TIME_WAIT\":", "\"TIMEWAIT\":"},
		{"\"port\":7777", "\"port\":65536"},
		{"\"port\":7777", "\"port\":7777,\"boss\":null"},
		{"\"side\":\"server\"", "\"side\":\"both\""},
		{"\"sockets\":412", "\"sockets\":-1"},
		{"\"percent\":0.1", "\"percent\":\"0.1\""},
		{"\"severity\":\"warning\"", "\"severity\":\"ok\""},
		{"\"state\":\"raised\"", "\"state\":\"inactive\""},
		{"\"raise\":100.0", "\"raise\":null"},
		{"\"states\":{\"CLOSE_WAIT\":{",
			"\"states\":{\"CLOSE_WAIT\":{\"median_seconds\":null,"},
		{"\"age\":null", "\"age\":{}"},
		{"\"diagnoses\":{", "\"diagnoses\":{\"more\":{},"},
		{"\"key\":", "\"keys\":"},
		{"\"address\":null", "\"address\":0"},
		{"\"alerts_omitted\":5,", ""},
		{"T09:40:00.123Z", " 09:40:00"},
	};
	cleanup_(freep) char *text = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_held(&sample, sample_port(&sample, SIDE_SERVER, 7777), STATE_CLOSE_WAIT, 412);
	set_alerts();
	text = report(&sample, false);
	alerts_used = 0;
	assert_true(is_valid(text));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *place = strstr(text, rows[i].from);
		size_t size = strlen(text) + strlen(rows[i].to) + 1;
		cleanup_(freep) char *wrong = malloc(size);

		assert_non_null(place);
		assert_non_null(wrong);
		snprintf(wrong, size, "%.*s%s%s", (int)(place - text), text, rows[i].to,
			place + strlen(rows[i].from));
		if (is_valid(wrong))
			fail_msg("the schema accepts '%s' for '%s'", rows[i].to, rows[i].from);
	}
}

static void test_json_full_disk_is_an_error(void **state)
{
	struct findings f = {0};
	struct sample sample;
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	sample_init(&sample);
	assert_int_equal(
		json_print(out, &sample.snapshot, &f, &(struct json_extras){0}, false), -ENOSPC);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_empty_machine),
		cmocka_unit_test(test_json_port),
		cmocka_unit_test(test_json_ages),
		cmocka_unit_test(test_json_growth),
		cmocka_unit_test(test_json_states_not_scanned_are_null),
		cmocka_unit_test(test_json_longest_port_list),
		cmocka_unit_test(test_json_established_from_the_counter),
		cmocka_unit_test(test_json_established_unknown),
		cmocka_unit_test(test_json_fallback_source),
		cmocka_unit_test(test_json_unknown_is_null),
		cmocka_unit_test(test_json_limits_and_counters),
		cmocka_unit_test(test_json_findings),
		cmocka_unit_test(test_json_close_rates),
		cmocka_unit_test(test_json_alerts),
		cmocka_unit_test(test_json_findings_name_the_service),
		cmocka_unit_test(test_json_diagnoses_have_causes),
		cmocka_unit_test(test_json_states_that_a_service_had),
		cmocka_unit_test(test_json_finding_of_an_owner),
		cmocka_unit_test(test_json_many_ports),
		cmocka_unit_test(test_json_pretty_is_the_same_document),
		cmocka_unit_test(test_json_hostile_names_stay_json),
		cmocka_unit_test(test_schema_refuses_what_the_contract_forbids),
		cmocka_unit_test(test_json_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

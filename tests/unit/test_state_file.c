/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "daemon/state_file.h"
#include "sentence.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID "2c2d2d0a-8f0e-4b0e-9c3c-6a1f7f3f1b11"

#define NOW_MS 5000000

static const struct state_identity identity = {BOOT_ID, "host"};

/* What is saved, and what came back. */
struct world {
	char directory[64];
	int dir_fd;
	struct alerts *alerts, *alerts_back;
	struct alert_event events[2], events_back[4];
	char outputs_back[4][64];
	size_t events_back_count;
};

static struct world world;

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	strcpy(world.directory, "/tmp/test_state_file.XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	world.dir_fd = open(world.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(world.dir_fd >= 0);
	assert_int_equal(alerts_new(&world.alerts), 0);
	assert_int_equal(alerts_new(&world.alerts_back), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlinkat(world.dir_fd, STATE_FILE_NAME, 0);
	assert_int_equal(rmdir(world.directory), 0);
	close(world.dir_fd);
	alerts_free(world.alerts);
	alerts_free(world.alerts_back);
	return 0;
}

static void list_events(void *source, state_event_fn fn, void *userdata)
{
	const struct alert_event *events = source;

	fn("exec page", &events[0], userdata);
	fn("events", &events[1], userdata);
}

static void take_event(const char *output, const struct alert_event *e, void *userdata)
{
	size_t i = world.events_back_count++;

	(void)userdata;
	assert_true(i < ARRAY_SIZE(world.events_back));
	world.events_back[i] = *e;
	snprintf(world.outputs_back[i], sizeof(world.outputs_back[i]), "%s", output);
}

static int save(void)
{
	const struct state_contents contents = {
		.alerts = world.alerts,
		.events = world.events[0].alert.rule.name[0] ? list_events : NULL,
		.events_source = world.events,
	};

	return state_save(world.dir_fd, &identity, NOW_MS, &contents);
}

/* Leaves the sentence in reason. */
static int load_at(const struct state_identity *whose, uint64_t now_ms, char reason[256])
{
	const struct state_target target = {
		.alerts = world.alerts_back,
		.event = take_event,
	};
	struct string s = string_in(reason, 256);

	return state_load(world.dir_fd, whose, now_ms, &target, &s);
}

static int load(const struct state_identity *whose, char reason[256])
{
	return load_at(whose, NOW_MS, reason);
}

static struct alert an_alert(const char *name, uint16_t port)
{
	struct alert alert = {
		.rule = RULE_DEFAULT,
		.key = {.scope = SCOPE_PORT, .service.side = SIDE_CLIENT, .service.port = port},
		.state = ALERT_RAISED,
		.since = {.tv_sec = 1795340400, .tv_nsec = 123000000},
		.changed_ms = 4000000,
		.reported_ms = 4500000,
		.numbers = {412.5, 412, 1600000, 913000, UNKNOWN, UNKNOWN, {UNKNOWN, UNKNOWN}, {0}},
	};

	owner_from_path("/\"ga\\me\303\251\"", &alert.owner);
	strcpy(alert.rule.name, name);
	alert.rule.severity = SEVERITY_CRITICAL;
	alert.rule.raise = 100;
	alert.rule.clear = 0.5;
	return alert;
}

static void test_state_load_reads_back_what_was_saved(void **state)
{
	struct alert one = an_alert("close-wait-leak", 7777), two = an_alert("mine", 1);
	const struct alert *back;
	char reason[256], said[SENTENCE_SIZE];

	(void)state;
	one.key.service.side = SIDE_SERVER;
	one.key.service.address = (struct sock_address){AF_INET6, {0xfe, 0x80, [15] = 7}};
	one.key.service.device = 4;
	strcpy(one.device, "eth1");
	two.key = (struct alert_key){.scope = SCOPE_TOTAL};
	two.state = ALERT_PENDING;
	two.numbers.sockets = two.numbers.memory_bytes = UNKNOWN;
	two.numbers.oldest_ms = UNKNOWN_U32;
	assert_int_equal(alerts_restore(world.alerts, &one), 0);
	assert_int_equal(alerts_restore(world.alerts, &two), 0);
	alerts_set_sequence(world.alerts, 41);
	for (size_t i = 0; i < 2; i++) {
		world.events[i] = (struct alert_event){
			.sequence = 40 + i,
			.kind = i ? EVENT_CLEARED : EVENT_RAISED,
			.alert = an_alert("close-wait-leak", 7777),
			.explanation = {.cause = CAUSE_NONE},
		};
	}

	assert_int_equal(save(), 0);
	assert_int_equal(load(&identity, reason), 0);
	assert_string_equal(reason, "");
	assert_int_equal(alerts_sequence(world.alerts_back), 41);
	assert_int_equal(alerts_count(world.alerts_back), 2);
	back = alerts_get(world.alerts_back, 0);
	assert_string_equal(back->rule.name, "close-wait-leak");
	assert_int_equal(back->rule.severity, SEVERITY_CRITICAL);
	assert_true(back->rule.raise == 100 && back->rule.clear == 0.5);
	/* The very service: its alert goes on. */
	assert_true(service_key_equal(&back->key.service, &one.key.service));
	assert_string_equal(back->device, "eth1");
	assert_int_equal(back->state, ALERT_RAISED);
	assert_int_equal(back->since.tv_sec, 1795340400);
	assert_int_equal(back->since.tv_nsec, 123000000);
	assert_int_equal(back->changed_ms, 4000000);
	assert_int_equal(back->reported_ms, 4500000);
	assert_true(back->numbers.value == 412.5);
	assert_int_equal(back->numbers.memory_bytes, 1600000);
	assert_int_equal(back->numbers.oldest_ms, 913000);
	snprintf(said, sizeof(said), "%s", sentence_of_alert(&one));
	assert_string_equal(sentence_of_alert(back), said);
	back = alerts_get(world.alerts_back, 1);
	assert_int_equal(back->state, ALERT_PENDING);
	assert_int_equal(back->key.scope, SCOPE_TOTAL);
	assert_true(back->numbers.sockets == UNKNOWN);
	assert_int_equal(back->numbers.oldest_ms, UNKNOWN_U32);

	assert_int_equal(world.events_back_count, 2);
	assert_string_equal(world.outputs_back[0], "exec page");
	assert_string_equal(world.outputs_back[1], "events");
	assert_int_equal(world.events_back[1].sequence, 41);
	assert_int_equal(world.events_back[1].kind, EVENT_CLEARED);
}

static void test_state_load_without_a_file_is_no_mistake(void **state)
{
	char reason[256];

	(void)state;
	assert_int_equal(load(&identity, reason), 1);
	assert_string_equal(reason, "");
}

static void test_state_load_ignores_what_is_of_elsewhere(void **state)
{
	const struct state_identity other_boot = {"another", "host"},
				    other_netns = {BOOT_ID, "blue"};
	struct alert one = an_alert("close-wait-leak", 7777);
	char reason[256];

	(void)state;
	alerts_restore(world.alerts, &one);
	assert_int_equal(save(), 0);
	assert_int_equal(load(&other_boot, reason), -ESTALE);
	assert_non_null(strstr(reason, "booted"));
	assert_int_equal(load(&other_netns, reason), -ESTALE);
	assert_non_null(strstr(reason, "namespace"));
	/* Saved in the future: damaged. */
	assert_int_equal(load_at(&identity, NOW_MS - 1, reason), -EBADMSG);
	assert_int_equal(alerts_count(world.alerts_back), 0);
	assert_int_equal(world.events_back_count, 0);
}

/* An identity that could not be read is none, even if it could not be read before either. */
static void test_state_load_trusts_no_unreadable_identity(void **state)
{
	static const struct state_identity unreadable[] = {
		{"", "host"}, {BOOT_ID, ""}, {BOOT_ID, "unknown"}};
	struct alert one = an_alert("close-wait-leak", 7777);
	const struct state_contents contents = {.alerts = world.alerts};

	(void)state;
	alerts_restore(world.alerts, &one);
	assert_true(state_identity_is_known(&identity));
	for (size_t i = 0; i < ARRAY_SIZE(unreadable); i++) {
		char reason[256];

		assert_false(state_identity_is_known(&unreadable[i]));
		assert_int_equal(state_save(world.dir_fd, &unreadable[i], NOW_MS, &contents), 0);
		assert_int_equal(load(&unreadable[i], reason), -ESTALE);
		assert_non_null(strstr(reason, "cannot be read"));
		assert_int_equal(alerts_count(world.alerts_back), 0);
	}
}

static void test_state_load_does_not_wait_for_a_fifo(void **state)
{
	char reason[256];

	(void)state;
	assert_int_equal(mkfifoat(world.dir_fd, STATE_FILE_NAME, 0600), 0);
	assert_int_equal(load(&identity, reason), -EBADMSG);
	assert_int_equal(unlinkat(world.dir_fd, STATE_FILE_NAME, 0), 0);
	assert_int_equal(symlinkat("/dev/zero", world.dir_fd, STATE_FILE_NAME), 0);
	assert_int_equal(load(&identity, reason), -ELOOP);
}

#define HEADER                                                                                     \
	"tcpstated-state 3\nboot_id " BOOT_ID "\nnetns host\nmonotonic_ms 4500000\nsequence 7\n"

static int read_text(const char *text, char reason[256])
{
	const struct state_target target = {
		.alerts = world.alerts_back,
		.event = take_event,
	};
	struct string s = string_in(reason, 256);
	char *copy = strdup(text);
	int r = state_read(copy, strlen(copy), &identity, NOW_MS, &target, &s);

	free(copy);
	return r;
}

static void test_state_read_refuses_what_is_not_valid(void **state)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{HEADER "end\n", 0},
		{"", -EPROTONOSUPPORT},
		{"\n", -EPROTONOSUPPORT},
		{"tcpstated-state 2\nboot_id " BOOT_ID "\nnetns host\nmonotonic_ms 1\n"
		 "sequence 7\nage CLOSE_WAIT 1f 5000\nend\n",
			-EPROTONOSUPPORT},
		{"tcpstated-state 3\n", -EBADMSG},
		{"tcpstated-state 3\nnetns host\nboot_id " BOOT_ID "\n", -EBADMSG},
		{"tcpstated-state 3\nboot_id " BOOT_ID "\nnetns host\nmonotonic_ms 5000001\n"
		 "sequence 7\nend\n",
			-EBADMSG},
		{"tcpstated-state 3\nboot_id " BOOT_ID "\nnetns host\nmonotonic_ms 1\n"
		 "sequence 18446744073709551616\nend\n",
			-EBADMSG},
		{"tcpstated-state 3\nboot_id " BOOT_ID "\nnetns host\nmonotonic_ms 1 \n"
		 "sequence 7\nend\n",
			-EBADMSG},
		{HEADER, -EBADMSG},
		{HEADER "end", -EBADMSG},
		{HEADER "nonsense\nend\n", -EBADMSG},
		{HEADER "age CLOSE_WAIT 1f 5000\nend\n", -EBADMSG},
		{HEADER "sequence 8\nend\n", -EBADMSG},
		{HEADER "alert \nend\n", -EBADMSG},
		{HEADER "alert {}\nend\n", -EBADMSG},
		{HEADER "alert []\nend\n", -EBADMSG},
		{HEADER "alert raised 1 1 0 {}\nend\n", -EBADMSG},
		{HEADER "alert raised 1 1 0 []\nend\n", -EBADMSG},
		{HEADER "event nothing\nend\n", -EBADMSG},
		{HEADER "event exec page\t{}\nend\n", -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char reason[256];
		int r = read_text(cases[i].text, reason);

		if (r != cases[i].error)
			fail_msg("case %zu: expected %d, is %d (%s)", i, cases[i].error, r, reason);
		assert_int_equal(r < 0, reason[0] != '\0');
	}
	assert_int_equal(alerts_count(world.alerts_back), 0);
}

/* A field that is missing, of another type, or out of its range: each of them, one at a time. */
static void test_state_read_refuses_alerts_with_a_field_that_is_off(void **state)
{
	static const char good[] =
		"raised 4000000 4500000 4 {\"schema\":\"tcpstated.event/1\",\"sequence\":0,"
		"\"event\":\"raised\",\"time\":\"2026-11-22T09:40:00.123Z\","
		"\"since\":\"2026-11-22T09:40:00.123Z\",\"host\":null,"
		"\"key\":\"mine//server/192.0.2.7%eth1:80\",\"alert\":\"mine\",\"id\":null,"
		"\"cause\":null,\"severity\":\"warning\",\"netns\":null,\"scope\":\"port\","
		"\"side\":\"server\","
		"\"address\":\"192.0.2.7\",\"device\":\"eth1\",\"port\":80,"
		"\"only_service_of_port\":true,\"owner\":null,\"cgroup_id\":null,"
		"\"destination\":null,\"ports\":null,\"listeners\":null,"
		"\"states\":[\"CLOSE_WAIT\"],\"ownership\":null,\"older_than_seconds\":null,"
		"\"measure\":\"sockets\",\"limit\":null,\"counter\":null,\"window_seconds\":null,"
		"\"value\":1,\"raise\":1,\"clear\":0,\"rule_gone\":false,\"used\":null,"
		"\"max\":null,\"sockets\":1,\"memory_bytes\":1,\"oldest_seconds\":null,"
		"\"rule_diagnosis\":null,\"what\":\"t\",\"diagnoses\":{}}";
	static const char *const off[][2] = {
		{"\"alert\":\"mine\"", "\"alert\":\"\""},
		{"\"alert\":\"mine\"", "\"alert\":7"},
		{"\"alert\":\"mine\"",
			"\"alert\":\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee\""},
		{"\"severity\":\"warning\"", "\"severity\":\"bad\""},
		{"\"severity\":\"warning\"", "\"severity\":\"ok\""},
		{"\"side\":\"server\"", "\"side\":\"both\""},
		{"\"port\":80", "\"port\":65536"},
		{"raised 4", "inactive 4"},
		{"raised 4", "risen 4"},
		{"4000000 ", ""},
		{"4500000 ", "4500000"},
		{"4500000 ", "-4500000 "},
		{"4500000 ", "99999999999999999999 "},
		{"\"raise\":1", "\"raise\":NaN"},
		{"\"raise\":1", "\"raise\":\"1\""},
		{"\"what\":\"t\"", "\"whats\":\"t\""},
		{"4500000 4 ", "4500000 "},
		{"4500000 4 ", "4500000 0 "}, /* the document has a device */
		{"4500000 4 ", "4500000 -4 "},
		{"4500000 4 ", "4500000 4294967296 "},
		{"4500000 4 ", "4500000 4x "},
		{"\"address\":\"192.0.2.7\"", "\"address\":\"192.0.2.8\""},
		{"server/192.0.2.7%eth1:80\"", "server/80\""},
		{"\"counter\":null", "\"counter\":1000"},
		{"4000000 ", "4500001 "},
		{"4500000 ", "4500001 "},
	};
	char text[2048], reason[256];

	(void)state;
	snprintf(text, sizeof(text), HEADER "alert %s\nend\n", good);
	assert_int_equal(read_text(text, reason), 0);
	assert_int_equal(alerts_count(world.alerts_back), 1);
	assert_int_equal(alerts_get(world.alerts_back, 0)->key.service.device, 4);
	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		const char *at = strstr(good, off[i][0]);

		assert_non_null(at);
		snprintf(text, sizeof(text), HEADER "alert %.*s%s%s\nend\n", (int)(at - good), good,
			off[i][1], at + strlen(off[i][0]));
		if (read_text(text, reason) != -EBADMSG)
			fail_msg("%s was taken", off[i][1]);
	}
}

static void test_state_save_leaves_the_old_file_when_it_fails(void **state)
{
	char reason[256];

	(void)state;
	assert_int_equal(save(), 0);
	/* A directory where the new file would be. */
	assert_int_equal(mkdirat(world.dir_fd, STATE_FILE_NAME ".new", 0700), 0);
	assert_int_equal(save(), -EISDIR);
	assert_int_equal(unlinkat(world.dir_fd, STATE_FILE_NAME ".new", AT_REMOVEDIR), 0);
	assert_int_equal(load(&identity, reason), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_state_load_reads_back_what_was_saved),
		TEST(test_state_load_without_a_file_is_no_mistake),
		TEST(test_state_load_ignores_what_is_of_elsewhere),
		TEST(test_state_load_trusts_no_unreadable_identity),
		TEST(test_state_load_does_not_wait_for_a_fifo),
		TEST(test_state_read_refuses_what_is_not_valid),
		TEST(test_state_read_refuses_alerts_with_a_field_that_is_off),
		TEST(test_state_save_leaves_the_old_file_when_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

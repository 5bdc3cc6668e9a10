/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "judge/alert.h"
#include "judge/diagnosis.h"
#include "sample.h"
#include "sentence.h"
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SECOND 1000U
#define MINUTE (60 * SECOND)

#define EVENTS_MAX 64

static struct world {
	struct sample sample;
	struct alerts *alerts;
	struct alert_event events[EVENTS_MAX];
	size_t events_count;
} world;

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	sample_init(&world.sample);
	assert_int_equal(alerts_new(&world.alerts), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	alerts_free(world.alerts);
	return 0;
}

static void take(const struct alert_event *e, void *userdata)
{
	(void)userdata;
	assert_true(world.events_count < EVENTS_MAX);
	world.events[world.events_count++] = *e;
}

static void judge_at(uint64_t now_ms)
{
	world.sample.snapshot.rows_count = world.sample.snapshot.ports_count;
	world.sample.snapshot.origin.time.tv_sec = (time_t)(1795340400 + now_ms / 1000);
	assert_int_equal(alerts_judge(world.alerts, &world.sample.snapshot, now_ms, take, NULL), 0);
}

static void set_sockets(struct port_tally *row, enum tcp_state state, uint32_t sockets)
{
	row->states[state].sockets = sockets;
	row->states[state].memory_bytes = sockets * UINT64_C(4000);
}

static const struct rule number_rule = {
	.name = "many",
	.enabled = true,
	.severity = SEVERITY_WARNING,
	.states = STATE_BIT(STATE_CLOSE_WAIT),
	.sides = {true, true},
	.ownerships = OWNERSHIP_SET_ALL,
	.measure = MEASURE_SOCKETS,
	.scopes = SCOPE_BIT(SCOPE_PORT),
	.raise = 100,
	.clear = 50,
	.for_ms = 30 * SECOND,
	.keep_ms = 60 * SECOND,
};

/*
 * Numbers at times, and the state and the event that each must lead to: the
 * whole machine as a table.
 */
static void test_alerts_judge_goes_through_its_states(void **state)
{
	enum { NONE = -1 };
	static const struct {
		unsigned seconds;
		int sockets; /* -1: the scan was incomplete */
		enum alert_state expected;
		int event;
	} steps[] = {
		{0, 0, ALERT_INACTIVE, NONE},
		{5, 99, ALERT_INACTIVE, NONE},
		{10, 100, ALERT_PENDING, NONE},
		{35, 150, ALERT_PENDING, NONE},
		{36, 99, ALERT_INACTIVE, NONE}, /* it did not last */
		{40, 100, ALERT_PENDING, NONE},
		{45, -1, ALERT_PENDING, NONE},
		{69, 200, ALERT_PENDING, NONE},
		{70, 200, ALERT_RAISED, EVENT_RAISED},
		{75, 51, ALERT_RAISED, NONE}, /* between clear and raise */
		{80, 100, ALERT_RAISED, NONE},
		{85, 50, ALERT_CLEARING, NONE},
		{144, 0, ALERT_CLEARING, NONE},
		{144, 51, ALERT_RAISED, NONE}, /* no flapping */
		{150, 50, ALERT_CLEARING, NONE},
		{200, -1, ALERT_CLEARING, NONE},
		{300, -1, ALERT_CLEARING, NONE}, /* a scan that failed never clears */
		{301, 3, ALERT_INACTIVE, EVENT_CLEARED},
		{305, 100, ALERT_PENDING, NONE},
	};
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	assert_int_equal(alerts_set_rules(world.alerts, &number_rule, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		size_t reported = world.events_count;
		enum alert_state is;

		world.sample.snapshot.scan.complete = steps[i].sockets >= 0;
		set_sockets(row, STATE_CLOSE_WAIT, (uint32_t)MAX(steps[i].sockets, 0));
		judge_at(steps[i].seconds * SECOND);
		is = alerts_count(world.alerts) ? alerts_get(world.alerts, 0)->state
						: ALERT_INACTIVE;
		if (is != steps[i].expected)
			fail_msg("step %zu: expected %s, is %s", i,
				name_of(alert_state_names, steps[i].expected),
				name_of(alert_state_names, is));
		assert_int_equal(world.events_count - reported, steps[i].event != NONE);
		if (steps[i].event != NONE)
			assert_int_equal(world.events[reported].kind, steps[i].event);
	}
	/* Since it was seen first, not since it was raised. */
	assert_int_equal(world.events[0].alert.since.tv_sec, 1795340440);
	assert_int_equal(world.events[1].alert.since.tv_sec, 1795340440);
	assert_int_equal(world.events[0].sequence, 1);
	assert_int_equal(world.events[1].sequence, 2);
}

static void test_alerts_judge_raises_at_once_without_for(void **state)
{
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	rule.for_ms = rule.keep_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	set_sockets(row, STATE_CLOSE_WAIT, 100);
	judge_at(0);
	assert_int_equal(world.events_count, 1);
	set_sockets(row, STATE_CLOSE_WAIT, 50);
	judge_at(SECOND);
	assert_int_equal(world.events_count, 2);
	assert_int_equal(alerts_count(world.alerts), 0);
}

static void test_alerts_judge_repeats_while_it_lasts(void **state)
{
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	rule.for_ms = 0;
	rule.repeat_ms = 10 * MINUTE;
	alerts_set_rules(world.alerts, &rule, 1);
	set_sockets(row, STATE_CLOSE_WAIT, 100);
	for (unsigned minute = 0; minute <= 25; minute++)
		judge_at(minute * MINUTE);
	assert_int_equal(world.events_count, 3);
	assert_int_equal(world.events[1].kind, EVENT_REPEATED);
	assert_int_equal(world.events[2].kind, EVENT_REPEATED);
	assert_int_equal(world.events[2].time.tv_sec, 1795340400 + 20 * 60);
}

static void test_alerts_judge_reports_each_port_and_clears_one_that_is_gone(void **state)
{
	struct rule rule = number_rule;
	struct port_tally *one = sample_port(&world.sample, SIDE_SERVER, 7777);
	struct port_tally *two = sample_port(&world.sample, SIDE_CLIENT, 3306);

	(void)state;
	rule.for_ms = rule.keep_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	set_sockets(one, STATE_CLOSE_WAIT, 412);
	set_sockets(two, STATE_CLOSE_WAIT, 1000);
	judge_at(0);
	assert_int_equal(alerts_count(world.alerts), 2);
	/* The heavier goes first. */
	assert_string_equal(sentence_of_alert(alerts_get(world.alerts, 0)),
		"to port 3306: 1,000 CLOSE_WAIT, 3.8 MiB");
	assert_string_equal(sentence_of_alert(alerts_get(world.alerts, 1)),
		"port 7777: 412 CLOSE_WAIT, 1.6 MiB");
	world.sample.snapshot.ports_count = 1;
	judge_at(SECOND);
	assert_int_equal(world.events_count, 3);
	assert_int_equal(world.events[2].kind, EVENT_CLEARED);
	assert_int_equal(world.events[2].alert.key.service.port, 3306);
	assert_string_equal(
		sentence_of_alert(&world.events[2].alert), "to port 3306: 0 CLOSE_WAIT, 0 B");
	assert_int_equal(alerts_count(world.alerts), 1);
}

/* What an alert is known by outside stays the same until it is over, whatever happens to the name
 * of its device. */
static void test_alerts_keep_the_device_they_began_with(void **state)
{
	static const char *const names[][2] = {{"eth1", "renamed"}, {"", "eth1"}, {"eth1", ""}};
	static const char *const expected[] = {"eth1", "4", "eth1"};
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	rule.for_ms = rule.keep_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	row->service.device = 4;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		set_sockets(row, STATE_CLOSE_WAIT, 200);
		strcpy(row->device, names[i][0]);
		judge_at(2 * i);
		set_sockets(row, STATE_CLOSE_WAIT, 0);
		strcpy(row->device, names[i][1]);
		judge_at(2 * i + 1);
		assert_int_equal(world.events_count, 2 * i + 2);
		for (size_t k = 0; k < 2; k++)
			assert_string_equal(world.events[2 * i + k].alert.device, expected[i]);
		assert_int_equal(world.events[2 * i + 1].kind, EVENT_CLEARED);
	}
}

static void test_alerts_judge_heeds_side_ports_and_ownership(void **state)
{
	static struct service_set ports;
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	rule.for_ms = 0;
	set_sockets(row, STATE_CLOSE_WAIT, 200);
	row->states[STATE_CLOSE_WAIT].unaccepted = 150;

	rule.ownerships = OWNERSHIP_BIT(OWNERSHIP_HELD);
	alerts_set_rules(world.alerts, &rule, 1);
	judge_at(0);
	assert_int_equal(world.events_count, 0);
	rule.ownerships = OWNERSHIP_BIT(OWNERSHIP_UNACCEPTED);
	judge_at(1);
	assert_int_equal(world.events_count, 1);
	assert_true(world.events[0].alert.numbers.value == 150);
	assert_int_equal(world.events[0].alert.numbers.memory_bytes, 150 * 4000);

	rule.ownerships = OWNERSHIP_SET_ALL;
	rule.sides[SIDE_SERVER] = false;
	strcpy(rule.name, "clients");
	judge_at(2);
	rule.sides[SIDE_SERVER] = true;
	rule.ports = &ports;
	strcpy(rule.name, "other-port");
	judge_at(3);
	/* "many" was cleared, since there is no rule of that name any more; nothing was raised. */
	assert_int_equal(world.events_count, 2);
	assert_int_equal(world.events[1].kind, EVENT_CLEARED);
	port_set_add(&ports.ports, 7777);
	judge_at(4);
	assert_int_equal(world.events_count, 3);
}

static void test_alerts_judge_measures_limits_and_leaves_unknown_ones_alone(void **state)
{
	const struct rule rule = {
		.name = "tw",
		.enabled = true,
		.severity = SEVERITY_CRITICAL,
		.measure = MEASURE_PERCENT,
		.limit = LIMIT_TW_BUCKETS,
		.scopes = SCOPE_BIT(SCOPE_TOTAL),
		.raise = 75,
		.clear = 60,
	};
	struct usage *usage = &world.sample.snapshot.limits.tw_buckets;

	(void)state;
	alerts_set_rules(world.alerts, &rule, 1);
	*usage = (struct usage){98304, 131072};
	judge_at(0);
	assert_int_equal(world.events_count, 1);
	assert_int_equal(world.events[0].alert.key.scope, SCOPE_TOTAL);
	assert_string_equal(sentence_of_alert(&world.events[0].alert),
		"TIME_WAIT and mini FIN_WAIT_2: 98,304 of 131,072 (75.0 %)");
	usage->used = UNKNOWN;
	judge_at(SECOND);
	assert_int_equal(world.events_count, 1);
	assert_int_equal(alerts_get(world.alerts, 0)->state, ALERT_RAISED);
	usage->used = 10;
	judge_at(2 * SECOND);
	assert_int_equal(world.events_count, 2);
}

/* ESTABLISHED was masked out: of it nothing is known, and nothing is cleared. */
static void test_alerts_judge_leaves_states_alone_that_were_not_scanned(void **state)
{
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	rule.states = STATE_BIT(STATE_ESTABLISHED);
	rule.for_ms = rule.keep_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	set_sockets(row, STATE_ESTABLISHED, 100);
	judge_at(0);
	set_sockets(row, STATE_ESTABLISHED, 0);
	world.sample.snapshot.scanned &= (state_set)~STATE_BIT(STATE_ESTABLISHED);
	judge_at(SECOND);
	assert_int_equal(world.events_count, 1);
	world.sample.snapshot.scanned = STATE_SET_ALL;
	judge_at(2 * SECOND);
	assert_int_equal(world.events_count, 2);
}

/* The last of them are of the first entry of creators. */
static void measure_ages_of(
	struct ages *ages, unsigned sockets, unsigned others_from, uint64_t now_ms)
{
	ages_start(ages, now_ms);
	for (unsigned i = 1; i <= sockets; i++) {
		const struct sock_record r = {
			.state = STATE_CLOSE_WAIT,
			.kind = KIND_FULL,
			.ownership = OWNERSHIP_HELD,
			.cookie = i,
		};

		ages_observe(ages, &r, i > others_from ? TALLY_AGE_ROW_CREATORS : 0);
	}
	ages_finish(ages, true);
}

static void measure_ages(struct ages *ages, unsigned sockets, uint64_t now_ms)
{
	measure_ages_of(ages, sockets, sockets, now_ms);
}

static void test_alerts_judge_counts_only_what_is_old_enough(void **state)
{
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);
	struct ages *ages;

	(void)state;
	assert_int_equal(ages_new(1000, &ages), 0);
	world.sample.snapshot.ages = ages;
	rule.older_than_ms = 1 * MINUTE;
	rule.for_ms = rule.keep_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	measure_ages(ages, 120, 0);
	set_sockets(row, STATE_CLOSE_WAIT, 120);
	judge_at(0);
	assert_int_equal(world.events_count, 0);
	measure_ages(ages, 200, 61440);
	set_sockets(row, STATE_CLOSE_WAIT, 200);
	judge_at(61440);
	assert_int_equal(world.events_count, 1);
	assert_true(world.events[0].alert.numbers.value == 120);
	assert_int_equal(world.events[0].alert.numbers.memory_bytes, 120 * 4000);
	assert_int_equal(world.events[0].alert.numbers.oldest_ms, 61400);
	assert_string_equal(sentence_of_alert(&world.events[0].alert),
		"port 7777: 120 CLOSE_WAIT for 60 s or longer, 469 KiB, oldest 61 s");
	ages_free(ages);
}

/* /proc has no cookies, so no ages, and no cgroups: what needs them stays as it is. */
static void test_alerts_judge_leaves_alone_what_proc_lacks(void **state)
{
	struct rule rules[2] = {number_rule, number_rule};
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);
	struct ages *ages;

	(void)state;
	assert_int_equal(ages_new(1000, &ages), 0);
	world.sample.snapshot.ages = ages;
	strcpy(rules[0].name, "aged");
	rules[0].older_than_ms = 1 * MINUTE;
	strcpy(rules[1].name, "spread");
	rules[1].scopes = SCOPE_BIT(SCOPE_OWNER);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		rules[i].for_ms = rules[i].keep_ms = 0;
	alerts_set_rules(world.alerts, rules, ARRAY_SIZE(rules));
	for (uint64_t now_ms = 0; now_ms <= 122880; now_ms += 61440) {
		measure_ages(ages, 200, now_ms);
		set_sockets(row, STATE_CLOSE_WAIT, 200);
		sample_creator(row, 4711, NULL);
		judge_at(now_ms);
	}
	assert_int_equal(alerts_in_force(world.alerts), 2);
	ages_start(ages, 200000);
	ages_finish(ages, true);
	row->creators = (struct row_creators){0};
	world.sample.snapshot.scan.source = "proc";
	world.events_count = 0;
	judge_at(200000);
	judge_at(400000);
	assert_int_equal(world.events_count, 0);
	assert_int_equal(alerts_in_force(world.alerts), 2);
	ages_free(ages);
}

/* Whose most of the row's sockets are does not matter. */
static void test_alert_names_the_owner_of_those_old_enough(void **state)
{
	struct creator_tally other = {.row = 0};
	const struct creators creators = {.list = &other, .used = 1};
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);
	struct ages *ages;

	(void)state;
	assert_int_equal(ages_new(1000, &ages), 0);
	world.sample.snapshot.ages = ages;
	world.sample.snapshot.creators = &creators;
	row->creators.first.owner = sample_owner("/system.slice/game.service");
	row->creators.others = 1;
	other.creator.owner = sample_owner("/system.slice/web.service");
	other.sockets[STATE_CLOSE_WAIT][OWNERSHIP_HELD] = 300;
	rule.older_than_ms = 1 * MINUTE;
	rule.for_ms = rule.keep_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	measure_ages(ages, 120, 0);
	measure_ages_of(ages, 420, 120, 61440);
	set_sockets(row, STATE_CLOSE_WAIT, 420);
	judge_at(61440);
	assert_int_equal(world.events_count, 1);
	assert_string_equal(world.events[0].alert.owner.unit, "game.service");
	assert_false(world.events[0].alert.owner.is_mixed);
	assert_true(world.events[0].alert.numbers.value == 120);

	/* Later the others are as old. */
	measure_ages_of(ages, 420, 120, 240000);
	judge_at(240000);
	assert_string_equal(alerts_get(world.alerts, 0)->owner.unit, "web.service");
	assert_true(alerts_get(world.alerts, 0)->owner.is_mixed);
	assert_true(alerts_get(world.alerts, 0)->numbers.value == 420);
	ages_free(ages);
}

static void test_alert_names_the_owner_of_its_port(void **state)
{
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	rule.for_ms = rule.keep_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	row->creators.first.owner = sample_owner("/system.slice/gameserver.service");
	set_sockets(row, STATE_CLOSE_WAIT, 120);
	judge_at(0);
	assert_int_equal(world.events_count, 1);
	assert_non_null(strstr(sentence_of_alert(&world.events[0].alert),
		"port 7777 (gameserver.service): 120 CLOSE_WAIT"));
	row->creators.uncounted = true;
	judge_at(1000);
	assert_non_null(strstr(sentence_of_alert(alerts_get(world.alerts, 0)),
		"port 7777 (mostly gameserver.service): "));
}

static struct rule growth_rule(void)
{
	struct rule rule = number_rule;

	rule.measure = MEASURE_GROWTH;
	rule.window_ms = 8 * MINUTE;
	rule.raise = 5;
	rule.clear = 1;
	rule.for_ms = rule.keep_ms = 0;
	return rule;
}

static void test_alerts_judge_growth_wants_what_keeps_growing(void **state)
{
	const struct rule rule = growth_rule();
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	alerts_set_rules(world.alerts, &rule, 1);
	/* A leak of ten per minute is raised once the window is full, and over when it stops. */
	for (unsigned minute = 0; minute <= 12; minute++) {
		set_sockets(row, STATE_CLOSE_WAIT, 400 + 10 * minute);
		judge_at(minute * MINUTE);
		assert_int_equal(world.events_count, minute >= 8);
	}
	assert_true(fabs(world.events[0].alert.numbers.value - 10) < 0.01);
	assert_string_equal(sentence_of_alert(&world.events[0].alert),
		"port 7777: 480 CLOSE_WAIT, 1.8 MiB, 10.0 more per minute over 8 min");
	for (unsigned minute = 13; minute <= 16; minute++)
		judge_at(minute * MINUTE);
	assert_int_equal(world.events_count, 2);
	assert_int_equal(world.events[1].kind, EVENT_CLEARED);
}

static void test_alerts_judge_growth_leaves_a_burst_alone(void **state)
{
	struct rule rule = growth_rule();
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	rule.for_ms = 3 * MINUTE;
	alerts_set_rules(world.alerts, &rule, 1);
	for (unsigned minute = 0; minute <= 40; minute++) {
		set_sockets(row, STATE_CLOSE_WAIT, minute < 20 ? 10 : 5000);
		judge_at(minute * MINUTE);
	}
	assert_int_equal(world.events_count, 0);
}

static void test_alerts_judge_rate_of_a_counter(void **state)
{
	const struct rule rule = {
		.name = "overflow",
		.enabled = true,
		.severity = SEVERITY_CRITICAL,
		.measure = MEASURE_RATE,
		.counter = COUNTER_TIME_WAIT_OVERFLOW,
		.window_ms = 1 * MINUTE,
		.scopes = SCOPE_BIT(SCOPE_TOTAL),
		.raise = 10,
		.clear = 1,
	};
	uint64_t *counter = &world.sample.snapshot.limits.counters[COUNTER_TIME_WAIT_OVERFLOW];

	(void)state;
	alerts_set_rules(world.alerts, &rule, 1);
	/* What was counted before the first poll is not of this minute. */
	*counter = 1000000;
	for (unsigned second = 0; second <= 120; second += 5)
		judge_at(second * SECOND);
	assert_int_equal(world.events_count, 0);
	*counter += 30;
	judge_at(125 * SECOND);
	assert_int_equal(world.events_count, 1);
	assert_string_equal(sentence_of_alert(&world.events[0].alert),
		"TCPTimeWaitOverflow: 30.0 per minute over 60 s");
	*counter = UNKNOWN;
	judge_at(130 * SECOND);
	*counter = 1000030;
	for (unsigned second = 135; second <= 200; second += 5)
		judge_at(second * SECOND);
	assert_int_equal(world.events_count, 2);
}

static void test_alerts_set_rules_carries_on_by_name(void **state)
{
	struct rule before = number_rule, after = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	before.for_ms = before.keep_ms = after.for_ms = after.keep_ms = 0;
	alerts_set_rules(world.alerts, &before, 1);
	set_sockets(row, STATE_CLOSE_WAIT, 100);
	judge_at(0);
	/* Another threshold: it continues, and is not raised again. */
	after.raise = 60;
	alerts_set_rules(world.alerts, &after, 1);
	judge_at(SECOND);
	assert_int_equal(world.events_count, 1);
	assert_true(alerts_get(world.alerts, 0)->rule.raise == 60);
	/* Switched off: it is over. */
	after.enabled = false;
	alerts_set_rules(world.alerts, &after, 1);
	judge_at(2 * SECOND);
	assert_int_equal(world.events_count, 2);
	assert_int_equal(world.events[1].kind, EVENT_CLEARED);
	assert_non_null(
		strstr(sentence_of_alert(&world.events[1].alert), "its rule was switched off"));
	assert_int_equal(alerts_count(world.alerts), 0);
}

static void test_alerts_restore_reports_nothing_twice(void **state)
{
	struct rule rule = number_rule;
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);
	struct alerts *later;
	struct alert kept;

	(void)state;
	rule.for_ms = rule.keep_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	set_sockets(row, STATE_CLOSE_WAIT, 100);
	judge_at(SECOND);
	kept = *alerts_get(world.alerts, 0);

	assert_int_equal(alerts_new(&later), 0);
	assert_int_equal(alerts_restore(later, &kept), 0);
	assert_int_equal(alerts_restore(later, &kept), -EEXIST);
	alerts_set_sequence(later, alerts_sequence(world.alerts));
	alerts_free(world.alerts);
	world.alerts = later;
	alerts_set_rules(world.alerts, &rule, 1);
	judge_at(MINUTE);
	assert_int_equal(world.events_count, 1);
	assert_int_equal(alerts_get(world.alerts, 0)->since.tv_sec, 1795340401);
	set_sockets(row, STATE_CLOSE_WAIT, 0);
	judge_at(2 * MINUTE);
	assert_int_equal(world.events_count, 2);
	assert_int_equal(world.events[1].kind, EVENT_CLEARED);
	assert_int_equal(world.events[1].alert.since.tv_sec, 1795340401);
	assert_int_equal(world.events[1].sequence, 2);
}

static void test_alerts_restore_clears_one_without_rule(void **state)
{
	struct alert kept = {.rule = number_rule, .state = ALERT_RAISED};

	(void)state;
	assert_int_equal(alerts_restore(world.alerts, &kept), 0);
	judge_at(0);
	assert_int_equal(world.events_count, 1);
	assert_int_equal(world.events[0].kind, EVENT_CLEARED);
	kept.state = ALERT_INACTIVE;
	assert_int_equal(alerts_restore(world.alerts, &kept), -EINVAL);
}

static void ignore_event(const struct alert_event *e, void *userdata)
{
	(void)e;
	++*(unsigned *)userdata;
}

static void test_alerts_judge_is_bounded(void **state)
{
	enum { ROWS = 2 * ALERTS_MAX };
	static struct port_tally rows[ROWS];
	struct rule rule = number_rule;
	unsigned reported = 0;

	(void)state;
	rule.for_ms = 0;
	alerts_set_rules(world.alerts, &rule, 1);
	for (size_t i = 0; i < ROWS; i++) {
		rows[i].service.port = (uint16_t)i;
		set_sockets(&rows[i], STATE_CLOSE_WAIT, 100);
	}
	world.sample.snapshot.rows = rows;
	world.sample.snapshot.rows_count = ROWS;
	assert_int_equal(
		alerts_judge(world.alerts, &world.sample.snapshot, 0, ignore_event, &reported), 0);
	assert_int_equal(alerts_count(world.alerts), ALERTS_MAX);
	assert_int_equal(alerts_omitted(world.alerts), ROWS - ALERTS_MAX);
	assert_int_equal(reported, ALERTS_MAX);
}

/* What a rule promises, checked from outside while its number wanders. */
struct watcher {
	bool raised;
	uint64_t above_since, below_since; /* of good polls; UINT64_MAX: it is not so now */
	uint64_t raises, clears;
};

static void check_event(const struct alert_event *e, void *userdata)
{
	struct watcher *w = userdata;
	uint64_t now = (uint64_t)(e->time.tv_sec - 1795340400) * 1000;

	assert_int_equal(e->sequence, w->raises + w->clears + 1);
	if (e->kind == EVENT_RAISED) {
		assert_false(w->raised);
		assert_true(
			w->above_since != UINT64_MAX && now - w->above_since >= number_rule.for_ms);
		w->raises++;
	} else {
		assert_int_equal(e->kind, EVENT_CLEARED);
		assert_true(w->raised);
		assert_true(w->below_since != UINT64_MAX &&
			    now - w->below_since >= number_rule.keep_ms);
		w->clears++;
	}
	w->raised = e->kind == EVENT_RAISED;
}

static void test_alerts_judge_keeps_its_promises_on_a_random_walk(void **state)
{
	struct watcher w = {.above_since = UINT64_MAX, .below_since = UINT64_MAX};
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);
	int sockets = 75, drift = 1;
	uint64_t now = 0;

	(void)state;
	srandom(20261125);
	alerts_set_rules(world.alerts, &number_rule, 1);
	for (unsigned poll = 0; poll < 200000; poll++) {
		bool good = random() % 10 != 0;

		now += SECOND * (unsigned)(1 + random() % 10);
		if (random() % 40 == 0)
			drift = -drift;
		sockets = MAX(MIN(sockets + drift * (int)(random() % 12), 160), 0);
		sockets = random() % 50 == 0 ? 0 : sockets;
		if (good && sockets >= number_rule.raise)
			w.above_since = MIN(w.above_since, now);
		else if (good)
			w.above_since = UINT64_MAX;
		if (good && sockets <= number_rule.clear)
			w.below_since = MIN(w.below_since, now);
		else if (good)
			w.below_since = UINT64_MAX;
		/* A scan that failed shows nothing at all. */
		set_sockets(row, STATE_CLOSE_WAIT, good ? (uint32_t)sockets : 0);
		world.sample.snapshot.rows_count = good ? 1 : 0;
		world.sample.snapshot.scan.complete = good;
		world.sample.snapshot.origin.time.tv_sec = (time_t)(1795340400 + now / 1000);
		assert_int_equal(
			alerts_judge(world.alerts, &world.sample.snapshot, now, check_event, &w),
			0);
	}
	assert_true(w.raises > 100);
	assert_true(w.clears > 100);
}

static const struct owner tunnel = {.kind = OWNER_UNIT,
				  .name = "tunnel.service",
				  .unit = "tunnel.service",
				  .cgroup = "/system.slice/tunnel.service"},
			  other = {.kind = OWNER_UNIT, .name = "other.service"};

/* Sockets in CLOSE_WAIT on services of one owner. */
static void spread(unsigned ports, unsigned first, uint64_t cgroup, const struct owner *owner,
	uint32_t sockets)
{
	for (unsigned i = 0; i < ports; i++) {
		struct port_tally *row =
			sample_port(&world.sample, SIDE_CLIENT, (uint16_t)(first + i));

		set_sockets(row, STATE_CLOSE_WAIT, sockets);
		if (cgroup)
			sample_creator(row, cgroup, owner);
	}
}

static const struct rule spread_rule = {
	.name = "many",
	.enabled = true,
	.severity = SEVERITY_WARNING,
	.states = STATE_BIT(STATE_CLOSE_WAIT),
	.sides = {true, true},
	.ownerships = OWNERSHIP_SET_ALL,
	.measure = MEASURE_SOCKETS,
	.scopes = SCOPE_BIT(SCOPE_PORT) | SCOPE_BIT(SCOPE_OWNER),
	.raise = 100,
	.clear = 50,
};

static void test_alerts_judge_sums_the_services_of_an_owner(void **state)
{
	(void)state;
	assert_int_equal(alerts_set_rules(world.alerts, &spread_rule, 1), 0);
	spread(99, 10000, 4711, &tunnel, 1);
	spread(99, 20000, 4712, &other, 1);
	judge_at(0);
	assert_int_equal(world.events_count, 0);
	spread(1, 30000, 4711, &tunnel, 1);
	judge_at(SECOND);
	assert_int_equal(world.events_count, 1);
	assert_int_equal(world.events[0].alert.key.scope, SCOPE_OWNER);
	assert_int_equal(world.events[0].alert.key.owner_key.cgroup, 4711);
	assert_int_equal(world.events[0].alert.numbers.ports, 100);
	assert_string_equal(world.events[0].alert.owner.name, "tunnel.service");
	assert_string_equal(sentence_of_alert(&world.events[0].alert),
		"tunnel.service: 100 CLOSE_WAIT over 100 ports, 391 KiB");

	/* It is gone, and its end says whose it was. */
	for (size_t i = 0; i < world.sample.snapshot.ports_count; i++)
		set_sockets(&world.sample.rows[i], STATE_CLOSE_WAIT, 0);
	judge_at(2 * SECOND);
	assert_int_equal(world.events_count, 2);
	assert_int_equal(world.events[1].kind, EVENT_CLEARED);
	assert_int_equal(world.events[1].alert.key.owner_key.cgroup, 4711);
	assert_string_equal(world.events[1].alert.owner.name, "tunnel.service");
	assert_int_equal(alerts_count(world.alerts), 0);
}

static void test_alerts_judge_sums_a_side_where_the_owner_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(alerts_set_rules(world.alerts, &spread_rule, 1), 0);
	spread(100, 10000, 0, NULL, 1);
	judge_at(0);
	assert_int_equal(world.events_count, 1);
	assert_string_equal(sentence_of_alert(&world.events[0].alert),
		"clients on this machine: 100 CLOSE_WAIT over 100 ports, 391 KiB");
}

/* A service with an alert of its own is none of the sum, as long as that is in force. */
static void test_alerts_judge_reports_no_sockets_twice(void **state)
{
	struct port_tally *own = sample_port(&world.sample, SIDE_SERVER, 80);

	(void)state;
	assert_int_equal(alerts_set_rules(world.alerts, &spread_rule, 1), 0);
	sample_creator(own, 4711, &tunnel);
	set_sockets(own, STATE_CLOSE_WAIT, 100);
	spread(99, 10000, 4711, &tunnel, 1);
	judge_at(0);
	assert_int_equal(world.events_count, 1);
	assert_int_equal(world.events[0].alert.key.scope, SCOPE_PORT);
	/* Between clear and raise its alert stays. */
	set_sockets(own, STATE_CLOSE_WAIT, 51);
	judge_at(SECOND);
	assert_int_equal(world.events_count, 1);
	/* Without it, its sockets are the owner's. */
	set_sockets(own, STATE_CLOSE_WAIT, 50);
	judge_at(2 * SECOND);
	assert_int_equal(world.events_count, 3);
	assert_int_equal(world.events[1].kind, EVENT_CLEARED);
	assert_int_equal(world.events[2].kind, EVENT_RAISED);
	assert_int_equal(world.events[2].alert.key.scope, SCOPE_OWNER);
	assert_true(world.events[2].alert.numbers.value == 149);

	/* By owner alone, all of them are. */
	struct rule by_owner = spread_rule;

	by_owner.scopes = SCOPE_BIT(SCOPE_OWNER);
	set_sockets(own, STATE_CLOSE_WAIT, 1000);
	assert_int_equal(alerts_set_rules(world.alerts, &by_owner, 1), 0);
	judge_at(3 * SECOND);
	assert_true(alerts_get(world.alerts, 0)->numbers.value == 1099);
}

/* 600 client services with one socket in CLOSE_WAIT each: leaked ones, and those of a proxy that
 * closes each within a second, always others. */
static void test_built_in_rules_find_a_spread_leak_and_no_busy_proxy(void **state)
{
	struct sock_record r = {.kind = KIND_FULL,
		.ownership = OWNERSHIP_HELD,
		.state = STATE_CLOSE_WAIT,
		.inode = 1};

	(void)state;
	for (unsigned leaks = 0; leaks < 2; leaks++) {
		struct ages *ages;

		teardown(NULL);
		setup(NULL);
		assert_int_equal(ages_new(10000, &ages), 0);
		world.sample.snapshot.ages = ages;
		alerts_set_rules(world.alerts, built_in_rules, built_in_rules_count);
		spread(300, 10000, 4711, &other, 2);
		for (unsigned second = 0; second <= 120; second++) {
			ages_start(ages, second * SECOND);
			for (uint32_t i = 0; i < 600; i++) {
				r.cookie = 1 + i + (leaks ? 0 : second * 600);
				ages_observe(ages, &r, i / 2);
			}
			ages_finish(ages, true);
			judge_at(second * SECOND);
		}
		assert_int_equal(world.events_count, leaks);
		ages_free(ages);
		world.sample.snapshot.ages = NULL;
	}
	assert_string_equal(world.events[0].alert.rule.name, "close-wait-leak");
	assert_int_equal(world.events[0].alert.key.scope, SCOPE_OWNER);
	assert_true(world.events[0].alert.numbers.value == 600);
}

static void test_built_in_rules_make_sense(void **state)
{
	(void)state;
	for (size_t i = 0; i < built_in_rules_count; i++) {
		const struct rule *r = &built_in_rules[i];

		assert_true(strlen(r->name) > 0 && r->enabled);
		assert_true(r->raise > r->clear);
		assert_true(r->severity != SEVERITY_OK);
		assert_true(r->scopes && !(r->scopes & ~rule_possible_scopes(r)));
		if (rule_selects_sockets(r))
			assert_true(r->states && r->ownerships && r->sides[SIDE_SERVER]);
		if (r->older_than_ms)
			assert_int_equal(r->states & ~STATE_SET_AGED, 0);
		if (r->measure == MEASURE_GROWTH || r->measure == MEASURE_RATE)
			assert_true(r->window_ms > 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(r->name, built_in_rules[j].name);
	}
}

/* An idle machine, and a busy healthy one, never raise an alert. */
static void test_built_in_rules_are_silent_on_a_healthy_machine(void **state)
{
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);
	struct ages *ages;

	(void)state;
	assert_int_equal(ages_new(1000, &ages), 0);
	world.sample.snapshot.ages = ages;
	alerts_set_rules(world.alerts, built_in_rules, built_in_rules_count);
	set_sockets(row, STATE_ESTABLISHED, 5000);
	row->states[STATE_TIME_WAIT] = (struct state_tally){
		.sockets = 20000, .mini = 20000, .memory_bytes = 20000 * 264, .oldest_ms = 59000};
	for (unsigned minute = 0; minute < 60; minute++) {
		ages_start(ages, minute * MINUTE);
		ages_finish(ages, true);
		set_sockets(row, STATE_CLOSE_WAIT, minute % 7);
		judge_at(minute * MINUTE);
	}
	assert_int_equal(world.events_count, 0);
	assert_int_equal(alerts_count(world.alerts), 0);
	ages_free(ages);
}

/* It once selected neither side, and so no listener at all. */
static void test_built_in_rule_of_accept_queues_is_raised(void **state)
{
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);

	(void)state;
	row->accept_queue = 129;
	row->backlog = 128;
	assert_int_equal(alerts_set_rules(world.alerts, built_in_rules, built_in_rules_count), 0);
	judge_at(0);
	judge_at(MINUTE);
	assert_int_equal(world.events_count, 1);
	assert_string_equal(world.events[0].alert.rule.name, "accept-queue");
	assert_string_equal(sentence_of_alert(&world.events[0].alert),
		"port 7777: connections waiting for accept(): 129 of 128 (100.8 %)");
	assert_int_equal(world.events[0].alert.numbers.listeners, 1);
	/* The listener is gone. */
	world.sample.snapshot.ports_count = 0;
	judge_at(2 * MINUTE);
	judge_at(4 * MINUTE);
	assert_int_equal(world.events_count, 2);
	assert_string_equal(sentence_of_alert(&world.events[1].alert),
		"port 7777: connections waiting for accept(): 0");
}

/* By the symptom that most sockets of the port show, whatever the rule names. */
static void test_alerts_judge_explains_by_symptoms(void **state)
{
	struct port_tally *row = sample_port(&world.sample, SIDE_SERVER, 7777);
	struct rule rule = number_rule;
	const struct diagnosis *d = diagnosis_find("fin-wait-1-stuck");

	(void)state;
	rule.diagnosis = "close-wait-not-closed";
	rule.for_ms = 0;
	rule.keep_ms = 0;
	assert_int_equal(alerts_set_rules(world.alerts, &rule, 1), 0);
	set_sockets(row, STATE_CLOSE_WAIT, 200);
	row->symptoms[SYMPTOM_EOF_READ].sockets = 90;
	row->symptoms[SYMPTOM_DATA_UNREAD].sockets = 110;
	judge_at(0);
	assert_int_equal(world.events_count, 1);
	assert_string_equal(world.events[0].explanation.id, "close-wait-data-unread");
	assert_int_equal(world.events[0].explanation.cause, CAUSE_NONE);

	/* Without sockets, it is the rule's own. */
	memset(row->symptoms, 0, sizeof(row->symptoms));
	set_sockets(row, STATE_CLOSE_WAIT, 0);
	judge_at(1000);
	assert_int_equal(world.events_count, 2);
	assert_string_equal(world.events[1].explanation.id, "close-wait-not-closed");

	rule.diagnosis = d->id;
	rule.states = STATE_BIT(STATE_FIN_WAIT_1);
	assert_int_equal(alerts_set_rules(world.alerts, &rule, 1), 0);
	set_sockets(row, STATE_FIN_WAIT_1, 200);
	row->symptoms[SYMPTOM_FIN_NOT_TAKEN].sockets = 179;
	judge_at(2000);
	assert_string_equal(world.events[2].explanation.id, d->id);
	assert_int_equal(world.events[2].explanation.cause, CAUSE_NONE);
	set_sockets(row, STATE_FIN_WAIT_1, 0);
	judge_at(3000);
	set_sockets(row, STATE_FIN_WAIT_1, 200);
	row->symptoms[SYMPTOM_FIN_NOT_TAKEN].sockets = 180;
	judge_at(4000);
	assert_int_equal(world.events_count, 5);
	assert_string_equal(world.events[4].explanation.id, d->id);
	assert_int_equal(world.events[4].explanation.cause, SYMPTOM_FIN_NOT_TAKEN);
}

/* Of each built-in rule that selects sockets, the diagnosis is of the same ones. */
static void test_built_in_rules_have_diagnoses_that_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < built_in_rules_count; i++) {
		const struct rule *r = &built_in_rules[i];
		const struct diagnosis *d = r->diagnosis ? diagnosis_find(r->diagnosis) : NULL;

		if (!r->diagnosis)
			continue;
		if (!d)
			fail_msg("%s: there is no diagnosis %s", r->name, r->diagnosis);
		if (rule_selects_sockets(r)) {
			assert_true(state_set_has(r->states, d->state));
			if (!d->by_symptom)
				assert_int_equal(r->ownerships, d->ownership);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_alerts_judge_goes_through_its_states),
		TEST(test_alerts_judge_raises_at_once_without_for),
		TEST(test_alerts_judge_repeats_while_it_lasts),
		TEST(test_alerts_judge_reports_each_port_and_clears_one_that_is_gone),
		TEST(test_alerts_keep_the_device_they_began_with),
		TEST(test_alerts_judge_heeds_side_ports_and_ownership),
		TEST(test_alerts_judge_measures_limits_and_leaves_unknown_ones_alone),
		TEST(test_alerts_judge_leaves_states_alone_that_were_not_scanned),
		TEST(test_alerts_judge_counts_only_what_is_old_enough),
		TEST(test_alerts_judge_leaves_alone_what_proc_lacks),
		TEST(test_alerts_judge_growth_wants_what_keeps_growing),
		TEST(test_alerts_judge_growth_leaves_a_burst_alone),
		TEST(test_alerts_judge_rate_of_a_counter),
		TEST(test_alerts_set_rules_carries_on_by_name),
		TEST(test_alerts_restore_reports_nothing_twice),
		TEST(test_alerts_restore_clears_one_without_rule),
		TEST(test_alert_names_the_owner_of_those_old_enough),
		TEST(test_alert_names_the_owner_of_its_port),
		TEST(test_alerts_judge_is_bounded),
		TEST(test_alerts_judge_keeps_its_promises_on_a_random_walk),
		TEST(test_alerts_judge_explains_by_symptoms),
		TEST(test_alerts_judge_sums_the_services_of_an_owner),
		TEST(test_alerts_judge_sums_a_side_where_the_owner_is_unknown),
		TEST(test_alerts_judge_reports_no_sockets_twice),
		TEST(test_built_in_rules_find_a_spread_leak_and_no_busy_proxy),
		TEST(test_built_in_rules_make_sense),
		TEST(test_built_in_rules_have_diagnoses_that_fit),
		TEST(test_built_in_rule_of_accept_queues_is_raised),
		TEST(test_built_in_rules_are_silent_on_a_healthy_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/cleanup.h"
#include "unit.h"

#include "daemon/manager.h"
#include "daemon/state_ages.h"
#include "daemon/state_file.h"
#include "fake_source.h"
#include "folder.h"

#define START_MS  1000000
#define MINUTE_MS 60000

static int set_rules_result;

int __wrap_alerts_set_rules(struct alerts *a, const struct rule *rules, size_t count);
int __real_alerts_set_rules(struct alerts *a, const struct rule *rules, size_t count);

int __wrap_alerts_set_rules(struct alerts *a, const struct rule *rules, size_t count)
{
	return set_rules_result ? set_rules_result : __real_alerts_set_rules(a, rules, count);
}

struct fixture {
	const struct folder *folder;
	struct fake_source source;
	struct daemon_options options;
	struct manager *manager;
};

/* The configuration: events go to the file events, and a leak is one at once. */
static void configure(const char *events, unsigned interval)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"[poll]\ninterval = %us\ntracked_sockets = 4096\n"
		"[output]\njournal = no\nevents = %s\n"
		"[alert close-wait-leak]\nolder_than = 0\nfor = 0\nkeep = 0\n",
		interval, events);
	write_contents("conf", text);
}

static void start(struct fixture *f, uint64_t now_ms)
{
	assert_int_equal(manager_new(&f->options, &f->source.source, now_ms, &f->manager), 0);
}

static void set_up(struct fixture *f, void **state)
{
	char events[512];

	memset(f, 0, sizeof(*f));
	f->folder = *state;
	assert_int_equal(chdir(f->folder->path), 0);
	fake_source_init(&f->source);
	f->options = (struct daemon_options){.config = "conf", .state_directory = "state"};
	snprintf(events, sizeof(events), "%s", in_folder(f->folder, "events"));
	configure(events, 5);
	start(f, START_MS);
}

static void tear_down(struct fixture *f)
{
	f->manager = manager_free(f->manager);
	assert_int_equal(chdir("/"), 0);
}

/* Ends it, and begins another one that finds what it saved. */
static void restart(struct fixture *f, uint64_t now_ms)
{
	manager_stop(f->manager, now_ms, MINUTE_MS);
	f->manager = manager_free(f->manager);
	start(f, now_ms);
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/* An event must not wait for megabytes, nor write them. */
static void test_manager_saves_alerts_at_once_and_ages_once_a_minute(void **state)
{
	struct fixture f;
	ino_t ages;

	set_up(&f, state);
	f.source.sockets = 200;
	assert_int_equal(manager_poll(f.manager, START_MS), 0);
	assert_non_null(strstr(contents("state/" STATE_FILE_NAME), "\nalert "));
	assert_int_equal(manager_poll(f.manager, START_MS + MINUTE_MS - 1), 0);
	assert_false(exists("state/" STATE_AGES_NAME));
	assert_int_equal(manager_poll(f.manager, START_MS + MINUTE_MS), 0);
	ages = inode_of("state/" STATE_AGES_NAME);
	/* The leak ends, an event. */
	f.source.sockets = 0;
	assert_int_equal(manager_poll(f.manager, START_MS + MINUTE_MS + 5000), 0);
	assert_null(strstr(contents("state/" STATE_FILE_NAME), "\nalert "));
	assert_int_equal(inode_of("state/" STATE_AGES_NAME), ages);
	assert_int_equal(manager_poll(f.manager, START_MS + 2 * MINUTE_MS), 0);
	assert_true(inode_of("state/" STATE_AGES_NAME) != ages);
	tear_down(&f);
}

/* A dear one is written less often: it takes a tenth of the budget at most. */
static void test_manager_saves_ages_within_the_budget(void **state)
{
	struct fixture f;

	set_up(&f, state);
	f.source.sockets = 2000;
	f.manager->budget.budget_percent = 0.0001;
	assert_int_equal(manager_poll(f.manager, START_MS + MINUTE_MS), 0);
	assert_true(exists("state/" STATE_AGES_NAME));
	assert_true(f.manager->ages_due_ms > START_MS + 3 * MINUTE_MS);
	/* And a little of it counts in each poll until then. */
	assert_true(f.manager->ages_us_per_ms > 0);
	assert_true(f.manager->ages_us_per_ms * 1000 < 1);
	tear_down(&f);
}

static void test_manager_saves_only_what_changed(void **state)
{
	struct fixture f;
	ino_t before;

	set_up(&f, state);
	f.source.sockets = 200;
	assert_int_equal(manager_poll(f.manager, START_MS), 0);
	outputs_drain(f.manager->outputs, MINUTE_MS);
	/* That the event was delivered. */
	manager_save(f.manager, START_MS + 10);
	assert_null(strstr(contents("state/" STATE_FILE_NAME), "\nevent "));
	before = inode_of("state/" STATE_FILE_NAME);
	manager_save(f.manager, START_MS + 60);
	assert_int_equal(inode_of("state/" STATE_FILE_NAME), before);
	tear_down(&f);
}

static void test_manager_restores_alerts_and_ages(void **state)
{
	struct fixture f;

	set_up(&f, state);
	f.source.sockets = 200;
	assert_int_equal(manager_poll(f.manager, START_MS - 500000), 0);
	assert_int_equal(manager_poll(f.manager, START_MS - 1000), 0);
	restart(&f, START_MS - 500);
	assert_int_equal(alerts_count(f.manager->alerts), 1);
	assert_int_equal(alerts_sequence(f.manager->alerts), 1);
	assert_int_equal(ages_tracked(f.manager->ages), 200);
	assert_int_equal(manager_poll(f.manager, START_MS), 0);
	assert_int_equal(alerts_sequence(f.manager->alerts), 1);
	/* Before its first poll another one ends: nothing is lost. */
	restart(&f, START_MS + 1);
	restart(&f, START_MS + 2);
	assert_int_equal(alerts_count(f.manager->alerts), 1);
	assert_int_equal(ages_tracked(f.manager->ages), 200);
	tear_down(&f);
}

/* Such a scan has not seen what is there. */
static void test_manager_keeps_the_ages_of_before_a_bad_scan(void **state)
{
	struct fixture f;

	set_up(&f, state);
	f.source.sockets = 200;
	assert_int_equal(manager_poll(f.manager, START_MS + MINUTE_MS), 0);
	f.source.error = -EIO;
	assert_int_equal(manager_poll(f.manager, START_MS + 2 * MINUTE_MS), -EIO);
	f.source.error = 0;
	f.source.incomplete = true;
	f.source.sockets = 10;
	assert_int_equal(manager_poll(f.manager, START_MS + 3 * MINUTE_MS), 0);
	restart(&f, START_MS + 3 * MINUTE_MS);
	assert_int_equal(ages_tracked(f.manager->ages), 200);
	tear_down(&f);
}

static void test_manager_saves_nothing_under_an_unreadable_identity(void **state)
{
	struct fixture f;

	set_up(&f, state);
	f.source.origin.boot_id[0] = '\0';
	restart(&f, START_MS);
	unlink("state/" STATE_FILE_NAME);
	f.source.sockets = 200;
	assert_int_equal(manager_poll(f.manager, START_MS + MINUTE_MS), 0);
	restart(&f, START_MS + MINUTE_MS);
	assert_false(exists("state/" STATE_FILE_NAME));
	assert_false(exists("state/" STATE_AGES_NAME));
	assert_int_equal(alerts_count(f.manager->alerts), 0);
	tear_down(&f);
}

static void test_manager_reload_takes_all_or_nothing(void **state)
{
	const struct config *before;
	struct fixture f;
	char other[512];

	set_up(&f, state);
	before = f.manager->config;
	snprintf(other, sizeof(other), "%s", in_folder(f.folder, "other"));
	configure(other, 7);
	set_rules_result = -ENOMEM;
	assert_int_equal(manager_reload(f.manager), -ENOMEM);
	set_rules_result = 0;
	assert_ptr_equal(f.manager->config, before);
	assert_int_equal(f.manager->budget.interval_ms, 5000);
	f.source.sockets = 200;
	assert_int_equal(manager_poll(f.manager, START_MS), 0);
	outputs_drain(f.manager->outputs, MINUTE_MS);
	assert_non_null(strstr(contents("events"), "\"raised\""));
	assert_false(exists("other"));
	tear_down(&f);
}

static void test_manager_reload_is_in_force_at_the_next_poll(void **state)
{
	struct fixture f;
	char other[512];

	set_up(&f, state);
	write_contents("conf", "[poll]\ninterval = soon\n");
	assert_int_equal(manager_reload(f.manager), -EINVAL);
	assert_int_equal(f.manager->budget.interval_ms, 5000);
	snprintf(other, sizeof(other), "%s", in_folder(f.folder, "other"));
	configure(other, 7);
	assert_int_equal(manager_reload(f.manager), 0);
	assert_int_equal(f.manager->budget.interval_ms, 7000);
	f.source.sockets = 200;
	assert_int_equal(manager_poll(f.manager, START_MS), 0);
	outputs_drain(f.manager->outputs, MINUTE_MS);
	assert_non_null(strstr(contents("other"), "\"raised\""));
	/* It may have been opened before. */
	assert_true(!exists("events") || !*contents("events"));
	tear_down(&f);
}

/* A wrong configuration or slabinfo is the operator's, a directory in use is not. */
static void test_manager_new_returns_exit_statuses(void **state)
{
	struct manager *none = NULL;
	struct daemon_options options;
	struct fixture f;

	set_up(&f, state);
	assert_int_equal(manager_new(&f.options, &f.source.source, START_MS, &none), DAEMON_FAILED);
	options = f.options;
	options.slabinfo = "conf";
	assert_int_equal(manager_new(&options, &f.source.source, START_MS, &none), DAEMON_USAGE);
	options = f.options;
	options.config = "none";
	assert_int_equal(manager_new(&options, &f.source.source, START_MS, &none), DAEMON_USAGE);
	assert_null(none);
	tear_down(&f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_manager_saves_alerts_at_once_and_ages_once_a_minute),
		CASE(test_manager_saves_ages_within_the_budget),
		CASE(test_manager_saves_only_what_changed),
		CASE(test_manager_restores_alerts_and_ages),
		CASE(test_manager_keeps_the_ages_of_before_a_bad_scan),
		CASE(test_manager_saves_nothing_under_an_unreadable_identity),
		CASE(test_manager_reload_takes_all_or_nothing),
		CASE(test_manager_reload_is_in_force_at_the_next_poll),
		CASE(test_manager_new_returns_exit_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "unit.h"

#include "deliver/outputs.h"
#include "folder.h"
#include "sample_event.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <syslog.h>

#define MINUTE_MS (60U * 1000)

/* How often sd_journal_sendv() was called. */
static _Atomic unsigned journal_entries;

int __wrap_sd_journal_sendv(const struct iovec *iov, int n);

int __wrap_sd_journal_sendv(const struct iovec *iov, int n)
{
	(void)iov;
	(void)n;
	journal_entries++;
	return 0;
}

/* So many threads can be started still. */
static _Atomic unsigned threads_left = UINT32_MAX;

int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *userdata);
int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *userdata);

int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *userdata)
{
	if (!threads_left)
		return EAGAIN;
	threads_left--;
	return __real_pthread_create(thread, attr, start, userdata);
}

struct fixture {
	struct folder *folder;
	struct outputs *outputs;
	int notify_fd;
	char reports[16][512]; /* "4 events: ..." */
	size_t reports_count;
};

static void start(struct fixture *f, void **state, const struct config *c)
{
	memset(f, 0, sizeof(*f));
	f->folder = *state;
	assert_int_equal(chdir(f->folder->path), 0);
	f->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(f->notify_fd >= 0);
	assert_int_equal(outputs_new(c, f->notify_fd, NULL, &f->outputs), 0);
}

static size_t stop(struct fixture *f, uint32_t wait_ms)
{
	size_t undelivered = outputs_stop(f->outputs, wait_ms);

	close(f->notify_fd);
	assert_int_equal(chdir("/"), 0);
	return undelivered;
}

static void record_report(int priority, const char *sentence, void *userdata)
{
	struct fixture *f = userdata;

	assert_true(f->reports_count < ARRAY_SIZE(f->reports));
	snprintf(
		f->reports[f->reports_count++], sizeof(f->reports[0]), "%d %s", priority, sentence);
}

/* Waits until there is something to report, and takes it. */
static void wait_for_reports(struct fixture *f)
{
	eventfd_t value;

	f->reports_count = 0;
	while (!f->reports_count) {
		unit_await_input(f->notify_fd, "a report");
		assert_int_equal(eventfd_read(f->notify_fd, &value), 0);
		outputs_take_reports(f->outputs, record_report, f);
	}
}

static void assert_nothing_to_report(struct fixture *f)
{
	f->reports_count = 0;
	outputs_take_reports(f->outputs, record_report, f);
	assert_int_equal(f->reports_count, 0);
}

static void replace(struct fixture *f, const struct config *c)
{
	struct outputs *new = NULL;

	assert_int_equal(outputs_new(c, f->notify_fd, f->outputs, &new), 0);
	outputs_replace(&f->outputs, new);
}

static void push_event(struct fixture *f, uint64_t sequence, const char *alert)
{
	struct alert_event e = sample_event;

	e.sequence = sequence;
	snprintf(e.alert.rule.name, sizeof(e.alert.rule.name), "%s", alert);
	outputs_push_event(f->outputs, &e);
}

static struct exec_config exec_config(const char *name, char *command, uint32_t timeout_ms)
{
	struct exec_config x = {.command = command, .timeout_ms = timeout_ms};

	snprintf(x.name, sizeof(x.name), "%s", name);
	return x;
}

/* "1 2 3" for the events with those numbers; static storage. */
static const char *sequences(const char *lines)
{
	static char text[256];
	size_t used = 0;

	text[0] = '\0';
	while ((lines = strstr(lines, "\"sequence\":")) != NULL) {
		unsigned number = 0;

		lines += strlen("\"sequence\":");
		sscanf(lines, "%u", &number);
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%u", used ? " " : "", number);
	}
	return text;
}

static void test_outputs_each_gets_its_own(void **state)
{
	char one[][RULE_NAME_SIZE] = {"one"}, none_other[][RULE_NAME_SIZE] = {"x", "two"};
	char append_a[] = "cat >>a", append_b[] = "cat >>b", append_c[] = "cat >>c";
	char events[] = "events", snapshots[] = "snapshots", snapshot[] = "snapshot.json";
	struct exec_config execs[] = {
		exec_config("a", append_a, MINUTE_MS),
		exec_config("b", append_b, MINUTE_MS),
		exec_config("c", append_c, MINUTE_MS),
	};
	const struct config c = {
		.journal = true,
		.events = events,
		.snapshots = snapshots,
		.snapshot_file = snapshot,
		.execs = execs,
		.execs_count = ARRAY_SIZE(execs),
	};
	struct fixture f;

	execs[1].alerts = one;
	execs[1].alerts_count = 1;
	execs[2].alerts = none_other;
	execs[2].alerts_count = 2;
	journal_entries = 0;
	start(&f, state, &c);
	assert_true(outputs_wants_snapshot(f.outputs));
	push_event(&f, 1, "one");
	push_event(&f, 2, "two");
	push_event(&f, 3, "three");
	outputs_push_snapshot(f.outputs, "{}\n", 3);
	outputs_push_snapshot(f.outputs, "{1}\n", 4);
	outputs_drain(f.outputs, MINUTE_MS);
	assert_string_equal(sequences(contents("events")), "1 2 3");
	assert_string_equal(sequences(contents("a")), "1 2 3");
	assert_string_equal(sequences(contents("b")), "1");
	assert_string_equal(sequences(contents("c")), "2");
	assert_string_equal(contents("snapshots"), "{}\n{1}\n");
	assert_string_equal(contents("snapshot.json"), "{1}\n");
	assert_int_equal(journal_entries, 3);
	assert_nothing_to_report(&f);
	assert_int_equal(stop(&f, 0), 0);
}

static void test_outputs_none(void **state)
{
	const struct config c = {0};
	struct fixture f;

	start(&f, state, &c);
	assert_false(outputs_wants_snapshot(f.outputs));
	push_event(&f, 1, "one");
	outputs_withdraw_snapshot(f.outputs);
	outputs_reopen(f.outputs);
	assert_int_equal(outputs_restore(f.outputs, "events", &sample_event), -ENOENT);
	assert_int_equal(stop(&f, MINUTE_MS), 0);
	assert_int_equal(outputs_stop(NULL, MINUTE_MS), 0);
}

static void test_outputs_withdraw_the_snapshot(void **state)
{
	char snapshots[] = "snapshots", snapshot[] = "snapshot.json";
	const struct config c = {.snapshots = snapshots, .snapshot_file = snapshot};
	struct fixture f;

	start(&f, state, &c);
	write_contents("snapshot.json", "{}\n");
	outputs_withdraw_snapshot(f.outputs);
	assert_int_equal(stop(&f, MINUTE_MS), 0);
	assert_false(exists(in_folder(*state, "snapshot.json")));
	assert_string_equal(contents(in_folder(*state, "snapshots")), "");
}

/* Reads lines of a FIFO that the test has open for writing, too, so that it never ends. */
static void read_lines(int fifo, char *text, size_t size, size_t lines)
{
	size_t used = 0;

	while (lines) {
		ssize_t n;

		unit_await_input(fifo, "a line in the FIFO");
		n = read(fifo, text + used, size - 1 - used);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			lines -= text[used + (size_t)i] == '\n';
		used += (size_t)n;
	}
	text[used] = '\0';
}

static int open_fifo(const char *path)
{
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	return fd;
}

/* The command hangs; then it is repaired, where it is. */
static void test_outputs_command_that_hangs_is_repaired(void **state)
{
	char command[] = "sh ./page";
	struct exec_config execs[] = {exec_config("page", command, 1000)};
	const struct config c = {.execs = execs, .execs_count = 1};
	char text[16384];
	struct fixture f;
	int fifo;

	start(&f, state, &c);
	write_contents("page", "sleep 1000\n");
	for (unsigned i = 1; i <= 5; i++)
		push_event(&f, i, "one");
	wait_for_reports(&f);
	assert_int_equal(f.reports_count, 1);
	assert_ptr_equal(strstr(f.reports[0], "4 exec page: the command did not end within 1.0 s; "
					      "5 events waiting, "),
		f.reports[0]);
	fifo = open_fifo("fifo");
	/* Two at a time would fail, or find each other. */
	write_contents("page.new", "mkdir lock && cat >fifo && rmdir lock\n");
	assert_int_equal(rename("page.new", "page"), 0);
	read_lines(fifo, text, sizeof(text), 5);
	assert_string_equal(sequences(text), "1 2 3 4 5");
	wait_for_reports(&f);
	assert_int_equal(f.reports_count, 1);
	assert_string_equal(f.reports[0], "5 exec page: works again");
	close(fifo);
	assert_int_equal(stop(&f, MINUTE_MS), 0);
}

/* The command hangs; then another one is configured. */
static void test_outputs_replace_moves_what_waits(void **state)
{
	char hang[] = "echo >fifo; sleep 1000", page[] = "cat >>paged", events[] = "events";
	char other[] = "cat >>other";
	struct exec_config before[] = {
		exec_config("page", hang, MINUTE_MS),
		exec_config("gone", hang, MINUTE_MS),
		exec_config("same", other, MINUTE_MS),
	};
	struct exec_config after[] = {
		exec_config("same", other, MINUTE_MS),
		exec_config("page", page, MINUTE_MS),
	};
	const struct config c_before = {.events = events, .execs = before, .execs_count = 3};
	const struct config c_after = {.events = events, .execs = after, .execs_count = 2};
	struct fixture f;
	char text[16];
	int fifo;

	start(&f, state, &c_before);
	fifo = open_fifo("fifo");
	for (unsigned i = 1; i <= 3; i++)
		push_event(&f, i, "one");
	/* Both hang. */
	read_lines(fifo, text, sizeof(text), 2);
	replace(&f, &c_after);
	push_event(&f, 4, "one");
	wait_for_reports(&f);
	assert_int_equal(f.reports_count, 1);
	assert_string_equal(
		f.reports[0], "4 exec gone: is no longer configured; 3 events not delivered");
	outputs_drain(f.outputs, MINUTE_MS);
	assert_string_equal(sequences(contents("paged")), "1 2 3 4");
	assert_string_equal(sequences(contents("other")), "1 2 3 4");
	assert_string_equal(sequences(contents("events")), "1 2 3 4");
	assert_nothing_to_report(&f);
	close(fifo);
	assert_int_equal(stop(&f, 0), 0);
}

static void test_outputs_replace_moves_snapshots(void **state)
{
	char nobody[] = "fifo", snapshots[] = "snapshots";
	const struct config before = {.snapshots = nobody}, after = {.snapshots = snapshots};
	struct fixture f;

	assert_int_equal(mkfifo(in_folder(*state, "fifo"), 0600), 0);
	start(&f, state, &before);
	outputs_push_snapshot(f.outputs, "{}\n", 3);
	outputs_push_snapshot(f.outputs, "{1}\n", 4);
	wait_for_reports(&f);
	assert_non_null(strstr(f.reports[0], "4 snapshots: fifo: nobody reads from it; "));
	replace(&f, &after);
	assert_int_equal(stop(&f, MINUTE_MS), 0);
	assert_string_equal(contents(in_folder(*state, "snapshots")), "{}\n{1}\n");
}

struct saved {
	char text[512];
	size_t count;
	struct alert_event last;
};

static void record_saved(const char *output, const struct alert_event *e, void *userdata)
{
	struct saved *s = userdata;
	size_t used = strlen(s->text);

	snprintf(s->text + used, sizeof(s->text) - used, "%s %u;", output, (unsigned)e->sequence);
	s->count++;
	s->last = *e;
}

/* What was not delivered when it ends is delivered after the next start. */
static void test_outputs_save_and_restore(void **state)
{
	char hang[] = "echo >fifo; sleep 1000", page[] = "cat >>paged", events[] = "stream";
	struct exec_config execs[] = {exec_config("page", hang, MINUTE_MS)};
	const struct config c = {
		.journal = true, .events = events, .execs = execs, .execs_count = 1};
	struct saved saved = {0};
	struct fixture f;
	char text[4096];
	int fifo, stream;

	stream = open_fifo(in_folder(*state, "stream"));
	start(&f, state, &c);
	fifo = open_fifo("fifo");
	push_event(&f, 1, "one");
	push_event(&f, 2, "one");
	/* The one hangs, and the other is done. */
	read_lines(fifo, text, sizeof(text), 1);
	close(fifo);
	read_lines(stream, text, sizeof(text), 2);
	assert_string_equal(sequences(text), "1 2");
	outputs_drain(f.outputs, OUTPUTS_REPLACE_MS);
	outputs_save(f.outputs, record_saved, &saved);
	assert_string_equal(saved.text, "exec page 1;exec page 2;");
	/* The journal had no time of its own to end. */
	assert_true(stop(&f, 0) >= 2);

	execs[0].command = page;
	start(&f, state, &c);
	assert_int_equal(outputs_restore(f.outputs, "exec page", &saved.last), 0);
	assert_int_equal(outputs_restore(f.outputs, "exec gone", &saved.last), -ENOENT);
	assert_int_equal(outputs_restore(f.outputs, "journal", &saved.last), -ENOENT);
	outputs_drain(f.outputs, MINUTE_MS);
	assert_string_equal(sequences(contents("paged")), "2");
	assert_int_equal(stop(&f, 0), 0);
	close(stream);
}

static void test_outputs_wrong_path_is_reported_at_once(void **state)
{
	char events[] = "folder/events";
	const struct config c = {.events = events};
	struct fixture f;

	start(&f, state, &c);
	wait_for_reports(&f);
	assert_int_equal(f.reports_count, 1);
	assert_string_equal(f.reports[0], "4 events: folder/events: No such file or directory");
	/* Not for each attempt. */
	push_event(&f, 1, "one");
	assert_nothing_to_report(&f);
	assert_int_equal(mkdir("folder", 0700), 0);
	wait_for_reports(&f);
	assert_int_equal(f.reports_count, 1);
	assert_string_equal(f.reports[0], "5 events: works again");
	assert_string_equal(sequences(contents("folder/events")), "1");
	assert_int_equal(rename("folder/events", "folder/events.1"), 0);
	outputs_reopen(f.outputs);
	push_event(&f, 2, "one");
	outputs_drain(f.outputs, MINUTE_MS);
	assert_string_equal(sequences(contents("folder/events")), "2");
	assert_int_equal(stop(&f, 0), 0);
}

static void test_outputs_full_queue(void **state)
{
	char hang[] = "echo >fifo; sleep 1000";
	struct exec_config execs[] = {exec_config("page", hang, MINUTE_MS)};
	const struct config c = {.execs = execs, .execs_count = 1};
	struct saved saved = {0};
	struct fixture f;
	char text[16];
	int fifo;

	start(&f, state, &c);
	fifo = open_fifo("fifo");
	push_event(&f, 0, "one");
	read_lines(fifo, text, sizeof(text), 1);
	close(fifo);
	for (unsigned i = 1; i <= OUTPUTS_EVENTS_MAX; i++)
		push_event(&f, i, "one");
	assert_nothing_to_report(&f);
	push_event(&f, OUTPUTS_EVENTS_MAX + 1, "one");
	wait_for_reports(&f);
	assert_int_equal(f.reports_count, 1);
	assert_string_equal(f.reports[0], "4 exec page: does not keep up; 1 event dropped so far");
	push_event(&f, OUTPUTS_EVENTS_MAX + 2, "one");
	wait_for_reports(&f);
	assert_string_equal(f.reports[0], "4 exec page: does not keep up; 2 events dropped so far");
	push_event(&f, OUTPUTS_EVENTS_MAX + 3, "one");
	assert_nothing_to_report(&f);
	outputs_save(f.outputs, record_saved, &saved);
	/* The one under delivery, then the newest. */
	assert_ptr_equal(strstr(saved.text, "exec page 0;exec page 4;exec page 5;"), saved.text);
	assert_int_equal(saved.count, OUTPUTS_EVENTS_MAX + 1);
	assert_int_equal(stop(&f, 0), OUTPUTS_EVENTS_MAX + 1);
}

/* Nothing is half replaced. */
static void test_outputs_without_threads(void **state)
{
	char hang[] = "echo >fifo; sleep 1000", other[] = "cat >>paged", events[] = "events";
	struct exec_config before[] = {exec_config("page", other, MINUTE_MS)};
	struct exec_config after[] = {
		exec_config("page", hang, MINUTE_MS), exec_config("more", hang, MINUTE_MS)};
	const struct config c_before = {.events = events, .execs = before, .execs_count = 1};
	const struct config c_after = {.events = events, .execs = after, .execs_count = 2};
	struct outputs *none = NULL;
	struct fixture f;

	start(&f, state, &c_before);
	threads_left = 1;
	assert_int_equal(outputs_new(&c_after, f.notify_fd, f.outputs, &none), -EAGAIN);
	threads_left = 1;
	assert_int_equal(outputs_new(&c_after, f.notify_fd, NULL, &none), -EAGAIN);
	assert_null(none);
	threads_left = UINT32_MAX;
	push_event(&f, 1, "one");
	outputs_drain(f.outputs, MINUTE_MS);
	assert_string_equal(sequences(contents("paged")), "1");
	assert_string_equal(sequences(contents("events")), "1");
	assert_int_equal(stop(&f, 0), 0);
}

/* As when another part of a reload fails: nothing of the new set is seen. */
static void test_outputs_new_set_that_is_not_needed(void **state)
{
	char events[] = "events", other[] = "other", page[] = "cat >>paged";
	struct exec_config execs[] = {exec_config("page", page, MINUTE_MS)};
	const struct config before = {.events = events, .execs = execs, .execs_count = 1};
	const struct config after = {.events = other};
	struct outputs *new = NULL;
	struct fixture f;

	start(&f, state, &before);
	assert_int_equal(outputs_new(&after, f.notify_fd, f.outputs, &new), 0);
	assert_int_equal(outputs_stop(new, MINUTE_MS), 0);
	assert_false(exists("other"));
	push_event(&f, 1, "one");
	outputs_drain(f.outputs, MINUTE_MS);
	assert_nothing_to_report(&f);
	assert_string_equal(sequences(contents("events")), "1");
	assert_string_equal(sequences(contents("paged")), "1");
	assert_int_equal(stop(&f, 0), 0);
}

/* The final reports that were not read yet go along. */
static void test_outputs_replace_twice(void **state)
{
	char hang[] = "echo >fifo; sleep 1000", events[] = "events";
	struct exec_config execs[] = {exec_config("page", hang, MINUTE_MS)};
	const struct config before = {.events = events, .execs = execs, .execs_count = 1};
	const struct config after = {.events = events};
	struct fixture f;
	char text[16];
	int fifo;

	start(&f, state, &before);
	fifo = open_fifo("fifo");
	push_event(&f, 1, "one");
	read_lines(fifo, text, sizeof(text), 1);
	close(fifo);
	replace(&f, &after);
	replace(&f, &after);
	wait_for_reports(&f);
	assert_int_equal(f.reports_count, 1);
	assert_string_equal(
		f.reports[0], "4 exec page: is no longer configured; 1 event not delivered");
	assert_int_equal(stop(&f, MINUTE_MS), 0);
}

/* Counted are only those that survive a restart. */
static void test_outputs_undelivered(void **state)
{
	char hang[] = "echo >fifo; sleep 1000", snapshots[] = "fifo2";
	struct exec_config execs[] = {exec_config("page", hang, MINUTE_MS)};
	const struct config c = {.snapshots = snapshots, .execs = execs, .execs_count = 1};
	struct fixture f;
	char text[16];
	int fifo;

	assert_int_equal(mkfifo(in_folder(*state, "fifo2"), 0600), 0);
	start(&f, state, &c);
	assert_int_equal(outputs_undelivered(f.outputs), 0);
	fifo = open_fifo("fifo");
	push_event(&f, 1, "one");
	push_event(&f, 2, "one");
	outputs_push_snapshot(f.outputs, "{}\n", 3);
	read_lines(fifo, text, sizeof(text), 1);
	close(fifo);
	assert_int_equal(outputs_undelivered(f.outputs), 2);
	assert_int_equal(stop(&f, 0), 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_outputs_each_gets_its_own),
		CASE(test_outputs_none),
		CASE(test_outputs_withdraw_the_snapshot),
		CASE(test_outputs_command_that_hangs_is_repaired),
		CASE(test_outputs_replace_moves_what_waits),
		CASE(test_outputs_replace_moves_snapshots),
		CASE(test_outputs_save_and_restore),
		CASE(test_outputs_wrong_path_is_reported_at_once),
		CASE(test_outputs_full_queue),
		CASE(test_outputs_without_threads),
		CASE(test_outputs_new_set_that_is_not_needed),
		CASE(test_outputs_replace_twice),
		CASE(test_outputs_undelivered),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "unit.h"

#include "deliver/queue.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#define TRIES_MAX 2048

/* An output that does as the test says, and records what it was given. Items are numbers. */
struct output {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool hangs;         /* deliver() does not come back while this is true */
	bool interruptible; /* but for an interruption */
	unsigned fails;     /* so many calls of deliver() fail */
	bool reopen_fails;
	int tried[TRIES_MAX]; /* in the order of the calls */
	uint64_t tried_ms[TRIES_MAX];
	unsigned tries;
	unsigned inside; /* calls under way */
	unsigned reopened, interrupted;
	struct output *releases; /* which no longer hangs once this one is interrupted */
	bool signals_open;       /* some signal is not blocked in the thread */
	bool freed;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool some_signal_is_open(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return !sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGHUP) ||
	       !sigismember(&mask, SIGPIPE) || !sigismember(&mask, SIGCHLD);
}

static int number_of(const struct item *item)
{
	int number;

	memcpy(&number, item->text, sizeof(number));
	return number;
}

#define SET(c, ...)                                                                                \
	do {                                                                                       \
		pthread_mutex_lock(&(c)->lock);                                                    \
		__VA_ARGS__;                                                                       \
		pthread_cond_broadcast(&(c)->changed);                                             \
		pthread_mutex_unlock(&(c)->lock);                                                  \
	} while (0)

/* Waits a little; records when the delivery is interrupted for the first time. */
static void hang_on(struct output *c, int interrupt_fd)
{
	struct pollfd p = {.fd = c->interrupted ? -1 : interrupt_fd, .events = POLLIN};
	bool is_new;

	pthread_mutex_unlock(&c->lock);
	is_new = poll(&p, 1, 1) == 1;
	if (is_new && c->releases)
		SET(c->releases, c->releases->hangs = false);
	pthread_mutex_lock(&c->lock);
	c->interrupted += is_new;
}

static int deliver(void *userdata, const struct item *item, int interrupt_fd, struct string *error)
{
	struct output *c = userdata;
	int r = 0;

	pthread_mutex_lock(&c->lock);
	assert_true(c->tries < TRIES_MAX);
	c->tried_ms[c->tries] = now_ms();
	c->tried[c->tries++] = number_of(item);
	c->inside++;
	c->signals_open |= some_signal_is_open();
	pthread_cond_broadcast(&c->changed);
	while (c->hangs && !(c->interruptible && c->interrupted))
		hang_on(c, interrupt_fd);
	if (c->hangs || c->fails) {
		c->fails -= c->fails > 0;
		r = -EIO;
		string_addf(error, "no luck with %d", number_of(item));
	}
	c->inside--;
	pthread_mutex_unlock(&c->lock);
	return r;
}

static int reopen(void *userdata, struct string *error)
{
	struct output *c = userdata;
	bool fails;

	pthread_mutex_lock(&c->lock);
	c->reopened++;
	fails = c->reopen_fails;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	string_add(error, "no file");
	return fails ? -ENOENT : 0;
}

static void free_output(void *userdata)
{
	struct output *c = userdata;

	pthread_mutex_lock(&c->lock);
	c->freed = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

static const struct output_ops ops = {
	.deliver = deliver,
	.reopen = reopen,
	.free = free_output,
};

static bool changes_before(struct output *c, const struct timespec *deadline)
{
	return pthread_cond_timedwait(&c->changed, &c->lock, deadline) == 0;
}

/* Waits until the condition holds for the output. */
#define AWAIT(c, condition)                                                                        \
	do {                                                                                       \
		struct timespec deadline;                                                          \
		bool is_met;                                                                       \
                                                                                                   \
		clock_gettime(CLOCK_REALTIME, &deadline);                                          \
		deadline.tv_sec += UNIT_WAIT_MAX_S;                                                \
		pthread_mutex_lock(&(c)->lock);                                                    \
		while (!(is_met = (condition)) && changes_before((c), &deadline))                  \
			continue;                                                                  \
		pthread_mutex_unlock(&(c)->lock);                                                  \
		if (!is_met)                                                                       \
			fail_msg("waited %d s for %s", UNIT_WAIT_MAX_S, #condition);               \
	} while (0)

struct fixture {
	struct output output;
	struct output_queue *queue;
	int notify_fd;
};

static void start_retrying(struct fixture *f, size_t queue_max, uint32_t retry_ms)
{
	struct output_queue_settings settings = {
		.name = "exec of a long name",
		.ops = &ops,
		.output = &f->output,
		.queue_max = queue_max,
		.retry_ms = retry_ms,
		.retry_max_ms = 5 * retry_ms,
	};

	memset(f, 0, sizeof(*f));
	pthread_mutex_init(&f->output.lock, NULL);
	pthread_cond_init(&f->output.changed, NULL);
	f->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(f->notify_fd >= 0);
	settings.notify_fd = f->notify_fd;
	assert_int_equal(output_queue_new(&settings, &f->queue), 0);
}

static void start(struct fixture *f, size_t queue_max)
{
	start_retrying(f, queue_max, 4);
}

static void release(struct fixture *f)
{
	AWAIT(&f->output, f->output.freed);
	pthread_mutex_destroy(&f->output.lock);
	pthread_cond_destroy(&f->output.changed);
	close(f->notify_fd);
}

static void push(struct fixture *f, int number)
{
	struct item *item = item_new_snapshot((const char *)&number, sizeof(number));

	assert_non_null(item);
	output_queue_push(f->queue, item);
}

static void wait_for_notice(struct fixture *f)
{
	eventfd_t value;

	unit_await_input(f->notify_fd, "a notice");
	assert_int_equal(eventfd_read(f->notify_fd, &value), 0);
}

static bool was_notified(struct fixture *f)
{
	eventfd_t value;

	return eventfd_read(f->notify_fd, &value) == 0;
}

static void test_queue_delivers_in_order(void **state)
{
	struct output_queue_status status;
	struct fixture f;

	(void)state;
	start(&f, 200);
	for (int i = 0; i < 200; i++)
		push(&f, i);
	AWAIT(&f.output, f.output.tries == 200);
	output_queue_finish(&f.queue, 1, QUEUE_DRAIN, 60000);
	output_queue_status(f.queue, &status);
	assert_int_equal(status.delivered, 200);
	assert_int_equal(status.queued, 0);
	assert_int_equal(status.dropped, 0);
	assert_int_equal(output_queue_stop(f.queue, 0), 0);
	for (int i = 0; i < 200; i++)
		assert_int_equal(f.output.tried[i], i);
	assert_false(f.output.signals_open);
	assert_false(was_notified(&f));
	release(&f);
}

static void test_queue_stop_drains(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, 100);
	for (int i = 0; i < 100; i++)
		push(&f, i);
	assert_int_equal(output_queue_stop(f.queue, 60000), 0);
	assert_int_equal(f.output.tries, 100);
	assert_int_equal(f.output.interrupted, 0);
	release(&f);
}

struct numbers {
	int list[16];
	size_t count;
};

static void record(struct item *item, void *userdata)
{
	struct numbers *n = userdata;

	assert_true(n->count < ARRAY_SIZE(n->list));
	n->list[n->count++] = number_of(item);
}

static void test_queue_overflow_drops_the_oldest_that_waits(void **state)
{
	static const int left[] = {0, 7, 8, 9};
	struct numbers numbers = {0};
	struct output_queue_status status;
	struct fixture f;

	(void)state;
	start(&f, 3);
	SET(&f.output, f.output.hangs = true);
	push(&f, 0);
	AWAIT(&f.output, f.output.inside == 1);
	/* The output hangs: what blocked here would block for ever. */
	for (int i = 1; i < 10; i++)
		push(&f, i);
	wait_for_notice(&f);
	output_queue_status(f.queue, &status);
	assert_int_equal(status.queued, 4);
	assert_int_equal(status.dropped, 6);
	assert_int_equal(status.retry_ms, 0);
	output_queue_foreach(f.queue, record, &numbers);
	assert_int_equal(numbers.count, ARRAY_SIZE(left));
	assert_memory_equal(numbers.list, left, sizeof(left));
	SET(&f.output, f.output.hangs = false);
	assert_int_equal(output_queue_stop(f.queue, 60000), 0);
	assert_int_equal(f.output.tries, 4);
	assert_memory_equal(f.output.tried, left, sizeof(left));
	release(&f);
}

static void test_queue_full_when_a_delivery_fails(void **state)
{
	struct output_queue_status status;
	struct fixture f;

	(void)state;
	start(&f, 1);
	SET(&f.output, f.output.hangs = true);
	push(&f, 1);
	AWAIT(&f.output, f.output.inside == 1);
	push(&f, 2);
	SET(&f.output, f.output.fails = 1, f.output.hangs = false);
	wait_for_notice(&f);
	assert_int_equal(output_queue_stop(f.queue, 60000), 0);
	/* One may wait, and the one that failed is the older of two. */
	assert_int_equal(f.output.tries, 2);
	assert_int_equal(f.output.tried[0], 1);
	assert_int_equal(f.output.tried[1], 2);
	release(&f);

	start(&f, 1);
	SET(&f.output, f.output.fails = 1);
	push(&f, 1);
	wait_for_notice(&f);
	output_queue_status(f.queue, &status);
	assert_int_equal(status.dropped, 0);
	assert_int_equal(output_queue_stop(f.queue, 60000), 0);
	release(&f);
}

static void test_queue_retries_with_growing_pauses(void **state)
{
	static const uint64_t pauses_ms[] = {4, 8, 16, 20, 20, 20};
	struct output_queue_status status;
	struct fixture f;

	(void)state;
	start(&f, 8);
	SET(&f.output, f.output.fails = ARRAY_SIZE(pauses_ms));
	push(&f, 1);
	push(&f, 2);
	wait_for_notice(&f);
	output_queue_status(f.queue, &status);
	assert_true(status.failures > 0);
	assert_string_equal(status.error, "no luck with 1");
	AWAIT(&f.output, f.output.tries == ARRAY_SIZE(pauses_ms) + 2);
	output_queue_finish(&f.queue, 1, QUEUE_DRAIN, 60000);
	output_queue_status(f.queue, &status);
	assert_int_equal(status.failures, 0);
	assert_string_equal(status.error, "");
	assert_int_equal(status.delivered, 2);
	/* The recovery was reported. */
	assert_true(was_notified(&f));
	for (size_t i = 0; i < ARRAY_SIZE(pauses_ms); i++) {
		assert_int_equal(f.output.tried[i], 1);
		/* The clock is read before the failure, and in whole ms. */
		assert_true(f.output.tried_ms[i + 1] - f.output.tried_ms[i] >= pauses_ms[i]);
	}
	assert_int_equal(f.output.tried[ARRAY_SIZE(pauses_ms)], 1);
	assert_int_equal(f.output.tried[ARRAY_SIZE(pauses_ms) + 1], 2);
	output_queue_stop(f.queue, 0);
	release(&f);
}

static void test_queue_stop_interrupts_what_hangs(void **state)
{
	struct numbers numbers = {0};
	struct fixture f;

	(void)state;
	start(&f, 8);
	SET(&f.output, f.output.hangs = f.output.interruptible = true);
	for (int i = 1; i <= 3; i++)
		push(&f, i);
	AWAIT(&f.output, f.output.inside == 1);
	output_queue_finish(&f.queue, 1, QUEUE_DRAIN, 1);
	output_queue_foreach(f.queue, record, &numbers);
	assert_int_equal(numbers.count, 3);
	assert_int_equal(output_queue_stop(f.queue, 0), 3);
	assert_true(f.output.freed);
	assert_int_equal(f.output.interrupted, 1);
	/* Nothing was begun after it. */
	assert_int_equal(f.output.tries, 1);
	release(&f);
}

/* It comes back only when the test lets it, which is after output_queue_stop() has returned. */
static void test_queue_stop_abandons_what_does_not_come_back(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, 8);
	SET(&f.output, f.output.hangs = true);
	push(&f, 1);
	push(&f, 2);
	AWAIT(&f.output, f.output.inside == 1);
	assert_int_equal(output_queue_stop(f.queue, 1), 2);
	SET(&f.output, assert_false(f.output.freed));
	assert_int_equal(f.output.interrupted, 1);
	SET(&f.output, f.output.hangs = false);
	release(&f);
	assert_int_equal(f.output.tries, 1);
}

#define HOUR_MS (3600U * 1000)

/* Draining tries again, ceasing does not; neither waits for the end of the pause. */
static void test_queue_stop_during_a_pause(void **state)
{
	static const enum queue_ending endings[] = {QUEUE_DRAIN, QUEUE_CEASE};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		struct output_queue_status status;
		struct fixture f;

		start_retrying(&f, 8, HOUR_MS);
		SET(&f.output, f.output.fails = UINT32_MAX);
		push(&f, 1);
		push(&f, 2);
		wait_for_notice(&f);
		output_queue_status(f.queue, &status);
		assert_true(status.retry_ms > 0 && status.retry_ms <= HOUR_MS);
		output_queue_finish(&f.queue, 1, endings[i], HOUR_MS);
		assert_int_equal(output_queue_stop(f.queue, 0), 2);
		assert_int_equal(f.output.interrupted, 0);
		assert_int_equal(f.output.tries, endings[i] == QUEUE_DRAIN ? 2 : 1);
		release(&f);
	}
	assert_int_equal(output_queue_stop(NULL, 0), 0);
}

static void test_queue_finish_interrupts_all_at_once(void **state)
{
	struct output_queue *outputs[3];
	struct fixture f[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		start(&f[i], 8);
		SET(&f[i].output, f[i].output.hangs = true);
		push(&f[i], 1);
		AWAIT(&f[i].output, f[i].output.inside == 1);
		outputs[i] = f[i].queue;
	}
	/* So the first can only come back in time when the last is not interrupted after that. */
	f[2].output.releases = &f[0].output;
	output_queue_finish(outputs, 3, QUEUE_DRAIN, 0);
	assert_int_equal(output_queue_stop(outputs[0], 0), 0);
	assert_true(f[0].output.freed);
	assert_int_equal(output_queue_stop(outputs[1], 0), 1);
	assert_int_equal(output_queue_stop(outputs[2], 0), 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f[i].output.interrupted, 1);
		SET(&f[i].output, f[i].output.hangs = false);
		release(&f[i]);
	}
}

static void test_queue_reopens(void **state)
{
	struct output_queue_status status;
	struct fixture f;

	(void)state;
	start(&f, 8);
	output_queue_reopen(f.queue);
	/* At once, although there is nothing to deliver. */
	AWAIT(&f.output, f.output.reopened == 1);
	assert_false(was_notified(&f));
	SET(&f.output, f.output.reopen_fails = true);
	output_queue_reopen(f.queue);
	wait_for_notice(&f);
	output_queue_status(f.queue, &status);
	assert_string_equal(status.error, "no file");
	push(&f, 1);
	wait_for_notice(&f);
	output_queue_status(f.queue, &status);
	assert_string_equal(status.error, "");
	assert_int_equal(output_queue_stop(f.queue, 60000), 0);
	assert_int_equal(f.output.tries, 1);
	assert_int_equal(f.output.reopened, 2);
	release(&f);
}

static void test_queue_needs_room(void **state)
{
	struct output_queue_settings settings = {.name = "x", .ops = &ops, .notify_fd = -1};
	struct output_queue *queue = NULL;

	(void)state;
	assert_int_equal(output_queue_new(&settings, &queue), -EINVAL);
	assert_null(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_delivers_in_order),
		cmocka_unit_test(test_queue_stop_drains),
		cmocka_unit_test(test_queue_overflow_drops_the_oldest_that_waits),
		cmocka_unit_test(test_queue_full_when_a_delivery_fails),
		cmocka_unit_test(test_queue_retries_with_growing_pauses),
		cmocka_unit_test(test_queue_stop_interrupts_what_hangs),
		cmocka_unit_test(test_queue_stop_abandons_what_does_not_come_back),
		cmocka_unit_test(test_queue_stop_during_a_pause),
		cmocka_unit_test(test_queue_finish_interrupts_all_at_once),
		cmocka_unit_test(test_queue_reopens),
		cmocka_unit_test(test_queue_needs_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

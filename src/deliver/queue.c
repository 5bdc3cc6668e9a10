/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/queue.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/macro.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

/* Enough for any deliver(); the default of 8 MiB counts against the unit's limits where memory is
 * locked. */
#define STACK_SIZE ((size_t)(128 * 1024))

/* The kernel's TASK_COMM_LEN, with the NUL. */
#define THREAD_NAME_SIZE 16

enum order {
	ORDER_RUN,
	ORDER_DRAIN, /* end when the queue is empty, or at the first failure */
	ORDER_END,   /* begin no further delivery */
};

struct output_queue {
	pthread_t thread;
	pthread_mutex_t lock;   /* over everything below but the settings */
	pthread_cond_t changed; /* there is work, or the thread has ended */

	char name[THREAD_NAME_SIZE];
	const struct output_ops *ops;
	void *output;
	size_t queue_max;
	uint32_t retry_first_ms, retry_max_ms;
	int notify_fd;
	int interrupt_fd; /* an eventfd, for ops->deliver() */

	size_t head, count; /* of the ring */
	bool delivering;    /* the head */

	enum order order;
	bool reopen;    /* is wanted */
	bool ended;     /* the thread touches nothing any more */
	bool abandoned; /* only the thread still knows this queue */
	uint64_t retry_at_ms;
	uint32_t pause_ms;
	struct output_queue_status status;
	struct item *ring[]; /* room for queue_max items and the one under delivery */
};

/* Waits for a change, at most until a time of clock_monotonic_ms(). */
static void wait_until(struct output_queue *q, uint64_t ms)
{
	const struct timespec t = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000 * 1000000),
	};

	pthread_cond_timedwait(&q->changed, &q->lock, &t);
}

/* The caller may close its descriptor once it has ordered the thread to end. */
static void notify(const struct output_queue *q)
{
	if (q->notify_fd >= 0 && q->order != ORDER_END)
		(void)eventfd_write(q->notify_fd, 1);
}

static size_t place(const struct output_queue *q, size_t index)
{
	return (q->head + index) % (q->queue_max + 1);
}

static struct item *take_head(struct output_queue *q)
{
	struct item *item = q->ring[q->head];

	q->head = place(q, 1);
	q->count--;
	return item;
}

/* Drops the oldest item that is not under delivery. */
static void drop_oldest(struct output_queue *q)
{
	struct item *head = take_head(q);

	if (q->delivering) {
		struct item *second = q->ring[q->head];

		q->ring[q->head] = head;
		head = second;
	}
	item_unref(head);
	q->status.dropped++;
}

static void failed(struct output_queue *q, const char *error)
{
	q->pause_ms = q->status.failures++ ? MIN(q->pause_ms, q->retry_max_ms / 2) * 2
					   : q->retry_first_ms;
	q->pause_ms = MIN(q->pause_ms, q->retry_max_ms);
	q->retry_at_ms = clock_monotonic_ms() + q->pause_ms;
	snprintf(q->status.error, sizeof(q->status.error), "%s", error);
	if (q->order == ORDER_DRAIN)
		q->order = ORDER_END;
	/* The item that waits again may be one too many; while the queue ends, it is kept. */
	if (q->count > q->queue_max && q->order == ORDER_RUN)
		drop_oldest(q);
	notify(q);
}

static void succeeded(struct output_queue *q)
{
	item_unref(take_head(q));
	q->status.delivered++;
	q->status.error[0] = '\0';
	q->retry_at_ms = 0;
	if (q->status.failures) {
		q->status.failures = 0;
		notify(q);
	}
}

/* Delivers the head, or reopens the output; the lock is open meanwhile. */
static void work(struct output_queue *q)
{
	char text[sizeof(q->status.error)];
	struct string error = STRING_IN(text);
	const bool reopens = q->reopen;
	const struct item *item = q->ring[q->head];
	int r;

	q->reopen = false;
	q->delivering = !reopens;
	pthread_mutex_unlock(&q->lock);
	if (reopens)
		r = q->ops->reopen ? q->ops->reopen(q->output, &error) : 0;
	else
		r = q->ops->deliver(q->output, item, q->interrupt_fd, &error);
	pthread_mutex_lock(&q->lock);
	q->delivering = false;
	if (r < 0)
		failed(q, text);
	else if (!reopens)
		succeeded(q);
}

/* Returns false when there will be no more work. */
static bool wait_for_work(struct output_queue *q)
{
	while (q->order != ORDER_END && !q->reopen) {
		uint64_t retry_at_ms = q->count ? q->retry_at_ms : 0;

		if (q->order == ORDER_DRAIN)
			return q->count > 0;
		if (retry_at_ms > clock_monotonic_ms())
			wait_until(q, retry_at_ms);
		else if (q->count)
			return true;
		else
			pthread_cond_wait(&q->changed, &q->lock);
	}
	return q->order != ORDER_END;
}

static void free_queue(struct output_queue *q)
{
	while (q->count)
		item_unref(take_head(q));
	if (q->ops->free)
		q->ops->free(q->output);
	closep(&q->interrupt_fd);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static void *run(void *userdata)
{
	struct output_queue *q = userdata;
	bool abandoned;

	pthread_setname_np(pthread_self(), q->name);
	pthread_mutex_lock(&q->lock);
	while (wait_for_work(q))
		work(q);
	q->ended = true;
	abandoned = q->abandoned;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	/* Unless abandoned, q may have been freed by output_queue_stop(). */
	if (abandoned)
		free_queue(q);
	return NULL;
}

static int start_thread(struct output_queue *q)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int r;

	r = pthread_attr_init(&attr);
	if (r != 0)
		return -r;
	r = pthread_attr_setstacksize(&attr, MAX(STACK_SIZE, (size_t)PTHREAD_STACK_MIN));
	/* The thread inherits the mask. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r == 0)
		r = pthread_create(&q->thread, &attr, run, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

static int init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attr;
	int r;

	r = pthread_condattr_init(&attr);
	if (r != 0)
		return -r;
	r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (r == 0)
		r = pthread_cond_init(condition, &attr);
	pthread_condattr_destroy(&attr);
	return -r;
}

int output_queue_new(const struct output_queue_settings *settings, struct output_queue **ret)
{
	cleanup_(freep) struct output_queue *q =
		calloc(1, sizeof(*q) + (settings->queue_max + 1) * sizeof(struct item *));
	cleanup_(closep) int interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r;

	if (!settings->queue_max)
		return -EINVAL;
	if (!q)
		return -ENOMEM;
	if (interrupt_fd < 0)
		return -errno;
	q->interrupt_fd = interrupt_fd;
	q->ops = settings->ops;
	q->output = settings->output;
	q->queue_max = settings->queue_max;
	q->retry_first_ms = settings->retry_ms;
	q->retry_max_ms = MAX(settings->retry_ms, settings->retry_max_ms);
	q->notify_fd = settings->notify_fd;
	snprintf(q->name, sizeof(q->name), "%s", settings->name);
	r = init_condition(&q->changed);
	if (r < 0)
		return r;
	pthread_mutex_init(&q->lock, NULL);
	r = start_thread(q);
	if (r < 0) {
		pthread_mutex_destroy(&q->lock);
		pthread_cond_destroy(&q->changed);
		return r;
	}
	(void)TAKE_FD(interrupt_fd);
	*ret = TAKE_PTR(q);
	return 0;
}

void output_queue_push(struct output_queue *q, struct item *item)
{
	pthread_mutex_lock(&q->lock);
	if (q->count - q->delivering >= q->queue_max) {
		drop_oldest(q);
		notify(q);
	}
	q->ring[place(q, q->count++)] = item;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

void output_queue_status(struct output_queue *q, struct output_queue_status *ret)
{
	uint64_t now = clock_monotonic_ms();

	pthread_mutex_lock(&q->lock);
	*ret = q->status;
	ret->queued = q->count;
	if (q->count && !q->delivering && q->retry_at_ms > now)
		ret->retry_ms = (uint32_t)(q->retry_at_ms - now);
	pthread_mutex_unlock(&q->lock);
}

void output_queue_reopen(struct output_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->reopen = true;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

void output_queue_foreach(
	struct output_queue *q, void (*fn)(struct item *item, void *userdata), void *userdata)
{
	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < q->count; i++)
		fn(q->ring[place(q, i)], userdata);
	pthread_mutex_unlock(&q->lock);
}

static void give_order(struct output_queue *q, enum order order)
{
	pthread_mutex_lock(&q->lock);
	q->order = MAX(q->order, order);
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

static void wait_for_end(struct output_queue *q, uint64_t until_ms)
{
	pthread_mutex_lock(&q->lock);
	while (!q->ended && clock_monotonic_ms() < until_ms)
		wait_until(q, until_ms);
	pthread_mutex_unlock(&q->lock);
}

void output_queue_finish(
	struct output_queue *const *list, size_t count, enum queue_ending ending, uint32_t wait_ms)
{
	uint64_t until_ms = clock_monotonic_ms() + wait_ms;

	for (size_t i = 0; i < count; i++)
		give_order(list[i], ending == QUEUE_DRAIN ? ORDER_DRAIN : ORDER_END);
	for (size_t i = 0; i < count; i++)
		wait_for_end(list[i], until_ms);
	for (size_t i = 0; i < count; i++) {
		give_order(list[i], ORDER_END);
		(void)eventfd_write(list[i]->interrupt_fd, 1);
	}
	until_ms = clock_monotonic_ms() + QUEUE_GRACE_MS;
	for (size_t i = 0; i < count; i++)
		wait_for_end(list[i], until_ms);
}

size_t output_queue_stop(struct output_queue *q, uint32_t wait_ms)
{
	size_t undelivered;
	bool finished;

	if (!q)
		return 0;
	pthread_mutex_lock(&q->lock);
	finished = q->order == ORDER_END;
	pthread_mutex_unlock(&q->lock);
	if (!finished)
		output_queue_finish(&q, 1, QUEUE_DRAIN, wait_ms);
	pthread_mutex_lock(&q->lock);
	undelivered = q->count;
	if (!q->ended) {
		q->abandoned = true;
		pthread_detach(q->thread);
		pthread_mutex_unlock(&q->lock);
		return undelivered;
	}
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
	free_queue(q);
	return undelivered;
}

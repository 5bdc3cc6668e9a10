/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deliver/queue.h"

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/macro.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

/* Enough for what deliver() does; the default of 8 MiB counts against the unit's limits where
 * memory is locked. */
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

	char *name;
	const struct output_ops *ops;
	void *output;
	size_t queue_max;
	uint32_t retry_first_ms, retry_max_ms;
	int notify_fd;

	/* A ring with room for queue_max items and the one under delivery, which is the head. */
	void **ring;
	size_t head, count;
	bool delivering;

	enum order order;
	bool reopen;      /* is wanted */
	bool interrupted; /* the consumer was told to come back */
	bool ended;       /* the thread touches nothing any more */
	bool abandoned;   /* nobody but the thread knows this outlet any more */
	uint64_t retry_at_ms;
	uint32_t pause_ms;
	struct output_queue_status status;
};

/* Waits for a change, at most until a time of clock_monotonic_ms(). */
static void wait_until(struct output_queue *o, uint64_t ms)
{
	const struct timespec t = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000 * 1000000),
	};

	pthread_cond_timedwait(&o->changed, &o->lock, &t);
}

/* The descriptor is the caller's, who may have closed it once it told the thread to end. */
static void notify(const struct output_queue *o)
{
	if (o->notify_fd >= 0 && o->order != ORDER_END)
		(void)eventfd_write(o->notify_fd, 1);
}

static size_t place(const struct output_queue *o, size_t index)
{
	return (o->head + index) % (o->queue_max + 1);
}

static void *take_head(struct output_queue *o)
{
	void *item = o->ring[o->head];

	o->head = place(o, 1);
	o->count--;
	return item;
}

/* Drops the oldest item that is not under delivery. */
static void drop_oldest(struct output_queue *o)
{
	void *head = take_head(o);

	if (o->delivering) {
		void *second = o->ring[o->head];

		o->ring[o->head] = head;
		head = second;
	}
	o->ops->free_item(head);
	o->status.dropped++;
}

static void failed(struct output_queue *o, const char *error)
{
	o->pause_ms = o->status.failures++ ? MIN(o->pause_ms, o->retry_max_ms / 2) * 2
					   : o->retry_first_ms;
	o->pause_ms = MIN(o->pause_ms, o->retry_max_ms);
	o->retry_at_ms = clock_monotonic_ms() + o->pause_ms;
	snprintf(o->status.error, sizeof(o->status.error), "%s", error);
	if (o->order == ORDER_DRAIN)
		o->order = ORDER_END;
	/* With the one that waits again there may be one too many; at the end it is kept. */
	if (o->count > o->queue_max && o->order == ORDER_RUN)
		drop_oldest(o);
	notify(o);
}

static void succeeded(struct output_queue *o)
{
	o->ops->free_item(take_head(o));
	o->status.delivered++;
	o->status.error[0] = '\0';
	o->retry_at_ms = 0;
	if (o->status.failures) {
		o->status.failures = 0;
		notify(o);
	}
}

static void deliver(struct output_queue *o)
{
	char error[sizeof(o->status.error)] = "";
	const void *item = o->ring[o->head];
	int r;

	o->delivering = true;
	pthread_mutex_unlock(&o->lock);
	r = o->ops->deliver(o->output, item, error, sizeof(error));
	pthread_mutex_lock(&o->lock);
	o->delivering = false;
	if (r < 0)
		failed(o, error);
	else
		succeeded(o);
}

static void reopen(struct output_queue *o)
{
	char error[sizeof(o->status.error)] = "";
	int r = 0;

	o->reopen = false;
	pthread_mutex_unlock(&o->lock);
	if (o->ops->reopen)
		r = o->ops->reopen(o->output, error, sizeof(error));
	pthread_mutex_lock(&o->lock);
	if (r < 0)
		failed(o, error);
}

/* Returns false when there will be no work any more. */
static bool wait_for_work(struct output_queue *o)
{
	while (o->order != ORDER_END && !o->reopen) {
		uint64_t retry_at_ms = o->count ? o->retry_at_ms : 0;

		if (o->order == ORDER_DRAIN)
			return o->count > 0;
		if (retry_at_ms > clock_monotonic_ms())
			wait_until(o, retry_at_ms);
		else if (o->count)
			return true;
		else
			pthread_cond_wait(&o->changed, &o->lock);
	}
	return o->order != ORDER_END;
}

static void free_queue(struct output_queue *o)
{
	while (o->count)
		o->ops->free_item(take_head(o));
	o->ops->free_output(o->output);
	pthread_cond_destroy(&o->changed);
	pthread_mutex_destroy(&o->lock);
	free(o->ring);
	free(o->name);
	free(o);
}

static void *run(void *userdata)
{
	struct output_queue *o = userdata;
	char name[THREAD_NAME_SIZE];
	bool abandoned;

	snprintf(name, sizeof(name), "%s", o->name);
	pthread_setname_np(pthread_self(), name);
	pthread_mutex_lock(&o->lock);
	while (wait_for_work(o)) {
		if (o->reopen)
			reopen(o);
		else
			deliver(o);
	}
	o->ended = true;
	abandoned = o->abandoned;
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
	/* Unless it is abandoned, whoever stops it may have freed it by now. */
	if (abandoned)
		free_queue(o);
	return NULL;
}

static int start_thread(struct output_queue *o)
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
		r = pthread_create(&o->thread, &attr, run, o);
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
	cleanup_(freep) struct output_queue *o = calloc(1, sizeof(*o));
	cleanup_(freep) char *name = strdup(settings->name);
	cleanup_(freep) void **ring = calloc(settings->queue_max + 1, sizeof(*ring));
	int r;

	if (!settings->queue_max)
		return -EINVAL;
	if (!o || !name || !ring)
		return -ENOMEM;
	o->ops = settings->ops;
	o->output = settings->output;
	o->queue_max = settings->queue_max;
	o->retry_first_ms = settings->retry_ms;
	o->retry_max_ms = MAX(settings->retry_ms, settings->retry_max_ms);
	o->notify_fd = settings->notify_fd;
	o->name = name;
	o->ring = ring;
	r = init_condition(&o->changed);
	if (r < 0)
		return r;
	pthread_mutex_init(&o->lock, NULL);
	r = start_thread(o);
	if (r < 0) {
		pthread_mutex_destroy(&o->lock);
		pthread_cond_destroy(&o->changed);
		return r;
	}
	(void)TAKE_PTR(name);
	(void)TAKE_PTR(ring);
	*ret = TAKE_PTR(o);
	return 0;
}

void output_queue_push(struct output_queue *o, void *item)
{
	pthread_mutex_lock(&o->lock);
	if (o->count - o->delivering >= o->queue_max) {
		drop_oldest(o);
		notify(o);
	}
	o->ring[place(o, o->count++)] = item;
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
}

const char *output_queue_name(const struct output_queue *o)
{
	return o->name;
}

void output_queue_status(struct output_queue *o, struct output_queue_status *ret)
{
	uint64_t now = clock_monotonic_ms();

	pthread_mutex_lock(&o->lock);
	*ret = o->status;
	ret->queued = o->count;
	if (o->count && !o->delivering && o->retry_at_ms > now)
		ret->retry_ms = (uint32_t)(o->retry_at_ms - now);
	pthread_mutex_unlock(&o->lock);
}

void output_queue_reopen(struct output_queue *o)
{
	pthread_mutex_lock(&o->lock);
	o->reopen = true;
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
}

void output_queue_foreach(
	struct output_queue *o, void (*fn)(const void *item, void *userdata), void *userdata)
{
	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < o->count; i++)
		fn(o->ring[place(o, i)], userdata);
	pthread_mutex_unlock(&o->lock);
}

static void give_order(struct output_queue *o, enum order order)
{
	pthread_mutex_lock(&o->lock);
	o->order = MAX(o->order, order);
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
}

static void wait_for_end(struct output_queue *o, uint64_t until_ms)
{
	pthread_mutex_lock(&o->lock);
	while (!o->ended && clock_monotonic_ms() < until_ms)
		wait_until(o, until_ms);
	pthread_mutex_unlock(&o->lock);
}

static void interrupt(struct output_queue *o)
{
	bool needed;

	give_order(o, ORDER_END);
	pthread_mutex_lock(&o->lock);
	needed = !o->ended && !o->interrupted;
	o->interrupted = true;
	pthread_mutex_unlock(&o->lock);
	/* The consumer lives at least until this outlet is stopped, which the caller does. */
	if (needed && o->ops->interrupt)
		o->ops->interrupt(o->output);
}

void output_queue_finish(
	struct output_queue *const *list, size_t count, enum queue_ending ending, uint32_t wait_ms)
{
	uint64_t until_ms = clock_monotonic_ms() + wait_ms;

	for (size_t i = 0; i < count; i++)
		give_order(list[i], ending == QUEUE_DRAIN ? ORDER_DRAIN : ORDER_END);
	for (size_t i = 0; i < count; i++)
		wait_for_end(list[i], until_ms);
	for (size_t i = 0; i < count; i++)
		interrupt(list[i]);
	until_ms = clock_monotonic_ms() + QUEUE_GRACE_MS;
	for (size_t i = 0; i < count; i++)
		wait_for_end(list[i], until_ms);
}

size_t output_queue_stop(struct output_queue *o, uint32_t wait_ms)
{
	size_t undelivered;
	bool finished;

	if (!o)
		return 0;
	pthread_mutex_lock(&o->lock);
	finished = o->interrupted;
	pthread_mutex_unlock(&o->lock);
	if (!finished)
		output_queue_finish(&o, 1, QUEUE_DRAIN, wait_ms);
	pthread_mutex_lock(&o->lock);
	undelivered = o->count;
	if (!o->ended) {
		o->abandoned = true;
		pthread_detach(o->thread);
		pthread_mutex_unlock(&o->lock);
		return undelivered;
	}
	pthread_mutex_unlock(&o->lock);
	pthread_join(o->thread, NULL);
	free_queue(o);
	return undelivered;
}

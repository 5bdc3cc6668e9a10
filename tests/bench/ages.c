/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table of ages costs, and how accurate it is. Prints a table; exits with 1 if a number is
 * above its bound. Counts the sockets of its own network namespace: run it in one that
 * has many ("make ages-table").
 *
 * usage: ages [ROUNDS]
 */
#include "model/ages.h"
#include "basic/cleanup.h"
#include "basic/macro.h"
#include "kernel/memory/object_sizes.h"
#include "kernel/sockets/source.h"
#include "median.h"
#include "model/age_stats.h"
#include "model/tally.h"
#include "poll/poll.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PORTS_LISTED 50 /* as by default */
#define SOCKETS      200000U
#define TRACKED_MAX  50000U /* in the part about samples */
#define ROUNDS_MAX   99U

#define BYTES_MAX       16.0
#define CPU_PERCENT_MAX 15.0
#define OFF_PERCENT_MAX 5.0

static bool failed;

/* Follows the memory of the table, whose slots have 12 bytes: -Wl,--wrap=calloc. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static size_t table_bytes;

void *__wrap_calloc(size_t count, size_t size)
{
	if (size == 12)
		table_bytes = count * size;
	return __real_calloc(count, size);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void report(const char *what, double value, double max, const char *unit)
{
	const bool over = value > max;

	failed |= over;
	printf("%-58s %9.2f %-10s at most %.0f%s\n", what, value, unit, max, over ? "  OVER" : "");
}

/* The cookies of a busy machine: they count up, and other sockets take their share. */
static struct sock_record record_of(uint32_t i)
{
	return (struct sock_record){
		.family = AF_INET,
		.state = STATE_CLOSE_WAIT,
		.kind = KIND_FULL,
		.ownership = OWNERSHIP_HELD,
		.local_port = (uint16_t)(7000 + i % 10),
		.remote_port = (uint16_t)(32768 + i % 28000),
		.cookie = UINT64_C(4096) + i * UINT64_C(3) + (i * 2654435761U >> 31),
		.inode = i + 1,
		.receive_queue = 1,
	};
}

/* One scan of made-up sockets, without a kernel. ages may be NULL. */
static double count_all(struct tally *tally, struct ages *ages, uint64_t now_ms)
{
	const struct tally_context context = {
		.filter = FILTER_ALL,
		.port_first = 32768,
		.port_last = 60999,
		.fin_timeout_ms = 60000,
		.ages = ages,
	};
	struct sock_record listener = {.family = AF_INET, .state = STATE_LISTEN};
	uint64_t before = cpu_ns();

	tally_start(tally, &context);
	if (ages)
		ages_start(ages, now_ms);
	for (unsigned i = 0; i < 10; i++) {
		listener.local_port = (uint16_t)(7000 + i);
		tally_count(tally, &listener);
	}
	for (uint32_t i = 0; i < SOCKETS; i++) {
		const struct sock_record r = record_of(i);

		tally_count(tally, &r);
	}
	tally_finish(tally, true);
	if (ages)
		ages_finish(ages, true);
	return (double)(cpu_ns() - before);
}

static int count_made_up(struct tally *tally, size_t rounds)
{
	cleanup_(ages_freep) struct ages *ages = NULL;
	double with[ROUNDS_MAX], without[ROUNDS_MAX];
	int r = ages_new(AGES_TRACKED_DEFAULT, &ages);

	if (r < 0)
		return r;
	(void)count_all(tally, ages, 0);
	for (size_t i = 0; i < rounds; i++) {
		with[i] = count_all(tally, ages, 5000 * (i + 1)) / SOCKETS;
		without[i] = count_all(tally, NULL, 0) / SOCKETS;
	}
	report("table, 200,000 tracked sockets", (double)table_bytes / ages_tracked(ages),
		BYTES_MAX, "B/socket");
	printf("%-58s %9.1f ns/socket\n", "counting alone, without ages", median(without, rounds));
	printf("%-58s %9.1f ns/socket\n", "counting alone, with ages", median(with, rounds));
	return 0;
}

/* One poll of the service, as far as what it lists. Returns its CPU time in ms, or a negative
 * errno. */
static double poll(struct source *source, struct tally *tally, struct poll_settings *settings,
	uint32_t *ret_tracked)
{
	cleanup_(snapshot_release) struct snapshot s = {0};
	uint64_t before = cpu_ns();
	int r = poll_once(source, tally, settings, &s);

	if (r < 0) {
		fprintf(stderr, "%s\n", s.scan.error);
		return r;
	}
	r = snapshot_list(&s, PORTS_LISTED, NULL, 0);
	if (r < 0)
		return r;
	*ret_tracked = s.age_table.tracked;
	return (double)(cpu_ns() - before) / 1e6;
}

static double sum_up(const struct ages *ages, const struct age_rows *rows)
{
	uint64_t before = cpu_ns();
	struct age_table t;

	if (age_table_take(&t, ages, rows) < 0)
		return 0;
	age_table_release(&t);
	return (double)(cpu_ns() - before) / 1e6;
}

static int poll_in_turns(struct tally *tally, size_t rounds)
{
	cleanup_(source_freep) struct source *source = NULL;
	cleanup_(ages_freep) struct ages *ages = NULL;
	struct poll_settings settings = {.filter = FILTER_ALL, .attempts = 1};
	const struct age_rows unlisted = {0};
	double ms[2][ROUNDS_MAX], sum_up_ms[ROUNDS_MAX], cost[2];
	uint32_t tracked = 0, none;
	int r = source_live_new(TABLE_SOCK_DIAG, &source);

	if (r == 0)
		r = ages_new(AGES_TRACKED_DEFAULT, &ages);
	if (r == 0)
		r = prices_read(source, NULL, &settings.prices, &settings.slab_bytes);
	/* One poll that asks for tcp_info, and one without to warm up. */
	for (size_t i = 0; r == 0 && i < 2 * (rounds + 1); i++) {
		double spent;

		settings.ages = i % 2 ? NULL : ages;
		settings.now_ms = 5000 * i;
		spent = poll(source, tally, &settings, i % 2 ? &none : &tracked);
		if (spent < 0)
			return (int)spent;
		if (i < 2)
			printf("%-58s %9.1f ms\n",
				i ? "a poll without ages, to warm up"
				  : "the first poll, which asks for tcp_info",
				spent);
		else
			ms[i % 2][i / 2 - 1] = spent;
		if (i >= 2 && !settings.ages)
			sum_up_ms[i / 2 - 1] = sum_up(ages, &unlisted);
	}
	if (r < 0)
		return r;
	printf("%-58s %9" PRIu32 "\n", "live sockets tracked", tracked);
	for (unsigned i = 0; i < 2; i++)
		cost[i] = median(ms[i], rounds);
	printf("%-58s %9.1f ms\n", "a poll without ages", cost[1]);
	printf("%-58s %9.1f ms\n", "a poll with ages, medians and counts", cost[0]);
	printf("%-58s %9.1f ms\n", "of it medians and counts", median(sum_up_ms, rounds));
	if (tracked >= SOCKETS / 10)
		report("more CPU per poll with ages", (cost[0] / cost[1] - 1) * 100,
			CPU_PERCENT_MAX, "%");
	return 0;
}

/* Sockets whose ages spread over four days, as many young ones as old ones on a scale of powers. */
static uint32_t age_of(uint32_t i)
{
	return (uint32_t)(1000 * exp2(18.0 * ((i * 2654435761U) % SOCKETS) / SOCKETS));
}

static void report_off(const char *what, double reported, double truth)
{
	char text[64];

	snprintf(text, sizeof(text), "%s: %.1f, in truth %.1f; off by", what, reported, truth);
	report(text, fabs(reported / truth - 1) * 100, OFF_PERCENT_MAX, "%");
}

static int sample(struct tally *tally)
{
	static const uint32_t places[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	const struct age_rows rows = {.places = places, .rows = ARRAY_SIZE(places), .ports = 1};
	const uint64_t now_ms = UINT64_C(400) * 24 * 3600 * 1000;
	cleanup_(ages_freep) struct ages *ages = NULL;
	struct age_table t;
	const struct age_stats *s;
	static double truth[SOCKETS];
	double older = 0;
	int r = ages_new(TRACKED_MAX, &ages);

	if (r < 0)
		return r;
	ages_start(ages, 0);
	ages_finish(ages, true);
	for (uint32_t i = 0; i < SOCKETS; i++) {
		truth[i] = age_of(i) / 1000.0;
		older += truth[i] > 3600;
		ages_restore(ages, record_of(i).cookie, STATE_CLOSE_WAIT, age_of(i), now_ms);
	}
	(void)count_all(tally, ages, now_ms);
	r = age_table_take(&t, ages, &rows);
	if (r < 0)
		return r;
	qsort(truth, SOCKETS, sizeof(truth[0]), compare_doubles);
	s = age_stats_of_port(&t, 0, STATE_CLOSE_WAIT);
	printf("%-58s %9" PRIu32 " of %u, each for %" PRIu32 "%s\n",
		"beyond a bound of 50,000 it tracks", t.tracked, SOCKETS, t.weight,
		t.weight > 1 ? ": reported as a sample" : "");
	failed |= t.weight == 1 || t.tracked > TRACKED_MAX;
	report("table, so bounded", (double)table_bytes / TRACKED_MAX, BYTES_MAX, "B/socket");
	report_off("sockets", s->tracked, SOCKETS);
	report_off("median, s", s->median_ms / 1000.0, truth[SOCKETS / 2]);
	report_off("90th percentile, s", s->p90_ms / 1000.0, truth[SOCKETS / 10 * 9]);
	report_off("older than an hour", s->older[AGE_MARK_60_MINUTES], older);
	age_table_release(&t);
	return 0;
}

int main(int argc, char **argv)
{
	cleanup_(tally_freep) struct tally *tally = NULL;
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 15;
	int r = tally_new(&tally);

	rounds = MIN(MAX(rounds, (size_t)1), (size_t)ROUNDS_MAX);
	if (r == 0)
		r = count_made_up(tally, rounds);
	if (r == 0)
		r = poll_in_turns(tally, rounds);
	if (r == 0)
		r = sample(tally);
	if (r < 0)
		fprintf(stderr, "ages: %s\n", strerror(-r));
	return r < 0 || failed;
}

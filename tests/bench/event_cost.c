/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an event costs the poll of the service while it tracks the ages of 262,144 sockets, and what
 * writing these ages costs. Prints a table; exits with 1 where a number is beyond what it may be.
 * The sockets are made up: it needs no rights, and 40 MB ("make event-cost").
 *
 * usage: event_cost [ROUNDS]
 */
#include "../unit/fake_source.h"
#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/macro.h"
#include "daemon/manager.h"
#include "daemon/state_ages.h"
#include "daemon/state_file.h"
#include "median.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#define ROUNDS_MAX 99U
#define LEAKED     200U

/* How often the loop saves while an event waits for delivery: at once, and 4 times after (loop.c).
 */
#define SAVES 4

#define EVENT_MS_MAX 5.0

/* Whether the last LEAKED sockets are on a port of their own, which is a leak there. */
static bool leaking;

static struct sock_record record_of(uint32_t i)
{
	struct sock_record r = fake_close_wait(i);

	if (i >= AGES_TRACKED_DEFAULT - LEAKED && leaking)
		r.local_port = 7002;
	return r;
}

static double cpu_ms(void)
{
	return (double)clock_us(CLOCK_PROCESS_CPUTIME_ID) / 1000;
}

/* CPU time of one poll, and of the saving after it, in ms; negative: it failed. */
static double poll(struct manager *m, uint64_t now_ms)
{
	double before = cpu_ms();

	if (manager_poll(m, now_ms) < 0)
		return -1;
	for (unsigned i = 0; i < SAVES; i++)
		manager_save(m, now_ms);
	return cpu_ms() - before;
}

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) < 0 ? -1 : st.st_size;
}

static int measure(struct manager *m, size_t rounds)
{
	double ms[2][ROUNDS_MAX], ages_ms, event_ms;
	uint64_t now_ms = 1000000, sequence = 0;

	/* The ages are measured by themselves. */
	m->ages_due_ms = UINT64_MAX;
	for (size_t i = 0; i < 2 * rounds + 2; i++, now_ms += 5000) {
		double spent;

		/* Every other poll sees the leak begin, or end. */
		leaking ^= i % 2;
		spent = poll(m, now_ms);
		if (spent < 0 || (i > 1 && (alerts_sequence(m->alerts) != sequence) != i % 2))
			return -1;
		sequence = alerts_sequence(m->alerts);
		if (i > 1)
			ms[i % 2][i / 2 - 1] = spent;
	}
	ages_ms = cpu_ms();
	m->ages_due_ms = 0;
	manager_save_due(m, now_ms);
	ages_ms = cpu_ms() - ages_ms;
	printf("%-40s %9" PRIu32 "\n", "sockets whose ages are kept", ages_tracked(m->ages));
	printf("%-40s %9.2f ms\n", "a poll without an event", median(ms[0], rounds));
	printf("%-40s %9.2f ms\n", "a poll with one, and saving it", median(ms[1], rounds));
	printf("%-40s %9.2f ms for %jd bytes\n", "writing the ages, once a minute", ages_ms,
		(intmax_t)size_of("state/" STATE_AGES_NAME));
	event_ms = median(ms[1], rounds) - median(ms[0], rounds);
	printf("%-40s %9.2f ms for %jd bytes, at most %.0f ms%s\n", "an event costs", event_ms,
		(intmax_t)size_of("state/" STATE_FILE_NAME), EVENT_MS_MAX,
		event_ms > EVENT_MS_MAX ? "  OVER" : "");
	return event_ms > EVENT_MS_MAX;
}

static int write_configuration(const char *directory)
{
	FILE *f = fopen("conf", "we");

	if (!f)
		return -1;
	fprintf(f,
		"[output]\njournal = no\nevents = %s/events\nsnapshot_file = %s/snapshot\n"
		"[alert close-wait-leak]\nolder_than = 0\nfor = 0\nkeep = 0\n",
		directory, directory);
	return fclose(f);
}

int main(int argc, char **argv)
{
	const struct daemon_options options = {.config = "conf", .state_directory = "state"};
	cleanup_(manager_freep) struct manager *m = NULL;
	char directory[] = "/tmp/event-cost-XXXXXX";
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 31;
	struct fake_source source;
	int r;

	rounds = MIN(MAX(rounds, (size_t)1), (size_t)ROUNDS_MAX);
	fake_source_init(&source);
	source.sockets = AGES_TRACKED_DEFAULT;
	source.record = record_of;
	if (!mkdtemp(directory) || chdir(directory) < 0 || write_configuration(directory) < 0 ||
		manager_new(&options, &source.source, 1000000, &m) != 0)
		return 1;
	r = measure(m, rounds);
	if (r < 0)
		fprintf(stderr, "event_cost: a poll did not see what it should\n");
	m = manager_free(m);
	for (const char *const *name = (const char *const[]){"state/" STATE_AGES_NAME,
		     "state/" STATE_FILE_NAME, "state/lock", "events", "snapshot", "conf", NULL};
		*name; name++)
		(void)unlink(*name);
	(void)rmdir("state");
	(void)rmdir(directory);
	return r != 0;
}

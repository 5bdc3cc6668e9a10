/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints, for every situation, what tcpstated estimates a socket to hold and what the allocator's
 * own books say. Exit status 1 when they differ by more than 5 %, 77 when they cannot be read.
 *
 * usage: memory_table TCPSTATED-LAB TCPSTATED [SOCKETS [ROW]]
 *
 * Each round makes the namespaces without sockets, then with them: the difference is what the
 * sockets cost, and the namespaces, processes and descriptors of the experiment are not in it. The
 * median of the rounds is taken cache by cache, so that what the rest of the machine does in one of
 * them is left out.
 */
#include "../helpers/slabs.h"
#include "basic/cleanup.h"
#include "basic/macro.h"

#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS_DEFAULT   5  /* at least; or what the environment's ROUNDS says */
#define ROUNDS_MAX       15 /* while a row is off: then something else may have been going on */
#define LIMIT_PERCENT    5.0
#define SOCKETS_DEFAULT  5000
#define EXIT_CANNOT_READ 77

#define AWAIT_MS      10000
#define AWAIT_STEP_MS 50

/* On a command line of tcpstated-lab. */
#define WORDS_MAX 16

/* Objects for each socket; of a cache that grew by less, nothing belongs to the sockets. */
#define NOISE 0.02

/* What is put into a row of the table. */
struct row {
	const char *state, *options; /* of "tcpstated-lab hold", without the number */
	unsigned times; /* as many sockets as elsewhere: more of small ones, against noise */
	bool has_pages; /* data is outside the slabs: pages have to be counted too */
	bool only_veth; /* cannot be had over lo */
};

static const struct row rows[] = {
	{"TIME_WAIT", "", 4, false, false},
	{"TIME_WAIT", "--client", 2, false, false},
	{"FIN_WAIT_2", "--mini", 4, false, false},
	{"FIN_WAIT_2", "--held", 1, false, false},
	{"FIN_WAIT_2", "--orphan", 1, false, false},
	{"FIN_WAIT_1", "--held", 1, false, false},
	{"FIN_WAIT_1", "--orphan", 1, false, false},
	{"FIN_WAIT_1", "--orphan --unsent 4000", 1, true, false},
	{"CLOSE_WAIT", "", 1, false, false},
	{"CLOSE_WAIT", "--read-eof", 1, false, false},
	{"CLOSE_WAIT", "--unread 4000", 1, true, false},
	{"CLOSE_WAIT", "--unaccepted", 1, false, false},
	{"LAST_ACK", "", 1, false, false},
	{"CLOSING", "", 1, false, false},
	{"ESTABLISHED", "", 1, false, false},
	{"SYN_RECV", "", 4, false, true},
	{"SYN_SENT", "", 1, false, true},
};

static const char *const variants[] = {"", "-6", "--loopback", "-6 --loopback"};

struct program {
	const char *lab, *tcpstated;
	unsigned sockets, rounds;
	bool verbose;
};

/* A running tcpstated-lab. */
struct lab {
	pid_t pid;
	int in;
	int netns;
};

static int lab_stop(struct lab *lab)
{
	int status;

	closep(&lab->in);
	closep(&lab->netns);
	if (waitpid(lab->pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

/* Starts a program with its standard output to be read here, and its standard input, if asked for,
 * written from here. */
static int start(char *const argv[], int netns, int *ret_in, FILE **ret_out, pid_t *ret_pid)
{
	int in[2] = {-1, -1}, out[2];

	if (pipe2(out, O_CLOEXEC) < 0 || (ret_in && pipe2(in, O_CLOEXEC) < 0))
		return -errno;
	*ret_pid = fork();
	if (*ret_pid < 0)
		return -errno;
	if (*ret_pid == 0) {
		if (netns >= 0 && setns(netns, CLONE_NEWNET) < 0)
			_exit(126);
		if (ret_in)
			dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	if (ret_in) {
		close(in[0]);
		*ret_in = in[1];
	}
	*ret_out = fdopen(out[0], "r");
	return *ret_out ? 0 : -ENOMEM;
}

static int lab_start(const struct program *p, const char *spec, unsigned sockets, struct lab *ret)
{
	char words[160], line[512], path[64];
	char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t)p->lab}, *rest = words;
	cleanup_(fclosep) FILE *out = NULL;
	int r;

	snprintf(words, sizeof(words), "hold %s -n %u", spec, sockets);
	for (size_t i = 1; i < WORDS_MAX && rest; i++)
		argv[i] = strsep(&rest, " ");
	*ret = (struct lab){.in = -1, .netns = -1};
	r = start(argv, -1, &ret->in, &out, &ret->pid);
	if (r < 0)
		return r;
	if (!fgets(line, sizeof(line), out))
		return -ECHILD;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)ret->pid);
	ret->netns = open(path, O_RDONLY | O_CLOEXEC);
	return ret->netns < 0 ? -errno : 0;
}

/* Walks into an object by names. NULL where there is none of that name. */
static struct json_object *json_at(struct json_object *object, const char *const names[])
{
	for (size_t i = 0; object && names[i]; i++)
		if (!json_object_object_get_ex(object, names[i], &object))
			return NULL;
	return object;
}

/* What tcpstated says that all sockets in a state hold. */
static int estimate(const struct program *p, const struct lab *lab, const char *state, double *ret)
{
	char *argv[] = {(char *)(uintptr_t)p->tcpstated, (char *)(uintptr_t) "--once",
		(char *)(uintptr_t) "--json", NULL};
	const char *const memory[] = {"totals", "states", state, "memory_bytes", NULL};
	cleanup_(fclosep) FILE *out = NULL;
	cleanup_(freep) char *text = NULL;
	struct json_object *document;
	size_t size = 0;
	pid_t pid;
	int status, r = start(argv, lab->netns, NULL, &out, &pid);

	if (r < 0)
		return r;
	if (getdelim(&text, &size, '\0', out) < 0)
		return -EBADMSG;
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -ECHILD;
	document = json_tokener_parse(text);
	*ret = json_object_get_double(json_at(document, memory));
	json_object_put(document);
	return 0;
}

struct reading {
	struct slabs slabs;
	double pages;
	double time;
};

static int reading_take(struct reading *ret)
{
	struct timespec now;
	int r = slabs_read(&ret->slabs);

	clock_gettime(CLOCK_MONOTONIC, &now);
	ret->time = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	return r < 0 ? r : pages_unnamed(&ret->pages);
}

static int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

struct experiment {
	struct reading without[ROUNDS_MAX + 1], with[ROUNDS_MAX];
	double estimated[ROUNDS_MAX];
	size_t rounds;
	unsigned sockets;
};

/* What is read of a cache (its number of objects), or of the pages where cache is NULL. */
static double value_of(const struct reading *r, const char *cache)
{
	if (!cache)
		return r->pages;
	for (size_t i = 0; i < r->slabs.count; i++)
		if (strcmp(r->slabs.cache[i].name, cache) == 0)
			return r->slabs.cache[i].objects;
	return 0;
}

/*
 * How much larger a number is with the sockets. What it would be without them is taken to lie on
 * the line between the readings before and after: so what the rest of the machine makes all the
 * time is left out.
 */
static double growth_of(const struct experiment *e, const char *cache)
{
	double growth[ROUNDS_MAX] = {0};

	for (size_t i = 0; i < e->rounds; i++) {
		const struct reading *with = &e->with[i], *before = &e->without[i],
				     *after = &e->without[i + 1];
		double share = (with->time - before->time) / (after->time - before->time);
		double from = value_of(before, cache), to = value_of(after, cache);

		growth[i] = value_of(with, cache) - from - share * (to - from);
	}
	return median(growth, e->rounds);
}

static int read_without(const struct program *p, const char *spec, struct reading *ret)
{
	struct lab lab;
	int r = lab_start(p, spec, 0, &lab);

	if (r >= 0)
		r = reading_take(ret);
	return r < 0 ? r : lab_stop(&lab);
}

/* A queue may be cut into more buffers while it is measured: the estimate is the mean of before
 * and after. */
static int read_with(
	const struct program *p, const char *spec, const char *state, struct experiment *e)
{
	double before, after;
	struct lab lab;
	int r = lab_start(p, spec, e->sockets, &lab);

	if (r >= 0)
		r = estimate(p, &lab, state, &before);
	if (r >= 0)
		r = reading_take(&e->with[e->rounds]);
	if (r >= 0)
		r = estimate(p, &lab, state, &after);
	if (r < 0)
		return r;
	e->estimated[e->rounds] = (before + after) / 2;
	return lab_stop(&lab);
}

static double sockets_in(const struct slabs *s)
{
	static const char *const caches[] = {"TCP", "TCPv6", "tw_sock_TCP", "tw_sock_TCPv6",
		"request_sock_TCP", "request_sock_TCPv6"};
	double sockets = 0;

	for (size_t i = 0; i < s->count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(caches); j++)
			if (strcmp(s->cache[i].name, caches[j]) == 0)
				sockets += s->cache[i].objects;
	return sockets;
}

/* The kernel takes a namespace down some time after its last process has ended. */
static int await_end(const struct experiment *e)
{
	const double before = sockets_in(&e->with[e->rounds].slabs);
	static struct slabs now;
	int r = 0;

	for (int waited = 0; r >= 0 && waited < AWAIT_MS; waited += AWAIT_STEP_MS) {
		r = slabs_read(&now);
		if (before - sockets_in(&now) > 0.99 * e->sockets)
			break;
		poll(NULL, 0, AWAIT_STEP_MS);
	}
	return r;
}

static int experiment_round(
	const struct program *p, const char *spec, const char *state, struct experiment *e)
{
	int r = read_with(p, spec, state, e);

	if (r >= 0)
		r = await_end(e);
	if (r >= 0)
		r = read_without(p, spec, &e->without[e->rounds + 1]);
	e->rounds++;
	return r;
}

static double measured(const struct experiment *e, bool has_pages, bool verbose)
{
	const struct slabs *caches = &e->with[0].slabs;
	double bytes = has_pages ? growth_of(e, NULL) / e->sockets : 0;

	for (size_t i = 0; i < caches->count; i++) {
		const struct slab_cache *cache = &caches->cache[i];
		double objects = growth_of(e, cache->name) / e->sockets;

		if (fabs(objects) < NOISE)
			continue;
		if (verbose)
			printf("    %8.3f %s\n", objects, cache->name);
		bytes += objects * cache->object_bytes;
	}
	return bytes;
}

static double estimated(const struct experiment *e)
{
	double values[ROUNDS_MAX];

	memcpy(values, e->estimated, sizeof(values));
	return median(values, e->rounds) / e->sockets;
}

/* Returns whether the row is within the limit. */
static bool print_row(const struct program *p, const struct row *row, const char *variant)
{
	static struct experiment e;
	double guess = 0, truth = 0, percent = HUGE_VAL;
	char spec[128];
	int r;

	e.rounds = 0;
	e.sockets = p->sockets * row->times;
	snprintf(spec, sizeof(spec), "%s%s%s%s%s", row->state, *row->options ? " " : "",
		row->options, *variant ? " " : "", variant);
	r = read_without(p, spec, &e.without[0]);
	while (r >= 0 && (e.rounds < p->rounds ||
				 (fabs(percent) > LIMIT_PERCENT && e.rounds < ROUNDS_MAX))) {
		r = experiment_round(p, spec, row->state, &e);
		guess = estimated(&e);
		truth = measured(&e, row->has_pages, false);
		percent = 100 * (guess - truth) / truth;
	}
	if (r < 0) {
		printf("%-52s %s\n", spec, strerror(-r));
		return false;
	}
	if (p->verbose)
		measured(&e, row->has_pages, true);
	printf("%-52s %9.1f %9.1f %+6.1f%% %s%s\n", spec, guess, truth, percent,
		row->has_pages ? "slabs, pages" : "slabs",
		fabs(percent) > LIMIT_PERCENT ? " !" : "");
	fflush(stdout);
	return fabs(percent) <= LIMIT_PERCENT;
}

int main(int argc, char **argv)
{
	struct program p = {.sockets = SOCKETS_DEFAULT, .rounds = ROUNDS_DEFAULT};
	const char *rounds = getenv("ROUNDS");
	static struct slabs probe;
	bool good = true;
	int r;

	if (argc < 3)
		return 2;
	p.lab = argv[1];
	p.tcpstated = argv[2];
	if (argc > 3)
		p.sockets = (unsigned)strtoul(argv[3], NULL, 10);
	if (rounds)
		p.rounds = (unsigned)MIN(strtoul(rounds, NULL, 10), (unsigned long)ROUNDS_MAX);
	p.verbose = getenv("VERBOSE");
	r = slabs_read(&probe);
	if (r < 0) {
		fprintf(stderr, "memory_table: /proc/slabinfo: %s\n", strerror(-r));
		return EXIT_CANNOT_READ;
	}
	printf("%-52s %9s %9s %7s %s\n", "bytes for each socket", "estimated", "measured", "off",
		"by");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < ARRAY_SIZE(variants); j++)
			if (!(rows[i].only_veth && strstr(variants[j], "--loopback")) &&
				(argc < 5 || strstr(rows[i].state, argv[4])))
				good &= print_row(&p, &rows[i], variants[j]);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated-lab run" */
#include "basic/cleanup.h"
#include "basic/command_line.h"
#include "basic/log.h"
#include "basic/macro.h"
#include "basic/tty.h"
#include "kernel/memory/object_sizes.h"
#include "kernel/sockets/source.h"
#include "lab/lab.h"
#include "lab/play.h"
#include "lab/scenario.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Longer lines are hard to read, however wide the terminal is; shorter ones break too often. */
#define COLUMNS_MIN 40
#define COLUMNS_MAX 100

/* The largest scenario has 7,000 files open. */
#define FILES_WANTED 16384

struct run {
	int json, full, help; /* flags; int, since the table of options sets them */
	bool color;
	unsigned columns;
	struct prices prices;
	struct outcome *outcome; /* shared with the process of the play */
	unsigned played, failed, not_here;
};

static const struct option_row rows[] = {
	{"json", NULL, "print a JSON document per scenario, one per line", option_value,
		offsetof(struct run, json), .value = true},
	{"full", NULL, "wait however long the kernel takes, e.g. for TIME_WAIT", option_value,
		offsetof(struct run, full), .value = true},
	{"help", NULL, "print this help and exit", option_value, offsetof(struct run, help),
		.value = true, .letter = 'h', .ends = true},
};

const struct option_table run_option_table = {rows, ARRAY_SIZE(rows), "tcpstated-lab run"};

/* Plays in a process of its own, with which everything ends. */
static int play_apart(struct run *run, const struct scenario *scenario, int events)
{
	const struct play_settings settings = {
		.full = run->full,
		.prices = &run->prices,
		.timeline = {.events = events, .color = run->color},
	};
	struct outcome *o = run->outcome;
	int status;
	pid_t pid;

	outcome_init(o);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		play(scenario, &settings, o);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFSIGNALED(status))
		outcome_fail(
			o, "its process was ended by a signal: %s", strsignal(WTERMSIG(status)));
	else if (!o->ended && o->failures_count == 0)
		outcome_fail(o, "its process ended before the scenario did");
	return 0;
}

/* Returns 0, or -errno when it cannot be played. */
static int run_one(struct run *run, const struct scenario *scenario)
{
	cleanup_(closep) int events = -1;
	int r;

	if (run->json) {
		events = memfd_create("events", MFD_CLOEXEC);
		if (events < 0 || write(events, "[", 1) != 1)
			return -errno;
	} else {
		printf(run->color ? "\033[1m%s\033[0m: %s\n" : "%s: %s\n", scenario->name,
			scenario->title);
	}
	r = play_apart(run, scenario, events);
	if (r < 0)
		return r;
	run->played++;
	if (run->outcome->failures_count)
		run->failed++;
	else if (*run->outcome->not_here)
		run->not_here++;
	if (run->json)
		r = outcome_print_json(run->outcome, scenario, events);
	else
		outcome_print(run->outcome, scenario, run->columns, run->color);
	fflush(stdout);
	return r;
}

/* Both ends of every connection are ours. The first process of a system has a low limit, but may
 * raise it. */
static void raise_files(void)
{
	struct rlimit files = {FILES_WANTED, FILES_WANTED};
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return;
	if (now.rlim_max >= FILES_WANTED || setrlimit(RLIMIT_NOFILE, &files) < 0) {
		now.rlim_cur = now.rlim_max;
		setrlimit(RLIMIT_NOFILE, &now);
	}
}

static int prepare(struct run *run)
{
	cleanup_(source_freep) struct source *source = NULL;
	unsigned ignored_rows;
	uint64_t ignored;
	int r = source_live_new(TABLE_AUTO, &source);

	if (r == 0)
		r = prices_read(source, NULL, &run->prices, &ignored);
	if (r < 0)
		return r;
	raise_files();
	run->color = tty_has_color(STDOUT_FILENO);
	tty_size(STDOUT_FILENO, &ignored_rows, &run->columns);
	run->columns = MIN(MAX(run->columns, (unsigned)COLUMNS_MIN), (unsigned)COLUMNS_MAX);
	run->outcome = mmap(NULL, sizeof(*run->outcome), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return run->outcome == MAP_FAILED ? -errno : 0;
}

static bool has_all(char **words, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], "all") == 0)
			return true;
	return false;
}

/* The scenarios to play, by their index; NULL after the last. */
static const struct scenario *chosen(char **words, int count, int index)
{
	if (has_all(words, count))
		return scenario_at((size_t)index);
	return index < count ? scenario_find(words[index]) : NULL;
}

static int play_chosen(struct run *run, char **words, int count)
{
	const struct scenario *scenario;
	int r = prepare(run);

	for (int i = 0; r >= 0 && (scenario = chosen(words, count, i)) != NULL; i++) {
		r = run_one(run, scenario);
		/* Without namespaces none of the others can be played either. */
		if (r >= 0 && run->outcome->no_stage)
			break;
	}
	if (r < 0) {
		log_line(LOG_ERR, "cannot play: %s", strerror(-r));
		return EXIT_FAILED;
	}
	if (run->outcome->no_stage)
		log_line(LOG_ERR, "%s; it needs root, or a kernel that allows user namespaces",
			run->outcome->failures[0]);
	else if (!run->json && run->played > 1)
		printf("%u scenarios: %u passed, %u failed, %u not on this kernel\n", run->played,
			run->played - run->failed - run->not_here, run->failed, run->not_here);
	return finish_output() != 0 || run->failed ? EXIT_FAILED : 0;
}

/* Before anything is played. Returns false, after logging, for words that do not name scenarios. */
static bool check_words(char **words, int count)
{
	if (count == 0)
		log_line(LOG_ERR, "run: expected names of scenarios, or 'all'; 'tcpstated-lab "
				  "list' lists them");
	for (int i = 0; i < count; i++) {
		if (strcmp(words[i], "all") != 0 && !scenario_find(words[i])) {
			log_line(LOG_ERR,
				"run: '%s' is not a scenario; 'tcpstated-lab list' lists them",
				words[i]);
			return false;
		}
	}
	return count > 0;
}

static int usage(void)
{
	puts("Usage: tcpstated-lab run SCENARIO... | all [OPTION]...\n"
	     "Plays scenarios and shows what happens; 'tcpstated-lab list' lists them.\n");
	option_print_table(&run_option_table, stdout);
	puts("  -h, --help                print this help and exit");
	return finish_output();
}

int run_main(int argc, char **argv)
{
	struct run run = {0};
	bool given[ARRAY_SIZE(rows)];
	char text[256];
	struct string error = STRING_IN(text);
	int count = command_line_read(&run_option_table, argc, argv, &run, given, &error);

	if (count < 0) {
		log_line(LOG_ERR, "run: %s", text);
		return EXIT_USAGE;
	}
	if (run.help)
		return usage();
	return check_words(argv + 1, count) ? play_chosen(&run, argv + 1, count) : EXIT_USAGE;
}

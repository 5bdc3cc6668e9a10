/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/run.h"

#include "basic/cleanup.h"
#include "basic/format.h"
#include "basic/macro.h"
#include "basic/unknown.h"
#include "kernel/memory/object_sizes.h"
#include "kernel/sockets/source.h"
#include "lab/play.h"
#include "lab/scenario.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };

/* Longer lines than this are hard to read, however wide the terminal is. */
#define COLUMNS_MAX 100

/* The largest scenario has 7,000 files open. */
#define FILES_WANTED 16384

struct run {
	bool json, full, color;
	unsigned columns;
	struct prices prices;
	struct outcome *outcome; /* shared with the process of the play */
	unsigned played, failed, not_here;
};

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	va_list arguments;

	fputs("tcpstated-lab: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static const char *colored(const struct run *run, const char *code)
{
	return run->color ? code : "";
}

/* Breaks the text between words. */
static void print_wrapped(const char *text, const char *indent, unsigned columns)
{
	size_t at = 0;

	for (const char *word = text; *word; word += strspn(word, " ")) {
		const size_t length = strcspn(word, " ");

		if (at == 0 || at + 1 + length > columns) {
			printf("%s%s", at ? "\n" : "", indent);
			at = strlen(indent);
		} else {
			putchar(' ');
			at++;
		}
		fwrite(word, 1, length, stdout);
		at += length;
		word += length;
	}
	putchar('\n');
}

static void print_counters(const struct run *run, enum host host)
{
	char text[1024] = "", number[FORMAT_SIZE];
	size_t used;

	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++) {
		const uint64_t by = run->outcome->counters[host][c];

		used = strlen(text);
		if (by != UNKNOWN && by > 0)
			snprintf(text + used, sizeof(text) - used, "%s%s +%s", used ? ", " : "",
				counter_name(c), format_count(number, by));
	}
	if (*text) {
		printf("   counters of the %s:\n", host_name(host));
		print_wrapped(text, "      ", run->columns);
	}
}

static void print_memory(const struct outcome *o)
{
	char before[FORMAT_SIZE], most[FORMAT_SIZE], after[FORMAT_SIZE];

	printf("   kernel memory of both hosts' sockets, estimated: %s before, %s at most, %s "
	       "after\n",
		format_bytes(before, o->memory.before), format_bytes(most, o->memory.most),
		format_bytes(after, o->memory.after));
	if (o->slab.before == UNKNOWN || o->slab.after == UNKNOWN)
		return;
	printf("   slabinfo, TCP's caches of the whole machine: %s before, %s after\n",
		format_bytes(before, o->slab.before), format_bytes(after, o->slab.after));
}

static void print_result(const struct run *run, const struct scenario *scenario)
{
	const struct outcome *o = run->outcome;

	if (o->ended && !*o->not_here) {
		putchar('\n');
		print_counters(run, SERVER);
		print_counters(run, CLIENT);
		print_memory(o);
		putchar('\n');
		print_wrapped(scenario->lesson, "   ", run->columns);
		if (scenario->windows) {
			char text[1024];

			snprintf(text, sizeof(text), "On Windows: %s", scenario->windows);
			print_wrapped(text, "   ", run->columns);
		}
		putchar('\n');
	}
	if (o->failures_count == 0 && *o->not_here)
		printf("%snot on this kernel%s: %s: %s\n", colored(run, "\033[1;33m"),
			colored(run, "\033[0m"), scenario->name, o->not_here);
	else if (o->failures_count == 0)
		printf("%sok%s %s (%.1f s)\n", colored(run, "\033[1;32m"), colored(run, "\033[0m"),
			scenario->name, o->seconds);
	for (size_t i = 0; i < MIN(o->failures_count, (size_t)FAILURES_MAX); i++)
		printf("%sFAILED%s %s: %s\n", colored(run, "\033[1;31m"), colored(run, "\033[0m"),
			scenario->name, o->failures[i]);
	putchar('\n');
}

static struct json_object *number_or_null(uint64_t number)
{
	return number == UNKNOWN ? NULL : json_object_new_uint64(number);
}

static struct json_object *counters_of(const struct outcome *o, enum host host)
{
	struct json_object *counters = json_object_new_object();

	for (enum tcp_counter c = 0; c < COUNTER_COUNT; c++)
		json_object_object_add(
			counters, counter_name(c), number_or_null(o->counters[host][c]));
	return counters;
}

static struct json_object *memory_of(const struct outcome *o)
{
	struct json_object *memory = json_object_new_object();
	struct json_object *estimated = json_object_new_object();
	struct json_object *slab = json_object_new_object();

	json_object_object_add(estimated, "before_bytes", number_or_null(o->memory.before));
	json_object_object_add(estimated, "most_bytes", number_or_null(o->memory.most));
	json_object_object_add(estimated, "after_bytes", number_or_null(o->memory.after));
	json_object_object_add(memory, "estimated", estimated);
	json_object_object_add(slab, "before_bytes", number_or_null(o->slab.before));
	json_object_object_add(slab, "after_bytes", number_or_null(o->slab.after));
	json_object_object_add(memory, "slab_of_machine", slab);
	return memory;
}

/* The events lie in the file without the brackets. */
static struct json_object *events_of(int fd)
{
	struct json_object *events = NULL;

	if (write(fd, "]", 1) == 1 && lseek(fd, 0, SEEK_SET) == 0)
		events = json_object_from_fd(fd);
	return events;
}

static struct json_object *string_or_null(const char *text)
{
	return text && *text ? json_object_new_string(text) : NULL;
}

static void print_json(const struct run *run, const struct scenario *scenario, int events)
{
	const struct outcome *o = run->outcome;
	struct json_object *root = json_object_new_object();
	struct json_object *counters = json_object_new_object();
	struct json_object *failures = json_object_new_array();

	for (size_t i = 0; i < MIN(o->failures_count, (size_t)FAILURES_MAX); i++)
		json_object_array_add(failures, json_object_new_string(o->failures[i]));
	json_object_object_add(counters, "server", counters_of(o, SERVER));
	json_object_object_add(counters, "client", counters_of(o, CLIENT));
	json_object_object_add(root, "schema", json_object_new_string("tcpstated.scenario/1"));
	json_object_object_add(root, "name", json_object_new_string(scenario->name));
	json_object_object_add(root, "title", json_object_new_string(scenario->title));
	json_object_object_add(root, "ok", json_object_new_boolean(o->failures_count == 0));
	json_object_object_add(root, "not_here", string_or_null(o->not_here));
	json_object_object_add(root, "seconds", json_object_new_double(o->seconds));
	json_object_object_add(root, "events", events_of(events));
	json_object_object_add(root, "counters", counters);
	json_object_object_add(root, "memory", memory_of(o));
	json_object_object_add(root, "lesson", json_object_new_string(scenario->lesson));
	json_object_object_add(root, "windows", string_or_null(scenario->windows));
	json_object_object_add(root, "failures", failures);
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
}

/* Plays in a process of its own, whose end takes everything along. */
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

	*o = (struct outcome){0};
	o->memory.before = o->memory.most = o->memory.after = UNKNOWN;
	o->slab.before = o->slab.after = UNKNOWN;
	memset(o->counters, 0xff, sizeof(o->counters)); /* UNKNOWN, all of them */
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
		printf("%s%s%s: %s\n", colored(run, "\033[1m"), scenario->name,
			colored(run, "\033[0m"), scenario->title);
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
		print_json(run, scenario, events);
	else
		print_result(run, scenario);
	fflush(stdout);
	return 0;
}

static unsigned columns_of_terminal(void)
{
	struct winsize window;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_col < 40)
		return 80;
	return MIN(window.ws_col, (unsigned)COLUMNS_MAX);
}

/* Both ends of every connection are ours. What starts as the first process has a low limit, but may
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
	const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */
	uint64_t ignored;
	int r = source_live_new(TABLE_AUTO, &source);

	if (r < 0)
		return r;
	r = prices_read(source, NULL, &run->prices, &ignored);
	if (r < 0)
		return r;
	raise_files();
	run->color = isatty(STDOUT_FILENO) && !(no_color && *no_color);
	run->columns = columns_of_terminal();
	run->outcome = mmap(NULL, sizeof(*run->outcome), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return run->outcome == MAP_FAILED ? -errno : 0;
}

/* The scenarios that are to be played, one by one; NULL after the last, or where a word is the name
 * of none. */
static const struct scenario *chosen(char **words, size_t index)
{
	for (size_t i = 0; words[i]; i++)
		if (strcmp(words[i], "all") == 0)
			return scenario_at(index);
	return words[index] ? scenario_find(words[index]) : NULL;
}

static int run_chosen(struct run *run, char **words)
{
	const struct scenario *scenario;
	int r = prepare(run);

	for (size_t i = 0; r >= 0 && (scenario = chosen(words, i)) != NULL; i++) {
		r = run_one(run, scenario);
		/* Without namespaces none of the others can be played either. */
		if (r >= 0 && run->outcome->no_stage)
			break;
	}
	if (r < 0) {
		complain("cannot play: %s", strerror(-r));
		return EXIT_WRONG;
	}
	if (run->outcome->no_stage)
		complain("%s; it takes root, or a kernel that lets users make user namespaces",
			run->outcome->failures[0]);
	else if (!run->json && run->played > 1)
		printf("%u scenarios: %u passed, %u failed, %u not on this kernel\n", run->played,
			run->played - run->failed - run->not_here, run->failed, run->not_here);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("cannot write to standard output: %s", strerror(errno));
		return EXIT_WRONG;
	}
	return run->failed ? EXIT_WRONG : EXIT_SUCCESS;
}

/* Before anything is played. Returns false, having complained, where they do not say what to play.
 */
static bool check_words(char **words)
{
	if (!words[0]) {
		complain("run: expected the names of scenarios, or 'all'; 'tcpstated-lab list' "
			 "names "
			 "them all");
		return false;
	}
	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], "all") != 0 && !scenario_find(words[i])) {
			complain("run: '%s' is no scenario; 'tcpstated-lab list' names them all",
				words[i]);
			return false;
		}
	}
	return true;
}

static const struct option long_options[] = {
	{"json", no_argument, NULL, 'j'},
	{"full", no_argument, NULL, 'f'},
	{0},
};

void run_help(FILE *out)
{
	fputs("      --json             one JSON document a line for each scenario\n"
	      "      --full             sit out what the kernel makes long, such as TIME_WAIT\n",
		out);
}

int run_main(int argc, char **argv)
{
	struct run run = {0};
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (option) {
		case 'j':
			run.json = true;
			break;
		case 'f':
			run.full = true;
			break;
		default:
			complain("run: '%s' is no option here; expected --json or --full",
				argv[optind - 1]);
			return EXIT_USAGE;
		}
	}
	return check_words(argv + optind) ? run_chosen(&run, argv + optind) : EXIT_USAGE;
}

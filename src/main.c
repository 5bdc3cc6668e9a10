/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcpstated: options, then one look at the machine, then the telling. */
#include "basic/cleanup.h"
#include "command/options.h"
#include "command/single_poll.h"
#include "command/watch.h"
#include "config.h"
#include "config/config.h"
#include "daemon/loop.h"
#include "kernel/memory/object_sizes.h"
#include "kernel/sockets/source.h"
#include "output/check.h"
#include "output/explain.h"
#include "output/heartbeat_json.h"
#include "output/heartbeat_text.h"
#include "output/json.h"
#include "output/sock_table.h"
#include "output/text.h"
#include "poll/heartbeat.h"
#include "poll/poll.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EXIT_SCAN_FAILED = 1, EXIT_USAGE = 2 };

/* A dump under heavy churn may need a second look; more would only add to the load. */
#define SCAN_ATTEMPTS 3

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	va_list args;

	fputs("tcpstated: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* A file that is opened while standard output is closed would become standard output. */
static int reserve_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (fd == STDOUT_FILENO) {
			complain("standard output is closed: there is nowhere to print to");
			return -EBADF;
		}
		if (open("/dev/null", O_RDWR) < 0)
			return -errno;
	}
	return 0;
}

static int recorder_open(const char *path, struct source **source)
{
	/* It holds the addresses of everybody who is connected. */
	cleanup_(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct source *recorder;
	int r;

	if (fd < 0)
		return -errno;
	r = source_recorder_new(*source, fd, &recorder);
	if (r < 0)
		return r;
	(void)TAKE_FD(fd);
	*source = recorder;
	return 0;
}

/* Opens what the options name to be read. Returns 0 or, having complained, an exit status. */
static int open_source(const struct options *o, struct source **ret)
{
	cleanup_(source_freep) struct source *source = NULL;
	const char *problem = NULL;
	int r;

	if (o->replay) {
		r = source_replay_new(o->replay, &source, &problem);
		if (r < 0) {
			complain("%s: %s", o->replay, problem ? problem : strerror(-r));
			return r == -EBADMSG ? EXIT_SCAN_FAILED : EXIT_USAGE;
		}
	} else {
		/* Only sock_diag tells silences. */
		r = source_live_new(o->action == ACTION_HEARTBEAT ? TABLE_SOCK_DIAG
								  : (enum socket_table)o->table,
			&source);
		if (r < 0) {
			complain("%s", strerror(-r));
			return EXIT_SCAN_FAILED;
		}
	}
	if (o->record) {
		r = recorder_open(o->record, &source);
		if (r < 0) {
			complain("%s: cannot record: %s", o->record, strerror(-r));
			return EXIT_USAGE;
		}
	}
	*ret = TAKE_PTR(source);
	return 0;
}

static int read_prices(
	const struct options *o, struct source *source, struct poll_settings *settings)
{
	int r = prices_read(source, o->slabinfo, &settings->prices, &settings->slab_bytes);

	if (r == -EBADMSG)
		complain("%s: this is no slabinfo; expected a file in the format of /proc/slabinfo",
			o->slabinfo);
	else if (r < 0)
		complain("%s: %s", o->slabinfo, strerror(-r));
	return r < 0 ? EXIT_USAGE : 0;
}

/* How wide the terminal is; what a mail or a log shows where there is none. */
static unsigned columns_of(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize window;
	unsigned long n = 0;

	if (ioctl(fileno(out), TIOCGWINSZ, &window) == 0)
		n = window.ws_col;
	else if (columns)
		n = strtoul(columns, NULL, 10);
	return n > 0 && n <= UINT16_MAX ? (unsigned)n : 80;
}

static struct text_style style_for(const struct options *o, FILE *out)
{
	const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */
	bool color = o->color == COLOR_ALWAYS ||
		     (o->color == COLOR_AUTO && isatty(fileno(out)) && !(no_color && *no_color));

	return (struct text_style){.wide = o->wide, .color = color, .columns = columns_of(out)};
}

static int report_report(const struct options *o, const struct single_poll *l)
{
	const struct text_style style = style_for(o, stdout);
	int r = o->action == ACTION_EXPLAIN
			? explain_print(stdout, &l->snapshot, &l->findings, &l->holders, &style)
			: text_print(stdout, &l->snapshot, &l->findings, &style);

	if (r == 0 && o->sockets_max)
		r = sock_table_print(stdout, &l->sockets, &style);
	return r;
}

/* Tells a look in the form that was asked for. Returns the exit status. */
static int report(const struct options *o, const struct single_poll *l)
{
	const struct json_extras extras = {
		.processes = l->holders.processes,
		.sockets = o->sockets_max ? &l->sockets : NULL,
	};
	enum check_status check = CHECK_OK;
	int r = 0;

	switch ((enum output)o->output) {
	case OUTPUT_TEXT:
		r = report_report(o, l);
		break;
	case OUTPUT_JSON:
		r = json_print(stdout, &l->snapshot, &l->findings, &extras, isatty(STDOUT_FILENO));
		break;
	case OUTPUT_CHECK:
		r = check_print(
			stdout, &l->snapshot, &l->findings, &o->warning, &o->critical, &check);
		break;
	}
	if (r < 0) {
		complain("cannot write to standard output: %s", strerror(-r));
		return o->output == OUTPUT_CHECK ? CHECK_UNKNOWN : EXIT_SCAN_FAILED;
	}
	return (int)check;
}

static int fail_scan(const struct options *o, const char *reason)
{
	complain("%s", reason);
	if (o->output != OUTPUT_CHECK)
		return EXIT_SCAN_FAILED;
	(void)check_print_unknown(stdout, reason);
	return CHECK_UNKNOWN;
}

/* Returns 0, or, having complained, -errno. */
static int finish_recording(const struct options *o, struct source *source)
{
	int r = o->record ? source_recorder_finish(source) : 0;

	if (r < 0)
		complain("%s: the recording is not complete: %s", o->record, strerror(-r));
	return r;
}

static int run_single_poll(const struct options *o)
{
	cleanup_(source_freep) struct source *source = NULL;
	cleanup_(single_poll_release) struct single_poll poll = {0};
	struct single_poll_settings settings = {
		.poll.filter = o->filter,
		.poll.closing = o->closing,
		.poll.ports_max = o->ports_max,
		/* A recording holds one dump: the one that counted. */
		.poll.attempts = o->record || o->replay ? 1 : SCAN_ATTEMPTS,
		.explain = o->action == ACTION_EXPLAIN,
		.processes = o->processes,
		.sockets_max = o->sockets_max,
	};
	int status, r;

	status = open_source(o, &source);
	if (status == 0)
		status = read_prices(o, source, &settings.poll);
	if (status != 0)
		return o->output == OUTPUT_CHECK ? CHECK_UNKNOWN : status;
	if (single_poll(source, &settings, &poll) < 0)
		return fail_scan(o, poll.error);
	status = report(o, &poll);
	r = single_poll_attach(&poll, source);
	if (r < 0)
		complain("cannot record whose the sockets are: %s", strerror(-r));
	return finish_recording(o, source) < 0 || r < 0 ? EXIT_SCAN_FAILED : status;
}

static volatile sig_atomic_t stop;

static void handle_stop(int signal)
{
	stop = signal;
}

/* Who interrupts the watching wants to see what was seen so far. */
static void stop_on_signals(void)
{
	const struct sigaction action = {.sa_handler = handle_stop};

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

static int report_heartbeat(const struct options *o, const struct heartbeat_report *report)
{
	const struct text_style style = style_for(o, stdout);
	int r = o->output == OUTPUT_JSON
			? heartbeat_json_print(stdout, report, isatty(STDOUT_FILENO))
			: heartbeat_text_print(stdout, report, &style);

	if (r < 0)
		complain("cannot write to standard output: %s", strerror(-r));
	return r < 0 ? EXIT_SCAN_FAILED : 0;
}

static int run_heartbeat(const struct options *o)
{
	cleanup_(source_freep) struct source *source = NULL;
	cleanup_(heartbeat_freep) struct heartbeat *heartbeat = NULL;
	cleanup_(heartbeat_report_release) struct heartbeat_report report = {0};
	const struct heartbeat_settings settings = {
		.filter = o->filter,
		.watch_ms = o->watch_ms,
		.ports_max = o->ports_max,
		.stop = &stop,
	};
	int status = open_source(o, &source);

	if (status != 0)
		return status;
	if (o->watch_ms)
		stop_on_signals();
	if (heartbeat_watch(source, &settings, &heartbeat, &report) < 0)
		return fail_scan(o, report.scan.error);
	status = report_heartbeat(o, &report);
	return finish_recording(o, source) < 0 ? EXIT_SCAN_FAILED : status;
}

static int run_daemon(const struct options *o)
{
	const struct daemon_options daemon = {
		.config = o->config,
		.state_directory = o->state_directory,
		.slabinfo = o->slabinfo,
		.table = (enum socket_table)o->table,
	};

	return daemon_run(&daemon);
}

/*
 * The rules to watch by. A configuration that was named must be right; where the installed one
 * cannot be used (it may be for root's eyes only) the built-in rules do, with a note.
 */
static int read_rules(const struct options *o, struct config **ret, struct watch_settings *settings)
{
	cleanup_(config_errors_release) struct config_errors errors = {0};
	int r = config_load(o->config, ret, &errors);

	if (r == 0) {
		settings->rules = (*ret)->rules;
		settings->rules_count = (*ret)->rules_count;
		settings->tracked_max = (*ret)->tracked_max;
		return 0;
	}
	for (size_t i = 0; o->config && i < errors.count; i++)
		complain("%s", errors.list[i]);
	if (o->config)
		return EXIT_USAGE;
	settings->rules = built_in_rules;
	settings->rules_count = built_in_rules_count;
	settings->tracked_max = AGES_TRACKED_DEFAULT;
	snprintf(settings->note, sizeof(settings->note), "Judged by the built-in rules: %s",
		errors.count ? errors.list[0] : strerror(-r));
	return 0;
}

static int run_watch(const struct options *o)
{
	cleanup_(config_freep) struct config *config = NULL;
	cleanup_(source_freep) struct source *source = NULL;
	struct watch_settings settings = {
		.poll.filter = o->filter,
		.poll.closing = o->closing,
		.poll.ports_max = o->ports_max,
		.poll.attempts = SCAN_ATTEMPTS,
		.style = style_for(o, stdout),
		.interval_ms = o->interval_ms,
	};
	char error[512];
	int status, r;

	status = read_rules(o, &config, &settings);
	if (status == 0)
		status = open_source(o, &source);
	if (status == 0)
		status = read_prices(o, source, &settings.poll);
	if (status != 0)
		return status;
	settings.source = source;
	r = watch(&settings, error, sizeof(error));
	if (r < 0)
		complain("%s", error);
	return r < 0 ? EXIT_SCAN_FAILED : 0;
}

/* Returns the exit status. */
static int close_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	complain("cannot write to standard output: %s", strerror(errno));
	return EXIT_SCAN_FAILED;
}

static void print_version(FILE *out)
{
	fputs(PACKAGE_STRING "\n"
			     "License GPL-2.0-or-later. There is no warranty, to the extent that "
			     "the law permits.\n",
		out);
}

static int print_and_close(void (*print)(FILE *out))
{
	print(stdout);
	return close_stdout();
}

/* Prints the configuration in force, or every mistake in it. */
static int check_config(const struct options *o)
{
	cleanup_(config_freep) struct config *config = NULL;
	cleanup_(config_errors_release) struct config_errors errors = {0};
	int r = config_load(o->config, &config, &errors);

	for (size_t i = 0; i < errors.count; i++)
		complain("%s", errors.list[i]);
	if (r < 0) {
		if (!errors.count)
			complain("cannot read the configuration: %s", strerror(-r));
		return EXIT_USAGE;
	}
	config_print(config, stdout);
	return close_stdout();
}

/* A plugin that is called wrongly knows nothing; status 2 would page somebody. */
static bool is_called_as_plugin(char **argv)
{
	while (*argv && strcmp(*argv, "--check") != 0)
		argv++;
	return *argv;
}

int main(int argc, char **argv)
{
	static struct options options;
	char error[512];

	if (reserve_standard_streams() < 0)
		return EXIT_SCAN_FAILED;
	if (options_parse(argc, argv, &options, error, sizeof(error)) < 0) {
		complain("%s", error);
		return is_called_as_plugin(argv) ? CHECK_UNKNOWN : EXIT_USAGE;
	}
	switch ((enum action)options.action) {
	case ACTION_HELP:
		return print_and_close(options_help);
	case ACTION_VERSION:
		return print_and_close(print_version);
	case ACTION_WATCH:
		return run_watch(&options);
	case ACTION_DAEMON:
		return run_daemon(&options);
	case ACTION_CHECK_CONFIG:
		return check_config(&options);
	case ACTION_HEARTBEAT:
		return run_heartbeat(&options);
	case ACTION_ONCE:
	case ACTION_EXPLAIN:
		break;
	}
	return run_single_poll(&options);
}

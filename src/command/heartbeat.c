/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated --heartbeat": how long peers stay idle, and which timeout fits. */
#include "poll/heartbeat.h"

#include "basic/cleanup.h"
#include "basic/log.h"
#include "command/command.h"
#include "command/source.h"
#include "command/stdout.h"
#include "output/heartbeat_json.h"
#include "output/heartbeat_text.h"

#include <unistd.h>

static volatile sig_atomic_t stop;

static void handle_stop(int signal)
{
	stop = signal;
}

/* An interrupted watch still reports what it has seen. */
static void stop_on_signals(void)
{
	const struct sigaction action = {.sa_handler = handle_stop};

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

static int print(const struct options *o, const struct heartbeat_report *report)
{
	const struct text_style style = stdout_style(o);

	return o->json ? heartbeat_json_print(stdout, report, isatty(STDOUT_FILENO))
		       : heartbeat_text_print(stdout, report, &style);
}

int heartbeat_run(const struct options *o)
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
	/* Only sock_diag reports idle times. */
	int status = open_source(o, TABLE_SOCK_DIAG, &source), recorded;

	if (status != 0)
		return status;
	if (o->watch_ms)
		stop_on_signals();
	if (heartbeat_watch(source, &settings, &heartbeat, &report) < 0) {
		log_line(LOG_ERR, "%s", report.scan.error);
		return EXIT_SCAN_FAILED;
	}
	status = stdout_finish(print(o, &report));
	recorded = finish_recording(o, source);
	return recorded ? recorded : status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcpstated: reads the command line and runs the command that it names. */
#include "basic/log.h"
#include "command/command.h"
#include "command/stdout.h"
#include "config.h"
#include "daemon/loop.h"
#include "output/check.h"

#include <string.h>

static int daemon_command(const struct options *o)
{
	const struct daemon_options daemon = {
		.config = o->config,
		.state_directory = o->state_directory,
		.slabinfo = o->slabinfo,
		.table = o->table,
	};

	return daemon_run(&daemon);
}

static int help_command(const struct options *o)
{
	(void)o;
	options_help(stdout);
	return stdout_finish(0);
}

static int version_command(const struct options *o)
{
	(void)o;
	fputs(PACKAGE_STRING "\n"
			     "License GPL-2.0-or-later. There is no warranty, to the extent that "
			     "the law permits.\n",
		stdout);
	return stdout_finish(0);
}

static int (*const commands[])(const struct options *o) = {
	[ACTION_ONCE] = once_run,
	[ACTION_CHECK] = check_run,
	[ACTION_EXPLAIN] = explain_run,
	[ACTION_WATCH] = watch_run,
	[ACTION_HEARTBEAT] = heartbeat_run,
	[ACTION_DAEMON] = daemon_command,
	[ACTION_CHECK_CONFIG] = check_config_run,
	[ACTION_HELP] = help_command,
	[ACTION_VERSION] = version_command,
};

/* A monitoring plugin with a wrong command line is UNKNOWN; status 2 would page somebody. */
static int usage_status(char **argv)
{
	while (*argv && strcmp(*argv, "--check") != 0)
		argv++;
	return *argv ? (int)CHECK_UNKNOWN : (int)EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static struct options options;
	char text[512];
	struct string error = STRING_IN(text);
	const int usage = usage_status(argv); /* before argv is reordered */

	if (stdout_reserve() < 0)
		return EXIT_SCAN_FAILED;
	if (options_parse(argc, argv, &options, &error) < 0) {
		log_line(LOG_ERR, "%s", text);
		return usage;
	}
	return commands[options.action](&options);
}

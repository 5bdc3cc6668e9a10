/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. One table drives parsing, --help, and the checks that man page and completion
 * list the same options. */
#ifndef TCPSTATED_COMMAND_OPTIONS_H
#define TCPSTATED_COMMAND_OPTIONS_H

#include "basic/string.h"
#include "judge/threshold.h"
#include "kernel/sockets/source.h"
#include "model/filter.h"

#include <stdint.h>
#include <stdio.h>

enum action {
	ACTION_ONCE,
	ACTION_CHECK,
	ACTION_EXPLAIN,
	ACTION_WATCH,
	ACTION_HEARTBEAT,
	ACTION_DAEMON,
	ACTION_CHECK_CONFIG,
	ACTION_HELP,
	ACTION_VERSION,
};

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	enum action action;
	enum color color;
	enum socket_table table;
	/* flags; int, since the table of options sets them */
	int once; /* says what is the default anyway */
	int json, wide, closing, processes;
	uint64_t interval_seconds; /* of --watch */
	uint64_t watch_ms;         /* --for; 0: a single poll */
	uint64_t ports_max;        /* 0: every port */
	uint64_t sockets_max;      /* 0: do not list single sockets */
	struct filter filter;      /* its ports point into this struct: do not copy it */
	struct service_set ports;
	struct thresholds warning, critical;
	/* borrowed from argv; NULL: not given */
	const char *record, *replay, *slabinfo, *config, *state_directory;
};

/*
 * Reads the command line; argv is reordered. Returns 0, or -EINVAL with a sentence in error that
 * names the word and what was expected; *ret is undefined then. -h and -V end the reading. With
 * --once, --explain and --heartbeat, arguments that are no options are ports, as those of --port.
 */
int options_parse(int argc, char **argv, struct options *ret, struct string *error);

/* Prints what --help prints. */
void options_help(FILE *out);

#endif

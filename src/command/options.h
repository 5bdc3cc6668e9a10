/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. One table drives parsing, --help, and the checks that man page and completion
 * list the same options. */
#ifndef TCPSTATED_COMMAND_OPTIONS_H
#define TCPSTATED_COMMAND_OPTIONS_H

#include "judge/threshold.h"
#include "kernel/sockets/source.h"
#include "model/filter.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum action {
	ACTION_ONCE,
	ACTION_WATCH,
	ACTION_DAEMON,
	ACTION_HEARTBEAT,
	ACTION_EXPLAIN,
	ACTION_CHECK_CONFIG,
	ACTION_HELP,
	ACTION_VERSION,
};

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_CHECK };

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	int action; /* enum action; these are plain integers so that the option table can set them
		     */
	int output; /* enum output */
	int color;  /* enum color */
	int table;  /* enum socket_table */
	int wide, closing, processes;
	uint32_t interval_ms; /* of ACTION_WATCH */
	size_t ports_max;     /* 0: every port */
	size_t sockets_max;   /* 0: no single sockets */
	struct filter filter; /* its ports point into this struct: do not copy it */
	struct port_set ports;
	struct thresholds warning, critical;
	uint64_t watch_ms; /* --for; 0: one look */
	/* borrowed from argv; NULL: not given */
	const char *record, *replay, *slabinfo, *config, *state_directory;
};

/*
 * Reads the command line. Returns 0, or -EINVAL with a sentence in error that names the word and
 * what was expected; *ret is undefined then. -h and -V end the reading. With --heartbeat and
 * --explain, arguments that are no options are ports, as those of --port.
 */
int options_parse(int argc, char **argv, struct options *ret, char *error, size_t error_size);

/* Prints what --help prints. */
void options_help(FILE *out);

#endif

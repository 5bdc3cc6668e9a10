/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of tcpstated-lab. argv[0] is the name of the command; each returns the exit status.
 */
#ifndef TCPSTATED_LAB_LAB_H
#define TCPSTATED_LAB_LAB_H

#include "basic/command_line.h"
#include "basic/log.h"
#include "output/stream.h"

#include <string.h>

enum lab_status { EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Plays scenarios one after the other, each in a process and in namespaces of its own, and reports
 * their outcomes. */
int run_main(int argc, char **argv);

/*
 * Makes sockets in given states, and holds them. Call before any other thread or child exists. The
 * exit status may be that of the command that was run.
 */
int hold_main(int argc, char **argv);

/* The options of "run". */
extern const struct option_table run_option_table;

/* Ends what a command printed. Returns 0 or, after logging, EXIT_FAILED. */
static inline int finish_output(void)
{
	int r = stream_finish(stdout);

	if (r == 0)
		return 0;
	log_line(LOG_ERR, "cannot write to standard output: %s", strerror(-r));
	return EXIT_FAILED;
}

#endif

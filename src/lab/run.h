/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated-lab run": plays scenarios one after the other, each in a process and in namespaces of
 * its own, and tells of them. */
#ifndef TCPSTATED_LAB_RUN_H
#define TCPSTATED_LAB_RUN_H

#include <stdio.h>

/* argv[0] is "run". Returns the exit status: 0, 1 when an outcome was wrong, 2 for wrong usage. */
int run_main(int argc, char **argv);

/* Prints a line for each option. */
void run_help(FILE *out);

#endif

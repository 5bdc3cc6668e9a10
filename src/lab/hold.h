/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "tcpstated-lab hold": makes sockets in states that are asked for, and keeps them. */
#ifndef TCPSTATED_LAB_HOLD_H
#define TCPSTATED_LAB_HOLD_H

#include <stdio.h>

/*
 * Does what the words after "hold" say; argv[0] is "hold". Call before any other thread or child
 * exists. Returns the exit status: 0, 1 when the sockets could not be made, 2 for wrong usage, or
 * that of the command that was run.
 */
int hold_main(int argc, char **argv);

/* Prints a line for each option but --help. */
void hold_help(FILE *out);

#endif

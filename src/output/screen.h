/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text on a whole terminal. */
#ifndef TCPSTATED_OUTPUT_SCREEN_H
#define TCPSTATED_OUTPUT_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Replaces what was there without a moment in which nothing is: each line is written over, its rest
 * erased. Lines are cut to the columns, and there are no more than rows. The last line has no end,
 * so that nothing scrolls; a line that fills its row is not erased behind, since the cursor may
 * still be on its last column.
 */
void screen_print(FILE *out, const char *text, unsigned rows, unsigned columns, bool color);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of ports within the text. */
#ifndef TCPSTATED_TELL_PORT_TABLE_H
#define TCPSTATED_TELL_PORT_TABLE_H

#include "tell/text.h"

#include <stdio.h>

/*
 * Prints a row for each port of the snapshot, one for the omitted ones, and the totals. The closing
 * states are columns, every state that was read when style->wide or when the user chose the states.
 * It fits style->columns unless the numbers alone are wider.
 */
void port_table_print(FILE *out, const struct snapshot *s, const struct findings *f,
	const struct text_style *style);

#endif

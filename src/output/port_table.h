/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of ports within the text. */
#ifndef TCPSTATED_OUTPUT_PORT_TABLE_H
#define TCPSTATED_OUTPUT_PORT_TABLE_H

#include "model/changes.h"
#include "output/page.h"

#include <stdbool.h>
#include <stddef.h>

/* How a table is shown that is refreshed again and again. */
struct port_table_view {
	/* From the poll before to the snapshot; NULL, or without two polls: every change is
	 * unknown. */
	const struct changes *changes;
	size_t lines; /* at most so many; 0: no bound */
	bool fit;     /* leave columns out rather than be wider than style.columns, those without
			 sockets first; one with sockets is then named below the table */
};

/*
 * Adds a row for each port of the snapshot, one for the omitted ones, and the totals. The closing
 * states are columns, every state that was read when style.wide or when the user chose the states.
 * It fits style.columns unless the numbers alone are wider.
 *
 * With a view it has what changed since the poll before: a column, a row below the totals, in bold
 * the numbers of closing states that changed, and a row for each port that is gone since. What
 * finds no line is in a row of its own, with the number of ports that it stands for.
 */
void port_table_add(struct page *p, const struct snapshot *s, const struct findings *f,
	const struct port_table_view *view);

#endif

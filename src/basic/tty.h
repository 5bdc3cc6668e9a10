/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal, or whatever stands in its place, shows. */
#ifndef TCPSTATED_BASIC_TTY_H
#define TCPSTATED_BASIC_TTY_H

#include <stdbool.h>

/* Whether fd is a terminal whose user does not mind colours ($NO_COLOR, https://no-color.org). */
bool tty_has_color(int fd);

/* Rows and columns of a terminal; $COLUMNS or 80 columns, and 24 rows, where it has no size. */
void tty_size(int fd, unsigned *ret_rows, unsigned *ret_columns);

#endif

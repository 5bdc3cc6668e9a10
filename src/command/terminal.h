/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal that shows pictures for a while, and is the user's again afterwards. */
#ifndef TCPSTATED_COMMAND_TERMINAL_H
#define TCPSTATED_COMMAND_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

struct terminal {
	bool active;          /* the pictures have it */
	bool keys;            /* standard input is a terminal too: keys come at once, unechoed */
	struct termios saved; /* of standard input, as it was */
};

/* Whether standard output is a terminal that knows more than lines. */
bool terminal_is_capable(void);

/* Rows and columns of standard output; 24 and 80 where it does not tell. */
void terminal_size(unsigned *ret_rows, unsigned *ret_columns);

/*
 * Switches to the alternate screen and to keys without echo, and hides the cursor. Called again
 * while it is active it does so anew, for a terminal that somebody else used meanwhile. Returns 0
 * or -errno.
 */
int terminal_enter(struct terminal *t);

/* Gives back what terminal_enter() took; nothing when it is not active. */
void terminal_leave(struct terminal *t);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal that shows frames for a while, and is as before afterwards. */
#ifndef TCPSTATED_COMMAND_TERMINAL_H
#define TCPSTATED_COMMAND_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

struct terminal {
	bool active; /* it shows frames */
	bool keys;   /* standard input is a terminal too: keys come at once, without echo */
	struct termios saved; /* of standard input, as it was */
};

/* Whether standard output is a terminal that can show frames. */
bool terminal_is_capable(void);

/*
 * Switches to the alternate screen and to keys without echo, and hides the cursor. While it is
 * active it does so again, for a terminal that another program has used meanwhile. Returns 0 or
 * -errno.
 */
int terminal_enter(struct terminal *t);

/* Undoes terminal_enter(), if it is active. */
void terminal_leave(struct terminal *t);

#endif

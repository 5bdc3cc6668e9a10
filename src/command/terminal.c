/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/terminal.h"

#include "basic/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* xterm's private modes, which every terminal of today knows: 1049 is the alternate screen, which
 * keeps the cursor's place (a terminal without one keeps the last frame), 25 the cursor. */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define SCREEN_LEAVE "\033[0m\033[?25h\033[?1049l"

bool terminal_is_capable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

/* Signals keep their keys: ^C, ^Z and ^\ work as always. */
static int take_keys(struct terminal *t)
{
	struct termios raw;

	if (!t->active && tcgetattr(STDIN_FILENO, &t->saved) < 0)
		return -errno;
	raw = t->saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0 ? -errno : 0;
}

int terminal_enter(struct terminal *t)
{
	int r;

	t->keys = isatty(STDIN_FILENO);
	r = t->keys ? take_keys(t) : 0;
	if (r < 0)
		return r;
	t->active = true;
	return file_write_all(STDOUT_FILENO, SCREEN_ENTER, strlen(SCREEN_ENTER));
}

void terminal_leave(struct terminal *t)
{
	if (!t->active)
		return;
	t->active = false;
	(void)file_write_all(STDOUT_FILENO, SCREEN_LEAVE, strlen(SCREEN_LEAVE));
	if (t->keys)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
}
